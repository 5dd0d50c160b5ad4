// Equal things have equal fingerprints; of different ones it is said what differs.
#include <gmock/gmock.h>

#include <array>
#include <limits>

#include "core/digest.h"
#include "study/support.h"

namespace runnel::study {
namespace {

using testing::HasSubstr;

// Of the vectors that come with xxHash 0.8 (XXH128 without a seed): nothing.
TEST(Digest, IsXxh3) { EXPECT_EQ(Digest().hex(), "99aa06d3014798d86001c324468d497f"); }

TEST(Digest, PiecesDoNotRunTogether) {
  EXPECT_NE(Digest().text("ab").text("c").hex(), Digest().text("a").text("bc").hex());
  EXPECT_EQ(Digest().bytes("abc", 3).hex(), Digest().bytes("a", 1).bytes("bc", 2).hex());
  const std::vector<double> zero{0.0}, minus{-0.0};
  EXPECT_NE(Digest().values(std::span(zero)).hex(), Digest().values(std::span(minus)).hex());
}

Table songs() {
  Table table;
  table.source = "songs.csv";
  table.rows = 3;
  table.columns.push_back({.name = "rate", .numbers = {1, 2, std::numeric_limits<double>::quiet_NaN()}});
  table.columns.push_back(
      {.name = "title", .type = Column::Type::text, .texts = {"ab", "c", ""}, .missing = {0, 0, 1}});
  table.block = Block{"pixels", {2, 1}, {1, 2, 3, 4, 5, 6}};
  return table;
}

std::string change(const Table& now) { return difference(data_fingerprint(songs()), data_fingerprint(now)); }

TEST(Fingerprint, OfData) {
  EXPECT_EQ(change(songs()), "");
  Table t = songs();
  t.source = "elsewhere.csv";  // where it lies does not matter
  t.lines = {4, 5, 6};
  t.columns[0].numbers[2] = -std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(change(t), "");

  t.columns[0].numbers[1] = 2.0000000000000004;
  EXPECT_EQ(change(t), "column 'rate' has other values");
  t = songs();
  t.columns[1].texts = {"a", "bc", ""};
  EXPECT_EQ(change(t), "column 'title' has other values");
  t = songs();
  t.columns[1].missing[2] = 0;
  EXPECT_EQ(change(t), "column 'title' has other values");
  t = songs();
  t.block->values[5] = 7;
  EXPECT_EQ(change(t), "column 'pixels' has other values");
  t = songs();
  t.block->shape = {1, 2};
  EXPECT_EQ(change(t), "column 'pixels' was a block of 2 x 1 and is a block of 1 x 2");
  t = songs();
  t.columns[0].name = "tempo";
  EXPECT_EQ(change(t), "column 'rate' is gone; column 'tempo' is new");
  t = songs();
  t.columns[0] = {.name = "rate", .type = Column::Type::text, .texts = {"1", "2", ""}, .missing = {0, 0, 1}};
  EXPECT_EQ(change(t), "column 'rate' was numbers and is texts");
  t = songs();
  std::swap(t.columns[0], t.columns[1]);
  EXPECT_EQ(change(t), "the columns stand in another order");
  t = songs();
  t.rows = 2;
  t.columns[0].numbers.pop_back();
  EXPECT_EQ(change(t), "rows 3 -> 2");  // that every column is another goes without saying
  t = songs();
  t.test_begin = 2;
  EXPECT_EQ(change(t), "test rows from none -> 2");
}

TEST(Fingerprint, OfATestFile) {
  const Table table = songs();
  Table test = songs();
  const Fingerprint with = data_fingerprint(table, &test);
  EXPECT_EQ(difference(data_fingerprint(table), with), "there is now a file of test rows");
  EXPECT_EQ(difference(with, data_fingerprint(table)), "the file of test rows is gone");
  test.columns[0].numbers[0] = 9;
  EXPECT_EQ(difference(with, data_fingerprint(table, &test)),
            "of the test file: column 'rate' has other values");
}

TEST(Fingerprint, LongListsAreCut) {
  Table a, b;
  for (int i = 0; i < 9; ++i) {
    a.columns.push_back({.name = "c" + std::to_string(i), .numbers = {1}});
    b.columns.push_back({.name = "c" + std::to_string(i), .numbers = {2}});
  }
  EXPECT_EQ(
      difference(data_fingerprint(a), data_fingerprint(b)),
      "column 'c0' has other values; column 'c1' has other values; column 'c2' has other values; and 6 more");
}

TEST(Fingerprint, OfSplits) {
  const Split split{.train = {0, 1, 2}, .validation = {3}, .test = {4}};
  const std::vector<runnel::Fold> folds{{{0, 1}, {2, 3}}, {{2, 3}, {0, 1}}};
  const Fingerprint print = split_fingerprint(split, folds);
  EXPECT_EQ(difference(print, split_fingerprint(split, folds)), "");
  Split other = split;
  other.train = {0, 1, 4};
  other.test = {2};
  EXPECT_EQ(difference(print, split_fingerprint(other, folds)),
            "training rows are others, as many as before; test rows are others, as many as before");
  EXPECT_EQ(difference(print, split_fingerprint(split, std::span(folds).first(1))),
            "fold 2's training is gone; fold 2's validation is gone");
  auto moved = folds;
  moved[1].validation = {0, 1, 4};
  EXPECT_EQ(difference(print, split_fingerprint(split, moved)), "fold 2's validation rows 2 -> 3");
}

TEST(Fingerprint, OfSettings) {
  const Fingerprint print = settings_fingerprint({{"rate", "0.001,0.01"}, {"loss", "huber"}});
  EXPECT_EQ(difference(print, settings_fingerprint({{"rate", "0.001,0.01"}, {"loss", "huber"}})), "");
  EXPECT_EQ(difference(print, settings_fingerprint({{"rate", "0.001,0.1"}, {"loss", "absolute"}})),
            "rate 0.001,0.01 -> 0.001,0.1; loss huber -> absolute");
  EXPECT_EQ(difference(print, settings_fingerprint({{"rate", "0.001,0.01"}})), "loss huber -> none");
}

}  // namespace
}  // namespace runnel::study
