// All of a fit that comes before its search: the target, the split, the features of each fold, the
// candidates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fit/searched.h"
#include "runnel/fit.h"

namespace runnel::fitting {

using Rows = std::vector<std::size_t>;

// A target as networks learn it: centred and scaled numbers, 0 and 1, or class numbers.
struct Scale {
  double mean = 0, deviation = 1;
};

// Outputs of a network in the target's unit.
std::vector<double> unscaled(std::vector<double> outputs, const Scale& scale);

std::vector<double> targets(const TargetValues& y, const Rows& rows);

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
  models::Loss loss = models::Loss::squared;
  models::Metric metric = models::Metric::r2;
  DType dtype = DType::f32;
  bool retrains = false;  // the winner is trained again, on all rows that may train the final model

  std::int64_t outputs() const {
    return loss == models::Loss::softmax ? static_cast<std::int64_t>(target.classes().size()) : 1;
  }
  // That of the rows' targets; of a target that is not scaled, 0 and 1.
  Scale target_scale(const Rows& rows) const;
};

// The rows that train or choose, in the order of the table.
Rows without_test(const Work& w);

// Test rows are brought into the network's form before the search, so that a column they lack is found out
// then and not after it; nothing looks at them until the winner stands.
struct TestRows {
  Array x;
  std::vector<double> y;
};

// All that comes before the search.
struct Prepared {
  Work w;
  std::size_t folds = 0;
  std::vector<Fold> fold_rows = {};
  Preprocessor preprocessor = {};
  Scale scale = {};
  TestRows tests = {};
  models::Problem problem = {};
  models::Fold all = {};  // rows that train the final model
  Searched search = {};
  search::Options run = {};
};

// Fails for tables and options that cannot be fitted. The table, the options and the test table must outlive
// what is returned.
Prepared prepared(const Table& table, const FitOptions& options, const Table* test);

// Seed, threads and stop as the options say.
search::Options search_options(const Work& w);

}  // namespace runnel::fitting
