// leaving WHO HOW: a program that searches, but for ranks that end before: WHO is a rank, or "all"; HOW is
// what they end by: "return", "exit", or a code that is not 0.
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include "runnel/ops.h"
#include "runnel/search.h"

using namespace runnel;

int main(int argc, char** argv) try {
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  const std::string who = argc > 1 ? argv[1] : "", how = argc > 2 ? argv[2] : "return";
  if (who == "all" || (rank != nullptr && who == rank)) {
    if (how == "exit") std::exit(0);
    return how == "return" ? 0 : std::atoi(how.c_str());
  }
  search::Schema schema;
  schema.real("rate", {0, 1});
  const auto found =
      search::run(search::trainable(
                      schema, [](const search::Settings&, const Array&) { return Array::scalar(1); },
                      [](const search::Settings& h, const Array& w, const Array& x) {
                        return std::pair(w - h["rate"] * (w - mean(x)), square(w));
                      },
                      [](const search::Settings&, const Array& w, const Array& x) {
                        return search::Measures{search::mean("error", square(w - x))};
                      }),
                  search::all_rows(Array::ones({8})), search::random(4));
  std::cout << "found " << found.candidates.size() << std::endl;
} catch (const Error& error) {
  std::cout << "error: " << error.what() << std::endl;
  return 0;  // mpirun ends all at the first code that is not 0
}
