#include "runnel/fit.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/fail.h"
#include "core/stopwatch.h"
#include "data/text.h"
#include "model/answers.h"
#include "model/default_space.h"
#include "model/doubts.h"
#include "model/fit_study.h"
#include "model/giveaways.h"
#include "model/kept_reading.h"
#include "model/one_class.h"
#include "model/weights.h"
#include "model/winner.h"
#include "runnel/ops.h"
#include "runnel/version.h"
#include "sweep/crew.h"

namespace runnel {
namespace {

using sweep::Hyper;
using sweep::Loss;
using sweep::Metric;
using Rows = std::vector<std::size_t>;

// A target as networks learn it: centred and scaled numbers, 0 and 1, or class numbers.
struct Scale {
  double mean = 0, deviation = 1;
};

template <class T>
Array as_array(const Matrix<T>& m) {
  return Array::from(m.values, {static_cast<std::int64_t>(m.rows), static_cast<std::int64_t>(m.cols)});
}

Array features(const Preprocessor& preprocessor, const Table& table, const Rows& rows, DType dtype) {
  return dtype == DType::f64 ? as_array(preprocessor.transform_doubles(table, rows))
                             : as_array(preprocessor.transform(table, rows));
}

std::vector<double> targets(const TargetValues& y, const Rows& rows) {
  std::vector<double> out;
  for (std::size_t row : rows) out.push_back(y.y[row]);
  return out;
}

Array target_array(std::vector<double> y, const Scale& scale, Loss loss, DType dtype) {
  for (double& value : y) value = (value - scale.mean) / scale.deviation;
  const Array array = Array::from(y, {static_cast<std::int64_t>(y.size())});
  return convert(array, loss == Loss::softmax ? DType::i32 : dtype);
}

Scale scale_of(const std::vector<double>& y) {
  Scale s;
  for (double v : y) s.mean += v / static_cast<double>(y.size());
  double variance = 0;
  for (double v : y) variance += (v - s.mean) * (v - s.mean) / static_cast<double>(y.size());
  if (!std::isfinite(variance))
    fail("the target's values are too large to train on (their variance is not finite): scale them down");
  s.deviation = variance > 0 ? std::sqrt(variance) : 1;
  return s;
}

Loss usual_loss(Task task) {
  return task == Task::regression ? Loss::squared : task == Task::binary ? Loss::logistic : Loss::softmax;
}

void expect_fitting(Task task, Loss loss, Metric metric) {
  const bool classes = task != Task::regression;
  if (train::is_classification(loss) != classes || (task == Task::multiclass) != (loss == Loss::softmax))
    if (!(task == Task::binary && loss == Loss::softmax))
      fail("the loss {} does not fit a {} target", sweep::loss_name(loss), task_name(task));
  if ((metric == Metric::accuracy || metric == Metric::log_loss) != classes)
    fail("the metric {} does not fit a {} target", sweep::metric_name(metric), task_name(task));
}

// Outputs of a network in the target's unit.
std::vector<double> unscaled(std::vector<double> outputs, const Scale& scale) {
  for (double& v : outputs) v = v * scale.deviation + scale.mean;
  return outputs;
}

// Everything the steps of a fit share.
struct Work {
  const Table& table;
  const FitOptions& options;
  const Table* test_table;
  std::vector<std::string> warnings = {};
  Target target = {};
  TargetValues y = {};
  TargetValues y_test_table = {};
  Split split = {};
  TriageOptions triage = {};
  Loss loss = Loss::squared;
  Metric metric = Metric::r2;
  DType dtype = DType::f32;
  bool retrains = false;  // the winner is trained again, on all rows that may train the final model

  std::int64_t outputs() const {
    return loss == Loss::softmax ? static_cast<std::int64_t>(target.classes().size()) : 1;
  }
  Scale target_scale(const Rows& rows) const {
    const bool scaled = target.task() == Task::regression && options.scale_target;
    return scaled ? scale_of(targets(y, rows)) : Scale{};
  }
};

Rows without_test(const Work& w) {
  Rows rows = w.split.train;
  rows.insert(rows.end(), w.split.validation.begin(), w.split.validation.end());
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Rows of weight 0 are as if they were not there: they train, choose and test nothing.
void leave_out_weightless(const Table& table, const std::string& weight, TargetValues& y,
                          std::vector<std::string>& warnings) {
  Rows weighty = rows_of_weight(table, weight, y.rows);
  if (weighty.size() == y.rows.size()) return;
  if (weighty.empty())
    fail("{}, column '{}': every row has the weight 0 (--weight): no row is left", table.source, weight);
  warnings.push_back(
      fmt::format("{}: {} of weight 0 (--weight {}) {} left out of training, choosing and testing",
                  table.source, data::counted(y.rows.size() - weighty.size(), "row"), weight,
                  y.rows.size() - weighty.size() == 1 ? "is" : "are"));
  y.rows = std::move(weighty);
}

Work prepare(const Table& table, const FitOptions& options, const Table* test) {
  Work w{table, options, test};
  w.warnings = table.warnings;
  w.triage = options.triage;
  w.dtype = options.f64 ? DType::f64 : DType::f32;
  TargetOptions target = options.target;
  if (target.column.empty()) target.column = table.usual_target;
  w.target = Target::fit(table, target, w.warnings);
  w.y = w.target.read(table, w.warnings);
  if (test != nullptr) w.y_test_table = w.target.read(*test, w.warnings);
  for (const auto& [flag, column] :
       {std::pair("group", options.split.group), {"time", options.split.time}, {"weight", options.weight}})
    if (column == w.target.column()) fail("--{} {}: that is the target", flag, column);
  w.triage.target = w.target.column();
  w.triage.group = options.split.group;
  w.triage.time = options.split.time;
  w.triage.weight = options.weight;
  if (!options.weight.empty()) {
    leave_out_weightless(table, options.weight, w.y, w.warnings);
    if (test != nullptr && test->find(options.weight) != nullptr)
      leave_out_weightless(*test, options.weight, w.y_test_table, w.warnings);
  }
  SplitOptions split = options.split;
  split.seed = options.seed;
  if (test != nullptr) split.test = 0;
  w.split = split_table(table, w.y, w.target.task(), split);
  w.loss = options.loss.value_or(usual_loss(w.target.task()));
  w.metric = options.metric.value_or(w.target.task() == Task::regression ? Metric::r2 : Metric::accuracy);
  expect_fitting(w.target.task(), w.loss, w.metric);
  expect_classes(options.class_weights, w.target);
  // Of validation rows as well: they train the winner of folds, and models for release.
  if (!options.weight.empty()) row_weights(table, options.weight, without_test(w));
  for (std::string& text : leak_warnings(table, w.triage)) w.warnings.push_back(std::move(text));
  return w;
}

sweep::Fold make_fold(const Work& w, const Preprocessor& preprocessor, const Scale& scale,
                      const Rows& training, const Rows& validation) {
  const std::vector<std::size_t> numeric = preprocessor.numeric_features();
  return {features(preprocessor, w.table, training, w.dtype),
          target_array(targets(w.y, training), scale, w.loss, w.dtype),
          features(preprocessor, w.table, validation, w.dtype),
          target_array(targets(w.y, validation), scale, w.loss, w.dtype),
          scale.deviation,
          training_weights({w.table, w.target, w.y, w.options.weight, w.options.class_weights}, training,
                           w.dtype),
          {numeric.begin(), numeric.end()}};
}

// With statistics of its own training rows.
sweep::Fold make_fold(const Work& w, const Fold& fold) {
  return make_fold(w, Preprocessor::fit(w.table, fold.train, w.triage), w.target_scale(fold.train),
                   fold.train, fold.validation);
}

std::size_t folds_of(Work& w) {
  if (w.options.folds) return *w.options.folds == 1 ? 0 : *w.options.folds;
  constexpr std::size_t kFolds = 5;
  const Rows rows = without_test(w);
  if (rows.size() < 2 * kFolds || rows.size() >= FitOptions::kFewRows || !w.options.split.time.empty())
    return 0;
  if (w.options.split.group.empty()) return kFolds;
  const std::size_t groups = group_count(w.table, rows, w.options.split.group);
  if (groups >= kFolds) return kFolds;
  if (groups < 2) return 0;
  w.split.how += fmt::format("; {} folds: as many as there are groups beside the test rows", groups);
  return groups;
}

// What is searched.
struct Search {
  sweep::Space space = {};
  sweep::Sampler sampler = sweep::Sampler::grid;
  std::int64_t draws = 0;
  std::vector<Hyper> candidates = {};
  std::int64_t ensemble = 1;
};

// A value that the user fixed and lets be searched as well.
void refuse_both(const std::vector<sweep::Parameter>& parameters, const std::vector<std::string>& fixed) {
  for (const sweep::Parameter& p : parameters) {
    const bool builds_hidden = p.name == "layers" || p.name == "width";
    for (const std::string& name : fixed) {
      if (name != p.name && !(builds_hidden && name == "hidden")) continue;
      std::string flag = "--" + name;
      std::replace(flag.begin(), flag.end(), '_', '-');
      fail("{} fixes what the search tries values of ({}): leave one of them out", flag, p.name);
    }
  }
}

// The space that the options describe; the table is that of the default space.
sweep::Space space_of(const FitOptions& o, const TableSize& table) {
  if (!o.grid.empty() && (o.random > 0 || !o.space.empty() || !o.space_file.empty()))
    fail("a search is a grid or draws from a space, not both");
  std::vector<sweep::Parameter> parameters;
  for (const std::string& text : o.grid) parameters.push_back(sweep::parse_parameter(text));
  for (const bool ranges : {false, true})  // choices are drawn before ranges, whatever their order
    for (const std::string& text : o.space)
      if (sweep::is_range(text) == ranges) parameters.push_back(sweep::parse_parameter(text));
  if (!o.space_file.empty())
    for (sweep::Parameter& p : sweep::read_space_file(o.space_file)) parameters.push_back(std::move(p));
  refuse_both(parameters, o.fixed);
  if (parameters.empty())
    for (const sweep::Choice& c : default_space(table, o.fixed)) parameters.push_back({c.name, c.values});
  Hyper base = o.base;
  base.seed = o.seed;
  return sweep::make_space(base, parameters);
}

sweep::Sampler sampler_of(const FitOptions& o) {
  if (o.sampler) return *o.sampler;
  return o.random > 0 || !o.space.empty() ? sweep::Sampler::random : sweep::Sampler::grid;
}

std::int64_t most_epochs(const sweep::Space& space) {
  for (const sweep::Parameter& p : space.parameters)
    if (p.name == "epochs") {
      double most = p.high;
      for (const std::string& value : p.values) most = std::max(most, std::stod(value));
      return static_cast<std::int64_t>(most);
    }
  return space.base.epochs;
}

// How many candidates are drawn: as many as was said, or as Hyperband asks for.
std::int64_t draws_of(const FitOptions& o, const sweep::Space& space, sweep::Sampler sampler) {
  if (sampler == sweep::Sampler::grid) {
    if (o.random > 0) fail("a grid has as many candidates as it has, not {} draws", o.random);
    return 0;
  }
  if (o.random > 0) return o.random;
  if (o.scheduling.scheduler == sweep::Scheduler::hyperband)
    return sweep::hyperband_size(o.scheduling, most_epochs(space));
  fail("a space needs a number of draws");
}

// Whether the whole default space is searched: nothing of it is fixed or drawn.
bool searches_default(const FitOptions& o, const TableSize& table) {
  return o.grid.empty() && o.space.empty() && o.space_file.empty() && o.random == 0 &&
         default_space(table, o.fixed).size() == default_space(table, {}).size();
}

Search searched(const Work& w, const TableSize& table) {
  Search s;
  s.ensemble = std::max<std::int64_t>(w.options.ensemble, 1);
  if (w.options.ensemble == 0 && searches_default(w.options, table)) s.ensemble = FitOptions::kUsualEnsemble;
  if (const std::vector<Hyper>& given = w.options.candidates; !given.empty()) {
    const std::int64_t members = w.options.ensemble_of_seeds ? 1 : std::min(s.ensemble, std::ssize(given));
    s.candidates.assign(given.begin(), given.begin() + members);
    return s;
  }
  s.space = space_of(w.options, table);
  s.sampler = sampler_of(w.options);
  s.draws = draws_of(w.options, s.space, s.sampler);
  s.candidates = sweep::sample(s.space, s.sampler, s.draws, w.options.seed);
  return s;
}

// ---- baselines -----------------------------------------------------------------------------------------

// The best constant for the metric, as outputs for n rows: the mean or median; the logarithm of the classes'
// shares.
std::vector<double> constant_outputs(const Work& w, std::vector<double> y, std::size_t n) {
  std::vector<double> one;
  if (w.target.task() == Task::regression) {
    double value = scale_of(y).mean;
    if (w.metric == Metric::mae) {
      std::nth_element(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(y.size() / 2), y.end());
      value = y[y.size() / 2];
    }
    one = {value};
  } else {
    std::vector<double> share(w.target.classes().size(), 0.0);
    for (double label : y) share[static_cast<std::size_t>(label)] += 1;
    for (double s : share) one.push_back(std::log(std::max(s, 0.5)));
    if (w.outputs() == 1) one = {one[1] - one[0]};
  }
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i) out.insert(out.end(), one.begin(), one.end());
  return out;
}

// ---- the winner ----------------------------------------------------------------------------------------

sweep::Options search_options(const Work& w) {
  sweep::Options options;
  options.seed = w.options.seed;
  options.threads = w.options.threads;
  options.stop = w.options.stop;
  return options;
}

// The best linear model, its penalty chosen as the candidates' hyperparameters are.
struct Linear {
  nn::Network model;
  Hyper hyper;

  std::vector<double> outputs(const Array& x) const { return sweep::predict(model, hyper, x).to_doubles(); }
};

// Baselines count every row once, whatever the rows weigh for the candidates.
sweep::Problem without_weights(sweep::Problem problem) {
  for (sweep::Fold& fold : problem.folds) fold.weights.reset();
  return problem;
}

Linear linear_regression(const Work& w, const sweep::Problem& problem, const sweep::Fold& all) {
  const std::vector<double> alphas{1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0};
  Hyper hyper;
  hyper.hidden.clear();
  std::vector<double> losses(alphas.size(), 0.0);
  std::vector<nn::Dense> path;
  for (const sweep::Fold& fold : problem.folds) {
    path = nn::ridge_path(fold.x, expand_dims(fold.y, 1), alphas);
    for (std::size_t i = 0; i < alphas.size(); ++i)
      losses[i] += train::mean_loss(
          Loss::squared, sweep::predict({.layers = {path[i]}}, hyper, fold.x_validation).to_doubles(),
          fold.y_validation.to_doubles());
  }
  const auto best = static_cast<std::size_t>(std::min_element(losses.begin(), losses.end()) - losses.begin());
  if (!w.retrains) return {{.layers = {path[best]}}, hyper};  // it was trained on all already
  return {{.layers = nn::ridge_path(all.x, expand_dims(all.y, 1), {alphas[best]})}, hyper};
}

Linear linear_classifier(const Work& w, const sweep::Problem& problem, const sweep::Fold& all) {
  constexpr std::int64_t kSteps =
      3000;  // enough for Adam to settle on a convex problem of standardised columns
  const std::int64_t rows = all.x.dim(0);
  Hyper base;
  base.hidden.clear();
  base.batch = std::clamp<std::int64_t>(rows / 16, 1, 256);
  const std::int64_t epochs = std::clamp<std::int64_t>(kSteps * base.batch / rows, 8, 200);
  const std::vector<Hyper> candidates = sweep::grid(
      base, {{"rate", {"0.003", "0.01"}},
             {"l2", {"0", "0.001", "0.01"}},
             {"epochs", {std::to_string(epochs / 4), std::to_string(epochs / 2), std::to_string(epochs)}}});
  Found s = search(problem, w.retrains ? &all : nullptr, candidates, search_options(w));
  // One that was stopped half-way would not be the best.
  if (s.members.empty() || s.result.interrupted) return {};
  return {s.members[0].network, s.members[0].hyper};
}

// ---- the test rows -------------------------------------------------------------------------------------

// Test rows are brought into the network's form before the search, so that a column they lack is found out
// then and not after it; nothing looks at them until the winner stands.
struct TestRows {
  Array x;
  std::vector<double> y;
};

TestRows test_rows(const Work& w, const Preprocessor& preprocessor) {
  const bool separate = w.test_table != nullptr;
  const Table& table = separate ? *w.test_table : w.table;
  const TargetValues& values = separate ? w.y_test_table : w.y;
  const Rows& rows = separate ? values.rows : w.split.test;
  return {features(preprocessor, table, rows, w.dtype), targets(values, rows)};
}

// Classes that the model never answers with, of these rows. Whether it answers with one for all.
bool warn_of_answers(const Work& w, const std::vector<double>& outputs, const std::vector<double>& y,
                     const std::string& rows, FitResult& result) {
  if (w.target.task() == Task::regression) return false;
  const std::vector<double> trained = targets(w.y, w.retrains ? without_test(w) : w.split.train);
  Answers answers = answers_of(outputs, y, trained, w.target.classes(), rows, w.options.class_weights.any());
  for (std::string& text : answers.warnings) result.warnings.push_back(std::move(text));
  return answers.one_for_all;
}

// A winner that a plainer model beats is no winner. Told and not acted on: test rows choose nothing.
void warn_of_baselines(Metric metric, bool learnt_nothing, FitResult& result) {
  const auto beats = [&](double baseline) {
    return std::isfinite(baseline) &&
           (sweep::higher_is_better(metric) ? baseline > result.test.value : baseline < result.test.value);
  };
  const bool is_linear = result.model.hyper.hidden.empty();
  if (beats(result.constant_baseline)) {
    if (!learnt_nothing)  // else that has been said
      result.warnings.push_back(
          "on the test rows the best constant does better than the model: it has learnt nothing");
  } else if (beats(result.linear_baseline) && !is_linear)
    result.warnings.push_back(
        "on the test rows the best linear model does better; --grid hidden=none,64 lets linear models take "
        "part");
}

void measure_test(const Work& w, const TestRows& test, const Linear& linear, const Scale& scale,
                  FitResult& result) {
  const std::vector<double>& y = test.y;
  if (y.empty()) {
    result.warnings.push_back(
        "there are no test rows: nothing says how good the model is on rows that did not choose it");
    return;
  }
  std::vector<double> outputs = unscaled(result.model.outputs(test.x), scale);
  const auto score = [&](const std::vector<double>& of) {
    const train::Interval interval = train::bootstrap(w.metric, of, y, w.options.seed);
    return Score{train::measure(w.metric, of, y), interval.low, interval.high, y.size()};
  };
  result.test = score(outputs);
  if (!result.model.others.empty())
    result.single =
        score(unscaled(sweep::predict(result.model.network, result.model.hyper, test.x).to_doubles(), scale));
  for (Metric other : {Metric::r2, Metric::rmse, Metric::mae, Metric::accuracy, Metric::log_loss}) {
    const bool of_classes = other == Metric::accuracy || other == Metric::log_loss;
    if (other != w.metric && of_classes == (w.target.task() != Task::regression))
      result.also.emplace_back(sweep::metric_name(other), train::measure(other, outputs, y));
  }
  TestRead& read = result.test_read;
  read.constant = constant_outputs(w, targets(w.y, without_test(w)), y.size());
  if (!linear.model.layers.empty()) read.linear = unscaled(linear.outputs(test.x), scale);
  result.constant_baseline = train::measure(w.metric, read.constant, y);
  result.linear_baseline = read.linear.empty() ? std::nan("") : train::measure(w.metric, read.linear, y);
  read.model = std::move(outputs);
  read.y = y;
  warn_of_baselines(w.metric, warn_of_answers(w, read.model, y, "test", result), result);
}

// All that comes before the search.
struct Prepared {
  Work w;
  std::size_t folds = 0;
  std::vector<Fold> fold_rows = {};
  Preprocessor preprocessor = {};
  Scale scale = {};
  TestRows tests = {};
  sweep::Problem problem = {};
  sweep::Fold all = {};  // rows that train the final model
  Search search = {};
  sweep::Options run = {};
};

Prepared prepared(const Table& table, const FitOptions& options, const Table* test) {
  Prepared p{prepare(table, options, test)};
  Work& w = p.w;
  // Statistics of columns and target come from the rows that train the final model, and from them alone.
  p.folds = folds_of(w);
  w.retrains = p.folds > 0 || options.train_on_validation;
  const Rows training = w.retrains ? without_test(w) : w.split.train;
  p.preprocessor = Preprocessor::fit(table, training, w.triage);
  p.scale = w.target_scale(training);
  p.tests = test_rows(w, p.preprocessor);
  p.problem = {{}, w.loss, w.metric, w.outputs()};
  if (p.folds > 0) {
    SplitOptions split = options.split;
    split.seed = options.seed;
    p.fold_rows = fold_table(table, training, w.y, w.target.task(), p.folds, split);
  }
  const bool folds = p.folds > 0;
  const Rows none, &trained = folds ? training : w.split.train, &choosing = folds ? none : w.split.validation;
  const ClassParts parts{w.target,    w.y.y,     trained,         choosing,
                         p.fold_rows, p.tests.y, test != nullptr, options.split};
  for (std::string& text : one_class_warnings(parts)) w.warnings.push_back(std::move(text));
  for (const Fold& fold : p.fold_rows) p.problem.folds.push_back(make_fold(w, fold));
  if (p.folds == 0)
    p.problem.folds.push_back(w.retrains
                                  ? make_fold(w, {w.split.train, w.split.validation})
                                  : make_fold(w, p.preprocessor, p.scale, w.split.train, w.split.validation));
  p.search = searched(w, {static_cast<std::size_t>(p.problem.folds[0].x.dim(0)),
                          p.preprocessor.features().size(), p.preprocessor.numeric_features().size()});
  p.all = w.retrains ? make_fold(w, p.preprocessor, p.scale, training, training) : p.problem.folds[0];
  for (std::string& text :
       giveaway_warnings(table, w.target, p.preprocessor, p.all.x, targets(w.y, training)))
    w.warnings.push_back(std::move(text));
  p.run = search_options(w);
  p.run.networks = options.candidates.empty() ? kDoubted : 1;
  p.run.progress = options.progress;
  p.run.scheduling = options.scheduling;
  if (options.planned)
    options.planned({w.target, w.split, p.preprocessor.decisions(), p.preprocessor.features().size(), p.folds,
                     p.tests.y.size()});
  return p;
}

Searching searching(const Table& table, const Table* test, const Prepared& p) {
  return {table,    test,       p.w.options,    p.w.target,       p.w.split,      p.fold_rows,
          p.w.loss, p.w.metric, p.search.space, p.search.sampler, p.search.draws, p.search.candidates};
}

}  // namespace

Forecast forecast(const Table& table, const FitOptions& options, const Table* test) {
  Prepared p = prepared(table, options, test);
  return {sweep::plan(p.problem, p.search.candidates, p.run), sweep::to_json(p.search.space),
          p.search.sampler, p.search.draws, p.w.warnings};
}

namespace {

// Of a search: a winner that is trained again was doubted when it was chosen.
void doubt_choice(const Prepared& p, FitResult& result) {
  if (!p.w.options.candidates.empty()) return;
  result.doubts =
      doubts_of(p.problem, result.search, p.w.options.noise_seeds.value_or(p.folds > 0 ? 3 : 0), p.run);
  const std::size_t rows = p.folds > 0 ? without_test(p.w).size() : p.w.split.validation.size();
  for (std::string& text : choice_warnings(result.doubts, result.search, p.w.metric, p.folds, rows))
    result.search.warnings.push_back(std::move(text));
}

void doubt_test(const Prepared& p, FitResult& result) {
  if (p.tests.y.empty()) return;
  const Rows training = p.w.retrains ? without_test(p.w) : p.w.split.train;
  result.doubts.copies = copied_rows(p.tests.x, p.tests.y, p.all.x, targets(p.w.y, training));
  for (std::string& text : copy_warnings(result.doubts, p.tests.y.size()))
    result.warnings.push_back(std::move(text));
}

std::vector<sweep::Fact> facts_of(const Searching& searching) {
  const study::Description d = describe(searching);
  return {{"data", d.data.digest, d.data.parts},
          {"split of the rows", d.split.digest, d.split.parts},
          {"space", d.space.digest, d.space.parts}};
}

}  // namespace

void serve(const Table& table, const FitOptions& options, const Table* test) {
  Prepared p = prepared(table, options, test);
  p.run.networks = std::max(p.run.networks, p.search.ensemble);
  options.crew->agree(facts_of(searching(table, test, p)));
  options.crew->serve(p.problem, p.search.candidates, p.run);
}

FitResult fit(const Table& table, const FitOptions& options, const Table* test) {
  Stopwatch watch;
  Prepared p = prepared(table, options, test);
  const Work& w = p.w;
  FitResult result;
  result.columns = p.preprocessor.decisions();
  expect_rows_of_study(searching(table, test, p));
  p.run.crew = options.crew;
  if (options.crew != nullptr) options.crew->agree(facts_of(searching(table, test, p)));
  const auto keeper = keeper_of(searching(table, test, p), p.problem);
  if (keeper) keeper->attach(p.run);
  result.timings.preparing = watch.lap();
  Found found = search(p.problem, w.retrains ? &p.all : nullptr, p.search.candidates, p.run,
                       {p.search.ensemble, options.ensemble_of_seeds, options.ensemble == 0});
  result.timings.retraining = found.retraining;
  result.timings.searching = watch.lap() - found.retraining;
  if (found.members.empty()) {
    if (keeper) finish_study(*keeper, options, found.result, nullptr);
    if (!found.result.best) fail_run("{}", no_winner(found.result, options.study));
    fail_run("the winner of the folds diverged when it was trained on all of them: try a smaller rate");
  }

  result.search = std::move(found.result);
  result.best = *result.search.best;
  result.metric = w.metric;
  result.members = found.chosen;
  result.model.network = std::move(found.members[0].network);
  result.model.hyper = found.members[0].hyper;
  result.model.others.assign(std::make_move_iterator(found.members.begin() + 1),
                             std::make_move_iterator(found.members.end()));
  result.model.target = w.target;
  result.model.preprocessor = std::move(p.preprocessor);
  result.model.reading = kept_reading(table, result.model.preprocessor, w.target);
  result.model.metric = w.metric;
  result.model.loss = w.loss;
  result.model.target_mean = p.scale.mean;
  result.model.target_scale = p.scale.deviation;
  result.model.seed = options.seed;
  result.model.version = RUNNEL_VERSION;
  result.split = w.split;
  result.folds = p.folds;
  if (options.searched) options.searched(result);

  doubt_choice(p, result);
  if (keeper) finish_study(*keeper, options, result.search, &result.model.network);
  result.warnings = w.warnings;
  for (const auto* more : {&result.search.warnings, &found.warnings})
    result.warnings.insert(result.warnings.end(), more->begin(), more->end());
  result.timings.doubting = watch.lap();

  const sweep::Problem plain = without_weights(p.problem);
  sweep::Fold all_plain = p.all;
  all_plain.weights.reset();
  const Linear linear = w.target.task() == Task::regression ? linear_regression(w, plain, all_plain)
                                                            : linear_classifier(w, plain, all_plain);
  result.timings.baselines = watch.lap();
  if (linear.model.layers.empty() && options.stop != nullptr && *options.stop)
    result.warnings.push_back(
        "stopped: the best linear model was not found, so the score has none beside it");
  measure_test(w, p.tests, linear, p.scale, result);
  if (const sweep::Fold& only = p.problem.folds[0]; p.tests.y.empty() && !w.retrains)
    warn_of_answers(w, result.model.outputs(only.x_validation), only.y_validation.to_doubles(), "validation",
                    result);
  doubt_test(p, result);
  result.timings.testing = watch.lap();
  result.seconds = watch.total();
  return result;
}

}  // namespace runnel
