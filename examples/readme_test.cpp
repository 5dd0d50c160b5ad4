// README.md shows a program and what it prints: both must be true.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

namespace {

std::string read(const std::string& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string output_of(const std::string& program) {
  std::FILE* pipe = popen(program.c_str(), "r");
  if (pipe == nullptr) return "";
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text.push_back(static_cast<char>(c));
  EXPECT_EQ(pclose(pipe), 0);
  return text;
}

// What stands between the fences of the first block of `language` at or after `from`; `from` moves behind it.
std::string block(const std::string& text, const std::string& language, std::size_t& from) {
  const std::string fence = "```" + language + "\n";
  const std::size_t begin = text.find(fence, from);
  const std::size_t end = text.find("\n```", begin);
  if (begin == text.npos || end == text.npos) return "";
  from = end + 4;
  return text.substr(begin + fence.size(), end + 1 - begin - fence.size());
}

TEST(Readme, ShowsTheProgramAndWhatItPrints) {
  const std::string readme = read(README);
  std::size_t at = 0;
  EXPECT_EQ(block(readme, "cpp", at), read(FIRST_SOURCE));
  EXPECT_EQ(block(readme, "text", at), output_of(FIRST_PROGRAM));
}

}  // namespace
