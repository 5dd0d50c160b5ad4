// The page of a fit.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/page.h"
#include "runnel/fit.h"

namespace runnel::report {

// A finished fit with what surrounds it.
struct Fit {
  const FitResult& result;
  const FitOptions& options;
  const Table& table;
  const Table* test = nullptr;  // nullptr: the test rows are the table's own
  std::vector<std::string> notes = {};
  std::string command = {}, model_path = {};
  std::vector<std::pair<std::string, double>> timings = {};  // seconds by name, in order
};

Json fit_page(const Fit& fit);

}  // namespace runnel::report
