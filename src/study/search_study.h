// A search as a study: what ties src/search's archive to a store.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/stopwatch.h"
#include "runnel/nn.h"
#include "runnel/study.h"
#include "search/archive.h"
#include "study/hyper_json.h"
#include "study/standings.h"

namespace runnel::study {

// What a fit says of its study: source, settings, data, split and configuration, without the search's own.
struct FitStudyFacts {
  Description description;
  bool resume = false;   // goes on with the file, which must be there; else there must be none
  double snapshots = 2;  // seconds between states of all that is in training, at least
  double share = 0.02;   // of the time, which writing these may take
};

// States go into the store as the search hands them out. One that ended or was retired has no arrays and
// always does; those that have some way to go do when the last ones were long enough ago (Store::due), for a
// search that lost them trains from earlier ones to the same bits.
class SearchStudy : public search::Archive {
 public:
  explicit SearchStudy(std::string path) : path_(std::move(path)) {}
  // Of a fit, whose study does not end with the search: conclude() does.
  SearchStudy(std::string path, FitStudyFacts fit) : path_(std::move(path)), fit_(std::move(fit)) {}

  search::Earlier begin(const search::Beginning& beginning) override;
  std::vector<search::LaneState> begin_generation(const search::Generation& generation) override;
  bool wants_states() override;
  void keep(const search::LaneState& lane, bool has_ended, bool is_stopping) override;
  void under_way(int rank, const std::vector<std::int64_t>& candidates) override;
  void end_generation(std::span<const search::Candidate> candidates) override;
  void finish(const search::Result& result) override;

  // Of a fit: what is told of the search, and the best candidate's network, if there is one. Throws where
  // that cannot be written. Nothing where the search was not kept by this process.
  void conclude(const search::Result& result, const nn::Network* network);
  // Takes a study away again that was begun for a search that cannot be made.
  void discard();
  // Candidates of more epochs than in an earlier run, that begin anew: their steps know how many there will
  // be.
  std::int64_t begun_anew() const { return begun_anew_; }
  Study contents() const { return store_->contents(); }
  bool is_open() const { return store_.has_value(); }

 private:
  static constexpr double kCommitSeconds = 0.5;  // what a kill may cost of candidates that had ended

  void open(const search::Generation& generation, const std::vector<std::string>& texts);
  void take_in(const search::Generation& generation, const std::vector<std::string>& texts);
  bool asks_for_steps(const params::Configuration& candidate) const;
  void drop(std::int64_t owner);
  void write(const search::Candidate& candidate);
  void write_result(const search::Result& result);
  bool is_due() const;
  // The search goes on when its study cannot be written (a full disk): finish() tries all of it again.
  void guarded(const std::function<void()>& write);

  const std::string path_;
  const std::optional<FitStudyFacts> fit_ = {};
  std::optional<search::Beginning> beginning_;
  std::optional<Store> store_;
  std::vector<Snapshot> snapshots_;    // of an earlier run
  std::vector<std::string> known_;     // candidates, as JSON
  std::int64_t settled_ = 0;           // of these, as search::Earlier
  std::int64_t first_ = 0;             // candidate of the generation
  std::optional<Standings> standing_;  // of the generation
  std::vector<Reading> last_;          // of the last generation, when the search is over
  std::int64_t begun_anew_ = 0;
  bool is_new_ = false;  // the file was begun by this search
  bool all_ = false;     // all that is in training is written, since the search was told so
  bool broken_ = false;  // something could not be written
  Stopwatch since_commit_;
};

}  // namespace runnel::study
