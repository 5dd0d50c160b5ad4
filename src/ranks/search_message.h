// What the ranks of a search write to each other beside plain values and arrays (message.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ranks/message.h"
#include "runnel/search.h"
#include "search/block.h"

namespace runnel::ranks {

void put(Writer& message, const search::Configuration& configuration);
void put(Writer& message, const search::LaneState& state);
void put(Writer& message, const search::Reading& reading);
search::Reading reading_in(Reader& message);
void put(Writer& message, const search::Trajectory& trajectory);
void put(Writer& message, const search::Candidate& candidate);
void put(Writer& message, const search::MeasureKind& measure);
void put(Writer& message, const search::Result& result);
void put(Writer& message, const search::PlannedProgram& program);
void put(Writer& message, const search::Plan& plan);

template <class T>
void put_all(Writer& message, const std::vector<T>& values) {
  message.put(values.size());
  for (const T& value : values) put(message, value);
}

// Reads in the order of writing. What candidates there are is said in the values of a schema that every rank
// has.
class SearchReader {
 public:
  SearchReader(Reader& message, std::shared_ptr<const search::Schema> schema)
      : message_(message), schema_(std::move(schema)) {}

  search::Configuration configuration();
  search::LaneState state();
  std::vector<search::LaneState> states();
  search::Trajectory trajectory();
  search::Result result();
  search::Plan plan();

 private:
  search::Candidate candidate();
  search::Value value();

  Reader& message_;
  const std::shared_ptr<const search::Schema> schema_;
};

}  // namespace runnel::ranks
