// The public data sets with the traps they are known for. Skipped where the files are not at hand.
#include <chrono>
#include <cmath>
#include <map>
#include <set>

#include "helpers.h"

namespace runnel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

#ifndef RUNNEL_SHARED_DATA
#define RUNNEL_SHARED_DATA ""
#endif

#define NEED(name)                                                         \
  const std::string file = std::string(RUNNEL_SHARED_DATA) + "/" + (name); \
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the data file " << (name) << " is not there"

std::map<std::string, Role> roles(const Table& t, const TriageOptions& options) {
  std::map<std::string, Role> out;
  const Preprocessor p = Preprocessor::fit(t, test::all_rows(t), options);
  for (const ColumnDecision& d : p.decisions()) out[d.name] = d.role;
  return out;
}

TEST(RealFiles, SpotifySongs) {
  NEED("spotify_songs.csv");
  const auto start = std::chrono::steady_clock::now();
  const Table t = read_table(file);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_LT(seconds, 3);  // 0.07 s on the machine this was written on; generous for sanitizers
  EXPECT_EQ(t.rows, 32833u);
  EXPECT_EQ(t.columns.size(), 23u);
  EXPECT_EQ(t.at("track_name").text(0), "I Don't Care (with Justin Bieber) - Loud Luxury Remix");

  std::set<std::string> ids(t.at("track_id").texts.begin(), t.at("track_id").texts.end());
  EXPECT_EQ(ids.size(), 28356u);
  std::size_t without_name = 0;
  for (std::size_t i = 0; i < t.rows; ++i) without_name += t.at("track_artist").is_missing(i);
  EXPECT_EQ(without_name, 5u);
  EXPECT_THAT(leak_warnings(t, {.target = "track_popularity"}),
              ElementsAre(HasSubstr("4,477 rows repeat an id in column track_id; give --group track_id")));

  const auto role = roles(t, {.target = "track_popularity", .group = "track_id"});
  EXPECT_EQ(role.at("track_id"), Role::group);
  EXPECT_EQ(role.at("track_album_release_date"), Role::date);
  EXPECT_EQ(role.at("playlist_genre"), Role::categorical);
  EXPECT_EQ(role.at("track_name"), Role::dropped);
  EXPECT_EQ(role.at("track_album_id"), Role::dropped);
  EXPECT_EQ(role.at("key"), Role::numeric);

  std::vector<std::string> warnings;
  const Target target = Target::fit(t, {.column = "track_popularity", .positive = ">50"}, warnings);
  const TargetValues y = target.read(t, warnings);
  const Split split = split_table(t, y, target.task(), {.group = "track_id"});
  std::set<std::string_view> train;
  for (const std::size_t row : split.train) train.insert(t.at("track_id").texts[row]);
  for (const auto* part : {&split.validation, &split.test}) {
    for (const std::size_t row : *part) EXPECT_FALSE(train.contains(t.at("track_id").texts[row]));
  }
}

TEST(RealFiles, SpotifyHits) {
  NEED("spotify_hits_2010s.csv");
  const Table t = read_table(file);
  EXPECT_EQ(t.rows, 6398u);
  const auto role = roles(t, {.target = "target"});
  for (const char* name : {"track", "artist", "uri"}) EXPECT_EQ(role.at(name), Role::dropped) << name;
  std::vector<std::string> warnings;
  EXPECT_EQ(Target::fit(t, {.column = "target"}, warnings).task(), Task::binary);
}

TEST(RealFiles, Adult) {
  NEED("adult.data");
  EXPECT_THAT(error_of([&] { read_table(file); }), AllOf(HasSubstr("line 1"), HasSubstr("--no-header")));
  const Table t = read_table(file, {.header = false});
  EXPECT_EQ(t.rows, 32561u);
  EXPECT_EQ(t.columns.size(), 15u);
  const auto missing = [&](const std::string& name) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < t.rows; ++i) n += t.at(name).is_missing(i);
    return n;
  };
  EXPECT_EQ(missing("column2"), 1836u);
  EXPECT_EQ(missing("column7"), 1843u);
  EXPECT_EQ(missing("column14"), 583u);

  const std::string test_file = std::string(RUNNEL_SHARED_DATA) + "/adult.test";
  if (!std::filesystem::exists(test_file)) GTEST_SKIP() << "the data file adult.test is not there";
  EXPECT_THAT(error_of([&] { read_table(test_file, {.header = false}); }),
              AllOf(HasSubstr("adult.test, line 1"), HasSubstr("--skip-rows 1")));
  const Table own_test = read_table(test_file, {.header = false, .skip_rows = 1});
  EXPECT_EQ(own_test.rows, 16281u);
  std::vector<std::string> warnings;
  const Target target = Target::fit(t, {.column = "column15"}, warnings);
  EXPECT_THAT(target.classes(), ElementsAre("<=50K", ">50K"));
  const TargetValues y = target.read(own_test, warnings);
  EXPECT_EQ(y.rows.size(), 16281u);
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr("16,281 rows"), HasSubstr("final '.'"))));
  const Preprocessor p = Preprocessor::fit(t, test::all_rows(t), {.target = "column15"});
  EXPECT_EQ(p.transform(own_test).rows, 16281u);
}

TEST(RealFiles, CaliforniaHousing) {
  NEED("california_housing.csv");
  const Table t = read_table(file);
  EXPECT_EQ(t.rows, 20640u);
  std::size_t missing = 0;
  for (std::size_t i = 0; i < t.rows; ++i) missing += t.at("total_bedrooms").is_missing(i);
  EXPECT_EQ(missing, 207u);
  std::vector<std::string> warnings;
  EXPECT_EQ(Target::fit(t, {.column = "median_house_value"}, warnings).task(), Task::regression);
  EXPECT_EQ(roles(t, {.target = "median_house_value"}).at("ocean_proximity"), Role::categorical);
}

TEST(RealFiles, Titanic) {
  NEED("titanic.csv");
  const Table t = read_table(file);
  EXPECT_EQ(t.rows, 891u);
  EXPECT_EQ(t.at("Name").text(0), "Braund, Mr. Owen Harris");
  const auto role = roles(t, {.target = "Survived"});
  for (const char* name : {"PassengerId", "Name", "Ticket"}) EXPECT_EQ(role.at(name), Role::dropped) << name;
  EXPECT_EQ(role.at("Sex"), Role::boolean);
  EXPECT_EQ(role.at("Embarked"), Role::categorical);
}

TEST(RealFiles, Mnist) {
  NEED("mnist/t10k-images-idx3-ubyte");
  const Table t = read_table(file);
  EXPECT_EQ(t.rows, 10000u);
  ASSERT_TRUE(t.block);
  EXPECT_EQ(t.block->width(), 784u);
  EXPECT_THAT(std::vector<double>(t.at("label").numbers.begin(), t.at("label").numbers.begin() + 5),
              ElementsAre(7, 2, 1, 0, 4));
  std::vector<std::string> warnings;
  EXPECT_EQ(Target::fit(t, {.column = "label"}, warnings).task(), Task::multiclass);
}

}  // namespace
}  // namespace runnel
