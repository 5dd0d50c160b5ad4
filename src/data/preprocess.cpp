// Preprocessor: fitting on training rows and turning tables into matrices.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>

#include "core/fail.h"
#include "data/dates.h"
#include "data/text.h"
#include "data/triage.h"

namespace runnel {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
using Rows = std::span<const std::size_t>;

std::size_t feature_count(const Encoding& e) {
  if (e.only_indicator) return 1;
  switch (e.kind) {
    case Encoding::Kind::block:
      return e.width;
    case Encoding::Kind::levels:
      return e.levels.size() + (e.other ? 1 : 0) + (e.indicator ? 1 : 0);
    default:
      return 1u + (e.log_scale > 0 ? 1 : 0) + (e.indicator ? 1 : 0);
  }
}

// Means and deviations of a block: one pair for all pixels of an image, so that the picture keeps its
// contrasts; one pair per number of a wide array, whose columns may have different units.
Encoding fit_block(const Block& block, Rows rows) {
  Encoding e;
  e.column = block.name;
  e.kind = Encoding::Kind::block;
  e.width = block.width();
  const bool image = block.shape.size() > 1;
  const std::size_t groups = image ? 1 : e.width;
  std::vector<double> count(groups), sum(groups), squares(groups);
  const auto each = [&](auto&& use) {
    for (const std::size_t row : rows) {
      const float* values = block.values.data() + row * e.width;
      for (std::size_t j = 0; j < e.width; ++j) {
        if (!std::isnan(values[j])) use(image ? 0 : j, double{values[j]});
      }
    }
  };
  each([&](std::size_t g, double v) {
    count[g] += 1;
    sum[g] += v;
  });
  e.mean.resize(groups);
  for (std::size_t g = 0; g < groups; ++g) e.mean[g] = count[g] > 0 ? sum[g] / count[g] : 0;
  each([&](std::size_t g, double v) { squares[g] += (v - e.mean[g]) * (v - e.mean[g]); });
  for (std::size_t g = 0; g < groups; ++g) {
    const double deviation = count[g] > 0 ? std::sqrt(squares[g] / count[g]) : 0;
    e.deviation.push_back(deviation > 0 ? deviation : 1);
  }
  return e;
}

// The companion's mean and deviation over the training rows.
void fit_companion(Encoding& e, const Column& column, Rows rows) {
  double sum = 0, squares = 0;
  const auto value = [&](std::size_t row) {
    const double x = column.numbers[row];
    return std::asinh((std::isnan(x) ? e.fill : x) / e.log_scale);
  };
  for (const std::size_t row : rows) sum += value(row);
  const double mean = sum / static_cast<double>(rows.size());
  for (const std::size_t row : rows) squares += (value(row) - mean) * (value(row) - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(rows.size()));
  e.mean.push_back(mean);
  e.deviation.push_back(deviation > 0 ? deviation : 1);
}

// The value of a numeric or date encoding in a table; NaN when missing.
double number_at(const Table& table, const Column& column, std::size_t row, Encoding::Kind kind) {
  if (column.is_missing(row)) return nan;
  if (column.type == Column::Type::number && kind == Encoding::Kind::number) return column.numbers[row];
  const std::string text = column.text(row);
  const auto value = kind == Encoding::Kind::date ? data::to_year(text) : data::to_number(text);
  if (!value || !std::isfinite(*value)) {
    fail("{}, column '{}': '{}' is not a {}, as the column's values were in training", table.where(row),
         column.name, data::shortened(text),
         kind == Encoding::Kind::date ? "date (YYYY, YYYY-MM or YYYY-MM-DD)" : "number");
  }
  return *value;
}

const Column& needed(const Table& table, const std::string& name) {
  if (const Column* column = table.find(name)) return *column;
  fail("{}: the column '{}', which the model needs, is not there{}", table.source, name,
       data::suggestion(name, table.names()));
}

// Writes the features of one encoding into the columns of a matrix from `first` on.
class Writer {
 public:
  Writer(const Table& table, Rows rows, Matrix<float>& out, bool standardize, double clip)
      : table_(table), rows_(rows), out_(out), standardize_(standardize), clip_(clip) {}

  void write(const Encoding& e, std::size_t first) {
    first_ = first;
    if (e.kind == Encoding::Kind::block) return block(e);
    const Column& column = needed(table_, e.column);
    if (e.only_indicator) return indicator(column, first);
    switch (e.kind) {
      case Encoding::Kind::boolean_text:
        return boolean_text(e, column);
      case Encoding::Kind::levels:
        return levels(e, column);
      default:
        return numbers(e, column);
    }
  }

 private:
  float scaled(double v, const Encoding& e, std::size_t which) const {
    if (!standardize_) return static_cast<float>(v);
    return static_cast<float>(std::clamp((v - e.mean[which]) / e.deviation[which], -clip_, clip_));
  }

  void indicator(const Column& column, std::size_t at) {
    for (std::size_t i = 0; i < rows_.size(); ++i) out_(i, at) = column.is_missing(rows_[i]) ? 1.0f : 0.0f;
  }

  void numbers(const Encoding& e, const Column& column) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      double v = number_at(table_, column, rows_[i], e.kind);
      if (std::isnan(v)) v = e.fill;
      out_(i, first_) = scaled(v, e, 0);
      if (e.log_scale > 0) out_(i, first_ + 1) = scaled(std::asinh(v / e.log_scale), e, 1);
    }
    if (e.indicator) indicator(column, first_ + (e.log_scale > 0 ? 2 : 1));
  }

  // A value that is neither of the two counts as missing.
  void boolean_text(const Encoding& e, const Column& column) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::string value = column.text(rows_[i]);
      const bool known = !column.is_missing(rows_[i]) && (value == e.levels[0] || value == e.levels[1]);
      out_(i, first_) = known ? (value == e.levels[1] ? 1.0f : 0.0f) : static_cast<float>(e.fill);
      if (e.indicator) out_(i, first_ + 1) = known ? 0.0f : 1.0f;
    }
  }

  void levels(const Encoding& e, const Column& column) {
    std::unordered_map<std::string, std::size_t> place;
    for (std::size_t k = 0; k < e.levels.size(); ++k) place[e.levels[k]] = k;
    const std::size_t other = first_ + e.levels.size(), missing = other + (e.other ? 1 : 0);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (column.is_missing(rows_[i])) {
        if (e.indicator) out_(i, missing) = 1;
        continue;
      }
      const auto it = place.find(column.text(rows_[i]));
      if (it != place.end()) {
        out_(i, first_ + it->second) = 1;
      } else if (e.other) {
        out_(i, other) = 1;
      }
    }
  }

  void block(const Encoding& e) {
    if (!table_.block) {
      fail("{}: the model reads '{}', {} numbers per row; this table has columns only", table_.source,
           e.column, e.width);
    }
    const Block& b = *table_.block;
    if (b.width() != e.width) {
      fail("{}: '{}' holds {} numbers per row; the model reads {}", table_.source, b.name, b.width(),
           e.width);
    }
    const bool shared = e.mean.size() == 1;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const float* from = b.values.data() + rows_[i] * e.width;
      float* to = out_.values.data() + i * out_.cols + first_;
      for (std::size_t j = 0; j < e.width; ++j) {
        const std::size_t which = shared ? 0 : j;
        to[j] = scaled(std::isnan(from[j]) ? e.mean[which] : double{from[j]}, e, which);
      }
    }
  }

  const Table& table_;
  Rows rows_;
  Matrix<float>& out_;
  bool standardize_;
  double clip_;
  std::size_t first_ = 0;
};

}  // namespace

Preprocessor Preprocessor::fit(const Table& table, Rows training_rows, const TriageOptions& options) {
  data::check_names(table, options);
  if (training_rows.empty()) fail("{}: no rows to train on", table.source);
  std::vector<std::size_t> rows(training_rows.begin(), training_rows.end());
  std::sort(rows.begin(), rows.end());

  Preprocessor out;
  out.standardize_ = options.standardize;
  out.clip_ = options.clip;
  for (const Column& column : table.columns) {
    data::Verdict verdict = data::triage(table, column, rows, options);
    ColumnDecision decision{.name = column.name, .role = verdict.role, .why = verdict.why};
    const bool feature = verdict.role == Role::numeric || verdict.role == Role::categorical ||
                         verdict.role == Role::boolean || verdict.role == Role::date;
    if (feature) {
      Encoding& e = verdict.encoding;
      e.column = column.name;
      if (e.log_scale > 0) {
        Column numbers = column;
        if (column.type == Column::Type::text) {
          // Declared numeric; triage has seen that the training rows' texts are numbers.
          numbers.numbers.assign(column.size(), nan);
          for (const std::size_t row : rows) numbers.numbers[row] = number_at(table, column, row, e.kind);
        }
        fit_companion(e, numbers, rows);
      }
      decision.features = feature_count(e);
      out.encodings_.push_back(std::move(e));
    }
    out.decisions_.push_back(std::move(decision));
  }
  if (table.block) {
    const Block& block = *table.block;
    ColumnDecision decision{.name = block.name, .role = Role::dropped, .why = "dropped on request"};
    if (std::find(options.drop.begin(), options.drop.end(), block.name) == options.drop.end()) {
      const Encoding e = fit_block(block, rows);
      decision = {.name = block.name, .role = Role::numeric, .why = "", .features = e.width};
      decision.why = fmt::format("{} numbers per row ({})", e.width, fmt::join(block.shape, " x "));
      if (options.standardize) {
        decision.why += block.shape.size() > 1 ? ", standardised together" : ", each standardised";
        decision.why += fmt::format(" (clipped at {} deviations)", data::from_number(options.clip));
      }
      out.encodings_.push_back(e);
    }
    out.decisions_.push_back(std::move(decision));
  }
  if (out.encodings_.empty()) {
    std::string reasons;
    for (const ColumnDecision& d : out.decisions_) reasons += fmt::format("\n  {}: {}", d.name, d.why);
    fail("{}: no column is left to predict from; --keep COLUMN keeps one:{}", table.source, reasons);
  }
  out.name_features();
  return out;
}

void Preprocessor::name_features() {
  features_.clear();
  for (const Encoding& e : encodings_) {
    const std::string missing = e.column + " missing";
    if (e.only_indicator) {
      features_.push_back(missing);
      continue;
    }
    switch (e.kind) {
      case Encoding::Kind::block:
        for (std::size_t j = 0; j < e.width; ++j) features_.push_back(fmt::format("{}[{}]", e.column, j));
        continue;
      case Encoding::Kind::levels:
        for (const std::string& level : e.levels) features_.push_back(e.column + "=" + level);
        if (e.other) features_.push_back(e.column + " other");
        break;
      case Encoding::Kind::boolean_text:
        features_.push_back(e.column + "=" + e.levels[1]);
        break;
      default:
        features_.push_back(e.column);
        if (e.log_scale > 0) features_.push_back("log " + e.column);
    }
    if (e.indicator) features_.push_back(missing);
  }
}

Matrix<float> Preprocessor::transform(const Table& table, Rows rows) const {
  Matrix<float> out;
  out.rows = rows.size();
  out.cols = features_.size();
  out.values.assign(out.rows * out.cols, 0);
  Writer writer(table, rows, out, standardize_, clip_);
  std::size_t first = 0;
  for (const Encoding& e : encodings_) {
    writer.write(e, first);
    first += feature_count(e);
  }
  return out;
}

Matrix<float> Preprocessor::transform(const Table& table) const {
  std::vector<std::size_t> rows(table.rows);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return transform(table, rows);
}

std::vector<std::string> Preprocessor::needed_columns() const {
  std::vector<std::string> out;
  for (const Encoding& e : encodings_) {
    if (e.kind != Encoding::Kind::block) out.push_back(e.column);
  }
  return out;
}

std::vector<std::size_t> Preprocessor::numeric_features() const {
  std::vector<std::size_t> out;
  std::size_t first = 0;
  for (const Encoding& e : encodings_) {
    const bool number = e.kind == Encoding::Kind::number || e.kind == Encoding::Kind::date;
    const bool array = e.kind == Encoding::Kind::block && e.mean.size() == e.width;
    if (!e.only_indicator)
      for (std::size_t i = 0; i < (array ? e.width : number ? 1 : 0); ++i) out.push_back(first + i);
    first += feature_count(e);
  }
  return out;
}

std::vector<std::string> Preprocessor::notes(const Table& table) const {
  std::vector<std::string> out;
  std::set<std::string> known;
  for (const ColumnDecision& d : decisions_) known.insert(d.name);
  for (const Column& column : table.columns) {
    if (!known.contains(column.name)) {
      out.push_back(fmt::format("column '{}' is not known to the model and is ignored", column.name));
    }
  }
  for (const Encoding& e : encodings_) {
    const Column* column = table.find(e.column);
    const bool categories = e.kind == Encoding::Kind::levels || e.kind == Encoding::Kind::boolean_text;
    if (!column || !categories || e.only_indicator || e.other) continue;
    std::map<std::string, std::size_t> unseen;
    std::size_t rows = 0;
    for (std::size_t row = 0; row < table.rows; ++row) {
      if (column->is_missing(row)) continue;
      const std::string value = column->text(row);
      if (std::find(e.levels.begin(), e.levels.end(), value) != e.levels.end()) continue;
      ++unseen[value];
      ++rows;
    }
    if (rows > 0) {
      out.push_back(fmt::format("column '{}': {} a value that training did not have ('{}'{})", e.column,
                                data::counted(rows, "row") + (rows == 1 ? " has" : " have"),
                                data::shortened(unseen.begin()->first),
                                unseen.size() > 1 ? fmt::format(" and {} more", unseen.size() - 1) : ""));
    }
  }
  return out;
}

}  // namespace runnel
