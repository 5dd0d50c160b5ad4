#include "search/lineup.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "core/fail.h"
#include "search/settings.h"

namespace runnel::search {
namespace {

std::string key_of(const Configuration& c, bool with_epochs) {
  const auto budget = c.schema().place_of(params::Role::budget);
  std::string key;
  for (std::size_t i = 0; i < c.values().size(); ++i)
    if (with_epochs || budget != i) key += search::key_of(c.values()[i]) + '\n';
  return key;
}

bool has(const std::vector<Configuration>& all, const Configuration& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

Configuration Try::in(const Space& space) const {
  if (candidate_) {
    space.check(*candidate_);
    return *candidate_;
  }
  Configuration out = params::read_point(space.base(), text_);
  space.check(out);
  return out;
}

bool differ_in_epochs_alone(const Configuration& a, const Configuration& b) {
  const auto budget = a.schema().place_of(params::Role::budget);
  for (std::size_t i = 0; i < a.values().size(); ++i)
    if (budget != i && !(a.values()[i] == b.values()[i])) return false;
  return true;
}

Lineup::Lineup(const Space& space, const Sampler& sampler, const Options& options, Earlier earlier)
    : space_(space),
      sampler_(sampler),
      options_(options),
      earlier_(std::move(earlier)),
      is_tried_(earlier_.candidates.size(), false),
      draws_(sampler.size(space)) {
  if (draws_ < 1) fail("the sampler {} has no candidate in this space", sampler.name());
  for (const std::int64_t number : earlier_.tried) is_tried_.at(static_cast<std::size_t>(number)) = true;
  drawn_ = std::count(is_tried_.begin(), is_tried_.end(), false);
  if (!sampler.reads_results()) ask_for_all();
  if (draws_ < drawn_)
    fail("{}: the sampler {} has {} candidates, and {} were chosen already; ask for as many or more",
         earlier_.name, sampler.name(), draws_, drawn_);
  lengthen_draws();
  add_tries();
}

// Earlier candidates that would train longer now do: the sampler says so, or of those that are settled the
// space.
void Lineup::lengthen_draws() {
  const auto budget = space_.schema().place_of(params::Role::budget);
  const bool is_varied = std::any_of(space_.varied().begin(), space_.varied().end(),
                                     [&](const params::Varied& v) { return v.place == budget; });
  for (std::size_t i = 0; i < is_tried_.size(); ++i) {
    if (is_tried_[i]) continue;
    Configuration& known = earlier_.candidates[i];
    if (const auto number = static_cast<std::int64_t>(i);
        !sampler_.reads_results() && number >= earlier_.settled) {
      lengthen(known, all_[static_cast<std::size_t>(draws_before(number))]);
    } else if (budget && !is_varied) {
      Configuration longer = known;
      longer.set(space_.schema().parameters()[*budget].name, space_.base().values()[*budget]);
      lengthen(known, longer);
    }
  }
}

// Known points that are there already, as draws or as what was tried before, are not added.
void Lineup::add_tries() {
  for (const Try& one : options_.tries) {
    const Configuration point = one.in(space_);
    bool is_there = has(tries_, point);
    for (std::size_t i = 0; i < earlier_.candidates.size(); ++i) {
      if (is_tried_[i]) lengthen(earlier_.candidates[i], point);
      is_there = is_there || earlier_.candidates[i] == point;
    }
    if (is_there) continue;
    earlier_.tried.push_back(std::ssize(earlier_.candidates) + std::ssize(tries_));
    tries_.push_back(point);
  }
}

void Lineup::ask_for_all() {
  all_ = asked(0, draws_, {});
  if (sampler_.widening() != Sampler::Widening::added || earlier_.candidates.empty()) return;
  std::map<std::string, std::size_t> places, of_any_epochs;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    places.try_emplace(key_of(all_[i], /*with_epochs=*/true), i);
    of_any_epochs.try_emplace(key_of(all_[i], /*with_epochs=*/false), i);
  }
  std::vector<Configuration> merged;
  std::vector<bool> is_known(all_.size(), false);
  for (std::size_t i = 0; i < earlier_.candidates.size(); ++i) {
    if (is_tried_[i]) continue;
    Configuration known = earlier_.candidates[i];
    if (const auto at = places.find(key_of(known, true)); at != places.end()) {
      is_known[at->second] = true;
    } else if (const auto longer = of_any_epochs.find(key_of(known, false)); longer != of_any_epochs.end()) {
      lengthen(known, all_[longer->second]);
      is_known[longer->second] = known == all_[longer->second];
    }
    merged.push_back(std::move(known));
  }
  for (std::size_t i = 0; i < all_.size(); ++i)
    if (!is_known[i]) merged.push_back(all_[i]);
  all_ = std::move(merged);
  draws_ = std::ssize(all_);
}

void Lineup::lengthen(Configuration& known, const Configuration& now) const {
  if (differ_in_epochs_alone(known, now) && epochs_of(now) > epochs_of(known)) known = now;
}

std::int64_t Lineup::size() const {
  return std::ssize(earlier_.candidates) + std::ssize(tries_) + draws_ - drawn_;
}

std::int64_t Lineup::generations() const {
  return sampler_.reads_results() ? (draws_ + options_.generation - 1) / options_.generation : 1;
}

std::int64_t Lineup::draws_before(std::int64_t number) const {
  const auto end = is_tried_.begin() + std::min<std::ptrdiff_t>(number, std::ssize(is_tried_));
  const std::int64_t new_before = std::max<std::int64_t>(
      0, number - std::ssize(is_tried_) - (number > std::ssize(is_tried_) ? std::ssize(tries_) : 0));
  return std::count(is_tried_.begin(), end, false) + new_before;
}

std::vector<Configuration> Lineup::asked(std::int64_t first, std::int64_t n,
                                         std::span<const Told> told) const {
  std::vector<Configuration> out = sampler_.ask(space_, options_.seed, first, n, told);
  if (std::ssize(out) != n)
    fail("the sampler {} was asked for {} candidates and gave {}", sampler_.name(), n, out.size());
  for (const Configuration& c : out) space_.check(c);
  return out;
}

void Lineup::expect_same(std::int64_t number, const Configuration& now) const {
  const Configuration& known = earlier_.candidates[static_cast<std::size_t>(number)];
  if (!(known == now))
    fail("{}: candidate {} of the study is {}, and the search asks for {}", earlier_.name, number,
         to_string(known), to_string(now));
}

std::vector<Configuration> Lineup::next(std::int64_t first, std::span<const Told> told) const {
  const std::int64_t begin = draws_before(first);
  const std::int64_t end = sampler_.reads_results() ? std::min(begin + options_.generation, draws_) : draws_;
  const std::int64_t known = std::ssize(earlier_.candidates);
  const std::vector<Configuration> drawn = sampler_.reads_results() ? asked(begin, end - begin, told) : all_;
  std::vector<Configuration> out;
  std::int64_t draw = begin;
  for (std::int64_t number = first; number < known; ++number) {
    const bool tried = is_tried_[static_cast<std::size_t>(number)];
    if (!tried && draw == end) return out;
    if (!tried && number >= earlier_.settled)
      expect_same(number, drawn[static_cast<std::size_t>(draw - begin)]);
    if (!tried) ++draw;
    out.push_back(earlier_.candidates[static_cast<std::size_t>(number)]);
  }
  if (first <= known && (first < known || known == 0)) out.insert(out.end(), tries_.begin(), tries_.end());
  for (; draw < end; ++draw) out.push_back(drawn[static_cast<std::size_t>(draw - begin)]);
  return out;
}

}  // namespace runnel::search
