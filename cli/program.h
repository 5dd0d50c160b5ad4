// The program `runnel`: its sub-commands, and what surrounds each of them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace runnel::cli {

// Parses, runs the sub-command, reports errors. Returns the exit code: 0 done, 1 the run failed or was
// stopped, 2 the arguments or the input are at fault.
int run(int argc, const char* const* argv);

// What a sub-command does once its arguments are parsed; returns the exit code.
using Action = std::function<int()>;

// One file each. They add their sub-command to the program.
Action add_fit(CLI::App& program);
Action add_predict(CLI::App& program);
Action add_score(CLI::App& program);
Action add_inspect(CLI::App& program);
Action add_refit(CLI::App& program);
Action add_study(CLI::App& program);
Action add_lab(CLI::App& program);
Action add_graph(CLI::App& program);

// The arguments of this call as one shell command, for a model's provenance.
const std::string& command_line();
const std::vector<std::string>& command_words();  // without the program's name

}  // namespace runnel::cli
