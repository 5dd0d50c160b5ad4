#include "lab/context.h"

#include <algorithm>
#include <utility>

#include "core/fail.h"
#include "runnel/random.h"

namespace runnel::lab {

const Parameter& Context::parameter(std::string_view name) const {
  for (const Parameter& p : result_.experiment->parameters)
    if (p.name == name) return p;
  fail("[lab] {} has no parameter '{}'", result_.experiment->name, name);
}

double Context::number(std::string_view name) const { return result_.settings.at(parameter(name).name); }

std::int64_t Context::whole(std::string_view name) const { return static_cast<std::int64_t>(number(name)); }

bool Context::as_usual(std::string_view name) const { return number(name) == parameter(name).full; }

Array Context::key(std::uint32_t stream) const {
  return random::fold_in(random::key(result_.seed), static_cast<double>(stream));
}

void Context::part(std::string title, std::vector<std::string> claims) {
  for (const std::string& id : claims) {
    const auto& known = result_.experiment->claims;
    if (std::none_of(known.begin(), known.end(), [&](const Claim& c) { return c.id == id; }))
      fail("[lab] {} has no claim {}", result_.experiment->name, id);
  }
  result_.parts.push_back({std::move(title), std::move(claims)});
}

Part& Context::current() {
  if (result_.parts.empty()) fail("[lab] {} checks before its first part", result_.experiment->name);
  return result_.parts.back();
}

bool Context::add(Check check) {
  current().checks.push_back(std::move(check));
  return current().checks.back().passed();
}

bool Context::absolute(std::string what, double measured, double expected, double tolerance) {
  return add({std::move(what), Kind::absolute, measured, expected, tolerance});
}

bool Context::relative(std::string what, double measured, double expected, double tolerance) {
  return add({std::move(what), Kind::relative, measured, expected, tolerance});
}

bool Context::exact(std::string what, double measured, double expected) {
  return add({std::move(what), Kind::exact, measured, expected});
}

bool Context::within(std::string what, double measured, double expected, double standard_error,
                     double multiple) {
  return add({std::move(what), Kind::standard_errors, measured, expected, multiple, standard_error});
}

bool Context::at_most(std::string what, double measured, double bound) {
  return add({std::move(what), Kind::at_most, measured, bound});
}

bool Context::at_least(std::string what, double measured, double bound) {
  return add({std::move(what), Kind::at_least, measured, bound});
}

bool Context::holds(std::string what, bool true_or_not) {
  return add({std::move(what), Kind::holds, true_or_not ? 1.0 : 0.0, 1});
}

void Context::report(std::string what, double measured, double standard_error) {
  add({std::move(what), Kind::reported, measured, 0, 0, standard_error});
}

void Context::note(std::string sentence) { current().notes.push_back(std::move(sentence)); }

}  // namespace runnel::lab
