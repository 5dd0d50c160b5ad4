// What a fuzz target is: a function of bytes that must return, whatever they are.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/data.h"
#include "runnel/error.h"

namespace runnel::fuzz {

// Each fuzz/<name>.cpp defines one of these, which adds itself to the list.
struct Target {
  using Run = void (*)(std::string_view bytes);
  Target(const char* its_name, Run its_run);

  const char* name;
  Run run;
};
const std::vector<const Target*>& targets();

// A law that does not hold: a finding, as a crash is.
class Broken : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void expect(bool holds, const std::string& law) {
  if (!holds) throw Broken(law);
}

// Runs f; false where the input was at fault, which is the expected end of bad bytes. All else that f throws
// passes, and is a finding.
template <class F>
bool accepted(F&& f) {
  try {
    f();
    return true;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::input) throw;
    return false;
  }
}

bool is_utf8(std::string_view text);

// The laws of every table: each column and the block have all of them, and nothing else;
// names differ; names and texts are UTF-8.
void expect_sound(const Table& table);

}  // namespace runnel::fuzz
