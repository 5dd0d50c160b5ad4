// Text files in the encodings that people have: the same table, whatever its bytes.
#include "data/encoding.h"

#include <array>

#include "data/named_encoding.h"
#include "data/utf8.h"
#include "helpers.h"

namespace runnel {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The bytes of a text in UTF-16 and UTF-32, from its characters.
std::string units(std::u32string_view text, std::size_t size, bool big) {
  std::string out;
  const auto put = [&](char32_t unit) {
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t shift = 8 * (big ? size - 1 - i : i);
      out += static_cast<char>(unit >> shift & 0xFF);
    }
  };
  for (const char32_t c : text) {
    if (size == 2 && c >= 0x10000) {
      put(0xD800 + ((c - 0x10000) >> 10));
      put(0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
      put(c);
    }
  }
  return out;
}

// Wikipedia's table of UTF-8: 24 is $, A3 is £, 20AC is €, 10348 is 𐍈.
constexpr std::u32string_view sample = U"ort,x\nZ\u00FCrich \u20AC,1\n\U00010348,2\n";
constexpr std::string_view sample_utf8 = "ort,x\nZ\xC3\xBCrich \xE2\x82\xAC,1\n\xF0\x90\x8D\x88,2\n";

class Encodings : public test::DataTest {};

TEST_F(Encodings, OneTableInManyEncodings) {
  const Table plain = csv(sample_utf8);
  EXPECT_THAT(plain.notes, IsEmpty());
  EXPECT_EQ(plain.at("ort").texts[0], "Z\xC3\xBCrich \xE2\x82\xAC");
  struct Dress {
    std::string bytes, note;
  };
  const Dress dresses[] = {
      {"\xEF\xBB\xBF" + std::string(sample_utf8), ""},
      {units(U"\uFEFF", 2, false) + units(sample, 2, false), "UTF-16"},
      {units(U"\uFEFF", 2, true) + units(sample, 2, true), "UTF-16"},
      {units(U"\uFEFF", 4, false) + units(sample, 4, false), "UTF-32"},
      {units(U"\uFEFF", 4, true) + units(sample, 4, true), "UTF-32"},
      {units(sample, 2, false), "UTF-16LE, without a mark"},
      {units(sample, 2, true), "UTF-16BE, without a mark"},
  };
  for (const Dress& dress : dresses) {
    const Table t = csv(dress.bytes);
    EXPECT_EQ(t.names(), plain.names()) << dress.note;
    EXPECT_EQ(t.at("ort").texts, plain.at("ort").texts) << dress.note;
    EXPECT_EQ(t.at("x").numbers, plain.at("x").numbers) << dress.note;
    if (dress.note.empty()) {
      EXPECT_THAT(t.notes, IsEmpty());
    } else {
      EXPECT_THAT(t.notes, ElementsAre(HasSubstr(dress.note)));
    }
  }
}

TEST_F(Encodings, Utf16ThatIsNone) {
  EXPECT_THAT(error_of([&] { csv(units(U"\uFEFFa,b\n1,2\n", 2, false) + "3"); }),
              AllOf(HasSubstr("truncated"), HasSubstr("UTF-16")));
  EXPECT_THAT(
      error_of([&] { csv(units(U"\uFEFFa,b\n1,2\n", 2, false) + "\x01\xD8" + units(U",4\n", 2, false)); }),
      AllOf(HasSubstr("line 3"), HasSubstr("0xD801")));
  EXPECT_THAT(error_of([&] { csv(units(U"\uFEFFa\n", 2, false) + "\x01\xDC"); }), HasSubstr("line 2"));
  EXPECT_THAT(error_of([&] { csv(units(U"\uFEFFa\n", 4, false) + std::string("\0\0\x11\0", 4)); }),
              AllOf(HasSubstr("line 2"), HasSubstr("0x00110000")));
  // Numbers of 16 bits are no text, nor is text with zero bytes in it.
  std::string numbers;
  for (int i = 0; i < 500; ++i) numbers += {static_cast<char>(i), static_cast<char>(i >> 8)};
  EXPECT_THAT(error_of([&] { csv(numbers); }), HasSubstr("not a text file"));
  EXPECT_THAT(error_of([&] { csv(std::string("a,b\n1,\0\0\n2,3\n", 14)); }), HasSubstr("not a text file"));
}

// The law of the fallback: of all cells of a table, the one with the byte changes and no other, whichever it
// is.
TEST_F(Encodings, OneBadByteChangesItsCellAlone) {
  for (const char separator : {',', ';', '\t', '|'}) {
    std::string good;
    std::vector<std::size_t> places;  // of a byte in each cell
    for (int r = 0; r < 4; ++r) {
      for (int c = 0; c < 3; ++c) {
        places.push_back(good.size() + 2);
        good += (c == 1 ? "\"\xC3\xBC" : "q\xC3\xA9") + std::to_string(10 * r + c) + (c == 1 ? "\"" : "");
        good += c == 2 ? '\n' : separator;
      }
    }
    const Table before = csv(good, {.header = false});
    for (std::size_t i = 0; i < places.size(); ++i) {
      std::string bad = good;
      bad[places[i]] = '\xE4';  // a lead byte whose followers are not there
      const Table t = csv(bad, {.header = false});
      ASSERT_EQ(t.rows, before.rows);
      for (std::size_t r = 0; r < 4; ++r) {
        for (std::size_t c = 0; c < 3; ++c) {
          EXPECT_EQ(t.columns[c].texts[r] == before.columns[c].texts[r], 3 * r + c != i)
              << separator << i << ' ' << r << ' ' << c;
        }
      }
      EXPECT_THAT(t.notes, testing::Contains(HasSubstr("a cell in line " + std::to_string(i / 3 + 1) +
                                                       " is not UTF-8 and read as Windows-1252")));
    }
  }
}

TEST_F(Encodings, CellsInWindows1252) {
  const Table t = csv("k\xF6rper,w\n\x80\xA3,1\n\xC3\xA9 x\xC3\xA9,2\n\"\xE9,\xC3\xA9\",3\nb,4\n");
  EXPECT_EQ(t.names()[0], "k\xC3\xB6rper");
  EXPECT_THAT(t.columns[0].texts,
              ElementsAre("\xE2\x82\xAC\xC2\xA3", "\xC3\xA9 x\xC3\xA9", "\xC3\xA9,\xC3\xA9", "b"));
  EXPECT_THAT(
      t.notes,
      ElementsAre("3 cells are not UTF-8 and read as Windows-1252 (the first in line 1); another encoding "
                  "is given with --encoding"));
  // In a table aligned by blanks a cell ends at them.
  const Table aligned = csv("name   x\nM\xFCller 1\nZo\xC3\xA9    2\n\xE9t\xC3\xA9    3\n");
  EXPECT_THAT(aligned.at("name").texts,
              ElementsAre("M\xC3\xBCller", "Zo\xC3\xA9", "\xC3\xA9t\xC3\x83\xC2\xA9"));
}

// iconv's table is an independent one; the five bytes that it refuses are C1 controls of the same number.
TEST(Encoding, Windows1252IsIconvs) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool undefined = byte == 0x81 || byte == 0x8D || byte == 0x8F || byte == 0x90 || byte == 0x9D;
    const std::string expected =
        undefined ? std::string{'\xC2', c} : data::from_named({&c, 1}, "CP1252", "t");
    EXPECT_EQ(data::from_windows1252(static_cast<unsigned char>(byte)), expected) << byte;
  }
}

// Every character is valid, and there are no more valid sequences of a length than characters that need it:
// so shorter forms, surrogates and what lies above U+10FFFF are none.
TEST(Encoding, Utf8IsItsCharactersAndNoMore) {
  for (char32_t c = 1; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    // RFC 3629, section 3: six bits to a byte behind the first.
    const int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    std::string s(1, static_cast<char>(more == 0 ? c : (0xFF00u >> (more + 1) & 0xFFu) | c >> 6 * more));
    for (int k = more - 1; k >= 0; --k) s += static_cast<char>(0x80u | (c >> 6 * k & 0x3Fu));
    ASSERT_EQ(data::first_not_utf8(s), std::string::npos) << static_cast<unsigned>(c);
  }
  // Valid as a whole, but not up to the last byte: one character.
  const auto is_character = [](const std::string& s) {
    return data::first_not_utf8(s) == std::string::npos &&
           data::first_not_utf8(std::string_view(s).substr(0, s.size() - 1)) != std::string::npos;
  };
  std::size_t two = 0, three = 0, four = 0;
  for (int a = 0x80; a < 256; ++a) {
    std::string s = {static_cast<char>(a)};
    EXPECT_NE(data::first_not_utf8(s), std::string::npos);
    for (int b = 0; b < 256; ++b) {
      s.resize(1);
      s += static_cast<char>(b);
      two += is_character(s);
      if (a < 0xE0) continue;
      for (int c = 0; c < 256; ++c) {
        s.resize(2);
        s += static_cast<char>(c);
        three += is_character(s);
        for (const int d : {0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF}) {
          s.resize(3);
          s += static_cast<char>(d);
          four += is_character(s);
        }
      }
    }
  }
  EXPECT_EQ(two, 0x800u - 0x80u);
  EXPECT_EQ(three, 0x10000u - 0x800u - 0x800u);
  EXPECT_EQ(four, 2 * 0x100000u / 64);  // of the last bytes tried two are good
}

TEST(Encoding, FindsTheFirstBadByteWhereverItStands) {
  for (std::size_t size = 1; size < 80; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string s(size, 'a');
      s[at] = '\xFF';
      EXPECT_EQ(data::first_not_utf8(s), at);
      if (at < 2) continue;
      s[at - 2] = '\xC3';
      s[at - 1] = '\xA9';
      EXPECT_EQ(data::first_not_utf8(s), at);
    }
  }
}

TEST_F(Encodings, Named) {
  const auto read = [&](std::string_view bytes, const std::string& name) {
    return csv(bytes, {.encoding = name}).at("a").text(0);
  };
  EXPECT_EQ(read("a,b\n\xA4,1\n", "ISO-8859-15"), "\xE2\x82\xAC");
  EXPECT_EQ(read("a,b\n\xA4,1\n", "latin-1"), "\xC2\xA4");
  EXPECT_EQ(read("a,b\n\xCF\xF0,1\n", "windows-1251"), "\xD0\x9F\xD1\x80");               // Пр
  EXPECT_EQ(read("a,b\n\x93\xFA\x96\x7B,1\n", "Shift_JIS"), "\xE6\x97\xA5\xE6\x9C\xAC");  // 日本
  EXPECT_EQ(read(units(U"a,b\n\u00FC,1\n", 2, true), "UTF-16BE"), "\xC3\xBC");
  EXPECT_EQ(read("a,b\n\xC3\xBC,1\n", "utf8"), "\xC3\xBC");
  // More than the converter's buffer holds, with characters across its end.
  std::string many = "a,b\n", expected;
  for (int i = 0; i < 50000; ++i) many += '\xE9', expected += "\xC3\xA9";
  EXPECT_EQ(read(many + ",1\n", "ISO-8859-1"), expected);
}

TEST_F(Encodings, NamesThatNobodyKnows) {
  const auto error = [&](std::string_view bytes, const std::string& name) {
    return error_of([&] { csv(bytes, {.encoding = name}); });
  };
  EXPECT_THAT(error("a,b\n1,2\n", "windows-1525"),
              AllOf(HasSubstr("--encoding 'windows-1525'"), HasSubstr("did you mean 'windows-125")));
  EXPECT_THAT(error("a,b\n1,2\n", "qqqqqqqq"), HasSubstr("names look like windows-1252"));
  EXPECT_THAT(error("a,b\n1,2\n", "ASCII//IGNORE"), HasSubstr("no encoding of this name"));
}

TEST_F(Encodings, BytesThatAreNotOfTheNamedEncoding) {
  const auto error = [&](std::string_view bytes, const std::string& name) {
    return error_of([&] { csv(bytes, {.encoding = name}); });
  };
  EXPECT_THAT(error("a,b\n1,2\n3,\xFC\n", "UTF-8"), AllOf(HasSubstr("t.csv, line 3"), HasSubstr("0xFC")));
  EXPECT_THAT(error("a,b\n1,2\n3,\x81\n", "windows-1252"), AllOf(HasSubstr("line 3"), HasSubstr("0x81")));
  EXPECT_THAT(error("a,b\n1,2\n3,\x93", "Shift_JIS"), AllOf(HasSubstr("line 3"), HasSubstr("0x93")));
}

TEST_F(Encodings, AMarkIsStrongerThanAName) {
  const Table t =
      csv("\xEF\xBB\xBF"
          "a,b\n\xC3\xBC,2\n",
          {.encoding = "windows-1252"});
  EXPECT_THAT(t.names(), ElementsAre("a", "b"));
  EXPECT_EQ(t.at("a").texts[0], "\xC3\xBC");
  EXPECT_THAT(t.notes, ElementsAre(AllOf(HasSubstr("mark of UTF-8"), HasSubstr("not as windows-1252"))));
  EXPECT_THAT(csv("\xEF\xBB\xBF"
                  "a,b\n1,2\n",
                  {.encoding = "UTF-8"})
                  .notes,
              IsEmpty());
}

// Nothing of a large text is copied: the bytes stay where they are.
TEST(Encoding, Utf8IsMoved) {
  std::string bytes = "a,b\n" + std::string(1000, 'x') + "\xC3\xBC,1\n";
  const char* where = bytes.data();
  const data::Decoded decoded = data::decode(std::move(bytes), "", "t");
  EXPECT_EQ(decoded.text.data(), where);
  EXPECT_TRUE(decoded.utf8);
}

}  // namespace
}  // namespace runnel
