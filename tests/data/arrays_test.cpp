// NPY, NPZ and idx: files are written here byte by byte from the formats' descriptions.
#include <zip.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "helpers.h"

namespace runnel {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;

class Arrays : public test::DataTest {};

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& data, int version = 1,
                bool fortran = false) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") +
                       ", 'shape': (" + shape + "), }";
  const std::size_t lead = version == 1 ? 10 : 12;
  while ((lead + header.size() + 1) % 64) header += ' ';
  header += '\n';
  std::string out = "\x93NUMPY";
  out += static_cast<char>(version);
  out += '\0';
  const std::size_t n = header.size();
  for (std::size_t i = 0; i < (version == 1 ? 2u : 4u); ++i) out += static_cast<char>(n >> (8 * i) & 0xFF);
  return out + header + data;
}

template <class T>
std::string big_endian(T v) {
  std::string s(reinterpret_cast<const char*>(&v), sizeof(T));
  return {s.rbegin(), s.rend()};
}

std::string idx(int type, const std::vector<std::uint32_t>& shape, const std::string& data) {
  std::string out{'\0', '\0', static_cast<char>(type), static_cast<char>(shape.size())};
  for (const std::uint32_t extent : shape) out += big_endian(extent);
  return out + data;
}

void make_npz(const std::string& path, const std::vector<std::pair<std::string, std::string>>& members) {
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  ASSERT_NE(zip, nullptr);
  for (const auto& [name, bytes] : members) {
    zip_source_t* source = zip_source_buffer(zip, bytes.data(), bytes.size(), 0);
    ASSERT_GE(zip_file_add(zip, (name + ".npy").c_str(), source, 0), 0);
  }
  ASSERT_EQ(zip_close(zip), 0);
}

template <class T>
void expect_column(const std::string& folder_file, const std::string& descr, std::ofstream&& out) {
  const std::vector<T> values = {T{1}, T{0}, T{100}};
  const std::string bytes = npy(descr, "3,", raw(values));
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  EXPECT_THAT(read_table(folder_file).at("x").numbers, ElementsAre(1, 0, 100)) << descr;
}

TEST_F(Arrays, EveryNpyType) {
  const auto out = [&] { return std::ofstream(path("a.npy"), std::ios::binary); };
  expect_column<float>(path("a.npy"), "<f4", out());
  expect_column<double>(path("a.npy"), "<f8", out());
  expect_column<std::int8_t>(path("a.npy"), "|i1", out());
  expect_column<std::int16_t>(path("a.npy"), "<i2", out());
  expect_column<std::int32_t>(path("a.npy"), "<i4", out());
  expect_column<std::int64_t>(path("a.npy"), "<i8", out());
  expect_column<std::uint8_t>(path("a.npy"), "|u1", out());
  expect_column<std::uint16_t>(path("a.npy"), "<u2", out());
  expect_column<std::uint32_t>(path("a.npy"), "<u4", out());
  expect_column<std::uint64_t>(path("a.npy"), "<u8", out());
  const Table bools = read_table(write("b.npy", npy("|b1", "2,", std::string("\1\0", 2))));
  EXPECT_THAT(bools.at("x").numbers, ElementsAre(1, 0));
}

TEST_F(Arrays, VersionsAndOrders) {
  const std::vector<double> rows = {1, 2, 3, 4, 5, 6}, columns = {1, 4, 2, 5, 3, 6};
  for (const int version : {1, 2, 3}) {
    for (const bool fortran : {false, true}) {
      const Table t =
          read_table(write("m.npy", npy("<f8", "2, 3", raw(fortran ? columns : rows), version, fortran)));
      ASSERT_THAT(t.names(), ElementsAre("x1", "x2", "x3"));
      EXPECT_THAT(t.at("x1").numbers, ElementsAre(1, 4));
      EXPECT_THAT(t.at("x3").numbers, ElementsAre(3, 6));
    }
  }
}

TEST_F(Arrays, MoreThanTwoAxesAreABlock) {
  // In Fortran order the value at (i, j, k) of shape (2, 3, 2) stands at i + 2 j + 6 k.
  std::vector<float> values(12), fortran(12);
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      for (std::size_t k = 0; k < 2; ++k) {
        const auto v = static_cast<float>(100 * i + 10 * j + k);
        values[i * 6 + j * 2 + k] = v;
        fortran[i + 2 * j + 6 * k] = v;
      }
    }
  }
  const Table a = read_table(write("a.npy", npy("<f4", "2, 3, 2", raw(values))));
  const Table b = read_table(write("b.npy", npy("<f4", "2, 3, 2", raw(fortran), 1, true)));
  ASSERT_TRUE(a.block && b.block);
  EXPECT_THAT(a.block->shape, ElementsAre(3u, 2u));
  EXPECT_EQ(a.block->values, values);
  EXPECT_EQ(b.block->values, values);
}

TEST_F(Arrays, Strings) {
  std::vector<std::uint32_t> characters = {'a', 'b', 0, 0xE9, 0x1F3B5, 0, 0, 0, 0};
  const Table t = read_table(write("s.npy", npy("<U3", "3,", raw(characters))));
  EXPECT_THAT(t.at("x").texts, ElementsAre("ab", "\xC3\xA9\xF0\x9F\x8E\xB5", ""));
  EXPECT_THAT(t.at("x").missing, ElementsAre(0, 0, 1));
}

TEST_F(Arrays, BadNpy) {
  const auto read = [&](const std::string& bytes) {
    return error_of([&] { read_table(write("bad.npy", bytes)); });
  };
  const std::string good = npy("<f8", "3,", raw(std::vector<double>{1, 2, 3}));
  EXPECT_THAT(read(npy("<c16", "1,", std::string(16, 0))),
              AllOf(HasSubstr("'<c16'"), HasSubstr("not supported")));
  EXPECT_THAT(read(npy(">f8", "1,", std::string(8, 0))), HasSubstr("big-endian"));
  EXPECT_THAT(read(npy("|O", "1,", std::string(8, 0))), HasSubstr("not supported"));
  EXPECT_THAT(read(npy("<f2", "1,", std::string(2, 0))), HasSubstr("f4 f8 i1"));
  EXPECT_THAT(read(good.substr(0, good.size() - 1)),
              AllOf(HasSubstr("truncated"), HasSubstr("24 bytes"), HasSubstr("holds 23")));
  EXPECT_THAT(read(good.substr(0, 40)), HasSubstr("truncated"));
  EXPECT_THAT(read(npy("<f8", "99999999999999999999,", "")), HasSubstr("too large"));
  EXPECT_THAT(read(npy("<f8", "0,", "")), HasSubstr("no rows"));
  EXPECT_THAT(read("nonsense"), HasSubstr("not an NPY file"));
  // Cut anywhere, the file is refused and never read past its end.
  for (std::size_t n = 1; n < good.size(); ++n) EXPECT_FALSE(read(good.substr(0, n)).empty()) << n;
}

// 2^40 texts of no characters take no bytes.
TEST_F(Arrays, NpyTextsOfNoCharacters) {
  EXPECT_THAT(error_of([&] { read_table(write("u.npy", npy("<U0", "1099511627776,", ""))); }),
              HasSubstr("texts of no characters ('<U0')"));
}

// Code points end at 0x10FFFF, and those from 0xD800 to 0xDFFF are halves of UTF-16 pairs (Unicode, D76).
TEST_F(Arrays, NpyTextsAreCharacters) {
  const auto text = [&](std::uint32_t c) {
    return read_table(write("c.npy", npy("<U1", "1,", raw(std::vector{c})))).at("x").text(0);
  };
  EXPECT_EQ(text(0x10FFFF), "\xF4\x8F\xBF\xBF");
  EXPECT_EQ(text(0xD7FF), "\xED\x9F\xBF");
  EXPECT_EQ(text(0xE000), "\xEE\x80\x80");
  for (const std::uint32_t c : {0xD800u, 0xDFFFu, 0x110000u, 0xFFFFFFFFu})
    EXPECT_THAT(error_of([&] { text(c); }), HasSubstr("is no character")) << c;
}

// Every element's place is found by going through the axes.
TEST_F(Arrays, NpyOfManyAxes) {
  const auto shape = [](std::size_t axes) {
    std::string out;
    for (std::size_t i = 0; i < axes; ++i) out += "1,";
    return out;
  };
  EXPECT_EQ(read_table(write("a.npy", npy("|i1", shape(64), "a", 1, true))).rows, 1u);
  EXPECT_THAT(error_of([&] { read_table(write("b.npy", npy("|i1", shape(65), "a", 1, true))); }),
              HasSubstr("more than 64 axes"));
}

TEST_F(Arrays, NpyWithLabels) {
  const std::string x = write("x.npy", npy("<f4", "2, 2", raw(std::vector<float>{1, 2, 3, 4})));
  const std::string y = write("y.npy", npy("<i8", "2, 1", raw(std::vector<std::int64_t>{7, 8})));
  const Table t = read_table(x + "," + y);
  EXPECT_THAT(t.at("label").numbers, ElementsAre(7, 8));
  EXPECT_EQ(t.usual_target, "label");
  const std::string three = write("z.npy", npy("<i8", "3,", raw(std::vector<std::int64_t>{7, 8, 9})));
  EXPECT_THAT(error_of([&] { read_table(x, {.labels = three}); }),
              AllOf(HasSubstr("3 labels"), HasSubstr("2 rows")));
}

TEST_F(Arrays, Npz) {
  make_npz(path("d.npz"), {{"x", npy("<f4", "2, 2", raw(std::vector<float>{1, 2, 3, 4}))},
                           {"y", npy("<i4", "2,", raw(std::vector<std::int32_t>{0, 1}))}});
  const Table t = read_table(path("d.npz"));
  EXPECT_THAT(t.names(), ElementsAre("x1", "x2", "y"));
  EXPECT_THAT(t.at("x2").numbers, ElementsAre(2, 4));
  EXPECT_EQ(t.usual_target, "y");

  make_npz(path("bad.npz"), {{"x", npy("<f4", "2,", raw(std::vector<float>{1, 2}))},
                             {"y", npy("<i4", "1,", raw(std::vector<std::int32_t>{0}))}});
  EXPECT_THAT(error_of([&] { read_table(path("bad.npz")); }),
              AllOf(HasSubstr("'y' has 1 row"), HasSubstr("2")));
  EXPECT_THAT(error_of([&] { read_table(write("no.npz", "PK\x03\x04 nothing")); }), HasSubstr("no.npz"));
}

// The sizes in an archive's directory are not believed. A member's entry there begins with PK 1 2; its method
// stands 10 bytes behind, its packed size 20, its own size 24 (APPNOTE.TXT, 4.3.12).
TEST_F(Arrays, NpzThatPromisesMoreThanItHolds) {
  make_npz(path("a.npz"), {{"x", npy("<f8", "2,", raw(std::vector{1.0, 2.0}))}});
  std::ifstream in(path("a.npz"), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const std::size_t entry = whole.find("PK\1\2");
  ASSERT_NE(entry, std::string::npos);
  const auto changed = [&](std::initializer_list<std::pair<std::size_t, std::string>> places) {
    std::string bytes = whole;
    for (const auto& [at, what] : places) bytes.replace(entry + at, what.size(), what);
    return error_of([&] { read_table(write("b.npz", bytes)); });
  };
  const std::string huge("\xFE\xFF\xFF\xFF", 4);
  EXPECT_THAT(changed({{24, huge}}), HasSubstr("damaged: 4,294,967,294 bytes cannot be packed into"));
  EXPECT_THAT(changed({{20, huge}, {24, huge}}), HasSubstr("damaged"));
  EXPECT_THAT(changed({{10, "\x0C"}}), HasSubstr("method (number 12)"));  // bzip2
}

// C1 AA is the letter j in a longer form than it needs, which is no UTF-8 (RFC 3629, 3).
TEST_F(Arrays, NpzNamesAreUtf8) {
  make_npz(path("a.npz"), {{"quux", npy("<f8", "2,", raw(std::vector{1.0, 2.0}))}});
  std::ifstream in(path("a.npz"), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  for (auto at = bytes.find("quux"); at != std::string::npos; at = bytes.find("quux"))
    bytes.replace(at, 4, "\xC1\xAA\xC3\xA1");
  EXPECT_THAT(error_of([&] { read_table(write("bad.npz", bytes)); }),
              HasSubstr("bad.npz: damaged: the name of array 1 is not UTF-8"));
}

TEST_F(Arrays, NpzWithItsOwnTestRows) {
  const auto pixels = [](std::size_t n) { return std::string(n * 4, '\xFF'); };
  make_npz(path("d.npz"), {{"x_test", npy("|u1", "1, 2, 2", pixels(1))},
                           {"x_train", npy("|u1", "3, 2, 2", pixels(3))},
                           {"y_train", npy("|u1", "3,", "\1\2\3")},
                           {"y_test", npy("|u1", "1,", "\4")}});
  const Table t = read_table(path("d.npz"));
  EXPECT_EQ(t.rows, 4u);
  EXPECT_EQ(t.test_begin, 3u);
  EXPECT_THAT(t.at("y").numbers, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(t.block->values, ::testing::Each(1.0f));
}

TEST_F(Arrays, Idx) {
  const std::string images =
      write("two-images-idx3-ubyte", idx(8, {2, 1, 2}, std::string("\x00\xFF\x33\x66", 4)));
  write("two-labels-idx1-ubyte", idx(8, {2}, "\x05\x09"));
  const Table t = read_table(images);  // the labels are found by their name
  EXPECT_THAT(t.block->shape, ElementsAre(1u, 2u));
  EXPECT_THAT(t.block->values, ElementsAre(0.0f, 1.0f, FloatNear(0.2f, 1e-7f), FloatNear(0.4f, 1e-7f)));
  EXPECT_THAT(t.at("label").numbers, ElementsAre(5, 9));
  EXPECT_EQ(read_table(images + "," + path("two-labels-idx1-ubyte")).at("label").numbers[1], 9);

  const Table floats = read_table(write("f.idx", idx(0x0D, {2}, big_endian(1.5f) + big_endian(-2.0f))));
  EXPECT_THAT(floats.at("label").numbers, ElementsAre(1.5, -2));
  const Table shorts = read_table(
      write("s.idx", idx(0x0B, {1, 2}, big_endian(std::int16_t{-3}) + big_endian(std::int16_t{300}))));
  EXPECT_EQ(shorts.columns[1].numbers[0], 300);
}

TEST_F(Arrays, BadIdx) {
  const std::string images = write("images-idx3", idx(8, {2, 1, 2}, "abcd"));
  write("labels-idx1", idx(8, {3}, "\1\2\3"));
  EXPECT_THAT(error_of([&] { read_table(images); }), AllOf(HasSubstr("3 labels for 2 images")));
  const std::string whole = idx(8, {2, 1, 2}, "abcd");
  EXPECT_THAT(error_of([&] { read_table(write("cut.idx", whole.substr(0, whole.size() - 1))); }),
              AllOf(HasSubstr("truncated"), HasSubstr("4 bytes"), HasSubstr("holds 3")));
  EXPECT_THAT(error_of([&] { read_table(write("head.idx", whole.substr(0, 9))); }), HasSubstr("truncated"));
  EXPECT_THAT(error_of([&] { read_table(write("type.idx", idx(0x0A, {1}, "a"))); }), HasSubstr("0x0A"));
}

}  // namespace
}  // namespace runnel
