// The format: what is written is read back to the last bit, and whatever is wrong with a file is said.
#include "artifact/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "runnel/error.h"

namespace runnel {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A file with this header, as another program could write it.
std::string file_of(const std::string& header, std::string_view data = "", std::uint64_t length = 0) {
  if (length == 0) length = header.size();
  std::string out(8, '\0');
  std::memcpy(out.data(), &length, 8);
  return out + header + std::string(data);
}

std::string error_of(std::string_view bytes) {
  try {
    decode_safetensors("m.st", bytes);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input);
    EXPECT_THAT(e.what(), StartsWith("m.st: "));
    return e.what();
  }
  ADD_FAILURE() << "no error was raised";
  return "";
}

std::string one_tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

SafeTensors example() {
  SafeTensors out;
  out.tensors = {{"odd", Array({1.5, -0.0, 3e-39}, DType::f32)},
                 {"wide", Array({{0.1, 1e300}, {-2, 5e-324}}, DType::f64)},
                 {"scalar", Array::scalar(7)},
                 {"none", Array::zeros({0, 4})}};
  out.metadata = {{"text", "with \"quotes\", \n, and ü"}, {"empty", ""}};
  return out;
}

TEST(SafeTensors, ComesBackToTheLastBit) {
  const SafeTensors in = example();
  const SafeTensors out = decode_safetensors("m.st", encode_safetensors(in));
  EXPECT_EQ(out.metadata, in.metadata);
  ASSERT_EQ(out.tensors.size(), in.tensors.size());
  for (const auto& [name, array] : in.tensors) {
    ASSERT_NE(out.find(name), nullptr) << name;
    EXPECT_TRUE(same_bits(*out.find(name), array)) << name;
  }
}

TEST(SafeTensors, WhatIsReadIsWrittenTheSame) {
  const std::string bytes = encode_safetensors(example());
  EXPECT_EQ(encode_safetensors(decode_safetensors("m.st", bytes)).size(), bytes.size());
  EXPECT_EQ(encode_safetensors(example()), bytes);
}

// The layout that the format's description promises, checked without our reader.
TEST(SafeTensors, LayoutFollowsTheDescription) {
  const std::string bytes = encode_safetensors(example());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ((8 + length) % 8, 0u);
  const auto header = nlohmann::json::parse(bytes.substr(8, length));
  EXPECT_EQ(header["__metadata__"]["empty"], "");
  EXPECT_EQ(header["wide"]["dtype"], "F64");
  EXPECT_EQ(header["wide"]["shape"], nlohmann::json({2, 2}));
  EXPECT_EQ(header["scalar"]["shape"], nlohmann::json::array());
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") continue;
    const std::size_t item = tensor["dtype"] == "F64" ? 8 : 4;
    EXPECT_EQ(tensor["data_offsets"][0].get<std::size_t>() % item, 0u) << name << " is not aligned";
  }
  double second = 0;
  std::memcpy(&second, bytes.data() + 8 + length + header["wide"]["data_offsets"][0].get<std::size_t>() + 8,
              8);
  EXPECT_EQ(second, 1e300);
}

TEST(SafeTensors, ReadsWhatOthersWrite) {
  const std::string header = "{\"a\" : {\"dtype\":\"F32\", \"shape\":[1,2], \"data_offsets\":[0,8]} }   ";
  const float values[] = {1.25F, -2};
  const SafeTensors out =
      decode_safetensors("m.st", file_of(header, {reinterpret_cast<const char*>(values), sizeof values}));
  EXPECT_EQ(out.find("a")->to_doubles(), (std::vector<double>{1.25, -2}));
  EXPECT_TRUE(out.metadata.empty());
}

TEST(SafeTensors, RefusesOtherDtypesAndRepeatedNamesInWriting) {
  SafeTensors integers;
  integers.tensors = {{"i", Array({1, 2}, DType::i32)}};
  EXPECT_THROW(encode_safetensors(integers), Error);
  SafeTensors twice;
  twice.tensors = {{"a", Array({1})}, {"a", Array({2})}};
  EXPECT_THROW(encode_safetensors(twice), Error);
}

TEST(SafeTensors, EveryTruncationIsAnError) {
  const std::string bytes = encode_safetensors(example());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_THROW(decode_safetensors("m.st", std::string_view(bytes).substr(0, n)), Error) << n << " bytes";
  }
  EXPECT_THAT(error_of(bytes.substr(0, bytes.size() - 1)), HasSubstr("truncated"));
  EXPECT_THAT(error_of(bytes.substr(0, 20)), HasSubstr("truncated"));
}

TEST(SafeTensors, NoChangedByteOfTheHeaderCrashes) {
  const std::string bytes = encode_safetensors(example());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < 8 + length; ++at) {
    for (const int change : {0x01, 0x20, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      try {
        decode_safetensors("m.st", damaged);
      } catch (const Error&) {
        ++refused;  // any other exception fails the test
      }
    }
  }
  EXPECT_GT(refused, 2 * length);  // most changes break something; some only rename a tensor
}

struct Hostile {
  const char* what;
  std::string bytes;
  const char* expected;
};

TEST(SafeTensors, SaysWhatIsWrong) {
  const std::string four(4, '\0'), eight(8, '\0');
  const Hostile files[] = {
      {"a text file", "name,age,height\nA,1,2\n", "not a safetensors file"},
      {"few bytes", "abc", "fewer than the header's length"},
      {"a length beyond the file", file_of("{}", "", 1000), "truncated"},
      {"a length beyond all files", file_of("{}", "", 0xFFFFFFFFFFFFFFF0u), "at most"},
      {"no JSON", file_of("{\"a\": }"), "not JSON"},
      {"JSON, but no object", file_of("[1,2]"), "not a safetensors file"},
      {"no UTF-8", file_of("{\"\xFF\xFE\": 1}"), "not JSON"},
      {"deeply nested", file_of("{\"a\":" + std::string(100000, '[')), "not JSON"},
      {"a name twice",
       file_of(
           R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
           four),
       "twice"},
      {"an unknown dtype", file_of(one_tensor("BF16", "[2]", "[0,4]"), four), "BF16"},
      {"no shape", file_of(R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", four), "lacks"},
      {"a number for a tensor", file_of(R"({"a":3})"), "lacks"},
      {"a negative size", file_of(one_tensor("F32", "[-1]", "[0,4]"), four), "no list of sizes"},
      {"a fraction for a size", file_of(one_tensor("F32", "[1.0]", "[0,4]"), four), "no list of sizes"},
      {"too many axes", file_of(one_tensor("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), four), "9 axes"},
      {"one offset", file_of(one_tensor("F32", "[1]", "[4]"), four), "not two places"},
      {"a negative offset", file_of(one_tensor("F32", "[1]", "[-4,0]"), four), "not two places"},
      {"backwards", file_of(one_tensor("F32", "[0]", "[4,0]"), four), "ends before it begins"},
      {"beyond the end", file_of(one_tensor("F32", "[4]", "[0,16]"), four), "truncated"},
      {"another length", file_of(one_tensor("F32", "[1]", "[0,8]"), eight), "another number of bytes"},
      {"sizes whose product overflows",
       file_of(one_tensor("F32", "[4294967296,4294967296,4294967296]", "[0,4]"), four),
       "another number of bytes"},
      {"sizes whose product overflows to the right number",
       file_of(one_tensor("F32", "[4611686018427387905]", "[0,4]"), four), "another number of bytes"},
      {"a gap", file_of(one_tensor("F32", "[1]", "[4,8]"), eight), "belong to no tensor"},
      {"bytes at the end", file_of(one_tensor("F32", "[1]", "[0,4]"), eight), "belong to no tensor"},
      {"overlap",
       file_of(
           R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})",
           eight),
       "overlaps"},
      {"metadata that is no object", file_of(R"({"__metadata__":3})"), "no object"},
      {"metadata with a number", file_of(R"({"__metadata__":{"seed":3}})"), "not a text"},
  };
  for (const Hostile& file : files) EXPECT_THAT(error_of(file.bytes), HasSubstr(file.expected)) << file.what;
}

}  // namespace
}  // namespace runnel
