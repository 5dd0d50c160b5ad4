// Which reader a file goes to, and what is said of those that none reads.
#include <zip.h>

#include "helpers.h"

namespace runnel {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Formats : public test::DataTest {
 protected:
  std::string error(const std::string& bytes) const {
    return error_of([&] { read_table(write("x", bytes)); });
  }
  std::string zip_error(const std::vector<std::pair<std::string, std::string>>& members) const {
    int code = 0;
    zip_t* zip = zip_open(path("z").c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    for (const auto& [name, bytes] : members) {
      zip_file_add(zip, name.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), 0);
    }
    EXPECT_EQ(zip_close(zip), 0);
    return error_of([&] { read_table(path("z")); });
  }
};

// The first bytes of each as its own description gives them.
TEST_F(Formats, FilesThatAreNoTableAreNamed) {
  using namespace std::string_literals;
  const std::pair<std::string, const char*> files[] = {
      {"BZh91AY&SY\x12\x34", "bunzip2"},
      {"\xFD\x37zXZ\0\0\4"s, "unxz"},
      {"\x28\xB5\x2F\xFD\x04", "unzstd"},
      {"7z\xBC\xAF\x27\x1C\0\4"s, "7-Zip"},
      {"PAR1....PAR1", "Parquet"},
      {"\x89HDF\r\n\x1A\n\0"s, "HDF5"},
      {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0"s, "Office"},
      {"%PDF-1.7\n", "PDF"},
      {"<!DOCTYPE html>\n<html>", "HTML"},
      {"\n  <HTML lang=\"en\">", "HTML"},
      {"\xEF\xBB\xBF<!doctype html>", "HTML"},
      {"<?xml version=\"1.0\"?>", "XML"},
      {"RDX3\nX\n\0\0"s, "RData"},
      {"X\n\0\0\0\3"s, "RDS"},
      {"\x80\x04\x95\x10\0\0\0\0\0\0\0}."s, "pickle"},
      {"\x89PNG\r\n\x1A\n\0"s, "PNG"},
      {"\xFF\xD8\xFF\xE0", "JPEG"},
      {"ab" + std::string(255, '\0') + "ustar\0"s, "tar"},
      {"SQLite format 3\0"s + std::string(84, '\0'), "SQLite"},
      {"SQLite format 3\0"s + std::string(52, '\0') + "Runl" + std::string(28, '\0'),
       "a study of `runnel fit"},
      {"\x1E\0\0\0\0\0\0\0{\"__metadata__\":{\"x\":\"y\"}}  \0\0"s, "safetensors"},
      {"\x25\0\0\0\0\0\0\0{\"__metadata__\":{\"runnel_model\":\"1\"}}"s, "`runnel predict"},
      {"ab\0cd,\n"s, "not a text file"},
      {"\x04,\x11\x7F\x9C,\x02\xE3\n\x88\x01,\x90", "not a text file"},
  };
  for (const auto& [bytes, what] : files) {
    EXPECT_THAT(error(bytes), AllOf(testing::StartsWith(path("x") + ": "), HasSubstr(what)));
  }
}

TEST_F(Formats, ArchivesAreNamedByTheirMembers) {
  EXPECT_THAT(zip_error({{"[Content_Types].xml", "x"}, {"xl/workbook.xml", "x"}}), HasSubstr("Excel"));
  EXPECT_THAT(zip_error({{"[Content_Types].xml", "x"}, {"word/document.xml", "x"}}), HasSubstr("Office"));
  EXPECT_THAT(
      zip_error({{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}, {"content.xml", "x"}}),
      HasSubstr("OpenDocument spreadsheet"));
  EXPECT_THAT(zip_error({{"model/data.pkl", "x"}}), HasSubstr("PyTorch"));
  EXPECT_THAT(zip_error({{"songs.csv", "a,b\n1,2\n"}}),
              AllOf(HasSubstr("ZIP archive (songs.csv)"), HasSubstr("unpack it")));
  EXPECT_THAT(zip_error({{"\xC1\xA1.csv", "a,b\n1,2\n"}}), HasSubstr("a ZIP archive and no NPZ"));
}

// A column may be called what a format's first letters are.
TEST_F(Formats, NamesOfColumnsAreNoFormats) {
  for (const std::string name :
       {"PAR1", "ORC", "FEA1", "PK", "BZh", "RDX3", "GIF", "A", "X", "{id}", "[a]", "@x", "%a"}) {
    EXPECT_THAT(read_table(write("x", name + ",b\n1,2\n")).names(), ElementsAre(name, "b"));
    EXPECT_THAT(read_table(write("x", name + "\n2\n")).names(), ElementsAre(name));
  }
}

// ---- rows in are rows out --------------------------------------------------------------------------------

// Every line below the header of a file of one column is a row; what follows the last newline is none.
TEST_F(Formats, EmptyLinesOfOneColumnAreRows) {
  const char* const lines[] = {"", "1", "\"\"", "  ", "2"};
  for (int code = 0; code < 5 * 5 * 5; ++code) {
    for (const std::string end : {"\n", "\r\n"}) {
      for (const bool last_end : {true, false}) {
        std::string text = "x" + end;
        std::vector<bool> missing;
        for (int k = 0, rest = code; k < 3; ++k, rest /= 5) {
          const std::string line = lines[rest % 5];
          text += line + (k < 2 || last_end ? end : "");
          if (k == 2 && !last_end && line.find_first_not_of(' ') == std::string::npos) break;
          missing.push_back(rest % 5 != 1 && rest % 5 != 4);
        }
        const Table t = csv(text);
        ASSERT_EQ(t.rows, missing.size()) << testing::PrintToString(text);
        for (std::size_t r = 0; r < t.rows; ++r) {
          EXPECT_EQ(t.columns[0].is_missing(r), missing[r]) << testing::PrintToString(text);
          EXPECT_EQ(t.lines[r], r + 2);
        }
      }
    }
  }
}

TEST_F(Formats, EmptyLinesOfSeveralColumnsAreNoRows) {
  const Table t = csv("k,x\n\na,1\n\n\nb,\n\n");
  EXPECT_THAT(t.lines, ElementsAre(3u, 6u));
}

TEST_F(Formats, AHeaderAloneIsATableOfNoRows) {
  for (const std::string text : {"a,b", "a,b\n", "a,b\r\n\r\n"}) {
    const Table t = csv(text);
    EXPECT_EQ(t.rows, 0u);
    EXPECT_THAT(t.names(), ElementsAre("a", "b"));
    EXPECT_THAT(t.notes, ElementsAre("only a header (a, b), no rows; give --no-header if the line is data"));
    for (const ColumnSummary& column : summarize(t, "b")) EXPECT_THAT(column.suspicions, testing::IsEmpty());
  }
  EXPECT_EQ(csv("x\n").rows, 0u);
  EXPECT_EQ(csv("x\n\n").rows, 1u);
}

}  // namespace
}  // namespace runnel
