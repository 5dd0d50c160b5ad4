// What a model's columns meet in another table that they had not met in training.
#include <cmath>
#include <numeric>
#include <set>

#include "core/fail.h"
#include "core/text.h"
#include "data/dates.h"
#include "data/levels.h"
#include "runnel/data.h"

namespace runnel {
namespace {

using Rows = std::span<const std::size_t>;

// Rows that show something, the first of them, and what it shows there.
struct Seen {
  std::size_t rows = 0, first = 0;
  std::string text = {};
  std::set<std::string> values = {};

  void add(std::size_t row, const std::string& value) {
    if (rows++ == 0) {
      first = row;
      text = value;
    }
    constexpr std::size_t enough = 1000;  // values are told by their number only
    if (values.size() < enough) values.insert(value);
  }
  std::string others() const {
    return values.size() > 1 ? fmt::format(" and {} more", values.size() - 1) : std::string();
  }
};

// Levels that training did not have.
void note_levels(const Table& table, Rows rows, const Column& column, const Encoding& e,
                 std::vector<std::string>& out) {
  const data::Levels known(e.levels, column.format(), e.twins);
  std::vector<std::int8_t> is_known(column.texts.count_different(), -1);
  Seen unseen;
  for (const std::size_t row : rows) {
    if (column.is_missing(row)) continue;
    if (column.texts.empty()) {
      if (!known.find(column.text(row))) unseen.add(row, column.text(row));
      continue;
    }
    std::int8_t& state = is_known[column.texts.code(row)];
    if (state < 0) state = known.find(column.texts[row]) ? 1 : 0;
    if (state == 0) unseen.add(row, std::string(column.texts[row]));
  }
  if (unseen.rows == 0) return;
  out.push_back(fmt::format("column '{}': {} {} a value that training did not have ('{}'{}), first in {}",
                            e.column, counted(unseen.rows, "row"), unseen.rows == 1 ? "has" : "have",
                            shortened(unseen.text), unseen.others(), table.where(unseen.first)));
}

std::string shown(double value, const Column& column) {
  return column.type == Column::Type::date ? data::format_date(value, column.date)
                                           : fmt::format("{:.6g}", value);
}

// Numbers that lie further from the training range than the range is wide.
void note_range(const Table& table, Rows rows, const Column& column, const Encoding& e,
                const std::string& what_becomes, std::vector<std::string>& out) {
  if (column.type == Column::Type::text || std::isnan(e.low)) return;
  const double width = e.high - e.low;
  if (!(width > 0)) return;
  Seen far;
  for (const std::size_t row : rows) {
    const double value = column.numbers[row];
    if (std::isfinite(value) && (value < e.low - width || value > e.high + width))
      far.add(row, column.text(row));
  }
  if (far.rows == 0) return;
  out.push_back(fmt::format("column '{}': {} far outside the training range ({} to {}): '{}' ({}){}; {}",
                            e.column, counted(far.rows, "row") + (far.rows == 1 ? " lies" : " lie"),
                            shown(e.low, column), shown(e.high, column), shortened(far.text),
                            table.where(far.first), far.others(), what_becomes));
}

// Values that are missing now, of a column in which none was.
void note_missing(const Table& table, Rows rows, const Column& column, const Encoding& e,
                  std::vector<std::string>& out) {
  if (e.training_missing > 0 || std::isnan(e.fill)) return;
  Seen missing;
  for (const std::size_t row : rows)
    if (column.is_missing(row)) missing.add(row, "");
  if (missing.rows <= column.unread) return;  // told when the file was read
  const bool number = e.kind == Encoding::Kind::number || e.kind == Encoding::Kind::date;
  out.push_back(fmt::format("column '{}': {} no value, first in {}, though in training every row had one; {}",
                            e.column, counted(missing.rows, "row") + (missing.rows == 1 ? " has" : " have"),
                            table.where(missing.first),
                            number ? "the median stands in for it" : "it counts as no category at all"));
}

}  // namespace

std::vector<std::string> Preprocessor::notes(const Table& table) const {
  std::vector<std::size_t> rows(table.rows);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return notes(table, rows);
}

std::vector<std::string> Preprocessor::notes(const Table& table, std::span<const std::size_t> rows) const {
  std::vector<std::string> out;
  std::set<std::string> known;
  for (const ColumnDecision& d : decisions_) known.insert(d.name);
  for (const Column& column : table.columns)
    if (!known.contains(column.name))
      out.push_back(fmt::format("column '{}' is not known to the model and is ignored", column.name));
  const std::string far =
      standardize_ ? fmt::format("the model cuts values at {:g} deviations from the training mean", clip_)
                   : std::string("the model goes on beyond what it was trained on");
  for (const Encoding& e : encodings_) {
    const Column* column = table.find(e.column);
    if (column == nullptr || e.only_indicator) continue;
    const bool categories = e.kind == Encoding::Kind::levels || e.kind == Encoding::Kind::boolean_text;
    if (categories && !e.other) note_levels(table, rows, *column, e, out);
    if (!categories) note_range(table, rows, *column, e, far, out);
    note_missing(table, rows, *column, e, out);
  }
  return out;
}

}  // namespace runnel
