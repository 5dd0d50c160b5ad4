// Truth values: every spelling, in any case of letters, and which columns hold them.
#include "data/truths.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace runnel::data {
namespace {

const std::vector<std::string> yeses = {"true", "yes", "y", "t", "on", "1", "1.0"};
const std::vector<std::string> nos = {"false", "no", "n", "f", "off", "0", "0.0"};

// The text with the letters of the set bits of `which` as capitals.
std::string with_capitals(std::string text, unsigned which) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (which >> i & 1u && text[i] >= 'a' && text[i] <= 'z') text[i] = static_cast<char>(text[i] - 'a' + 'A');
  }
  return text;
}

TEST(Truths, EverySpellingInEveryCase) {
  for (const bool value : {true, false}) {
    for (const std::string& word : value ? yeses : nos) {
      for (unsigned which = 0; which < 1u << word.size(); ++which) {
        const std::string cell = with_capitals(word, which);
        EXPECT_EQ(parse_truth(cell), value) << cell;
        EXPECT_EQ(parse_truth(" " + cell + "\xC2\xA0"), value) << cell;
      }
    }
  }
}

TEST(Truths, OtherTextsAreNone) {
  for (const char* cell : {"",     " ",   "tru", "truee", "ye", "yes.", "o", "10",     "2",   "-1",      "01",
                           "1.00", "1,0", "0.",  ".0",    "ja", "nein", "m", "yes no", "y/n", "\xC3\xBF"})
    EXPECT_FALSE(parse_truth(cell)) << cell;
}

TEST(Truths, AColumnHoldsThemIfEachIsOneAndOneIsAWord) {
  using Texts = std::vector<std::string_view>;
  for (const Texts& texts : {Texts{"yes", "no"}, Texts{"True", "FALSE"}, Texts{"Y", "n", "N"}, Texts{"T"},
                             Texts{"1", "0", "yes"}, Texts{"on", "0"}, Texts{"no"}, Texts{"1.0", "false"}})
    EXPECT_TRUE(are_truths(texts)) << texts.front();
  for (const Texts& texts : {Texts{}, Texts{"1", "0"}, Texts{"1.0", "0.0", "1"}, Texts{"yes", "no", "maybe"},
                             Texts{"f", "m"}, Texts{"n", "s"}, Texts{"yes", ""}, Texts{"yes", "2"}})
    EXPECT_FALSE(are_truths(texts));
}

// Any two words, however they are paired, make a column of truths; a third text beside them does not.
TEST(Truths, EveryPairOfSpellings) {
  std::vector<std::string> all = yeses;
  all.insert(all.end(), nos.begin(), nos.end());
  const auto is_number = [](const std::string& s) { return s[0] == '0' || s[0] == '1'; };
  for (const std::string& a : all) {
    for (const std::string& b : all) {
      EXPECT_EQ(are_truths(std::vector<std::string_view>{a, b}), !(is_number(a) && is_number(b))) << a << b;
      EXPECT_FALSE(are_truths(std::vector<std::string_view>{a, b, "other"}));
    }
  }
}

}  // namespace
}  // namespace runnel::data
