// From a table to a model with an honest score: split, preprocess, search, and one look at the test rows.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/data.h"
#include "runnel/error.h"
#include "runnel/model.h"
#include "runnel/models.h"
#include "runnel/params.h"
#include "runnel/study.h"

namespace runnel {

// What is known when the search begins. It refers to what fit() holds: whoever wants to keep it copies.
struct FitPlan {
  const Target& target;
  const Split& split;
  const std::vector<ColumnDecision>& columns;
  std::size_t features;  // that the columns become
  std::size_t folds;     // that will choose the winner; 0: the split's validation rows
  std::size_t test_rows;
};

struct FitResult;

// The file that keeps a search while it runs (runnel/study.h).
struct FitStudy {
  std::string file;  // none: the search is not kept
  // Goes on with the file, which must be of the same data, split and settings; else there must be none. Its
  // candidates stay. Further ones come behind them: points to try, draws behind those that were made (also of
  // a wider space), values more of a grid. Where there are to be more epochs, what was drawn trains on to
  // them.
  bool resume = false;
  double every =
      2;  // seconds between states of all that is in training, at least: about what a kill may cost
  std::string tensorboard;  // a folder that event files are written into when the search has ended
  std::string command;      // told in the study: what began it
  std::string caller;       // JSON, kept in the study's configuration: what the caller wants to find again
};

// How much the rows of each class weigh in the training loss.
struct ClassWeights {
  bool balanced = false;  // rows / (classes * rows of the class), so that all classes weigh the same together
  std::vector<std::pair<std::string, double>> of = {};  // classes by name; others weigh 1

  bool any() const { return balanced || !of.empty(); }
};
// "none", "balanced" or "a=1,b=3"; a name with a comma in it stands in double quotes: "\"low,
// cheap\"=2,high=3". What stands before the last '=' is the name. Fails for other texts and for weights that
// are no numbers of at least 0.
ClassWeights class_weights_from(const std::string& text);

struct FitOptions {
  TargetOptions target;
  TriageOptions triage;  // its target, group, time and weight are filled in by fit()
  SplitOptions split;
  // 0: one validation split; k: k-fold cross-validation, the winner trained on all folds together. When not
  // given: 5 where fewer than kFewRows rows are left beside the test rows (a fifth of them chooses too
  // haphazardly), or as many as there are groups among these rows if that is fewer; else 0.
  std::optional<std::size_t> folds;
  static constexpr std::size_t kFewRows = 2000;
  std::optional<models::Metric> metric;  // r2 for regression, accuracy for classes
  std::optional<models::Loss> loss;      // squared, logistic or softmax by the task
  // Values for all candidates, by name; the search does not vary them.
  std::map<std::string, params::Value> set;
  std::vector<std::string> grid;  // "name=v1,v2": every combination
  std::int64_t random = 0;  // draws from the space; Hyperband draws as many as it asks for where this is 0
  std::vector<std::string> space;  // "name=v1,v2" or "name=low..high"; no space: the default one
  std::string space_file;          // a TOML file with more of it (params::read_space)
  // Known points, "rate=0.003,hidden=64" (params::read_point): candidates that come before those of the
  // space. A point that is there already is not added again.
  std::vector<std::string> tries;
  std::string sampler;            // of models::sampler_names(); "": grid, or random where there are draws
  search::Scheduling scheduling;  // who is trained to the end
  // Training rows weigh this column's numbers, times their class's weight, divided by the mean of these over
  // the training rows: the loss of a batch is the mean of weight * loss. Metrics, the choice among candidates
  // and the baselines count every row once, but for rows of weight 0, which are in no part of the split: the
  // fit is that of a table without them.
  std::string weight = {};
  ClassWeights class_weights = {};
  // The model is the average of so many networks: of the best candidates, or of the best one under further
  // seeds (its own + 1, + 2, …). 0: kUsualEnsemble where the whole default space is
  // searched, else 1.
  std::int64_t ensemble = 0;
  static constexpr std::int64_t kUsualEnsemble = 5;
  bool ensemble_of_seeds = false;
  // Further seeds that the winner is trained under, to tell how much of the difference between candidates is
  // chance. When not given: 3 where folds choose, 0 else: of many rows a training takes long.
  std::optional<std::int64_t> noise_seeds;
  bool scale_target = true;  // regression: train on (y - mean) / deviation
  bool f64 = false;
  std::uint64_t seed = 0;
  int threads = 0;
  std::function<void(const FitPlan&)> planned;  // called once, before the search
  std::function<void(const search::Progress&)> progress;
  // Called once, when the winner stands: `search`, `best`, `metric`, `model`, `split` and `folds` of the
  // result are known.
  std::function<void(const FitResult&)> searched;
  // The search ends early when `stop` is set or `seconds` (0: no end) are over: all candidates are then
  // judged by their latest reading. What comes behind the search is not counted: winners of folds and an
  // ensemble's further seeds are trained, the baselines, the test.
  const std::atomic<bool>* stop = nullptr;
  double seconds = 0;
  FitStudy study;
  // Names of the options that the user set, as `runnel fit` calls them: one that does nothing is told as a
  // warning.
  std::vector<std::string> given = {};

  // What refit() sets.
  // In place of a space: what another search found, the best first. As many are trained as the model has
  // members.
  std::vector<params::Configuration> candidates;
  // Of each of these the epochs it had come to on each fold when its search was stopped; none: it came to its
  // end. Empty: all did.
  std::vector<std::vector<std::int64_t>> stops;
  bool train_on_validation = false;  // the winner is trained on training and validation rows together
  std::optional<study::Description> refitted;  // other data and another split than its are refused
};

struct Score {
  double value = 0;
  double low = 0, high = 0;  // 95% bootstrap interval over rows
  std::size_t rows = 0;
};

// What speaks against trusting the choice and the score, measured.
struct Doubts {
  // The winner's metric on validation rows under its own seed and further ones (of initial weights and
  // dropout), and the standard deviation of that; nan where fewer than two came to an end.
  std::vector<double> under_seeds;
  double seed_noise = 0;
  std::int64_t rivals = 0;  // candidates, the winner not among them, that are no further from it than two
                            // runs of one candidate are from each other: √2 seed_noise
  // How much of the winner's metric on validation rows is the luck of being chosen there
  // (train::selection_optimism of the best candidates), and by how much it is better than the median
  // candidate.
  double optimism = 0, gain = 0;
  std::size_t copies = 0;  // test rows that repeat a training row, target and all
};

// Where the time of a fit went, in seconds on the clock.
struct FitTimings {
  double preparing = 0;   // target, split and columns: all that comes before the search
  double searching = 0;   // training the candidates and measuring them on validation rows
  double retraining = 0;  // of the winner of the folds, on all of them; of an ensemble's further seeds
  double doubting = 0;    // the winner under further seeds, what choosing is worth
  double baselines = 0;   // training the best linear model
  double testing = 0;     // measures and baselines on the test rows
};

// What was read of the test rows, the one time: their targets, and what the model, the best linear model and
// the best constant give for them: numbers in the target's unit, or logits of the classes, row-major.
struct TestRead {
  std::vector<double> y;
  std::vector<double> model, linear, constant;  // linear is empty where no linear model was found
};

// How a search ended: as it was to, by FitOptions::stop, or by FitOptions::seconds.
enum class SearchEnd { whole, stopped, out_of_time };
std::string_view search_end_name(SearchEnd end);  // "whole", "stopped", "out of time"

// What fit() throws when it was stopped before any candidate had a reading.
class StoppedError : public Error {
 public:
  explicit StoppedError(const std::string& what) : Error(ErrorKind::run, what) {}
};

struct FitResult {
  Model model;
  models::Metric metric;
  Score test;                                        // of the winner; zero rows when there are no test rows
  std::vector<std::pair<std::string, double>> also;  // further test measures by name: rmse, mae, log_loss, …
  double constant_baseline = 0;  // test scores of the best constant and the best linear model
  double linear_baseline = 0;
  TestRead test_read;                             // empty when there are no test rows
  params::Space space{models::network_schema()};  // that was searched
  models::Result search;
  SearchEnd ended = SearchEnd::whole;
  std::int64_t best = 0;              // the index of the winning candidate
  std::vector<std::int64_t> members;  // candidates whose networks the model averages, the best first
  Score single;  // of an ensemble: what the first of its networks scores on the test rows alone
  Split split;
  std::size_t folds = 0;  // that chose the winner; 0: the split's validation rows did
  std::vector<ColumnDecision> columns;
  std::vector<std::string> warnings;
  std::vector<std::string> unwritten;  // why the study or its event files could not be written to their end
  double seconds = 0;
  FitTimings timings;
  Doubts doubts;
};

// `test`, when given, holds the test rows (of the same columns); the table is then cut into train and
// validation alone. Throws Error(run) when every candidate diverged, or when the time was over before any
// candidate had a reading; StoppedError when it was stopped before. Where mpirun or srun started the program
// as one of several ranks, all of them call it alike: they make its searches together, and each gets the
// result; only rank 0 is to have a study.
FitResult fit(const Table& table, const FitOptions& options, const Table* test = nullptr);

// Trains the winner of a study again, alone: given the data and options that the study was begun with, the
// model is that of the study to the last bit, an average with all its members. The winner of a search that
// was stopped is trained for as many epochs as it had come to.
// `with_validation` trains it on the validation rows too, once it has been trained without them; a winner of
// folds always is. Throws Error(input) where there is no winner, or naming the difference where data or split
// are others.
FitResult refit(const Table& table, const FitOptions& options, const study::Study& study,
                bool with_validation, const Table* test = nullptr);

// What fit() would search, and about how long that takes.
struct Forecast {
  search::Plan plan;
  std::string space;  // as JSON (params::to_json)
  std::string sampler = "grid";
  std::vector<std::string> warnings;
};

// Prepares as fit() does, calls `planned`, and trains nothing but a few steps, to time them.
Forecast forecast(const Table& table, const FitOptions& options, const Table* test = nullptr);

}  // namespace runnel
