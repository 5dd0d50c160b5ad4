// What is behind Settings: the values of a candidate, and arrays for what is traced.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "runnel/trainable.h"

namespace runnel::search {

// What the functions of a trainable asked for, while they were traced once.
struct Asked {
  explicit Asked(std::size_t parameters) : parameter(parameters, false) {}
  std::vector<bool> parameter;  // by place
  bool steps = false;
};

struct Settings::Impl {
  Configuration configuration;
  DType dtype = DType::f32;
  // By place, of `dtype` and of f64; none for what is fixed, off or takes no part.
  std::vector<std::optional<Array>> traced = {}, exact = {};
  std::optional<Array> steps = {}, exact_steps = {};
  std::optional<Array> key = {};
  std::int64_t steps_per_epoch = 1;
  std::vector<Type> rows = {};
  std::vector<Array> given = {};
  std::shared_ptr<Asked> asked = {};  // none: nobody wants to know
};

// The places of the parameters that are arrays in a candidate's program: traced, and a number here.
std::vector<std::size_t> traced_places(const Configuration& configuration);

// A text that no other value has: a word that is off is not the text "off", and texts may hold anything.
std::string key_of(const Value& value);

// What candidates of one program have alike: values of what is fixed, and which of the traced are off or
// automatic.
std::string fixed_key(const Configuration& configuration);

// Whether functions that ask for no more than `asked` (by place) trace the same programs for two candidates.
bool answers_alike(const Configuration& a, const Configuration& b, const std::vector<bool>& asked);

// The epochs, rows in a step (0: all), patience (0: none) and seed of a candidate.
std::int64_t epochs_of(const Configuration& configuration);
std::int64_t batch_of(const Configuration& configuration);
std::int64_t patience_of(const Configuration& configuration, std::int64_t otherwise);
std::uint64_t seed_of(const Configuration& configuration, std::uint64_t otherwise);

}  // namespace runnel::search
