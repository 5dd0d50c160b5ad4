#include "lab/table.h"

#include <algorithm>

#include "core/fail.h"
#include "core/text.h"

namespace runnel::lab {
namespace {

Experiment planned(std::string name, std::string number, std::string title) {
  return {std::move(name), std::move(number), std::move(title)};
}

std::vector<Experiment> all() {
  std::vector<Experiment> list{
      planned("memory-law", "L02", "What differentiating through training costs in memory"),
      min_norm(),
      hypergradient(),
      decay_vs_l2(),
      noise_floor(),
      self_tuning(),
      clipping(),
      two_rules(),
      not_rmsprop(),
      gradient_audit(),
      sampling(),
      xor_(),
      double_descent(),
      vjp_(),
      mae(),
      gaussian_mle(),
      dropout_ridge(),
      same_bits_experiment(),
      depth_experiment(),
      grid_256(),
      halving(),
      two_hundred(),
      planned("tuning", "L10", "Tuning by hypergradient instead of by grid"),
      planned("convolution", "L24", "The arithmetic of convolutions, measured"),
      planned("chaos", "L25", "Where hypergradients stop meaning anything"),
  };
  std::sort(list.begin(), list.end(),
            [](const Experiment& a, const Experiment& b) { return a.number < b.number; });
  return list;
}

}  // namespace

std::uint64_t Experiment::seed() const { return std::stoull(number.substr(1)); }

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> list = all();
  return list;
}

const Experiment& find(std::string_view name) {
  std::vector<std::string> names;
  for (const Experiment& experiment : experiments()) {
    if (experiment.name == name || lower(experiment.number) == lower(name)) return experiment;
    names.push_back(experiment.name);
  }
  fail("there is no experiment '{}'{}", name, suggestion(name, names));
}

const std::vector<std::string>& documents() {
  static const std::vector<std::string> list{
      "solutions of an exercise sheet: sampling, batch sizes, XOR, regression, absolute errors, likelihood",
      "an exercise sheet: gradients backwards, vector-Jacobian products, which solution descent finds",
      "an exercise sheet: convergence of SGD, tricks of training, a classifier with dropout",
      "a student's answers to the sheet of document 0",
      "a student's answers: the solution of least norm, hypergradients, convolution"};
  return list;
}

std::optional<std::size_t> document_of(std::string_view claim) {
  const std::size_t point = claim.find('.');
  if (claim.size() < 4 || (claim[0] != 'S' && claim[0] != 's') || point != 2) return std::nullopt;
  const std::string_view digits = "0123456789";
  if (claim.substr(3).find_first_not_of(digits) != std::string_view::npos) return std::nullopt;
  const std::size_t number = digits.find(claim[1]);
  return number < documents().size() ? std::optional(number) : std::nullopt;
}

std::string place_of(std::string_view claim) {
  const std::optional<std::size_t> number = document_of(claim);
  return number ? fmt::format("document {}: {}", *number, documents()[*number]) : "";
}

std::vector<std::pair<const Experiment*, const Claim*>> claims_named(std::string_view id) {
  std::vector<std::pair<const Experiment*, const Claim*>> out;
  for (const Experiment& experiment : experiments())
    for (const Claim& claim : experiment.claims)
      if (lower(claim.id) == lower(id)) out.emplace_back(&experiment, &claim);
  if (out.empty())
    fail("no experiment says anything of a claim '{}'; lab list --document N lists those of a document", id);
  return out;
}

}  // namespace runnel::lab
