// Data: from a file (or a generated table) to a float matrix, a target and row sets.
//
//   Table table = read_table("songs.csv");
//   Target target = Target::fit(table, {.column = "hit"}, warnings);
//   TargetValues y = target.read(table, warnings);
//   Split split = split_table(table, y, target.task(), {.seed = 0});
//   Preprocessor prep = Preprocessor::fit(table, split.train, {.target = "hit"});
//   Matrix<float> x = prep.transform(table, split.train);
//
// Everything that is decided on the way is said: decisions() of the preprocessor, notes of the table, and
// the warnings that functions append to. Bad input raises Error with the file, line and column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runnel/error.h"
#include "runnel/reading.h"

namespace runnel {

// ---- tables ----------------------------------------------------------------------------------------------

// A column as read. Its type says what the cells are taken for; what could not be read so is missing.
struct Column {
  using Type = ColumnType;

  std::string name = {};
  Type type = Type::number;
  NumberFormat number = {};  // how numbers are written
  bool truths = false;       // numbers that are all 0 or 1
  DateFormat date = {};      // how dates are written
  // Of all types but text: the number; 0 and 1 for truths; of dates seconds since 1970-01-01 UTC, of times of
  // day since midnight. NaN is a missing value.
  std::vector<double> numbers = {};
  // The cells as they stand in the file; empty where numbers never were texts (arrays).
  Texts texts = {};
  std::vector<std::uint8_t> missing = {};  // type text: 1 where the value is missing
  // 1 where the file's own syntax says that the cell is a number (JSON, ARFF), written as programs do
  // whatever the column's format; empty: nowhere.
  std::vector<std::uint8_t> plain = {};
  // Of dates with offsets from UTC: seconds as the local clock shows them; else empty.
  std::vector<double> local = {};
  bool told = false;                         // read by ReadOptions::reading, and not to be read by another
  std::size_t unread = 0, first_unread = 0;  // cells that are none of the type, and the row of the first

  std::size_t size() const { return type == Type::text ? texts.size() : numbers.size(); }
  ColumnFormat format() const { return {type, number, truths, date}; }
  bool is_missing(std::size_t row) const;
  // The cell as it stands in the file, or the shortest form of a number; "" when missing.
  std::string text(std::size_t row) const;
};

// Many numbers per row in one dense piece: the pixels of images, a wide array.
struct Block {
  std::string name;                  // "pixels", or the name of the array
  std::vector<std::size_t> shape;    // of one row: {28, 28}
  std::vector<float> values;         // rows x width, row-major; NaN is a missing value
  std::vector<double> doubles = {};  // the same where floats would not hold the numbers; then values is empty

  std::size_t width() const;
  std::size_t size() const { return doubles.empty() ? values.size() : doubles.size(); }
  double at(std::size_t i) const { return doubles.empty() ? double{values[i]} : doubles[i]; }
};

struct Table {
  std::string source;  // the path, or demo:NAME
  std::size_t rows = 0;
  std::vector<Column> columns;
  std::optional<Block> block;
  std::vector<std::uint32_t> lines;             // the file's line of each row (text files only)
  std::string usual_target;                     // the target of a generated table or image set; else empty
  std::optional<std::size_t> test_begin;        // rows from here on are the table's own test rows
  std::vector<std::string> notes;               // what the reader decided
  std::vector<std::string> warnings;            // what may have been read otherwise than it was meant
  std::vector<std::string> missing_words = {};  // that were missing values (text files only)
  std::optional<bool> header = {};              // whether the first line holds names, where that was said
  char separator = 0;                           // of a CSV file (see Reading)
  std::string format = {};  // that it was read from: CSV, ARFF, JSON Lines, NPY, NPZ, idx; generated

  const Column* find(std::string_view name) const;  // nullptr when there is none
  const Column& at(std::string_view name) const;    // fails, naming the nearest column
  std::vector<std::string> names() const;           // of the columns, in order
  std::string where(std::size_t row) const;         // "songs.csv, line 17" or "x.npy, row 16" (rows from 0)
};

struct ReadOptions {
  std::optional<char> separator = {};  // found among , ; tab | and blanks (' ') when not given
  std::optional<bool> header = {};     // false: --no-header, columns are column1, column2, ...
  std::size_t skip_rows = 0;           // lines at the top of a text file that are not part of the table
  // What stands for a missing value: the words of the tools that write tables (pandas and R, databases,
  // Excel, C's printf). An empty cell is missing where the empty text is among them.
  std::vector<std::string> missing = {"",     "NA",  "N/A",    "n/a",     "<NA>",    "#N/A",    "#N/A N/A",
                                      "#NA",  "NaN", "nan",    "-NaN",    "-nan",    "null",    "NULL",
                                      "None", "?",   "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"};
  std::string encoding = {};  // of a text file; found when empty: UTF-8, UTF-16, cells in Windows-1252
  std::string labels = {};    // the labels' file of an image or array file; found by name for idx
  std::vector<std::string> text = {};     // columns that are texts, whatever stands in them
  std::vector<std::string> numeric = {};  // columns that are numbers, or an error
  // How numbers and dates are written; of one column, or (an empty name) of any that reads so.
  std::vector<std::pair<std::string, char>> decimal = {}, grouping = {};
  std::vector<std::pair<std::string, DateFormat::Order>> dates = {};
  // How an earlier file was read. Columns of these names are read so, cell by cell; only what the members
  // above say of a column goes before it.
  std::optional<Reading> reading = {};
  std::uint64_t seed = 0;  // of generated tables
  std::size_t rows = 0;    // of generated tables; 0: the usual number
};

// How a table was read, for other tables of the same kind.
Reading reading_of(const Table& table);
// The table with the columns that the reading names read so, from their texts: itself where it is so already,
// else nothing. Columns that the reading does not name are left as they are.
std::optional<Table> reread(const Table& table, const Reading& reading);

// Reads CSV (any separator, or columns aligned by blanks), ARFF, JSON Lines, NPY, NPZ and idx, each also
// packed with gzip, from a file or from the standard input ("-"), or generates demo:NAME. "images,labels"
// names a pair of files. A text file that holds names alone is a table of no rows.
Table read_table(const std::string& path, const ReadOptions& options = {});

// The names that read_table knows after "demo:", with a line on each.
std::vector<std::pair<std::string, std::string>> generated_tables();

// ---- the target ------------------------------------------------------------------------------------------

enum class Task { regression, binary, multiclass };
std::string_view task_name(Task task);
Task task_from_name(std::string_view name);  // fails, naming the nearest

struct TargetOptions {
  std::string column = {};
  std::optional<Task> task = {};  // found from the values when not given
  std::string positive = {};      // ">50", ">=3", "<1", "<=2", "==yes", "!=no": makes a binary target
  std::size_t max_classes = 100;  // more than this is an error
};

struct TargetValues {
  std::vector<double> y = {};  // one per table row: the number, or the class's index; NaN where missing
  std::vector<std::size_t> rows = {};  // the rows that have a target, ascending
};

// How a column is read as a target.
class Target {
 public:
  // Finds the task and the classes. Fails for an unknown, constant or empty target, or too many classes.
  static Target fit(const Table& table, const TargetOptions& options, std::vector<std::string>& warnings);

  // Reads another table (or the same) by the same rule. Rows without a value, with one that cannot be read,
  // and with a label that was not seen in fit have no target, which is told; where that are all, it is an
  // error.
  TargetValues read(const Table& table, std::vector<std::string>& warnings) const;

  Task task() const { return task_; }
  const std::string& column() const { return column_; }
  // Sorted (numbers by value). Of a binary target the second is the positive one. Empty for regression.
  const std::vector<std::string>& classes() const { return classes_; }
  const std::string& positive() const { return positive_; }
  const std::string& why() const { return why_; }  // how the task was found, in plain words

  std::string to_json() const;
  static Target from_json(std::string_view text);

 private:
  Task task_ = Task::regression;
  std::string column_, positive_, why_;
  std::vector<std::string> classes_;
  bool positive_texts_ = false;  // positive_ compares texts, though they are numbers: 007 is not 7
};

// ---- splits ----------------------------------------------------------------------------------------------

struct Split {
  std::vector<std::size_t> train = {}, validation = {}, test = {};  // ascending row numbers
  std::string how = {};                                             // "stratified by class", in plain words
};

struct Fold {
  std::vector<std::size_t> train = {}, validation = {};  // ascending row numbers
};

enum class SplitKind { automatic, random, stratified };

struct SplitOptions {
  SplitKind kind = SplitKind::automatic;  // stratified for classes, else random
  double validation = 0.2, test = 0.2;    // fractions of the rows; the rest trains
  std::uint64_t seed = 0;
  std::string group = {};  // a column: rows of one group stay on one side
  std::string time = {};   // a column: sorted by it, the last rows are test, those before them validation;
                           // rows of one time stay on one side of every border
};

// What a split may depend on besides the seed. Empty vectors: not used. All are of the same length.
struct SplitKeys {
  std::size_t rows = 0;
  std::vector<std::size_t> labels = {};  // class indices
  std::vector<std::size_t> groups = {};  // group indices
  std::vector<double> times = {};
};

// Functions of the keys, fractions and seed alone. Row numbers run from 0 to keys.rows. Every part that is
// wanted has rows; fails where that cannot be, as with fewer groups or times than parts.
Split split_rows(const SplitKeys& keys, const SplitOptions& options);
std::vector<Fold> fold_rows(const SplitKeys& keys, std::size_t folds, const SplitOptions& options);

// The same on the rows of a table that have a target; a table's own test rows (test_begin) stay test rows
// unless options.test is 0, which puts no row into test.
Split split_table(const Table& table, const TargetValues& y, Task task, const SplitOptions& options);
// How many groups some rows of a table are of; a missing value is a group of its own.
std::size_t group_count(const Table& table, std::span<const std::size_t> rows, const std::string& column);
// Folds of some rows of a table (say, of split.train and split.validation together).
std::vector<Fold> fold_table(const Table& table, std::span<const std::size_t> rows, const TargetValues& y,
                             Task task, std::size_t folds, const SplitOptions& options);

// ---- columns to features ---------------------------------------------------------------------------------

template <class T>
struct Matrix {
  std::size_t rows = 0, cols = 0;
  std::vector<T> values;  // row-major

  T& operator()(std::size_t i, std::size_t j) { return values[i * cols + j]; }
  const T& operator()(std::size_t i, std::size_t j) const { return values[i * cols + j]; }
  std::span<const T> row(std::size_t i) const { return {values.data() + i * cols, cols}; }
};

enum class Role { numeric, categorical, boolean, date, dropped, target, group, time, weight };
std::string_view role_name(Role role);

struct ColumnDecision {
  std::string name = {};
  Role role = Role::numeric;
  std::string why = {};      // in plain words
  std::string read = {};     // how it is read: "numbers with a decimal comma"
  std::size_t features = 0;  // how many matrix columns it gives
};

struct TriageOptions {
  std::string target = {}, group = {}, time = {},
              weight = {};                    // columns with a part of their own; may be empty
  std::vector<std::string> keep = {};         // never dropped
  std::vector<std::string> drop = {};         // always dropped
  std::vector<std::string> numeric = {};      // numbers, or an error naming line and column
  std::vector<std::string> categorical = {};  // one-hot, numbers too
  std::size_t max_levels = 32;                // of a category; the rest is "other"
  bool standardize = true;                    // numbers to mean 0 and deviation 1 over the training rows
  double clip = 10;                           // and then to +-clip; used only when standardizing
  bool log_companions = true;                 // skewed numbers get a second, logarithmic feature
};

// A date's place in the year, the week and the day as sines and cosines of that many frequencies each.
struct Waves {
  std::size_t year = 0, week = 0, day = 0;

  std::size_t features() const { return 2 * (year + week + day); }
};

// One column's rule, as found from the training rows.
struct Encoding {
  enum class Kind { number, date, boolean_text, levels, block };
  std::string column;
  Kind kind = Kind::number;
  double fill = 0;              // number, date: the median, in place of missing values
  double log_scale = 0;         // above 0: a second feature asinh(x / log_scale)
  bool only_indicator = false;  // the column says nothing but whether a value is there
  bool indicator = false;       // a 0/1 feature "column missing"
  Waves waves = {};             // date: beside the trend, which is in years (of times of day in days)
  bool clock = false;           // date: times of day
  // number, date: the least and the greatest training value (dates in seconds); NaN where it is not known.
  double low = std::numeric_limits<double>::quiet_NaN(), high = low;
  std::size_t training_missing = 0;     // rows without a value among the training rows
  std::vector<std::string> levels;      // levels: one feature each; boolean_text: {0, 1}
  std::vector<std::string> twins;       // levels whose value another text of training has too (1.1 and 1.10)
  bool other = false;                   // levels: a last feature for all other values
  std::vector<double> mean, deviation;  // per standardised feature (one shared by all of an image block)
  std::size_t width = 0;                // block: numbers per row
};

// Everything between a table's columns and the matrix a network reads; found from training rows only.
class Preprocessor {
 public:
  static Preprocessor fit(const Table& table, std::span<const std::size_t> training_rows,
                          const TriageOptions& options);

  // rows.size() x features().size(). Columns are matched by name; unknown categories count as other.
  Matrix<float> transform(const Table& table, std::span<const std::size_t> rows) const;
  Matrix<float> transform(const Table& table) const;  // all rows
  Matrix<double> transform_doubles(const Table& table, std::span<const std::size_t> rows) const;

  const std::vector<std::string>& features() const { return features_; }
  const std::vector<ColumnDecision>& decisions() const { return decisions_; }
  const std::vector<Encoding>& encodings() const { return encodings_; }
  bool standardizes() const { return standardize_; }
  double clip() const { return clip_; }  // deviations at which standardised features are cut
  std::vector<std::string> needed_columns() const;
  // The numbers of the features that are a numeric or date column's value itself, or one of a wide array's:
  // no category, indicator, logarithm or pixel.
  std::vector<std::size_t> numeric_features() const;
  // One sentence per column of the table that the model does not know, and on what training had not: levels,
  // values far outside the range, values that are missing.
  std::vector<std::string> notes(const Table& table) const;
  std::vector<std::string> notes(const Table& table, std::span<const std::size_t> rows) const;  // of these

  std::string to_json() const;
  static Preprocessor from_json(std::string_view text);

 private:
  void name_features();

  std::vector<Encoding> encodings_;
  std::vector<ColumnDecision> decisions_;
  std::vector<std::string> features_;
  bool standardize_ = true;
  double clip_ = 10;
};

// The numbers of a column as weights of these rows: each at least 0, and not all of them 0. Fails, naming the
// row, for others and for missing ones.
std::vector<double> row_weights(const Table& table, const std::string& column,
                                std::span<const std::size_t> rows);
// Those of these rows that do not weigh 0 in the column, in their order. Other values are not looked at.
std::vector<std::size_t> rows_of_weight(const Table& table, const std::string& column,
                                        std::span<const std::size_t> rows);

// What speaks against an ordinary split of the whole table: ids that repeat without a group.
std::vector<std::string> leak_warnings(const Table& table, const TriageOptions& options);

// ---- inspecting ------------------------------------------------------------------------------------------

struct ColumnSummary {
  std::string name;
  std::string type;        // number, integer, boolean, date, text, pixels, numbers (a block)
  std::string read;        // how its cells are read: "numbers with a decimal comma"; empty of a block
  std::size_t unread = 0;  // cells that could not be read so
  std::string first = {}, last = {};  // of dates
  std::size_t missing = 0, distinct = 0;
  double min = std::numeric_limits<double>::quiet_NaN(), mean = min, deviation = min, max = min;
  std::vector<std::pair<std::string, std::size_t>> top;  // the most frequent values (not of a block)
  std::vector<std::string> suspicions;                   // id-like, constant, a copy of another column, ...
};

// One summary per column, then one for the block. With a target, also says which columns give it away.
std::vector<ColumnSummary> summarize(const Table& table, const std::string& target = "");

}  // namespace runnel
