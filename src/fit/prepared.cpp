#include "fit/prepared.h"

#include <algorithm>
#include <cmath>

#include "artifact/weightless.h"
#include "core/fail.h"
#include "core/text.h"
#include "data/nearly.h"
#include "fit/doubts.h"
#include "fit/fit_options.h"
#include "fit/giveaways.h"
#include "fit/one_class.h"
#include "fit/separate_test.h"
#include "fit/weights.h"
#include "runnel/ops.h"

namespace runnel::fitting {
namespace {

using models::Loss;
using models::Metric;

template <class T>
Array as_array(const Matrix<T>& m) {
  return Array::from(m.values, {static_cast<std::int64_t>(m.rows), static_cast<std::int64_t>(m.cols)});
}

Array features(const Preprocessor& preprocessor, const Table& table, const Rows& rows, DType dtype) {
  return dtype == DType::f64 ? as_array(preprocessor.transform_doubles(table, rows))
                             : as_array(preprocessor.transform(table, rows));
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
      fail("the loss {} does not fit a {} target", models::loss_name(loss), task_name(task));
  if ((metric == Metric::accuracy || metric == Metric::log_loss) != classes)
    fail("the metric {} does not fit a {} target", models::metric_name(metric), task_name(task));
}

}  // namespace

std::vector<double> targets(const TargetValues& y, const Rows& rows) {
  std::vector<double> out;
  for (std::size_t row : rows) out.push_back(y.y[row]);
  return out;
}

// Outputs of a network in the target's unit.
std::vector<double> unscaled(std::vector<double> outputs, const Scale& scale) {
  for (double& v : outputs) v = v * scale.deviation + scale.mean;
  return outputs;
}

Scale Work::target_scale(const Rows& rows) const {
  const bool scaled = target.task() == Task::regression && options.scale_target;
  return scaled ? scale_of(targets(y, rows)) : Scale{};
}

Rows without_test(const Work& w) {
  Rows rows = w.split.train;
  rows.insert(rows.end(), w.split.validation.begin(), w.split.validation.end());
  std::sort(rows.begin(), rows.end());
  return rows;
}

namespace {

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
  for (const auto& [flag, column] : {std::pair("group", options.split.group),
                                     {"time-column", options.split.time},
                                     {"weight", options.weight}})
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

models::Fold make_fold(const Work& w, const Preprocessor& preprocessor, const Scale& scale,
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
models::Fold make_fold(const Work& w, const Fold& fold) {
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

// The variance of the targets that folds of a row or two validate by; none where folds are larger.
std::optional<double> spread_of(const TargetValues& y, const std::vector<Fold>& folds) {
  constexpr std::size_t kFew = 2;
  std::vector<double> values;
  bool few = false;
  for (const Fold& fold : folds) {
    few = few || fold.validation.size() <= kFew;
    for (const double v : targets(y, fold.validation)) values.push_back(v);
  }
  if (!few) return {};
  const auto n = static_cast<double>(values.size());
  double mean = 0, variance = 0;
  for (const double v : values) mean += v / n;
  for (const double v : values) variance += (v - mean) * (v - mean) / n;
  return variance;
}

// R² compares with the spread of the targets that choose, and one row has none.
void expect_spread(Work& w) {
  if (w.metric != Metric::r2 || w.split.validation.size() != 1) return;
  if (w.options.metric)
    fail("[metric] r2 of one validation row is undefined: give --metric rmse, or more rows to choose by");
  w.metric = Metric::rmse;
  w.warnings.emplace_back("candidates are compared by rmse: r2 of one validation row is undefined");
}

TestRows test_rows(const Work& w, const Preprocessor& preprocessor) {
  const bool separate = w.test_table != nullptr;
  const Table& table = separate ? *w.test_table : w.table;
  const TargetValues& values = separate ? w.y_test_table : w.y;
  const Rows& rows = separate ? values.rows : w.split.test;
  return {features(preprocessor, table, rows, w.dtype), targets(values, rows)};
}

// Columns of texts that are features, though they would be numbers or dates but for some cells.
std::vector<std::string> nearly_warnings(const Table& table, const Preprocessor& preprocessor,
                                         const TriageOptions& triage) {
  std::vector<std::string> out;
  for (const ColumnDecision& decision : preprocessor.decisions()) {
    const bool category = decision.role == Role::categorical || decision.role == Role::boolean;
    const Column* column = category ? table.find(decision.name) : nullptr;
    const auto& said = triage.categorical;
    if (column == nullptr || column->told || std::find(said.begin(), said.end(), decision.name) != said.end())
      continue;
    if (const std::string nearly = data::nearly_text(table, *column); !nearly.empty())
      out.push_back(fmt::format("column '{}': {}", decision.name, nearly));
  }
  return out;
}

}  // namespace

search::Options search_options(const Work& w) {
  search::Options options;
  options.seed = w.options.seed;
  options.threads = w.options.threads;
  options.stop = w.options.stop;
  return options;
}

Prepared prepared(const Table& table, const FitOptions& options, const Table* test) {
  Prepared p{prepare(table, options, test)};
  Work& w = p.w;
  // Statistics of columns and target come from the rows that train the final model, and from them alone.
  p.folds = folds_of(w);
  w.retrains = p.folds > 0 || options.train_on_validation;
  const Rows training = w.retrains ? without_test(w) : w.split.train;
  p.preprocessor = Preprocessor::fit(table, training, w.triage);
  if (test != nullptr) {
    for (std::string& text : p.preprocessor.notes(*test, w.y_test_table.rows))
      w.warnings.push_back(std::move(text));
    for (std::string& text : border_warnings(table, *test, w.y_test_table.rows, options.split))
      w.warnings.push_back(std::move(text));
  }
  for (std::string& text : nearly_warnings(table, p.preprocessor, w.triage))
    w.warnings.push_back(std::move(text));
  p.scale = w.target_scale(training);
  p.tests = test_rows(w, p.preprocessor);
  if (p.folds == 0) expect_spread(w);
  p.problem = {{}, w.loss, w.metric, w.outputs()};
  if (p.folds > 0) {
    SplitOptions split = options.split;
    split.seed = options.seed;
    p.fold_rows = fold_table(table, training, w.y, w.target.task(), p.folds, split);
    p.problem.spread = spread_of(w.y, p.fold_rows);
    if (p.problem.spread) w.split.how += "; folds of a row or two, measured together";
  }
  const bool folds = p.folds > 0;
  const Rows none, &trained = folds ? training : w.split.train, &choosing = folds ? none : w.split.validation;
  const ClassParts parts{w.target,        w.y.y,         trained,
                         choosing,        p.fold_rows,   p.tests.y,
                         test != nullptr, options.split, p.problem.spread.has_value()};
  for (std::string& text : one_class_warnings(parts)) w.warnings.push_back(std::move(text));
  for (const Fold& fold : p.fold_rows) p.problem.folds.push_back(make_fold(w, fold));
  if (p.folds == 0)
    p.problem.folds.push_back(w.retrains
                                  ? make_fold(w, {w.split.train, w.split.validation})
                                  : make_fold(w, p.preprocessor, p.scale, w.split.train, w.split.validation));
  p.search = searched(options, {static_cast<std::size_t>(p.problem.folds[0].x.dim(0)),
                                p.preprocessor.features().size(), p.preprocessor.numeric_features().size()});
  p.all = w.retrains ? make_fold(w, p.preprocessor, p.scale, training, training) : p.problem.folds[0];
  for (std::string& text :
       giveaway_warnings(table, w.target, p.preprocessor, p.all.x, targets(w.y, training)))
    w.warnings.push_back(std::move(text));
  for (std::string& text : idle_warnings(p)) w.warnings.push_back(std::move(text));
  p.run = search_options(w);
  p.run.states = options.candidates.empty() ? kDoubted : 1;
  p.run.tries = p.search.tries;
  p.run.tell_edges = p.search.is_own;
  p.run.progress = options.progress;
  p.run.scheduling = options.scheduling;
  p.run.seconds = options.seconds;
  if (options.planned)
    options.planned({w.target, w.split, p.preprocessor.decisions(), p.preprocessor.features().size(), p.folds,
                     p.tests.y.size()});
  return p;
}

}  // namespace runnel::fitting
