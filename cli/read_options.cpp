#include "cli/read_options.h"

#include <algorithm>

#include "core/fail.h"

namespace runnel::cli {
namespace {

using Formats = std::vector<std::string_view>;

struct ReadOption {
  const char* flag;
  bool (*given)(const ReadArguments&);
  Formats formats;  // of which it says something
};

const std::vector<ReadOption>& options_of_reading() {
  static const Formats csv{"CSV"}, texts{"CSV", "ARFF", "JSON Lines"},
      cells{"CSV", "ARFF", "JSON Lines", "NPY", "NPZ"}, arrays{"NPY", "idx"}, generated{"generated"};
  static const std::vector<ReadOption> all{
      {"--separator", [](const ReadArguments& r) { return !r.separator.empty(); }, csv},
      {"--header", [](const ReadArguments& r) { return r.header; }, csv},
      {"--no-header", [](const ReadArguments& r) { return r.no_header; }, csv},
      {"--skip-rows", [](const ReadArguments& r) { return r.options.skip_rows > 0; }, texts},
      {"--encoding", [](const ReadArguments& r) { return !r.options.encoding.empty(); }, texts},
      {"--decimal", [](const ReadArguments& r) { return !r.decimal.empty(); }, texts},
      {"--thousands", [](const ReadArguments& r) { return !r.thousands.empty(); }, texts},
      {"--dates", [](const ReadArguments& r) { return !r.dates.empty(); }, texts},
      {"--missing", [](const ReadArguments& r) { return !r.missing.more.empty(); }, cells},
      {"--missing-only", [](const ReadArguments& r) { return !r.missing.only.empty(); }, cells},
      {"--text", [](const ReadArguments& r) { return !r.text.empty(); }, cells},
      {"--labels", [](const ReadArguments& r) { return !r.options.labels.empty(); }, arrays},
      {"--rows", [](const ReadArguments& r) { return r.options.rows > 0; }, generated},
      {"--data-seed", [](const ReadArguments& r) { return r.options.seed > 0; }, generated}};
  return all;
}

// "CSV, ARFF or JSON Lines files", "generated tables".
std::string named(const Formats& formats) {
  if (formats[0] == "generated") return "generated tables (demo:NAME)";
  std::string out(formats[0]);
  for (std::size_t i = 1; i < formats.size(); ++i)
    out += fmt::format("{}{}", i + 1 == formats.size() ? " and " : ", ", formats[i]);
  return out + " files";
}

}  // namespace

void refuse_idle_reading(const ReadArguments& read, const Table& table) {
  for (const ReadOption& option : options_of_reading()) {
    const Formats& formats = option.formats;
    if (!option.given(read) || std::find(formats.begin(), formats.end(), table.format) != formats.end())
      continue;
    const std::string is =
        table.format == "generated" ? "a generated table" : fmt::format("a file of {}", table.format);
    fail("{}: {} is for {}, and this is {}; leave it out", table.source, option.flag, named(formats), is);
  }
}

void refuse_reading(const ReadArguments& read, const std::string& file, const std::string& what) {
  for (const ReadOption& option : options_of_reading())
    if (option.given(read))
      fail("{}: {} says how data are read, and this is {}; leave it out", file, option.flag, what);
}

}  // namespace runnel::cli
