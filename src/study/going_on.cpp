#include "study/going_on.h"

#include <tuple>

#include "core/fail.h"

namespace runnel::study {
void check_whole(const Database& database) {
  const std::string found = database.text("PRAGMA quick_check(1)");
  if (found != "ok")
    fail("{}: the study is damaged ({}); restore a copy of it, or begin another one", database.name(), found);
}

void check_same(const std::string& path, const Description& before, const Description& now) {
  const std::string source =
      before.source == now.source ? before.source : fmt::format("{} -> {}", before.source, now.source);
  for (const auto& [what, was, is] : {std::tuple(fmt::format("data ({})", source), &before.data, &now.data),
                                      std::tuple(std::string("split of the rows"), &before.split, &now.split),
                                      std::tuple(std::string("space"), &before.space, &now.space)}) {
    const std::string differs = difference(*was, *is);
    if (!differs.empty())
      fail(
          "{}: the study was begun with another {}: {}; give what it was begun with, or another file for "
          "another "
          "study",
          path, what, differs);
  }
  for (const auto& [what, is] : now.more) {
    const auto was = before.more.find(what);
    const std::string differs = was == before.more.end() ? "it has none" : difference(was->second, is);
    if (!differs.empty())
      fail("{}: the study was begun with another {}: {}; give what it was begun with, or another file", path,
           what, differs);
  }
  if (before.folds != now.folds || before.metric != now.metric || before.seed != now.seed)
    fail("{}: the study was begun with another configuration (folds {}, metric {}, seed {}; now {}, {}, {})",
         path, before.folds, before.metric, before.seed, now.folds, now.metric, now.seed);
}

std::string other_version(const Description& before, const Description& now) {
  if (before.version == now.version) return "";
  return fmt::format(
      "the study was begun by Runnel {} and resumed by {}: the last bits of its results may depend on where "
      "it was "
      "interrupted",
      before.version, now.version);
}

}  // namespace runnel::study
