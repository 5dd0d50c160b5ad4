// Every fuzz target over its seeds and over every input that was a finding once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "target.h"

namespace runnel::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path folder = RUNNEL_FUZZ_FOLDER;

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const Target* target : targets()) out.push_back(target->name);
  return out;
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// From an allocation of its own, so that a sanitizer sees a read past the end.
void run_on(const Target& target, const std::string& bytes) {
  const std::vector<char> exactly(bytes.begin(), bytes.end());
  target.run({exactly.data(), exactly.size()});
}

class EveryTarget : public testing::TestWithParam<const Target*> {};

TEST_P(EveryTarget, TakesWhatIsKept) {
  const Target& target = *GetParam();
  std::size_t seeds = 0;
  for (const char* kind : {"corpus", "findings"}) {
    if (!fs::is_directory(folder / kind / target.name)) continue;
    for (const auto& entry : fs::directory_iterator(folder / kind / target.name)) {
      EXPECT_NO_THROW(run_on(target, bytes_of(entry.path()))) << entry.path();
      ++seeds;
    }
  }
  EXPECT_GT(seeds, 0u) << "a target begins from seeds in fuzz/corpus/" << target.name;
}

// Every beginning of every seed: files that were cut off somewhere.
TEST_P(EveryTarget, TakesWhatIsCutOff) {
  const Target& target = *GetParam();
  for (const auto& entry : fs::directory_iterator(folder / "corpus" / target.name)) {
    const std::string bytes = bytes_of(entry.path());
    const std::size_t step = bytes.size() / 200 + 1;
    for (std::size_t length = 0; length < bytes.size(); length += step)
      EXPECT_NO_THROW(run_on(target, bytes.substr(0, length))) << entry.path() << " cut to " << length;
  }
}

INSTANTIATE_TEST_SUITE_P(Fuzz, EveryTarget, testing::ValuesIn(targets()),
                         [](const auto& parameter) { return std::string(parameter.param->name); });

// A folder without a target is never run; a target that CMake does not list is never fuzzed.
TEST(Fuzz, FoldersAndListsNameTheTargets) {
  for (const char* kind : {"corpus", "findings"}) {
    if (!fs::is_directory(folder / kind)) continue;
    for (const auto& entry : fs::directory_iterator(folder / kind))
      EXPECT_THAT(names(), testing::Contains(entry.path().filename().string()));
  }
  std::ifstream list(folder / "CMakeLists.txt");
  std::string line;
  std::set<std::string> listed;
  while (std::getline(list, line)) {
    const std::string begin = "set(RUNNEL_FUZZ_TARGETS ";
    if (!line.starts_with(begin)) continue;
    std::istringstream words(line.substr(begin.size(), line.find(')') - begin.size()));
    std::copy(std::istream_iterator<std::string>(words), {}, std::inserter(listed, listed.end()));
  }
  EXPECT_THAT(names(), testing::UnorderedElementsAreArray(listed));
}

}  // namespace
}  // namespace runnel::fuzz
