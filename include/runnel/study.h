// A study: a search as a file. The file says what was searched (data, splits, space, each with a
// fingerprint), what every candidate came to, and keeps the states of candidates in training, so that a
// search that was stopped or killed goes on where it was. It is an SQLite database; what stands in it can be
// read while it is written.
//
//   study::Store store = study::Store::create("songs.study", description, candidates);
//   store.reading({.candidate = 3, .epochs = 20, .metric = 0.91, ...});
//   store.snapshot(state);          // in place of the trajectory's earlier one
//   store.commit();                 // from here on a kill loses nothing of the above
//   store.finish(study::State::finished, 3);
//   study::Study all = study::read("songs.study");
//
// Errors name the file. What is wrong with a file or a name is Error(input); a disk that is full or fails
// is Error(run).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runnel/data.h"
#include "runnel/dtype.h"
#include "runnel/models.h"
#include "runnel/params.h"
#include "runnel/shape.h"

namespace runnel::study {

// ---- fingerprints --------------------------------------------------------------------------------------

// A digest, and what it is made of as JSON: enough to say which part of two things differs.
struct Fingerprint {
  std::string digest;  // 32 hexadecimal digits; equal things have equal digests
  std::string parts;   // a JSON object
};

// Names, types and values of a table as it was parsed, and of a separate table of test rows. Where the file
// lies and how it is laid out does not matter.
Fingerprint data_fingerprint(const Table& table, const Table* test = nullptr);
// The rows of a split, and of the folds that its training and validation rows are cut into.
Fingerprint split_fingerprint(const Split& split, std::span<const runnel::Fold> folds);
// Whatever else decides what candidates come to, as names and texts ("loss": "squared").
Fingerprint settings_fingerprint(const std::vector<std::pair<std::string, std::string>>& settings);

// What differs between two fingerprints of one kind: "rows 19700 -> 19698"; empty for equal ones.
std::string difference(const Fingerprint& before, const Fingerprint& now);

// ---- what a study holds --------------------------------------------------------------------------------

enum class Status { waiting, done, retired, diverged, interrupted };  // of a candidate
std::string_view status_name(Status status);
enum class State { running, interrupted, finished };  // of a study; one that was killed is still "running"
std::string_view state_name(State state);

// What does not change while a study runs.
struct Description {
  std::string source;         // the data: a path, or demo:NAME
  std::string command;        // that began it
  std::string configuration;  // resolved, as JSON: what `runnel refit` and others need to know
  std::uint64_t seed = 0;
  std::string metric;        // "r2", …: the measure that decides
  std::string loss;          // "squared", …: what decides where it is equal
  std::int64_t folds = 1;    // readings of each candidate
  std::int64_t threads = 0;  // of this run; 0: not known
  std::string version;       // of Runnel, that began it
  Fingerprint data, split, space;
  std::map<std::string, Fingerprint> more = {};  // of a search of any training: "init", "step", …
};

// Whether a higher metric is better. Throws Error(input) for a metric that the study does not explain.
bool higher_is_better(const Description& description);

// What a candidate came to on one fold after `epochs` epochs.
struct Reading {
  std::int64_t candidate = 0;
  std::int64_t fold = 0;
  std::int64_t epochs = 0;
  double metric = std::numeric_limits<double>::quiet_NaN();  // on validation rows
  double loss = std::numeric_limits<double>::quiet_NaN();
  bool finite = true;         // weights, loss and metric are
  std::vector<double> curve;  // the metric after each epoch

  friend bool operator==(const Reading&, const Reading&) = default;
};

// What a candidate came to over all folds.
struct Verdict {
  std::int64_t candidate = 0;
  Status status = Status::waiting;
  double metric = std::numeric_limits<double>::quiet_NaN();
  double loss = std::numeric_limits<double>::quiet_NaN();
  std::int64_t epochs = 0;
};

// A rung that was reached: how many trajectories came to it, and how many went on.
struct Rung {
  std::int64_t bracket = 0;
  std::int64_t epochs = 0;  // of training before it
  std::int64_t entered = 0, kept = 0;

  friend bool operator==(const Rung&, const Rung&) = default;
};

// One array of a snapshot, dense and row-major.
struct Tensor {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  std::vector<std::byte> bytes;

  friend bool operator==(const Tensor&, const Tensor&) = default;
};

// A trajectory in training on one fold; or (kind model) a candidate's trained network.
struct Snapshot {
  enum class Kind { state, model };
  Kind kind = Kind::state;
  std::int64_t owner = 0;  // the trajectory; of a model the candidate
  std::int64_t fold = 0;
  std::int64_t epochs = 0;     // done
  std::vector<double> curve;   // the metric after each of them
  std::vector<double> losses;  // likewise the loss
  std::vector<Tensor> tensors;

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// A candidate as read from a file.
struct Candidate {
  std::int64_t index = 0;
  // All hyperparameters by name, in order, as text; and whether the text is a number.
  struct Value {
    std::string name, text;
    bool numeric = false;
    bool active = true;  // whether it takes part
  };
  std::vector<Value> hyper;
  Status status = Status::waiting;
  double metric = std::numeric_limits<double>::quiet_NaN();
  double loss = std::numeric_limits<double>::quiet_NaN();
  std::int64_t epochs = 0;
  std::vector<Reading> readings;  // by fold, those that there are

  // The text of a hyperparameter; "" for one that the candidate does not have or that takes no part.
  std::string_view value(std::string_view name) const;
  // Whether it is in training: it has readings, and has not come to its end.
  bool is_under_way() const { return status == Status::waiting && !readings.empty(); }
};

// One run of the program on a study: the first, or one that resumed it.
struct Run {
  double began = 0;  // seconds since 1970
  double seconds = 0;
  std::string command, version;
  std::int64_t threads = 0;
};

// All of a study but its snapshots.
struct Study {
  std::string path;
  Description description;
  State state = State::running;
  std::optional<std::int64_t> best;  // as the search chose it; none while it runs
  std::vector<Candidate> candidates;
  std::vector<Rung> rungs;                              // by bracket and epochs
  std::vector<std::pair<std::string, double>> timings;  // seconds by name
  std::vector<std::string> warnings;
  std::vector<Run> runs;
  // Of a search over several processes: which rank has been handed which candidates and not brought them
  // back. In a study that has no writer these are the ones that a failed rank, or the death of all, cost.
  std::map<std::int64_t, std::vector<std::int64_t>> under_way;
  std::int64_t trained = 0;  // epochs of all trajectories on all folds, as far as the file knows

  std::int64_t count(Status status) const;
  // Of the candidates that are done, or were on their way when the search was stopped, the best first: by the
  // metric, then the loss, then the index.
  std::vector<std::int64_t> ranked() const;
};

// Reads a study, also one that is being written. Fails for what is no study, is damaged, or was written by a
// newer Runnel.
Study read(const std::string& path);
// Whether a file begins as a study does; false for what cannot be read.
bool is_study_file(const std::string& path);
// Whether somebody is writing it now, on this machine. A study that is "running" without a writer was killed.
bool has_writer(const std::string& path);
// The configuration of a fit's candidate. Fails for hyperparameters that this Runnel does not know.
params::Configuration configuration_of(const Candidate& candidate);
// One network or state, if the file has it; fails where its bytes are not those that were written.
std::optional<Snapshot> read_snapshot(const std::string& path, Snapshot::Kind kind, std::int64_t owner,
                                      std::int64_t fold);

// ---- writing -------------------------------------------------------------------------------------------

// The writer of a study; there is one at a time, on this machine and any other that sees the file's folder.
// What is given between two commits is written as a whole or not at all. May be called from several threads.
class Store {
 public:
  // A new file. Fails where one is there already.
  static Store create(const std::string& path, const Description& description,
                      const std::vector<params::Configuration>& candidates);
  // The same of candidates as JSON objects of numbers and texts.
  static Store create(const std::string& path, const Description& description,
                      const std::vector<std::string>& candidates);
  // Opens a study to go on with it. Fails, naming what differs, where data, split or space are not those that
  // it was begun with.
  static Store resume(const std::string& path, const Description& description);
  // The same of a search that may have grown, as its caller has found: schema, space and configuration are
  // not compared; those of `description` take the place of the study's.
  static Store resume_grown(const std::string& path, const Description& description);

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();  // commits

  // Candidates more, as JSON objects.
  void add(const std::vector<std::string>& candidates);
  // A candidate is this one now, and has yet to come to its end.
  void replace(std::int64_t candidate, const std::string& hyper);

  // While another program writes, changes wait in memory; whoever makes them does not.
  void reading(const Reading& reading);  // in place of an earlier one of this candidate and fold
  void verdict(const Verdict& verdict);
  void rung(const Rung& rung);            // in place of an earlier one of this bracket after these epochs
  void warning(const std::string& text);  // once, however often it is given
  void timing(const std::string& name, double seconds);  // in place of an earlier one
  void snapshot(const Snapshot& snapshot);               // in place of the owner's earlier one
  void drop_snapshot(Snapshot::Kind kind, std::int64_t owner, std::int64_t fold);

  // The candidates that a rank is about to train, in place of those before; none: all are back. Commits.
  void under_way(std::int64_t rank, const std::vector<std::int64_t>& candidates);

  void commit();
  // Whether the last snapshots are long enough ago for others that serve nothing but a resumption: `seconds`,
  // and so long that writing them takes at most `share` of the time.
  bool due(double seconds = 2, double share = 0.02) const;
  // The last commit: the study is as it says, and writes nothing more. Waits up to a minute for another
  // program that writes; fails when that goes on, and where the file was removed or replaced meanwhile.
  void finish(State state, std::optional<std::int64_t> best);

  // Takes the file away again: of a study that was begun for a search that cannot be made. The store must not
  // be used any more.
  void discard();

  // What a resumption begins with: all that was committed.
  Study contents() const;
  std::vector<Snapshot> snapshots(Snapshot::Kind kind) const;  // by owner and fold

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// ---- a search of any training --------------------------------------------------------------------------

// The study of a search (search::Options::study). A file that is not there is begun; one that is there is
// gone on with, and the search comes to what it would have come to. It may have grown: more candidates, more
// epochs, a wider space, points to try. The search throws Error(input) where the file holds another one,
// naming what differs: schema, data, space, init, step, evaluate.
std::shared_ptr<search::Archive> at(const std::string& path);

// ---- TensorBoard ---------------------------------------------------------------------------------------

// Writes a study as TensorBoard event files: a folder for each candidate under `folder`, with its curve, its
// loss and its hyperparameters (the HParams page compares them). Returns how many candidates were written:
// those that have trained at all.
std::int64_t write_tensorboard(const Study& study, const std::string& folder);
// The folders with event files in `folder`, by name: TensorBoard shows them as runs. None where there is no
// such folder.
std::vector<std::string> tensorboard_runs(const std::string& folder);

}  // namespace runnel::study
