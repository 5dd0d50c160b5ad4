// docs/lab.md, made of what experiments say before they run.
#include <fmt/format.h>

#include "core/text.h"
#include "lab/lab.h"

namespace runnel::lab {
namespace {

constexpr const char* head = R"(# The lab

What course documents say of gradients, optimisers, noise and generalisation, and what is so. What stands in the
tables below is shown by experiments that run, check themselves against formulas and draw their pictures:

```sh
runnel lab list                     # what there is
runnel lab show not-rmsprop         # what an experiment does
runnel lab run not-rmsprop          # one; --set eta=0.02 and --seed 1 try it elsewhere
runnel lab all                      # every one; exit code 1 if a check fails
```

The documents are numbered 0 to 4; S4.7 is the seventh claim of document 4 (`runnel lab show S4.7`, `runnel lab list --document 4`). A verdict is *right*, *wrong*, *ambiguous*,
*incomplete*, or *asked*, where the document asks and does not answer.

DOCUMENTS
<!-- Written by `runnel lab list --markdown`; a test says when it is stale. -->
)";

// A table's cell ends at a bar.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string of_parameters(const Experiment& experiment) {
  std::string out;
  for (const Parameter& p : experiment.parameters)
    out += fmt::format("{}`{}` {} ({}{})", out.empty() ? "" : ", ", p.name, p.meaning, from_number(p.full),
                       p.full == p.reduced ? "" : "; reduced " + from_number(p.reduced));
  return out.empty() ? "" : "- To set: " + out + ".\n";
}

std::string of_experiment(const Experiment& experiment) {
  std::string out = fmt::format("\n## {} ({}): {}\n\n", experiment.name, experiment.number, experiment.title);
  out += fmt::format("{}\n\n", experiment.claim);
  out += fmt::format("- Source: {}\n- Protocol: {}\n- Passes if: {}\n", experiment.source,
                     experiment.protocol, experiment.pass);
  out += of_parameters(experiment);
  out += "\n| claim | the document | verdict | what is so |\n|---|---|---|---|\n";
  for (const Claim& claim : experiment.claims)
    out += fmt::format("| {} | {} | {} | {} |\n", claim.id, cell(claim.said), verdict_name(claim.verdict),
                       cell(claim.so));
  return out;
}

}  // namespace

std::string markdown() {
  std::string out = head, list;
  for (std::size_t i = 0; i < documents().size(); ++i) list += fmt::format("{}. {}\n", i, documents()[i]);
  out.replace(out.find("DOCUMENTS\n"), std::string("DOCUMENTS\n").size(), list + "\n");
  std::string planned;
  for (const Experiment& experiment : experiments()) {
    if (experiment.run != nullptr)
      out += of_experiment(experiment);
    else
      planned += fmt::format("- {} ({}): {}\n", experiment.name, experiment.number, experiment.title);
  }
  if (!planned.empty()) out += "\n## Planned\n\n" + planned;
  return out;
}

}  // namespace runnel::lab
