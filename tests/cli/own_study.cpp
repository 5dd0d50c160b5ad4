// A search of a training of its own that is kept: own_study FILE SECONDS (0: until it is killed).
#include <cstdlib>
#include <iostream>
#include <utility>
#include <vector>

#include "runnel/ops.h"
#include "runnel/search.h"
#include "runnel/study.h"

using namespace runnel;

int main(int, char** argv) try {
  search::Schema schema;
  schema.real("step", {0.01, 0.1});
  schema.budget("rounds", 1'000'000'000);
  const auto training = search::trainable(
      schema, [](const search::Settings&, const Array&) { return Array::scalar(1); },
      [](const search::Settings& h, const Array& w, const Array& x) {
        return std::pair(w - h["step"] * (w - mean(x)), square(w));
      },
      [](const search::Settings&, const Array& w, const Array& x) {
        return search::Measures{search::mean("error", square(w - x))};
      });
  search::Options options;
  options.seconds = std::atof(argv[2]);
  options.study = study::at(argv[1]);
  search::run(training,
              search::all_rows(convert(Array::from(std::vector<double>{0, 1, 2, 3}, {4}), DType::f32)),
              search::random(3), options);
} catch (const Error& error) {
  std::cerr << "error: " << error.what() << '\n';
  return 1;
}
