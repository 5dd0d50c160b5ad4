// Samplers that read no results: a grid, independent draws, Sobol's sequence, a list.
#include <utility>

#include "core/fail.h"
#include "core/text.h"
#include "search/draws.h"
#include "search/sobol.h"

namespace runnel::search {

void check_size(std::int64_t n) {
  constexpr std::int64_t kMostCandidates = 1'000'000;
  if (n < 1 || n > kMostCandidates)
    fail("a search has from 1 to {} candidates, not {}", grouped(static_cast<std::size_t>(kMostCandidates)),
         n);
}

namespace {

class Grid : public Sampler {
 public:
  std::int64_t size(const Space& space) const override { return std::ssize(space.grid()); }
  std::vector<Configuration> ask(const Space& space, std::uint64_t /*seed*/, std::int64_t first,
                                 std::int64_t n, std::span<const Told> /*earlier*/) const override {
    const std::vector<Configuration> all = space.grid();
    return {all.begin() + first, all.begin() + first + n};
  }
  std::string name() const override { return "grid"; }
  Widening widening() const override { return Widening::added; }
};

class Draws : public Sampler {
 public:
  Draws(std::int64_t n, bool is_sobol) : n_(n), is_sobol_(is_sobol) { check_size(n); }

  std::int64_t size(const Space& space) const override {
    if (is_sobol_ && space.varied().size() > kSobolDimensions)
      fail("a Sobol sequence has at most {} dimensions here, the space {} parameters: draw at random",
           kSobolDimensions, space.varied().size());
    return n_;
  }
  std::vector<Configuration> ask(const Space& space, std::uint64_t seed, std::int64_t first, std::int64_t n,
                                 std::span<const Told> /*earlier*/) const override {
    std::vector<Configuration> out;
    for (std::int64_t i = first; i < first + n; ++i)
      out.push_back(is_sobol_ ? sobol_candidate(space, seed, i) : random_candidate(space, seed, i));
    return out;
  }
  std::string name() const override { return is_sobol_ ? "sobol" : "random"; }

 private:
  std::int64_t n_;
  bool is_sobol_;
};

class These : public Sampler {
 public:
  explicit These(std::vector<Configuration> candidates) : candidates_(std::move(candidates)) {}

  std::int64_t size(const Space& /*space*/) const override { return std::ssize(candidates_); }
  std::vector<Configuration> ask(const Space& /*space*/, std::uint64_t /*seed*/, std::int64_t first,
                                 std::int64_t n, std::span<const Told> /*earlier*/) const override {
    return {candidates_.begin() + first, candidates_.begin() + first + n};
  }
  std::string name() const override { return "these"; }
  Widening widening() const override { return Widening::same; }

 private:
  std::vector<Configuration> candidates_;
};

template <class Draw>
Configuration candidate_at(const Space& space, const Draw& draw) {
  std::vector<double> point;
  for (std::size_t d = 0; d < space.varied().size(); ++d) point.push_back(draw(d));
  return space.at(point);
}

}  // namespace

double uniform_draw(std::uint64_t seed, Philox::Counter counter) {
  const auto words =
      Philox::block(counter, {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return (words[0] / 32 * 0x1p26 + words[1] / 64) * 0x1p-53;
}

Configuration random_candidate(const Space& space, std::uint64_t seed, std::int64_t number) {
  return candidate_at(space, [&](std::size_t d) {
    return uniform_draw(
        seed, {static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(d), 0, domain::kSpace});
  });
}

// The middle of the cell that the point's 32 bits name.
Configuration sobol_candidate(const Space& space, std::uint64_t seed, std::int64_t number) {
  return candidate_at(space, [&](std::size_t d) {
    return (scrambled(sobol(d, static_cast<std::uint32_t>(number)), d, seed) + 0.5) * 0x1p-32;
  });
}

SamplerPtr grid() { return std::make_shared<const Grid>(); }
SamplerPtr random(std::int64_t n) { return std::make_shared<const Draws>(n, false); }
SamplerPtr sobol(std::int64_t n) { return std::make_shared<const Draws>(n, true); }
SamplerPtr these(std::vector<Configuration> candidates) {
  return std::make_shared<const These>(std::move(candidates));
}

}  // namespace runnel::search
