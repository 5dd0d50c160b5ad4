// Sub-commands that have sub-commands of their own, like `study list`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "cli/program.h"

namespace runnel::cli {

struct Part {
  CLI::App* app;
  Action act;
};

// One of them: what it reads goes into an Arguments, on which `act` works once all is parsed.
template <class Arguments>
Part add_part(CLI::App& app, const char* name, const char* what, int (*act)(const Arguments&),
              const std::function<void(CLI::App&, Arguments&)>& options) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& part = *app.add_subcommand(name, what);
  options(part, *arguments);
  return {&part, [arguments, act] { return act(*arguments); }};
}

}  // namespace runnel::cli
