// The table of hyperparameters: names, texts, checks. Flags, grids, printed tables and JSON derive from it.
#include <fast_float/fast_float.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/fail.h"
#include "core/text.h"
#include "runnel/sweep.h"

namespace runnel::sweep {
namespace {

[[noreturn]] void unknown(std::string_view what, std::string_view name,
                          const std::vector<std::string>& known) {
  fail("there is no {} \"{}\"{}", what, name, suggestion(name, known));
}

double number(const char* name, const std::string& text) {
  double value = 0;
  const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    fail("{}: \"{}\" is not a number", name, text);
  return value;
}

double number_in(const char* name, const std::string& text, double low, double high, bool open_high) {
  const double value = number(name, text);
  if (value < low || value > high || (open_high && value == high))
    fail("{}: {} does not lie from {} to {}{}", name, text, low, open_high ? "below " : "", high);
  return value;
}

double positive(const char* name, const std::string& text) {
  const double value = number(name, text);
  if (value <= 0) fail("{}: {} is not above 0", name, text);
  return value;
}

constexpr double kMostOfColumn = 10000;  // features that one column may become

std::int64_t whole(const char* name, const std::string& text, std::int64_t low, double high = 1e15) {
  const double value = number(name, text);
  if (value != std::floor(value) || value < static_cast<double>(low) || value > 1e15)
    fail("{}: \"{}\" is not a whole number of at least {}", name, text, low);
  if (value > high) fail("{}: {} is more than {}, the most", name, text, static_cast<std::int64_t>(high));
  return static_cast<std::int64_t>(value);
}

std::uint64_t seed_from(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail("seed: \"{}\" is not a whole number from 0 to 2^64 - 1", text);
  return value;
}

nn::Activation activation_from(const std::string& text) {
  for (auto a : {nn::Activation::relu, nn::Activation::tanh, nn::Activation::sigmoid})
    if (activation_name(a) == text) return a;
  unknown("activation", text, {"relu", "tanh", "sigmoid"});
}

template <class Enum, std::size_t N>
Enum enum_from(const char* what, const std::string& text, const std::array<const char*, N>& names) {
  for (std::size_t i = 0; i < N; ++i)
    if (text == names[i]) return static_cast<Enum>(i);
  unknown(what, text, {names.begin(), names.end()});
}

constexpr std::array<const char*, 2> kBodies{"mlp", "residual"};
constexpr std::array<const char*, 3> kEmbeddings{"none", "linear-pieces", "periodic"};
constexpr std::array<const char*, 2> kNorms{"none", "layer"};

std::string widths_text(const std::vector<std::int64_t>& widths) {
  return widths.empty() ? "none" : fmt::format("{}", fmt::join(widths, "x"));
}

std::vector<std::int64_t> widths_from(const std::string& text) {
  std::vector<std::int64_t> widths;
  if (text == "none") return widths;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find('x', begin), text.size());
    widths.push_back(whole("hidden", text.substr(begin, end - begin), 1));
    begin = end + 1;
  }
  return widths;
}

std::string one_of(const char* what, const std::string& text, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), text) != known.end()) return text;
  unknown(what, text, known);
}

std::string shown(double value) { return fmt::format("{}", value); }

constexpr double kHuge = 1e300;

}  // namespace

const std::vector<HyperField>& hyper_fields() {
  using H = Hyper;
  using S = std::string;
  static const std::vector<HyperField> fields{
      {"hidden", "widths of the hidden layers, as 64x64; none for a linear model", false,
       [](const H& h) { return widths_text(h.hidden); }, [](H& h, const S& t) { h.hidden = widths_from(t); }},
      {"activation", "relu, tanh or sigmoid", false,
       [](const H& h) { return std::string(activation_name(h.activation)); },
       [](H& h, const S& t) { h.activation = activation_from(t); }},
      {"optimizer",
       "sgd, momentum, nesterov, adagrad, adagrad-norm, adagrad-full, rmsprop, adam, adamw, amsgrad, nadam, "
       "lion or "
       "sign",
       false, [](const H& h) { return h.optimizer; },
       [](H& h, const S& t) { h.optimizer = one_of("optimizer", t, train::optimizer_names()); }},
      {"batch", "rows in a step", true, [](const H& h) { return fmt::format("{}", h.batch); },
       [](H& h, const S& t) { h.batch = whole("batch", t, 1); }},
      {"epochs", "passes over the training rows", true,
       [](const H& h) { return fmt::format("{}", h.epochs); },
       [](H& h, const S& t) { h.epochs = whole("epochs", t, 1); }},
      {"rate", "learning rate", true, [](const H& h) { return shown(h.rate); },
       [](H& h, const S& t) { h.rate = number_in("rate", t, 0, kHuge, false); }},
      {"l2", "strength alpha of the penalty alpha/2 |weights|^2; never on biases", true,
       [](const H& h) { return shown(h.l2); },
       [](H& h, const S& t) { h.l2 = number_in("l2", t, 0, kHuge, false); }},
      {"dropout", "share of hidden units dropped in training", true,
       [](const H& h) { return shown(h.dropout); },
       [](H& h, const S& t) { h.dropout = number_in("dropout", t, 0, 1, true); }},
      {"momentum", "of momentum and nesterov; beta1 of adam, its kin and lion", true,
       [](const H& h) { return shown(h.momentum); },
       [](H& h, const S& t) { h.momentum = number_in("momentum", t, 0, 1, true); }},
      {"beta2", "of adam, its kin and lion; rho of rmsprop", true, [](const H& h) { return shown(h.beta2); },
       [](H& h, const S& t) { h.beta2 = number_in("beta2", t, 0, 1, true); }},
      {"clip", "largest norm of a gradient; 0 does not clip", true, [](const H& h) { return shown(h.clip); },
       [](H& h, const S& t) { h.clip = number_in("clip", t, 0, kHuge, false); }},
      {"scale", "factor on the activation's argument", true, [](const H& h) { return shown(h.scale); },
       [](H& h, const S& t) { h.scale = number_in("scale", t, -kHuge, kHuge, false); }},
      {"bias", "initial value of all biases", true, [](const H& h) { return shown(h.bias); },
       [](H& h, const S& t) { h.bias = number_in("bias", t, -kHuge, kHuge, false); }},
      {"seed", "of initial weights and dropout", true, [](const H& h) { return fmt::format("{}", h.seed); },
       [](H& h, const S& t) { h.seed = seed_from(t); }},
      {"decay", "decoupled decay: a step shrinks weights by 1 - rate decay; never biases", true,
       [](const H& h) { return shown(h.decay); },
       [](H& h, const S& t) { h.decay = number_in("decay", t, 0, kHuge, false); }, false},
      {"eps", "added to the root that steps are divided by; 0: 1e-8, adagrad 1e-10, adagrad-full 1e-4", true,
       [](const H& h) { return shown(h.eps); },
       [](H& h, const S& t) { h.eps = number_in("eps", t, 0, kHuge, false); }, false},
      {"eps_root", "added under that root", true, [](const H& h) { return shown(h.eps_root); },
       [](H& h, const S& t) { h.eps_root = number_in("eps_root", t, 0, kHuge, false); }, false},
      {"accumulator", "what the squares of adagrad and rmsprop start from", true,
       [](const H& h) { return shown(h.accumulator); },
       [](H& h, const S& t) { h.accumulator = number_in("accumulator", t, 0, kHuge, false); }, false},
      {"clip_value", "largest element of a gradient; 0 does not clip", true,
       [](const H& h) { return shown(h.clip_value); },
       [](H& h, const S& t) { h.clip_value = number_in("clip_value", t, 0, kHuge, false); }, false},
      {"clip_example", "largest norm of each example's gradient; 0 does not clip", true,
       [](const H& h) { return shown(h.clip_example); },
       [](H& h, const S& t) { h.clip_example = number_in("clip_example", t, 0, kHuge, false); }, false},
      {"schedule", "of the rate: constant, step, exponential, cosine, inverse-sqrt or one-cycle", false,
       [](const H& h) { return h.schedule; },
       [](H& h, const S& t) { h.schedule = one_of("schedule", t, train::schedule_names()); }, false},
      {"warmup", "share of all steps over which the rate rises", true,
       [](const H& h) { return shown(h.warmup); },
       [](H& h, const S& t) { h.warmup = number_in("warmup", t, 0, 1, true); }, false},
      {"every", "epochs in which the rate falls by factor: step, exponential", true,
       [](const H& h) { return shown(h.every); }, [](H& h, const S& t) { h.every = positive("every", t); },
       false},
      {"factor", "what the rate is multiplied with in that time", true,
       [](const H& h) { return shown(h.factor); }, [](H& h, const S& t) { h.factor = positive("factor", t); },
       false},
      {"floor", "share of the rate left at the end: cosine, one-cycle", true,
       [](const H& h) { return shown(h.floor); },
       [](H& h, const S& t) { h.floor = number_in("floor", t, 0, 1, false); }, false},
      {"averaging", "of the weights that are evaluated and kept: none, exponential or uniform", false,
       [](const H& h) { return h.averaging; },
       [](H& h, const S& t) { h.averaging = one_of("averaging", t, train::averaging_names()); }, false},
      {"average_decay", "of the exponential average, in a step", true,
       [](const H& h) { return shown(h.average_decay); },
       [](H& h, const S& t) { h.average_decay = number_in("average_decay", t, 0, 1, true); }, false},
      {"tail", "share of all steps, at the end, that the uniform average takes", true,
       [](const H& h) { return shown(h.tail); },
       [](H& h, const S& t) { h.tail = number_in("tail", t, 0, 1, false); }, false},
      {"body", "mlp, or residual: of the first width, with a block for each", false,
       [](const H& h) { return S(kBodies[static_cast<std::size_t>(h.body)]); },
       [](H& h, const S& t) { h.body = enum_from<nn::Body>("body", t, kBodies); }, false},
      {"norm", "none, or layer: layer normalisation", false,
       [](const H& h) { return S(kNorms[h.norm ? 1 : 0]); },
       [](H& h, const S& t) { h.norm = enum_from<bool>("norm", t, kNorms); }, false},
      {"embedding", "of numeric columns: none, linear-pieces or periodic", false,
       [](const H& h) { return S(kEmbeddings[static_cast<std::size_t>(h.embedding)]); },
       [](H& h, const S& t) { h.embedding = enum_from<nn::Embedding>("embedding", t, kEmbeddings); }, false},
      {"bins", "linear pieces of a column, between quantiles of its training rows", true,
       [](const H& h) { return fmt::format("{}", h.bins); },
       [](H& h, const S& t) { h.bins = whole("bins", t, 1, kMostOfColumn); }, false},
      {"frequencies", "of the periodic embedding of a column", true,
       [](const H& h) { return fmt::format("{}", h.frequencies); },
       [](H& h, const S& t) { h.frequencies = whole("frequencies", t, 1, kMostOfColumn); }, false},
      {"frequency_scale", "deviation of the frequencies at the start", true,
       [](const H& h) { return shown(h.frequency_scale); },
       [](H& h, const S& t) { h.frequency_scale = positive("frequency_scale", t); }, false},
      {"patience", "stop after so many epochs without a better one, keep the best; 0 trains all", true,
       [](const H& h) { return fmt::format("{}", h.patience); },
       [](H& h, const S& t) { h.patience = whole("patience", t, 0); }, false},
      {"shards", "parts of a batch that ranks share out, their gradients added as a tree; 0: none", true,
       [](const H& h) { return fmt::format("{}", h.shards); },
       [](H& h, const S& t) { h.shards = whole("shards", t, 0); }, false},
  };
  return fields;
}

const HyperField& hyper_field(std::string_view given) {
  std::string name(given);
  std::replace(name.begin(), name.end(), '-', '_');
  if (name == "lr" || name == "learning_rate") name = "rate";
  std::vector<std::string> names;
  for (const HyperField& field : hyper_fields()) {
    if (field.name == name) return field;
    names.emplace_back(field.name);
  }
  unknown("hyperparameter", given, names);
}

bool depends_on_total(const Hyper& h) {
  return h.schedule == "cosine" || h.schedule == "one-cycle" || h.warmup > 0 || h.averaging == "uniform";
}

void check(const Hyper& h) {
  if (h.schedule == "one-cycle" && !(h.warmup > 0 && h.warmup <= 0.5))
    fail(
        "the schedule one-cycle rises over a share of all steps and falls over as many: give a warmup above "
        "0, up to "
        "0.5 (0.45 leaves a tenth for its end), not {}",
        h.warmup);
}

}  // namespace runnel::sweep
