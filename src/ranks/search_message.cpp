#include "ranks/search_message.h"

#include <utility>

#include "core/fail.h"

namespace runnel::ranks {
namespace {

using search::Candidate;
using search::Configuration;
using search::LaneState;
using search::Trajectory;
using search::Value;

enum class Of : std::uint8_t { nothing, off, automatic, integer, real, text };

void put(Writer& message, const Value& value) {
  if (value.is_nothing())
    message.put(Of::nothing);
  else if (value.is_off())
    message.put(Of::off);
  else if (value.is_automatic())
    message.put(Of::automatic);
  else if (value.is_integer())
    message.put(Of::integer).put(value.integer());
  else if (value.is_number())
    message.put(Of::real).put(value.number());
  else
    message.put(Of::text).put(value.text());
}

// What is copied as it lies in memory.
template <class T>
void put_values(Writer& message, const std::vector<T>& values) {
  message.put(values.size());
  for (const T& value : values) message.put(value);
}
template <class T>
std::vector<T> values_in(Reader& message) {
  std::vector<T> out;
  for (auto n = message.get<std::size_t>(); n > 0; --n) out.push_back(message.get<T>());
  return out;
}

}  // namespace

void put(Writer& message, const Configuration& configuration) {
  for (const Value& value : configuration.values()) put(message, value);
}

void put(Writer& message, const LaneState& s) {
  message.put(s.trajectory).put(s.fold).put(s.epochs).put(s.diverged_at);
  message.put(s.leaves).put(s.readings).put(s.best);
}

void put(Writer& message, const search::Reading& r) {
  message.put(r.candidate).put(r.first).put(r.fold).put(r.epoch).put(r.finite).put(r.measures).put(r.score);
}

void put(Writer& message, const Trajectory& t) {
  put(message, t.configuration);
  message.put(t.epochs).put(t.seed).put(t.patience).put(t.number).put(t.readings.size());
  for (const auto& [epochs, candidate] : t.readings) message.put(epochs).put(candidate);
}

void put(Writer& message, const Candidate& c) {
  message.put(c.number);
  put(message, c.configuration);
  message.put(c.status).put(c.epochs).put(c.best_epoch).put(c.measures).put(c.by_fold).put(c.curve);
  message.put(c.states.size());
  for (const std::vector<Array>& leaves : c.states) message.put(leaves);
}

void put(Writer& message, const search::MeasureKind& m) {
  message.put(m.name).put(m.higher_is_better).put(m.root);
}

void put(Writer& message, const search::Result& r) {
  put_all(message, r.candidates);
  put_all(message, r.measures);
  message.put(r.best.has_value()).put(r.best.value_or(0));
  message.put(r.warnings.size());
  for (const std::string& warning : r.warnings) message.put(warning);
  put_values(message, r.rungs);
  put_values(message, r.tried);
  message.put(r.known).put(r.generations).put(r.blocks).put(r.trajectories).put(r.epochs).put(r.seconds);
  message.put(r.interrupted);
}

void put(Writer& message, const search::PlannedProgram& p) {
  put(message, p.example);
  message.put(p.lanes).put(p.blocks).put(p.steps).put(p.operations).put(p.seconds);
}

void put(Writer& message, const search::Plan& p) {
  message.put(p.candidates).put(p.generations).put(p.trajectories).put(p.folds).put(p.epochs).put(p.threads);
  put_all(message, p.programs);
  put_values(message, p.rungs);
  put_values(message, p.stretches);
  message.put(p.operations).put(p.seconds).put(p.compiling).put(p.timed);
}

search::Reading reading_in(Reader& message) {
  search::Reading r;
  r.candidate = message.get<std::int64_t>();
  r.first = message.get<std::int64_t>();
  r.fold = message.get<std::size_t>();
  r.epoch = message.get<std::int64_t>();
  r.finite = message.get<bool>();
  r.measures = message.numbers();
  r.score = message.get<search::Score>();
  return r;
}

Value SearchReader::value() {
  switch (message_.get<Of>()) {
    case Of::nothing:
      return {};
    case Of::off:
      return Value::off();
    case Of::automatic:
      return Value::automatic();
    case Of::integer:
      return message_.get<std::int64_t>();
    case Of::real:
      return message_.get<double>();
    case Of::text:
      return message_.text();
  }
  fail_run("a message between ranks has a value of no known kind: do all of them run the same Runnel?");
}

Configuration SearchReader::configuration() {
  std::vector<Value> values;
  for (std::size_t i = 0; i < schema_->parameters().size(); ++i) values.push_back(value());
  return {schema_, std::move(values)};
}

LaneState SearchReader::state() {
  LaneState s;
  s.trajectory = message_.get<std::int64_t>();
  s.fold = message_.get<std::size_t>();
  s.epochs = message_.get<std::int64_t>();
  s.diverged_at = message_.get<std::int64_t>();
  s.leaves = message_.arrays();
  s.readings = message_.numbers();
  s.best = message_.arrays();
  return s;
}

std::vector<LaneState> SearchReader::states() {
  std::vector<LaneState> out;
  for (auto n = message_.get<std::size_t>(); n > 0; --n) out.push_back(state());
  return out;
}

Trajectory SearchReader::trajectory() {
  Trajectory t{configuration()};
  t.epochs = message_.get<std::int64_t>();
  t.seed = message_.get<std::uint64_t>();
  t.patience = message_.get<std::int64_t>();
  t.number = message_.get<std::size_t>();
  for (auto n = message_.get<std::size_t>(); n > 0; --n) {
    const auto epochs = message_.get<std::int64_t>();
    t.readings.emplace_back(epochs, message_.get<std::int64_t>());
  }
  return t;
}

Candidate SearchReader::candidate() {
  const auto number = message_.get<std::int64_t>();
  Candidate c{number, configuration()};
  c.status = message_.get<search::Status>();
  c.epochs = message_.get<std::int64_t>();
  c.best_epoch = message_.get<double>();
  c.measures = message_.numbers();
  c.by_fold = message_.numbers();
  c.curve = message_.numbers();
  for (auto n = message_.get<std::size_t>(); n > 0; --n) c.states.push_back(message_.arrays());
  return c;
}

search::Result SearchReader::result() {
  search::Result r;
  for (auto n = message_.get<std::size_t>(); n > 0; --n) r.candidates.push_back(candidate());
  for (auto n = message_.get<std::size_t>(); n > 0; --n) {
    std::string name = message_.text();
    const bool higher_is_better = message_.get<bool>();
    r.measures.push_back({std::move(name), higher_is_better, message_.get<bool>()});
  }
  const bool has_best = message_.get<bool>();
  const auto best = message_.get<std::int64_t>();
  if (has_best) r.best = best;
  for (auto n = message_.get<std::size_t>(); n > 0; --n) r.warnings.push_back(message_.text());
  r.rungs = values_in<search::Rung>(message_);
  r.tried = values_in<std::int64_t>(message_);
  r.known = message_.get<std::int64_t>();
  r.generations = message_.get<std::int64_t>();
  r.blocks = message_.get<std::int64_t>();
  r.trajectories = message_.get<std::int64_t>();
  r.epochs = message_.get<std::int64_t>();
  r.seconds = message_.get<double>();
  r.interrupted = message_.get<bool>();
  return r;
}

search::Plan SearchReader::plan() {
  search::Plan p;
  for (std::int64_t* field : {&p.candidates, &p.generations, &p.trajectories, &p.folds, &p.epochs})
    *field = message_.get<std::int64_t>();
  p.threads = message_.get<int>();
  for (auto n = message_.get<std::size_t>(); n > 0; --n) {
    search::PlannedProgram of{configuration()};
    of.lanes = message_.get<std::int64_t>();
    of.blocks = message_.get<std::int64_t>();
    of.steps = message_.get<std::int64_t>();
    of.operations = message_.get<double>();
    of.seconds = message_.get<double>();
    p.programs.push_back(std::move(of));
  }
  p.rungs = values_in<search::Rung>(message_);
  p.stretches = values_in<search::PlannedStretch>(message_);
  p.operations = message_.get<double>();
  p.seconds = message_.get<double>();
  p.compiling = message_.get<double>();
  p.timed = message_.get<std::int64_t>();
  return p;
}

}  // namespace runnel::ranks
