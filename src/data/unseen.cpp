#include "data/unseen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/fail.h"
#include "core/text.h"
#include "data/dates.h"
#include "data/levels.h"

namespace runnel {
namespace data {

using Rows = std::span<const std::size_t>;

void Unseen::Seen::add(const Table& table, std::size_t row, const std::string& value) {
  if (rows++ == 0) {
    where = table.where(row);
    text = value;
  }
  constexpr std::size_t enough = 1000;  // values are told by their number only
  if (values.size() < enough) values.insert(value);
}

std::string Unseen::Seen::others() const {
  return values.size() > 1 ? fmt::format(" and {} more", values.size() - 1) : std::string();
}

Unseen::Unseen(const Preprocessor& preprocessor)
    : preprocessor_(preprocessor), encodings_(preprocessor.encodings().size()) {}

// Levels that training did not have.
void Unseen::add_levels(const Table& table, Rows rows, const Column& column, const Encoding& e,
                        Of& of) const {
  const Levels known(e.levels, column.format(), e.twins);
  std::vector<std::int8_t> is_known(column.texts.count_different(), -1);
  for (const std::size_t row : rows) {
    if (column.is_missing(row)) continue;
    if (column.texts.empty()) {
      if (!known.find(column.text(row))) of.levels.add(table, row, column.text(row));
      continue;
    }
    std::int8_t& state = is_known[column.texts.code(row)];
    if (state < 0) state = known.find(column.texts[row]) ? 1 : 0;
    if (state == 0) of.levels.add(table, row, std::string(column.texts[row]));
  }
}

// Numbers that lie further from the training range than the range is wide.
void Unseen::add_far(const Table& table, Rows rows, const Column& column, const Encoding& e, Of& of) const {
  if (column.type == Column::Type::text || std::isnan(e.low)) return;
  const double width = e.high - e.low;
  if (!(width > 0)) return;
  for (const std::size_t row : rows) {
    const double value = column.numbers[row];
    if (std::isfinite(value) && (value < e.low - width || value > e.high + width))
      of.far.add(table, row, column.text(row));
  }
}

// Values that are missing now, of a column in which none was.
void Unseen::add_missing(const Table& table, Rows rows, const Column& column, const Encoding& e,
                         Of& of) const {
  if (e.training_missing > 0 || std::isnan(e.fill)) return;
  for (const std::size_t row : rows)
    if (column.is_missing(row)) of.missing.add(table, row, "");
}

void Unseen::add(const Table& piece, Rows rows) {
  std::set<std::string> known;
  for (const ColumnDecision& d : preprocessor_.decisions()) known.insert(d.name);
  for (const Column& column : piece.columns)
    if (!known.contains(column.name) &&
        std::find(unknown_.begin(), unknown_.end(), column.name) == unknown_.end())
      unknown_.push_back(column.name);
  for (std::size_t i = 0; i < encodings_.size(); ++i) {
    const Encoding& e = preprocessor_.encodings()[i];
    const Column* column = piece.find(e.column);
    if (column == nullptr || e.only_indicator) continue;
    Of& of = encodings_[i];
    of.format = column->format();
    of.unread += column->unread;
    const bool categories = e.kind == Encoding::Kind::levels || e.kind == Encoding::Kind::boolean_text;
    if (categories && !e.other) add_levels(piece, rows, *column, e, of);
    if (!categories) add_far(piece, rows, *column, e, of);
    add_missing(piece, rows, *column, e, of);
  }
}

std::vector<std::string> Unseen::texts() const {
  std::vector<std::string> out;
  for (const std::string& name : unknown_)
    out.push_back(fmt::format("column '{}' is not known to the model and is ignored", name));
  const std::string what_becomes =
      preprocessor_.standardizes()
          ? fmt::format("the model cuts values at {:g} deviations from the training mean",
                        preprocessor_.clip())
          : std::string("the model goes on beyond what it was trained on");
  for (std::size_t i = 0; i < encodings_.size(); ++i) {
    const Encoding& e = preprocessor_.encodings()[i];
    const auto& [levels, far, missing, unread, format] = encodings_[i];
    if (levels.rows > 0)
      out.push_back(fmt::format("column '{}': {} {} a value that training did not have ('{}'{}), first in {}",
                                e.column, counted(levels.rows, "row"), levels.rows == 1 ? "has" : "have",
                                shortened(levels.text), levels.others(), levels.where));
    if (far.rows > 0) {
      const auto shown = [&, &of = format](double value) {
        return of.type == ColumnType::date ? format_date(value, of.date) : fmt::format("{:.6g}", value);
      };
      out.push_back(fmt::format("column '{}': {} far outside the training range ({} to {}): '{}' ({}){}; {}",
                                e.column, counted(far.rows, "row") + (far.rows == 1 ? " lies" : " lie"),
                                shown(e.low), shown(e.high), shortened(far.text), far.where, far.others(),
                                what_becomes));
    }
    if (missing.rows > unread) {
      const bool number = e.kind == Encoding::Kind::number || e.kind == Encoding::Kind::date;
      out.push_back(fmt::format(
          "column '{}': {} no value, first in {}, though in training every row had one; {}", e.column,
          counted(missing.rows, "row") + (missing.rows == 1 ? " has" : " have"), missing.where,
          number ? "the median stands in for it" : "it counts as no category at all"));
    }
  }
  return out;
}

}  // namespace data

std::vector<std::string> Preprocessor::notes(const Table& table) const {
  std::vector<std::size_t> rows(table.rows);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return notes(table, rows);
}

std::vector<std::string> Preprocessor::notes(const Table& table, std::span<const std::size_t> rows) const {
  data::Unseen unseen(*this);
  unseen.add(table, rows);
  return unseen.texts();
}

}  // namespace runnel
