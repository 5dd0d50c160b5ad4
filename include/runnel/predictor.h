// A saved model at work: compiled once, for many tables, many rows and many threads.
//
//   const Predictor predictor(Model::load("songs.runnel.safetensors"));
//   Predictions all = predictor.predict(read_table("new.csv"));
//   Prediction one = predictor.predict_row({{"0.7", "rock", ""}});  // in the order of predictor.columns()
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/array.h"
#include "runnel/model.h"

namespace runnel {

// Of one row: a value (regression), or the probabilities of the classes in the order of Target::classes().
struct Prediction {
  double value = 0;                        // regression
  std::vector<double> probabilities = {};  // classes
  std::size_t label = 0;                   // the likeliest class
};

// Owns a model and the programs that its networks were compiled to. Programs are compiled when they are first
// needed: the first row and the first long table take longer than those that follow. Any number of threads
// may call one predictor at a time. What it says of a row depends on that row and the model alone, to the
// last bit: not on the rows beside it, the door it came by, or the number of threads.
class Predictor {
 public:
  explicit Predictor(Model model);  // fails for a model without layers
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;
  ~Predictor();

  const Model& model() const;

  // All rows of a table, or some; its columns are matched by name and brought to the model's reading first.
  // Fails, naming the place, for a column that is not there and for values that cannot be taken.
  Predictions predict(const Table& table) const;
  Predictions predict(const Table& table, std::span<const std::size_t> rows) const;

  // What a single row holds, in this order: the columns that the model reads (its target, and columns that
  // were dropped, are not among them); "pixels[0]", … of a wide array.
  const std::vector<std::string>& columns() const;

  // One row, given as the cells would stand in a file: "12.5", "rock", "2019-01-31", "" for a missing value.
  // A category that training had not counts as in tables. Fails for another number of cells, and, naming the
  // column, for one that cannot be read as the column is.
  Prediction predict_row(std::span<const std::string_view> cells) const;
  Prediction predict_row(std::initializer_list<std::string_view> cells) const {
    return predict_row(std::span(cells.begin(), cells.size()));
  }
  // One row of numbers: NaN is a missing value; of dates seconds since 1970-01-01 UTC, of times of day since
  // midnight, of truths 0 and 1. Fails for a column of words.
  Prediction predict_row(std::span<const double> numbers) const;

  // The networks' outputs for rows of features (n, d), row-major: numbers on the network's scale, logits; of
  // an ensemble the mean of the numbers, and the logarithms of the mean probabilities of the classes.
  std::vector<double> outputs(const Array& features) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace runnel
