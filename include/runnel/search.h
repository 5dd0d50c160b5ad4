// A search: many candidates of a trainable, trained abreast on the same rows. What a candidate comes to
// depends on its hyperparameters, the rows and the search's seed alone: not on the company it is trained in,
// nor on threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runnel/trainable.h"

namespace runnel::search {

// ---- who is trained to the end -------------------------------------------------------------------------

// All of them; or, at rungs, only the best of those that have come so far go on, from where they stand
// (src/search/schedule.h names the papers).
enum class Scheduler { full, halving, hyperband, median };
std::string_view scheduler_name(Scheduler scheduler);
Scheduler scheduler_from_name(std::string_view name);  // throws Error(input) naming the nearest

struct Scheduling {
  Scheduler scheduler = Scheduler::full;
  std::int64_t eta = 3;         // halving, hyperband: a rung keeps one of eta
  std::int64_t min_epochs = 1;  // before anybody is judged; median: also between judgements
};
inline Scheduling halving(std::int64_t eta = 3, std::int64_t min_epochs = 1) {
  return {Scheduler::halving, eta, min_epochs};
}
inline Scheduling hyperband(std::int64_t eta = 3, std::int64_t min_epochs = 1) {
  return {Scheduler::hyperband, eta, min_epochs};
}
inline Scheduling median(std::int64_t min_epochs = 1) { return {Scheduler::median, 3, min_epochs}; }

// Trajectories that make up Hyperband's own brackets for candidates of up to `most_epochs`.
std::int64_t hyperband_size(const Scheduling& scheduling, std::int64_t most_epochs);

// A rung that was reached.
struct Rung {
  std::int64_t bracket = 0;
  std::int64_t epochs = 0;             // of training before it
  std::int64_t entered = 0, kept = 0;  // trajectories
  friend bool operator==(const Rung&, const Rung&) = default;
};

// ---- which candidates there are ------------------------------------------------------------------------

// What a sampler is told of an earlier candidate.
struct Told {
  Configuration configuration;
  double value = 0;    // its first measure, less is better; of one that was retired the last reading
  bool finite = true;  // false: it diverged, and the value says nothing
  bool retired = false;
  std::int64_t epochs = 0;  // that it was trained for
};

// Chooses candidates, generation by generation. What it says is a function of the seed, the space and what it
// is told, and of nothing else: a search that is resumed asks again.
class Sampler {
 public:
  virtual ~Sampler() = default;
  // Whether it makes use of what it is told. One that does not is asked for all of them at once.
  virtual bool reads_results() const { return false; }
  // How many candidates there will be. Throws Error(input) for a space that it cannot sample.
  virtual std::int64_t size(const Space& space) const = 0;
  // Candidates number first, first + 1, … first + n - 1, after those that are told, in their order; known
  // points that were tried are told as well. The first of them are the same however many it is asked for.
  virtual std::vector<Configuration> ask(const Space& space, std::uint64_t seed, std::int64_t first,
                                         std::int64_t n, std::span<const Told> earlier) const = 0;
  virtual std::string name() const = 0;

  // How a study goes on with it in a space that has become wider. behind: with its draws from the number on
  // that it has come to. added: with those of its candidates that are not there yet. same: it does not look
  // at the space, and says the same again.
  enum class Widening { behind, added, same };
  virtual Widening widening() const { return Widening::behind; }
};
using SamplerPtr = std::shared_ptr<const Sampler>;

SamplerPtr grid();                  // every combination
SamplerPtr random(std::int64_t n);  // independent draws
SamplerPtr sobol(std::int64_t n);   // along a scrambled Sobol sequence, up to 53 parameters
SamplerPtr these(std::vector<Configuration> candidates);  // nothing is chosen

// The tree-structured Parzen estimator: Bergstra, Bardenet, Bengio and Kégl, "Algorithms for hyper-parameter
// optimization", NIPS 2011, section 4; and its multivariate form, Falkner, Klein and Hutter, "BOHB", ICML
// 2018, section 4, in which parameters that take part together are estimated together.
struct Tpe {
  std::int64_t startup = 10;     // Sobol points (random draws above 53 parameters) that come first
  std::int64_t candidates = 24;  // draws of which the most promising is taken
  bool multivariate = true;
};
SamplerPtr tpe(std::int64_t n, Tpe how = {});

// A candidate that is known, as itself or as a text, "rate=0.003,rank=8": what it does not name has the value
// that the space has set, or else its default.
class Try {
 public:
  Try(Configuration candidate) : candidate_(std::move(candidate)) {}  // NOLINT(google-explicit-constructor)
  Try(std::string text) : text_(std::move(text)) {}                   // NOLINT(google-explicit-constructor)
  Try(const char* text) : text_(text) {}                              // NOLINT(google-explicit-constructor)

  // It may lie outside what the space varies. Throws Error(input) naming what is wrong with it.
  Configuration in(const Space& space) const;

 private:
  std::optional<Configuration> candidate_;
  std::string text_;
};

// ---- running -------------------------------------------------------------------------------------------

struct Progress {
  std::int64_t done = 0, total = 0;  // candidates
  double fraction = 0;               // of the work
  std::optional<double> best;        // the first measure of the best so far, from the first epoch on
  double seconds = 0, seconds_left = 0;
};

class Archive;  // src/search/archive.h

struct Options {
  std::uint64_t seed = 0;  // of the order of rows and of the sampler
  int threads = 0;         // of a rank; 0: RUNNEL_THREADS, else as many as there are cores
  Scheduling scheduling = {};
  std::int64_t generation = 16;  // candidates that a sampler which reads results is asked for at a time
  // Candidates that come before the sampler's, with which they compete; in a study that has some, those of
  // them that it has not come behind these.
  std::vector<Try> tries = {};
  // Epochs without a better one after which a candidate ends, with the best; 0: never. Of those whose schema
  // has no patience of its own.
  std::int64_t patience = 0;
  std::int64_t states = 1;  // how many of the best candidates keep their states
  double seconds = 0;       // 0: no end; else the search is judged as it stands by then
  // 0: no end; else nobody trains longer, and those who would are judged as they stand then. To make a
  // candidate of a search that was stopped again.
  std::int64_t until = 0;                              // epochs
  std::size_t memory = std::size_t{512} << 20;         // bytes of states and of rows in order at a time
  std::function<void(const Progress&)> progress = {};  // called by one thread at a time
  const std::atomic<bool>* stop = nullptr;             // set to end early, as `seconds` does
  std::shared_ptr<Archive> study =
      {};                  // where the search is kept, and goes on from: runnel/study.h makes one
  bool tell_edges = true;  // of a winner at an end of what the space varies
};

// retired: at a rung, for others did better. interrupted: the search ended before it did; judged by its
// latest reading where it has one.
enum class Status { done, diverged, interrupted, retired };
std::string_view status_name(Status status);

struct Candidate {
  std::int64_t number = 0;
  Configuration configuration;
  Status status = Status::interrupted;
  std::int64_t epochs = 0;  // that it was trained for
  double best_epoch = 0;    // of its reading, a mean over folds; before `epochs` with patience; 0: none
  std::vector<double> measures =
      {};  // named as in Result::measures; means over folds; nan where there is none
  std::vector<double> by_fold = {};             // the first measure
  std::vector<double> curve = {};               // the first measure after each epoch, on fold 0
  std::vector<std::vector<Array>> states = {};  // what was learnt, on each fold; of the best candidates
};

struct Result {
  std::vector<Candidate> candidates;  // by number
  std::vector<MeasureKind> measures;  // the first decides
  std::optional<std::int64_t> best;   // none when no candidate has a finite reading
  std::vector<std::string> warnings;
  std::vector<Rung> rungs;          // by generation, epochs, bracket; each generation has brackets of its own
  std::vector<std::int64_t> tried;  // numbers of the candidates that the sampler did not choose
  std::int64_t known = 0;           // candidates of the study that it went on with
  std::int64_t generations = 0, blocks = 0, trajectories = 0;
  std::int64_t epochs = 0;  // of all lanes together
  double seconds = 0;
  bool interrupted = false;

  // The best `most` candidates, the best first: those that came to their end, and of an interrupted search
  // all that were on their way.
  std::vector<std::int64_t> ranking(std::int64_t most) const;
  // The same as lines of text: number, hyperparameters, measures, epochs.
  std::string table(std::int64_t most) const;
};

// Throws Error(input) for a trainable, data or candidates that cannot be trained, before anything is.
// Where mpirun or srun started the program as one of several ranks, all of them make the search together:
// each calls `run`, and each gets the same result, or throws the same error. Throws Error(run) as well where
// a rank failed, and where Runnel was built without MPI.
Result run(const Trainable& trainable, const std::vector<Fold>& folds, const Space& space,
           const SamplerPtr& sampler, const Options& options = {});

// Whether this process speaks for the program: rank 0 of several, or the only one. Throws nothing.
bool is_root();

// ---- what a run would be -------------------------------------------------------------------------------

// Candidates of one program.
struct PlannedProgram {
  Configuration example;    // one of them
  std::int64_t lanes = 0;   // trajectories, on all folds
  std::int64_t blocks = 0;  // at the beginning
  std::int64_t steps = 0;   // in an epoch
  double operations = 0;    // of an epoch of one lane, with its measuring (cost.h)
  double seconds = 0;       // of an epoch of one lane beside others, about
};

// What is trained between two rungs.
struct PlannedStretch {
  std::int64_t begin = 0, end = 0;  // epochs
  std::int64_t lanes = 0, blocks = 0;
  std::int64_t steps = 0;  // of all lanes
  double operations = 0;
  double seconds = 0;
};

// What `run` would do: of the first generation, and of all of them as if they were like the first. Which
// programs the survivors of a rung have is not known before: here they go on in proportion, and with the
// median rule everybody does.
struct Plan {
  std::int64_t candidates = 0, generations = 0;
  std::int64_t trajectories = 0, folds = 0;  // of the first generation
  std::int64_t epochs = 0;                   // of its lanes together
  int threads = 1;
  std::vector<PlannedProgram> programs;  // of the first generation, costly ones first
  std::vector<Rung> rungs;               // by epochs, then bracket; none for the median rule
  std::vector<PlannedStretch> stretches;
  double operations = 0;  // of all generations
  double seconds = 0;     // about, of all generations, compiling among them
  double compiling = 0;   // seconds
  std::int64_t timed =
      0;  // programs whose first steps were timed to predict; others: by operations, at their rate
};

// Trains nothing but a few steps of the costliest programs, to time them. Throws as `run` does.
Plan plan(const Trainable& trainable, const std::vector<Fold>& folds, const Space& space,
          const SamplerPtr& sampler, const Options& options = {});

// ---- the same with a user's own types ------------------------------------------------------------------

template <class State>
struct Found : Result {
  // Of each fold, in the order of the ranking, of as many candidates as Options::states says.
  struct Kept {
    std::int64_t number = 0;
    std::vector<State> by_fold;
  };
  std::vector<Kept> kept;

  // The best candidate; throws Error(run) where every candidate diverged.
  const Candidate& winner() const {
    if (!best) throw Error(ErrorKind::run, "the search has no best candidate: none has a finite reading");
    return candidates[static_cast<std::size_t>(*best)];
  }
  const State& state(std::size_t fold = 0) const {
    winner();
    return kept.at(0).by_fold.at(fold);
  }
};

namespace typed {
// The settings of a candidate outside any trace, to know a state's structure by.
Settings settings_of(const Configuration& configuration);

template <class Batch>
const Batch& first_rows(const Data<Batch>& data) {
  if (data.folds.empty()) throw Error(ErrorKind::input, "a search needs rows: the data has no fold");
  return data.folds[0].train;
}

template <class Batch>
std::vector<Fold> flat_folds(const Data<Batch>& data) {
  std::vector<Fold> folds;
  for (const auto& fold : data.folds)
    folds.push_back({tree::flatten(fold.train), tree::flatten(fold.validation)});
  return folds;
}
}  // namespace typed

template <class Init, class Step, class Evaluate, class Batch>
auto run(const Functions<Init, Step, Evaluate>& functions, const Data<Batch>& data, const Space& space,
         const SamplerPtr& sampler, const Options& options = {}) {
  using State = typename Functions<Init, Step, Evaluate>::State;
  const typed::Flat<Init, Step, Evaluate, Batch> flat(functions, typed::first_rows(data));
  Found<State> found{
      run(static_cast<const Trainable&>(flat), typed::flat_folds(data), space, sampler, options), {}};
  for (const std::int64_t number : found.ranking(options.states)) {
    const Candidate& c = found.candidates[static_cast<std::size_t>(number)];
    typename Found<State>::Kept kept{number, {}};
    for (const std::vector<Array>& leaves : c.states)
      kept.by_fold.push_back(flat.unflatten(typed::settings_of(c.configuration), leaves));
    found.kept.push_back(std::move(kept));
  }
  return found;
}

template <class Init, class Step, class Evaluate, class Batch>
Plan plan(const Functions<Init, Step, Evaluate>& functions, const Data<Batch>& data, const Space& space,
          const SamplerPtr& sampler, const Options& options = {}) {
  const typed::Flat<Init, Step, Evaluate, Batch> flat(functions, typed::first_rows(data));
  return plan(static_cast<const Trainable&>(flat), typed::flat_folds(data), space, sampler, options);
}

// Over the functions' own schema.
template <class Init, class Step, class Evaluate, class Batch>
auto run(const Functions<Init, Step, Evaluate>& functions, const Data<Batch>& data, const SamplerPtr& sampler,
         const Options& options = {}) {
  return run(functions, data, Space(functions.schema), sampler, options);
}

}  // namespace runnel::search
