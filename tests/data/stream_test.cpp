// A table in pieces is the table as a whole: its rows, its lines, its notes, its errors.
#include "runnel/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "data/csv_records.h"
#include "data/helpers.h"

namespace runnel {
namespace {

using ::testing::HasSubstr;

class TableStreamTest : public test::DataTest {
 protected:
  // Rows of some 40 bytes; enough of them for several pieces.
  static constexpr std::size_t kRows = 90'000;

  static std::string row(std::size_t i) {
    // Texts with a separator, a quote and an end of a line in them.
    const char* words[] = {"plain", "\"a, b\"", "\"two\nlines\"", "\"say \"\"no\"\"\"", ""};
    return std::to_string(i) + "," + words[i % 5] + ",2021-03-" + (i % 9 == 0 ? "0" : "1") +
           std::to_string(1 + i % 9) + "," + std::to_string(static_cast<double>(i % 1000) / 8) + "," +
           std::string(i % 13, 'x');
  }
  static std::string text(std::size_t rows, const char* end = "\n") {
    std::string out = std::string("id,word,day,value,pad") + end;
    for (std::size_t i = 0; i < rows; ++i) out += row(i) + end;
    return out;
  }
  static ReadOptions known(const Table& small) {
    ReadOptions out;
    out.reading = reading_of(small);
    return out;
  }
  ReadOptions known() const { return known(csv(text(300))); }

  struct Pieces {
    std::vector<Table> tables;
    std::vector<std::string> notes;
  };
  static Pieces pieces(const std::string& file, const ReadOptions& options) {
    TableStream stream(file, options);
    Pieces out;
    while (std::optional<Table> table = stream.next()) out.tables.push_back(*std::move(table));
    out.notes = stream.notes();
    return out;
  }

  static void expect_same(const Pieces& in, const Table& whole, const std::string& what) {
    std::size_t row = 0;
    for (const Table& piece : in.tables) {
      ASSERT_EQ(piece.names(), whole.names()) << what;
      for (std::size_t i = 0; i < piece.rows; ++i, ++row) {
        ASSERT_LT(row, whole.rows);
        ASSERT_EQ(piece.where(i), whole.where(row)) << what;
        for (std::size_t c = 0; c < whole.columns.size(); ++c) {
          const Column &a = piece.columns[c], &b = whole.columns[c];
          ASSERT_EQ(a.type, b.type) << what << ", " << b.name;
          ASSERT_EQ(a.texts[i], b.texts[row]) << what << ", row " << row;
          ASSERT_EQ(a.is_missing(i), b.is_missing(row)) << what << ", row " << row;
          if (!b.is_missing(row) && b.type != ColumnType::text) {
            ASSERT_EQ(a.numbers[i], b.numbers[row]);
          }
        }
      }
    }
    EXPECT_EQ(row, whole.rows) << what;
    EXPECT_EQ(in.notes, whole.notes) << what;
  }
};

TEST_F(TableStreamTest, PiecesAreTheWhole) {
  const ReadOptions options = known();
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const std::string file = write("long.csv", text(kRows, end));
    const Pieces in = pieces(file, options);
    EXPECT_GE(in.tables.size(), 3u);
    // No piece holds more than about a megabyte of text; no row is shorter than 15 bytes.
    for (const Table& piece : in.tables) EXPECT_LE(piece.rows, (std::size_t{1} << 20) / 15);
    expect_same(in, read_table(file, options), end);
  }
}

// What is told of a whole file is the sum over its pieces: unread cells in the first and the last, cells that
// are not UTF-8, lines that are skipped.
TEST_F(TableStreamTest, NotesAreOfTheWhole) {
  const ReadOptions options = known();
  std::string long_text = text(kRows);
  long_text += "1,caf\xE9,2021-03-04,\"1,5\",\n2,caf\xE9,someday,\"2,25\",\n";
  std::string early =
      "id,word,day,value,pad\n7,caf\xE9,never,\"0,5\",\n" + long_text.substr(long_text.find('\n') + 1);
  for (const std::string& content : {long_text, early}) {
    const std::string file = write("notes.csv", content);
    const Table whole = read_table(file, options);
    EXPECT_GE(whole.notes.size(), 3u);
    expect_same(pieces(file, options), whole, "notes");
  }
  ReadOptions skipping = options;
  skipping.skip_rows = 2;
  const std::string file = write("skipped.csv", "made by a machine\non a day\n" + long_text);
  expect_same(pieces(file, skipping), read_table(file, skipping), "skipped");
}

TEST_F(TableStreamTest, OneColumnAndOddEnds) {
  const Table one = csv("x\n1\n2\n3\n");
  const ReadOptions options = known(one);
  std::string long_text = "x\n";
  for (int i = 0; i < 400'000; ++i) long_text += i % 10 == 0 ? "\n" : "12.5\n";
  for (const std::string& content : {long_text, long_text + "7", std::string("x\n"), std::string("x\n1"),
                                     std::string("\xEF\xBB\xBFx\n5\n")}) {
    const std::string file = write("one.csv", content);
    expect_same(pieces(file, options), read_table(file, options), content.substr(0, 10));
  }
  ReadOptions bare = known(csv("1\n2\n", {.header = false}));
  bare.header = false;
  const std::string file = write("bare.csv", "\n\n" + long_text.substr(2));
  expect_same(pieces(file, bare), read_table(file, bare), "bare");
}

// Columns that the reading does not know are there, as texts.
TEST_F(TableStreamTest, OtherFormatsComeWhole) {
  const ReadOptions options = known(csv("a,b\n1,x\n2,y\n"));
  const auto same = [&](const std::string& name, const std::string& content) {
    const std::string file = write(name, content);
    const Pieces in = pieces(file, options);
    EXPECT_EQ(in.tables.size(), 1u) << name;
    expect_same(in, read_table(file, options), name);
  };
  same("t.jsonl", "{\"a\": 1, \"b\": \"x\"}\n{\"a\": 3}\n");
  same("t.arff", "@relation r\n@attribute a numeric\n@attribute b {x,y}\n@data\n1,x\n");
  same("t.txt", "a b\n1 x\n2 y\n3 x\n");
  same("t16.csv", std::string("\xFF\xFE"
                              "a\0,\0b\0\n\0"
                              "1\0,\0x\0\n\0",
                              18));
  EXPECT_EQ(pieces("demo:moons", options).tables.size(), 1u);
  const Pieces more = pieces(write("more.csv", "a,new,b\n1,5,x\n"), options);
  ASSERT_EQ(more.tables.size(), 1u);
  EXPECT_EQ(more.tables[0].columns[1].type, ColumnType::text);
}

TEST_F(TableStreamTest, ErrorsAreThoseOfTheWhole) {
  const ReadOptions options = known();
  const std::string good = text(kRows);
  const auto same = [&](const std::string& content, const char* expected) {
    const std::string file = write("bad.csv", content);
    const std::string said = error_of([&] { pieces(file, options); });
    EXPECT_THAT(said, HasSubstr(expected));
    EXPECT_EQ(said, error_of([&] { read_table(file, options); }));
  };
  same(good + "1,2,3\n", "3 fields where line 1 has 5");
  same("id,word,day,value,pad\n1,2,3\n" + good, "3 fields");
  same("a title\n" + good, "if the first line is not part of the table, give --skip-rows 1");
  same(good + "1,\"open,2021-01-01,1,\n", "a quote is opened in this record and never closed");
  same(good + std::string("1,a\0b,2021-01-01,1,\n", 21), "not a text file");
  same("", "the file is empty");
  same("\n\n", "no line holds anything");
  same("<html><body>no table</body></html>", "an HTML page");
  same("PAR1 and so on PAR1", "a Parquet file");
  EXPECT_THAT(error_of([&] { TableStream(path("nowhere.csv"), options); }), HasSubstr("no such file"));
  // Rows before the fault have come by then.
  TableStream stream(write("late.csv", good + "1,2,3\n"), options);
  std::size_t rows = 0;
  EXPECT_THROW(while (const auto piece = stream.next()) rows += piece->rows, Error);
  EXPECT_GT(rows, kRows / 2);
}

TEST_F(TableStreamTest, UnpacksGzip) {
  const ReadOptions options = known();
  const std::string file = path("packed.csv.gz"), content = text(kRows);
  gzFile packed = gzopen(file.c_str(), "wb");
  gzwrite(packed, content.data(), static_cast<unsigned>(content.size()));
  gzclose(packed);
  const Pieces in = pieces(file, options);
  EXPECT_GE(in.tables.size(), 3u);
  expect_same(in, read_table(file, options), "gzip");
}

// Byte by byte, by thirds, at once: the same records.
TEST(CsvRecords, ComeInPiecesOfAnySize) {
  const std::string text = "a,b\r\n1,\"x\r\ny\"\n\n\"q\"\"q\", 2 \r3,\"\"";
  const auto cells_of = [](const data::Cells& cells, std::vector<std::string>& out) {
    for (std::size_t r = 0; r < cells.records(); ++r) {
      out.push_back("line " + std::to_string(cells.lines[r]));
      for (std::size_t c = 0; c < cells.width(r); ++c) out.emplace_back(cells.cell(r, c));
    }
  };
  const std::vector<std::string> expected = {"line 1", "a",    "b", "line 2", "1", "x\r\ny",
                                             "line 5", "q\"q", "2", "line 6", "3", ""};
  for (const std::size_t step : {1u, 2u, 3u, 7u, 100u}) {
    data::CsvRecords records("t.csv", ',', 0);
    std::vector<std::string> got;
    for (std::size_t at = 0; at < text.size(); at += step) {
      records.feed(std::string_view(text).substr(at, step));
      cells_of(records.take(), got);
    }
    records.finish();
    cells_of(records.take(), got);
    EXPECT_EQ(got, expected) << "by " << step;
  }
}

// Lines without a quote are cut by a loop of their own: they come to what libcsv makes of the same cells in
// quotes, whatever blanks and ends of lines stand around them.
TEST(CsvRecords, PlainLinesAreQuotedOnesWithoutQuotes) {
  const std::vector<std::vector<std::string>> rows = {
      {"a", "b", "c"}, {"", "x y", ""}, {"", "", ""}, {"1.5", "\xC3\xA9", "-"}, {"z", "", "9"}};
  const auto cells_of = [](const std::string& text) {
    const data::Cells cells = data::records_of("t.csv", text, ';', 3);
    std::vector<std::string> out;
    for (std::size_t r = 0; r < cells.records(); ++r) {
      out.push_back("line " + std::to_string(cells.lines[r]));
      for (std::size_t c = 0; c < cells.width(r); ++c) out.emplace_back(cells.cell(r, c));
    }
    return out;
  };
  std::vector<std::string> expected;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    expected.push_back("line " + std::to_string(4 + r));
    expected.insert(expected.end(), rows[r].begin(), rows[r].end());
  }
  for (const std::string end : {"\n", "\r\n", "\r"})
    for (const std::string blank : {"", " ", "\t "})
      for (const std::string last : {"", "\n", "  \n"}) {
        std::string plain, quoted;
        for (const auto& row : rows)
          for (std::size_t c = 0; c < row.size(); ++c) {
            const std::string around = c == 0 ? "" : blank, stop = c + 1 < row.size() ? ";" : end;
            plain += around + row[c] + around + stop;
            quoted += around + "\"" + row[c] + "\"" + around + stop;
          }
        EXPECT_EQ(cells_of(plain + last), expected);
        EXPECT_EQ(cells_of(quoted + last), expected);
      }
}

}  // namespace
}  // namespace runnel
