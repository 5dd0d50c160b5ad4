#include "study/going_on.h"

#include <tuple>

#include "core/fail.h"
#include "study/hyper_json.h"

namespace runnel::study {
namespace {

// The settings that stand in a fingerprint of a space, without its candidates.
Fingerprint settings_in(const Fingerprint& space) {
  const Json parts = Json::parse(space.parts, nullptr, false);
  const bool has = parts.is_object() && parts.contains("settings");
  const std::string text = has ? dumped({{"settings", parts["settings"]}}) : space.parts;
  return {text, text};
}

}  // namespace

void check_whole(const Database& database) {
  const std::string found = database.text("PRAGMA quick_check(1)");
  if (found != "ok")
    fail("{}: the study is damaged ({}); restore a copy of it, or begin another one", database.name(), found);
}

void check_same(const std::string& path, const Description& before, const Description& now, bool grows) {
  const std::string source =
      before.source == now.source ? before.source : fmt::format("{} -> {}", before.source, now.source);
  for (const auto& [what, was, is] : {std::tuple(fmt::format("data ({})", source), &before.data, &now.data),
                                      std::tuple(std::string("split of the rows"), &before.split, &now.split),
                                      std::tuple(std::string("space"), &before.space, &now.space)}) {
    const bool of_settings = grows && is == &now.space;
    const std::string differs =
        of_settings ? difference(settings_in(*was), settings_in(*is)) : difference(*was, *is);
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
