// Packed files, and the standard input. What gzip writes is made here from RFC 1951 and 1952.
#include "data/gzip.h"

#include <zip.h>
#include <zlib.h>

#include <cstdint>
#include <cstdio>

#include "helpers.h"

namespace runnel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string little32(std::uint32_t v) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += static_cast<char>(v >> (8 * i) & 0xFF);
  return out;
}

// CRC-32 bit by bit, as RFC 1952 defines it.
std::uint32_t crc32_of(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

// One member, whose deflate blocks are stored as they are.
std::string gzip(std::string_view bytes, const std::string& name = "") {
  std::string out{'\x1F', '\x8B', 8, static_cast<char>(name.empty() ? 0 : 8), 0, 0, 0, 0, 0, 3};
  if (!name.empty()) out += name + '\0';
  std::string_view rest = bytes;
  do {
    const std::string_view block = rest.substr(0, 65535);
    rest.remove_prefix(block.size());
    const auto size = static_cast<std::uint32_t>(block.size());
    out += static_cast<char>(rest.empty() ? 1 : 0);
    out += little32(size | (size ^ 0xFFFFu) << 16);
    out += block;
  } while (!rest.empty());
  return out + little32(crc32_of(bytes)) + little32(static_cast<std::uint32_t>(bytes.size()));
}

class Gzip : public test::DataTest {};

TEST_F(Gzip, EveryFormat) {
  std::string long_text = "a,b\n";
  for (int i = 0; i < 40000; ++i) long_text += std::to_string(i) + ",x\n";
  const Table t = read_table(write("t.csv.gz", gzip(long_text, "t.csv")));
  EXPECT_EQ(t.rows, 40000u);
  EXPECT_EQ(t.at("a").numbers[39999], 39999);
  EXPECT_THAT(t.where(1), HasSubstr("t.csv.gz, line 3"));
  EXPECT_THAT(read_table(write("x", gzip("@relation r\n@attribute a numeric\n@data\n5\n"))).at("a").numbers,
              ElementsAre(5));
  EXPECT_THAT(read_table(write("x", gzip("{\"a\":1}\n{\"a\":2}\n"))).at("a").numbers, ElementsAre(1, 2));
  EXPECT_THAT(read_table(write("x", gzip("\xFF\xFE" + std::string("a\0\n\0007\0\n\0", 8)))).at("a").numbers,
              ElementsAre(7));
  const std::string npy = std::string("\x93NUMPY\1\0\x46\0", 10) +
                          "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }            \n" +
                          "\1\2\3";
  EXPECT_THAT(read_table(write("x", gzip(npy))).at("x").numbers, ElementsAre(1, 2, 3));

  int error = 0;
  zip_t* zip = zip_open(path("in.npz").c_str(), ZIP_CREATE, &error);
  zip_file_add(zip, "v.npy", zip_source_buffer(zip, npy.data(), npy.size(), 0), 0);
  ASSERT_EQ(zip_close(zip), 0);
  std::ifstream in(path("in.npz"), std::ios::binary);
  const std::string npz{std::istreambuf_iterator<char>(in), {}};
  EXPECT_THAT(read_table(write("x.npz.gz", gzip(npz))).at("v").numbers, ElementsAre(1, 2, 3));
}

TEST_F(Gzip, IdxFindsItsLabelsPackedOrNot) {
  const std::string images = std::string("\0\0\x08\3\0\0\0\2\0\0\0\1\0\0\0\1", 16) + "\xFF\x33";
  const std::string labels = std::string("\0\0\x08\1\0\0\0\2", 8) + "\7\4";
  const std::string packed_labels = gzip(labels);
  for (const bool packed_images : {false, true}) {
    for (const bool packed : {false, true}) {
      const std::string folder = path(std::to_string(2 * packed_images + packed));
      std::filesystem::create_directories(folder);
      const std::string end = packed_images ? ".gz" : "";
      const std::string name = folder.substr(folder.rfind('/') + 1);
      write(name + "/train-labels-idx1-ubyte" + (packed ? ".gz" : ""), packed ? packed_labels : labels);
      const Table t =
          read_table(write(name + "/train-images-idx3-ubyte" + end, packed_images ? gzip(images) : images));
      EXPECT_THAT(t.at("label").numbers, ElementsAre(7, 4));
      EXPECT_THAT(t.block->values, ElementsAre(1.0f, 0.2f));
    }
  }
}

TEST_F(Gzip, MembersFollowEachOther) {
  const std::string two = gzip("a,b\n1,") + gzip("2\n3,4\n");
  for (const std::string& padding : {std::string(), std::string(700, '\0')}) {
    const Table t = read_table(write("x", two + padding));
    EXPECT_THAT(t.at("a").numbers, ElementsAre(1, 3));
    EXPECT_THAT(t.at("b").numbers, ElementsAre(2, 4));
  }
  EXPECT_THAT(error_of([&] { read_table(write("x", two + "tail")); }),
              HasSubstr("4 bytes behind gzip's data"));
}

TEST_F(Gzip, TruncatedAnywhere) {
  const std::string whole = gzip("a,b\n1,2\n", "n");
  for (std::size_t size = 2; size < whole.size(); ++size) {
    EXPECT_THAT(error_of([&] { read_table(write("x", whole.substr(0, size))); }), HasSubstr("truncated"))
        << size;
  }
}

TEST_F(Gzip, Damaged) {
  std::string bytes = gzip("a,b\n1,2\n");
  bytes[bytes.size() - 10] ^= 1;  // a byte of the data: the check sum tells
  EXPECT_THAT(error_of([&] { read_table(write("x", bytes)); }), HasSubstr("damaged"));
  EXPECT_THAT(error_of([&] { read_table(write("x", "\x1F\x8B rest")); }), HasSubstr("damaged"));
  EXPECT_THAT(error_of([&] { read_table(write("x", gzip(""))); }), HasSubstr("empty"));
  EXPECT_THAT(error_of([&] { read_table(write("x", gzip(gzip("a,b\n1,2\n")))); }), HasSubstr("twice"));
  EXPECT_THAT(error_of([&] { read_table(write("x", gzip("BZh91AY&SY"))); }), HasSubstr("bunzip2"));
}

// zlib packs zeros about 1030 times, the most that deflate can (258 bytes in two bits).
std::string pack(std::string_view bytes) {
  z_stream z = {};
  EXPECT_EQ(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&z, bytes.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

TEST_F(Gzip, WhatUnpacksToTooMuchIsRefused) {
  const std::string zeros(std::size_t{1} << 22, '\0');
  const std::string packed = pack(zeros);
  ASSERT_GT(zeros.size(), 1000 * packed.size());
  EXPECT_EQ(data::gunzip("x", packed), zeros);
  EXPECT_THAT(error_of([&] { data::gunzip("x", packed, zeros.size() / 2); }), HasSubstr("over 1,000 times"));
  std::string text = "a,b\n";
  for (int i = 0; i < 20000; ++i) text += "1,2\n";
  EXPECT_EQ(data::gunzip("x", pack(text), 1000), text);  // a ratio below 1000 is believed at any size
}

// The standard input is read as a file is; tests/cli pipes into the program.
TEST_F(Gzip, StandardInput) {
  write("in", gzip("a,b\n1,2\n\"3,4\n"));
  ASSERT_NE(std::freopen(path("in").c_str(), "rb", stdin), nullptr);
  EXPECT_THAT(error_of([&] { read_table("-"); }), HasSubstr("standard input, line 3"));
  write("in", "a,b\n1,2\n");
  ASSERT_NE(std::freopen(path("in").c_str(), "rb", stdin), nullptr);
  const Table t = read_table("-");
  EXPECT_EQ(t.source, "standard input");
  EXPECT_EQ(t.where(0), "standard input, line 2");
  EXPECT_THAT(error_of([&] { read_table("-"); }), HasSubstr("standard input: nothing came"));
  EXPECT_THAT(error_of([&] { read_table("-,-"); }), HasSubstr("not both"));
}

}  // namespace
}  // namespace runnel
