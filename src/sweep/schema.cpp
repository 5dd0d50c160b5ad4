#include "sweep/schema.h"

#include <limits>
#include <string>

#include "core/fail.h"

namespace runnel::sweep {
namespace {

using params::Schema;
using params::Value;

constexpr double kNone = 0;
constexpr double kBelowOne = 0x1.fffffffffffffp-1;
constexpr double kLeast = std::numeric_limits<double>::min();
constexpr double kMost = 1e300;

// Of a field whose text is checked by the table of fields.
std::string canonical_text(const char* name, const std::string& text) {
  Hyper h;
  hyper_field(name).set(h, text);
  return hyper_field(name).get(h);
}

std::vector<std::string> words(std::initializer_list<const char*> all) { return {all.begin(), all.end()}; }

Schema make_schema() {
  const Hyper usual;
  Schema s;
  const auto real = [&](const char* name, double low, double high) -> params::Declaration {
    return s.real(name, {low, high}).meaning(hyper_field(name).meaning);
  };
  const auto choice = [&](const char* name, std::vector<std::string> of) {
    s.choice(name, std::move(of)).meaning(hyper_field(name).meaning).standard(hyper_field(name).get(Hyper()));
  };
  const auto whole = [&](const char* name, double low, std::int64_t standard) -> params::Declaration {
    return s.integer(name, {low, 1e9}).fixed().meaning(hyper_field(name).meaning).standard(standard);
  };
  s.text("hidden", [](const std::string& text) { return canonical_text("hidden", text); })
      .meaning(hyper_field("hidden").meaning)
      .standard("64x64");
  choice("activation", words({"relu", "tanh", "sigmoid"}));
  choice("optimizer", train::optimizer_names());
  s.batch("batch", usual.batch).meaning(hyper_field("batch").meaning);
  s.budget("epochs", usual.epochs).meaning(hyper_field("epochs").meaning);
  real("rate", kNone, kMost).standard(usual.rate);
  real("l2", kNone, kMost).may_be_off().standard(usual.l2);
  real("dropout", kLeast, kBelowOne).may_be_off().standard(Value::off());
  real("momentum", kNone, kBelowOne).standard(usual.momentum);
  real("beta2", kNone, kBelowOne).standard(usual.beta2);
  real("clip", kLeast, kMost).may_be_off().standard(Value::off());
  real("scale", -kMost, kMost).may_be_off().standard(Value::off());
  real("bias", -kMost, kMost).standard(usual.bias);
  s.seed("seed").meaning(hyper_field("seed").meaning);
  real("decay", kLeast, kMost).may_be_off().standard(Value::off());
  real("eps", kLeast, kMost).may_be_automatic().standard(Value::automatic());
  real("eps_root", kLeast, kMost).may_be_automatic().standard(Value::automatic());
  real("accumulator", kLeast, kMost).may_be_automatic().standard(Value::automatic());
  real("clip_value", kLeast, kMost).may_be_off().standard(Value::off());
  real("clip_example", kLeast, kMost).may_be_off().standard(Value::off());
  choice("schedule", train::schedule_names());
  real("warmup", kLeast, kBelowOne).may_be_off().standard(Value::off());
  real("every", kLeast, kMost).standard(usual.every);
  real("factor", kLeast, kMost).standard(usual.factor);
  real("floor", kNone, 1).standard(usual.floor);
  choice("averaging", train::averaging_names());
  real("average_decay", kNone, kBelowOne).standard(usual.average_decay);
  real("tail", kNone, 1).standard(usual.tail);
  choice("body", words({"mlp", "residual"}));
  choice("norm", words({"none", "layer"}));
  choice("embedding", words({"none", "linear-pieces", "periodic"}));
  whole("bins", 1, usual.bins);
  whole("frequencies", 1, usual.frequencies);
  real("frequency_scale", kLeast, kMost).standard(usual.frequency_scale);
  s.patience("patience").meaning(hyper_field("patience").meaning);
  whole("shards", 1, 1).may_be_off().standard(Value::off());
  return s;
}

struct Shared {
  std::shared_ptr<const Schema> schema = std::make_shared<const Schema>(make_schema());
};
const std::shared_ptr<const Schema>& shared_schema() {
  static const Shared shared;
  return shared.schema;
}

Value or_word(double value, double word_for, const Value& word) {
  return value == word_for ? word : Value(value);
}

Value whole_or_off(std::int64_t value) { return value == 0 ? Value::off() : Value(value); }

}  // namespace

const params::Schema& network_schema() { return *shared_schema(); }

params::Configuration configuration_of(const Hyper& h) {
  const Value off = Value::off();
  const Value automatic = Value::automatic();
  const auto text = [&](const char* name) { return Value(hyper_field(name).get(h)); };
  return {
      shared_schema(),
      {text("hidden"), text("activation"), h.optimizer, h.batch, h.epochs, h.rate,
       // Whoever takes adamw wants decay instead of the penalty.
       h.optimizer == "adamw" ? or_word(h.l2, 0, off) : Value(h.l2), or_word(h.dropout, 0, off), h.momentum,
       h.beta2, or_word(h.clip, 0, off), or_word(h.scale, 1, off), h.bias, static_cast<std::int64_t>(h.seed),
       or_word(h.decay, 0, off), or_word(h.eps, 0, automatic), or_word(h.eps_root, 0, automatic),
       or_word(h.accumulator, 0, automatic), or_word(h.clip_value, 0, off), or_word(h.clip_example, 0, off),
       h.schedule, or_word(h.warmup, 0, off), h.every, h.factor, h.floor, h.averaging, h.average_decay,
       h.tail, text("body"), text("norm"), text("embedding"), h.bins, h.frequencies, h.frequency_scale,
       whole_or_off(h.patience), whole_or_off(h.shards)}};
}

Hyper hyper_of(const params::Configuration& c) {
  Hyper h;
  for (std::size_t i = 0; i < c.values().size(); ++i) {
    const std::string& name = c.schema().parameters()[i].name;
    const Value& value = c.values()[i];
    if (name == "seed")
      h.seed = static_cast<std::uint64_t>(value.integer());
    else if (value.is_number() || value.is_text())
      hyper_field(name).set(h, to_string(value));
    else if (name == "l2")
      h.l2 = 0;
  }
  return h;
}

}  // namespace runnel::sweep
