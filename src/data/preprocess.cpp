// Preprocessor: fitting on training rows and turning tables into matrices.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "core/fail.h"
#include "core/text.h"
#include "data/date_features.h"
#include "data/features.h"
#include "data/levels.h"
#include "data/numbers.h"
#include "data/triage.h"

namespace runnel {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
using Rows = std::span<const std::size_t>;

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
      for (std::size_t j = 0; j < e.width; ++j) {
        const double value = block.at(row * e.width + j);
        if (!std::isnan(value)) use(image ? 0 : j, value);
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
  if (kind == Encoding::Kind::date) {
    if (column.type == Column::Type::date) return data::date_trend(column, row);
    fail("{}, column '{}': '{}' is not a date, as the column's values were in training", table.where(row),
         column.name, shortened(column.text(row)));
  }
  const bool numbers = column.type == Column::Type::number || column.type == Column::Type::truth;
  const auto value = numbers ? std::optional(column.numbers[row]) : data::parse_number(column.texts[row], {});
  if (!value) {
    fail("{}, column '{}': '{}' is not a number, as the column's values were in training", table.where(row),
         column.name, shortened(column.text(row)));
  }
  if (!std::isfinite(*value)) {
    fail("{}, column '{}': an infinite value ({}); correct it, or count it as missing with --missing {}",
         table.where(row), column.name, column.text(row), column.text(row));
  }
  return *value;
}

const Column& needed(const Table& table, const std::string& name) {
  if (const Column* column = table.find(name)) return *column;
  fail("{}: the column '{}', which the model needs, is not there{}", table.source, name,
       suggestion(name, table.names()));
}

// Writes the features of one encoding into the columns of a matrix from `first` on.
template <class T>
class Writer {
 public:
  Writer(const Table& table, Rows rows, Matrix<T>& out, const data::Features<T>& features)
      : table_(table), rows_(rows), out_(out), features_(features) {}

  void write(const Encoding& e, std::size_t first) {
    first_ = first;
    if (e.kind == Encoding::Kind::block) return block(e);
    const Column& column = needed(table_, e.column);
    if (e.only_indicator) return indicator(column);
    switch (e.kind) {
      case Encoding::Kind::boolean_text:
        return each_level(e, column, [&](std::size_t i, std::optional<std::size_t> level) {
          features_.boolean_text(e, level, at(i));
        });
      case Encoding::Kind::levels:
        return each_level(e, column, [&](std::size_t i, std::optional<std::size_t> level) {
          features_.levels(e, level, column.is_missing(rows_[i]), at(i));
        });
      default:
        return numbers(e, column);
    }
  }

 private:
  T* at(std::size_t i) { return out_.values.data() + i * out_.cols + first_; }

  void indicator(const Column& column) {
    for (std::size_t i = 0; i < rows_.size(); ++i) features_.indicator(column.is_missing(rows_[i]), at(i));
  }

  void numbers(const Encoding& e, const Column& column) {
    const bool date = e.waves.features() > 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      // First the number, which fails where the column holds no dates.
      const double value = number_at(table_, column, rows_[i], e.kind);
      features_.number(e, value, date ? data::local_at(column, rows_[i]) : nan, at(i));
    }
  }

  // For each row the place of the level that its cell means; nothing where it means none, or is missing.
  template <class Use>
  void each_level(const Encoding& e, const Column& column, Use&& use) {
    const data::Levels known(e.levels, column.format(), e.twins);
    std::unordered_map<std::uint32_t, std::optional<std::size_t>> found;  // by the number of the text
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::size_t row = rows_[i];
      if (column.is_missing(row)) {
        use(i, std::nullopt);
      } else if (column.texts.empty()) {
        use(i, known.find(column.text(row)));
      } else {
        const auto [place, fresh] = found.try_emplace(column.texts.code(row));
        if (fresh) place->second = known.find(column.texts[row]);
        use(i, place->second);
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
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::size_t from = rows_[i] * e.width;
      if (b.doubles.empty()) {
        features_.block(e, b.values.data() + from, at(i));
      } else {
        features_.block(e, b.doubles.data() + from, at(i));
      }
    }
  }

  const Table& table_;
  Rows rows_;
  Matrix<T>& out_;
  const data::Features<T>& features_;
  std::size_t first_ = 0;
};

template <class T>
Matrix<T> transformed(const Table& table, Rows rows, const std::vector<Encoding>& encodings,
                      std::size_t features, bool standardize, double clip) {
  Matrix<T> out;
  out.rows = rows.size();
  out.cols = features;
  out.values.assign(out.rows * out.cols, 0);
  const data::Features<T> writes(standardize, clip);
  Writer<T> writer(table, rows, out, writes);
  std::size_t first = 0;
  for (const Encoding& e : encodings) {
    writer.write(e, first);
    first += data::feature_count(e);
  }
  return out;
}

}  // namespace

namespace data {

std::size_t feature_count(const Encoding& e) {
  if (e.only_indicator) return 1;
  switch (e.kind) {
    case Encoding::Kind::block:
      return e.width;
    case Encoding::Kind::levels:
      return e.levels.size() + (e.other ? 1 : 0) + (e.indicator ? 1 : 0);
    default:
      return 1u + e.waves.features() + (e.log_scale > 0 ? 1 : 0) + (e.indicator ? 1 : 0);
  }
}

}  // namespace data

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
    ColumnDecision decision{
        .name = column.name, .role = verdict.role, .why = verdict.why, .read = describe(column.format())};
    // Declared numeric: triage read its texts as numbers.
    if (verdict.role == Role::numeric && column.type == Column::Type::text)
      decision.read = describe(ColumnFormat{});
    const bool feature = verdict.role == Role::numeric || verdict.role == Role::categorical ||
                         verdict.role == Role::boolean || verdict.role == Role::date;
    if (feature) {
      Encoding& e = verdict.encoding;
      e.column = column.name;
      for (const std::size_t row : rows) e.training_missing += column.is_missing(row);
      if (e.log_scale > 0) {
        Column numbers = column;
        if (column.type == Column::Type::text) {
          // Declared numeric; triage has seen that the training rows' texts are numbers.
          numbers.numbers.assign(column.size(), nan);
          for (const std::size_t row : rows) numbers.numbers[row] = number_at(table, column, row, e.kind);
        }
        fit_companion(e, numbers, rows);
      }
      decision.features = data::feature_count(e);
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
        decision.why += fmt::format(" (clipped at {} deviations)", from_number(options.clip));
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
        for (const std::string& wave : data::wave_names(e.waves)) features_.push_back(e.column + " " + wave);
        if (e.log_scale > 0) features_.push_back("log " + e.column);
    }
    if (e.indicator) features_.push_back(missing);
  }
}

Matrix<float> Preprocessor::transform(const Table& table, Rows rows) const {
  return transformed<float>(table, rows, encodings_, features_.size(), standardize_, clip_);
}

Matrix<double> Preprocessor::transform_doubles(const Table& table, Rows rows) const {
  return transformed<double>(table, rows, encodings_, features_.size(), standardize_, clip_);
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
    first += data::feature_count(e);
  }
  return out;
}

}  // namespace runnel
