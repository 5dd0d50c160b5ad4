#include "search/settings.h"

#include "core/fail.h"
#include "runnel/search.h"

namespace runnel::search {
namespace {

using params::Parameter;
using params::Role;

bool is_left_away(const Value& value) { return value.is_off() || value.is_nothing(); }

// The place of a parameter, which is noted as asked for.
std::size_t ask(const Settings::Impl& impl, std::string_view name) {
  const std::size_t place = impl.configuration.schema().place(name);
  if (impl.asked) impl.asked->parameter[place] = true;
  return place;
}

// Throws for a value that is a word.
void expect_value(std::string_view name, const Value& value) {
  if (value.is_nothing()) fail("{} takes no part here: ask h.is_off(\"{}\") before", name, name);
  if (value.is_off()) fail("{} is off here: ask h.is_off(\"{}\") before", name, name);
  if (value.is_automatic()) fail("{} is automatic: ask h.is_automatic(\"{}\") before", name, name);
}

const Value& fixed_value(const Settings::Impl& impl, std::string_view name) {
  const std::size_t place = ask(impl, name);
  const Parameter& p = impl.configuration.schema().parameters()[place];
  if (p.role == Role::traced)
    fail("{} is traced and differs from lane to lane: ask h[\"{}\"], or declare it fixed", name, name);
  if (p.role == Role::budget)
    fail("{} is the budget, which no program knows: ask h.steps() for how many steps there will be", name);
  if (p.role == Role::patience) fail("{} is the patience, which no program knows", name);
  if (p.role == Role::seed) fail("{} is the seed, which init gets as its key", name);
  const Value& value = impl.configuration.values()[place];
  expect_value(name, value);
  return value;
}

// A traced parameter's array, or a fixed one's constant.
Array number_of(const Settings::Impl& impl, std::string_view name,
                const std::vector<std::optional<Array>>& traced, DType dtype) {
  const std::size_t place = ask(impl, name);
  if (impl.configuration.schema().parameters()[place].role != Role::traced)
    return Array::scalar(fixed_value(impl, name).number(), dtype);
  expect_value(name, impl.configuration.values()[place]);
  return traced.at(place).value();
}

}  // namespace

Array Settings::operator[](std::string_view name) const {
  return number_of(*impl_, name, impl_->traced, impl_->dtype);
}

Array Settings::exact(std::string_view name) const {
  return number_of(*impl_, name, impl_->exact, DType::f64);
}

std::int64_t Settings::integer(std::string_view name) const { return fixed_value(*impl_, name).integer(); }
double Settings::number(std::string_view name) const { return fixed_value(*impl_, name).number(); }
const std::string& Settings::text(std::string_view name) const { return fixed_value(*impl_, name).text(); }

bool Settings::is_off(std::string_view name) const {
  return is_left_away(impl_->configuration.values()[ask(*impl_, name)]);
}

bool Settings::is_automatic(std::string_view name) const {
  return impl_->configuration.values()[ask(*impl_, name)].is_automatic();
}

const Configuration& Settings::configuration() const {
  if (impl_->asked) impl_->asked->parameter.assign(impl_->asked->parameter.size(), true);
  return impl_->configuration;
}

std::int64_t Settings::steps_per_epoch() const { return impl_->steps_per_epoch; }

Array Settings::steps() const {
  if (impl_->asked) impl_->asked->steps = true;
  return impl_->steps.value();
}

Array Settings::exact_steps() const {
  if (impl_->asked) impl_->asked->steps = true;
  return impl_->exact_steps.value();
}

const Array& Settings::key() const { return impl_->key.value(); }
const std::vector<Type>& Settings::rows() const { return impl_->rows; }
const std::vector<Array>& Settings::given() const { return impl_->given; }

std::vector<std::size_t> traced_places(const Configuration& configuration) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < configuration.values().size(); ++i)
    if (configuration.schema().parameters()[i].role == Role::traced && configuration.values()[i].is_number())
      places.push_back(i);
  return places;
}

bool answers_alike(const Configuration& a, const Configuration& b, const std::vector<bool>& asked) {
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const Role role = a.schema().parameters()[i].role;
    const Value& x = a.values()[i];
    const Value& y = b.values()[i];
    if (role == Role::fixed && asked[i] && !(x == y)) return false;
    if (role != Role::traced || (x.is_number() && y.is_number())) continue;
    if (x.is_number() != y.is_number() || (asked[i] && !(x == y))) return false;
  }
  return true;
}

std::string key_of(const Value& value) {
  if (!value.is_text()) return to_string(value);
  return fmt::format("\"{}:{}", value.text().size(), value.text());
}

std::string fixed_key(const Configuration& configuration) {
  std::string key;
  for (std::size_t i = 0; i < configuration.values().size(); ++i) {
    const Role role = configuration.schema().parameters()[i].role;
    const Value& value = configuration.values()[i];
    if (role == Role::fixed) key += key_of(value) + '\n';
    if (role == Role::traced) key += is_left_away(value) ? "-\n" : value.is_automatic() ? "*\n" : "+\n";
  }
  return key;
}

std::int64_t epochs_of(const Configuration& configuration) {
  const auto place = configuration.schema().place_of(Role::budget);
  return place ? configuration.values()[*place].integer() : 1;
}

std::int64_t batch_of(const Configuration& configuration) {
  const auto place = configuration.schema().place_of_batch();
  if (!place || !configuration.values()[*place].is_number()) return 0;
  return configuration.values()[*place].integer();
}

std::int64_t patience_of(const Configuration& configuration, std::int64_t otherwise) {
  const auto place = configuration.schema().place_of(Role::patience);
  if (!place) return otherwise;
  const Value& value = configuration.values()[*place];
  return value.is_number() ? value.integer() : 0;
}

std::uint64_t seed_of(const Configuration& configuration, std::uint64_t otherwise) {
  const auto place = configuration.schema().place_of(Role::seed);
  return place ? static_cast<std::uint64_t>(configuration.values()[*place].integer()) : otherwise;
}

namespace typed {

std::string structure_key(const Settings& h) { return fixed_key(h.impl().configuration); }

Settings settings_of(const Configuration& configuration) {
  return Settings(std::make_shared<const Settings::Impl>(Settings::Impl{configuration}));
}

}  // namespace typed
}  // namespace runnel::search
