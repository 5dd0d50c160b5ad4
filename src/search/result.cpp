// The best of a search, and how they are told.
#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "search/trajectory.h"

namespace runnel::search {
namespace {

// Readings of one state, which Kept keeps once: candidates that differ in their epochs alone and stopped
// early.
bool is_twin(const Candidate& a, const Candidate& b) {
  if (a.by_fold != b.by_fold || a.best_epoch != b.best_epoch || a.measures != b.measures) return false;
  for (std::size_t i = 0; i < a.configuration.values().size(); ++i)
    if (a.configuration.schema().parameters()[i].role != params::Role::budget &&
        !(a.configuration.values()[i] == b.configuration.values()[i]))
      return false;
  return true;
}

// Columns of equal width, two spaces between them.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace

std::vector<std::int64_t> Result::ranking(std::int64_t most) const {
  std::vector<const Candidate*> all;
  for (const Candidate& c : candidates)
    if (c.best_epoch > 0 && (c.status == Status::done || c.status == Status::interrupted)) all.push_back(&c);
  std::stable_sort(all.begin(), all.end(), [&](const Candidate* a, const Candidate* b) {
    return score_of(measures, a->measures.data()) < score_of(measures, b->measures.data());
  });
  std::vector<std::int64_t> out;
  std::vector<const Candidate*> told;
  for (const Candidate* c : all) {
    if (std::ssize(out) >= most) break;
    if (std::any_of(told.begin(), told.end(), [&](const Candidate* other) { return is_twin(*c, *other); }))
      continue;
    told.push_back(c);
    out.push_back(c->number);
  }
  return out;
}

std::string Result::table(std::int64_t most) const {
  if (candidates.empty()) return "no candidate\n";
  const std::vector<params::Parameter>& parameters = candidates[0].configuration.schema().parameters();
  std::vector<std::vector<std::string>> rows{{"candidate"}};
  std::vector<std::size_t> shown;  // parameters in which candidates differ
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Value& first = candidates[0].configuration.values()[i];
    if (std::any_of(candidates.begin(), candidates.end(),
                    [&](const Candidate& c) { return !(c.configuration.values()[i] == first); })) {
      shown.push_back(i);
      rows[0].push_back(parameters[i].name);
    }
  }
  for (const MeasureKind& kind : measures) rows[0].push_back(kind.name);
  rows[0].emplace_back("trained");
  for (const std::int64_t number : ranking(most)) {
    const Candidate& c = candidates[static_cast<std::size_t>(number)];
    std::vector<std::string> row{fmt::format("{}", number)};
    for (const std::size_t i : shown) row.push_back(to_string(c.configuration.values()[i]));
    for (const double value : c.measures) row.push_back(fmt::format("{:.6g}", value));
    row.push_back(fmt::format("{}{}", c.epochs, c.status == Status::interrupted ? " (interrupted)" : ""));
    rows.push_back(std::move(row));
  }
  return aligned(rows);
}

}  // namespace runnel::search
