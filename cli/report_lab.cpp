#include "cli/report_lab.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace runnel::cli {
namespace {

using lab::Check;
using lab::Experiment;
using lab::Kind;
using lab::Result;

constexpr std::size_t line_width = 110;

// Broken between words into lines that begin with `indent`, but for the first.
std::string wrapped(std::string_view text, std::size_t first, std::size_t indent) {
  std::string out;
  std::size_t column = first;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (column + word.size() > line_width && column > indent) {
      while (!out.empty() && out.back() == ' ') out.pop_back();
      out += "\n" + std::string(indent, ' ');
      column = indent;
    }
    out += word;
    column += word.size();
    text.remove_prefix(end);
    if (text.empty()) break;
    text.remove_prefix(1);
    out += ' ';
    ++column;
  }
  return out + "\n";
}

std::string number(double value) { return fmt::format("{:.10g}", value); }

std::string measured_text(const Check& check) {
  if (check.kind == Kind::holds) return check.measured == 1 ? "yes" : "no";
  if (check.kind == Kind::reported && check.standard_error != 0)
    return fmt::format("{} (standard error {:.2g})", number(check.measured), check.standard_error);
  return number(check.measured);
}

std::string wanted_text(const Check& check) {
  const std::string wanted = number(check.expected);
  switch (check.kind) {
    case Kind::absolute:
      return fmt::format("{} within {:g}", wanted, check.tolerance);
    case Kind::relative:
      return fmt::format("{} within {:g} of it", wanted, check.tolerance);
    case Kind::exact:
      return fmt::format("{} exactly", wanted);
    case Kind::standard_errors:
      return fmt::format("{} within {:g} se of {:.2g}", wanted, check.tolerance, check.standard_error);
    case Kind::at_most:
      return "at most " + wanted;
    case Kind::at_least:
      return "at least " + wanted;
    case Kind::holds:
      return "yes";
    case Kind::reported:
      return "";
  }
  return "";
}

std::string mark_of(const Check& check) {
  if (!check.passed()) return "FAILED";
  return check.kind == Kind::reported ? "told" : "ok";
}

std::string checks_text(const lab::Part& part, bool quiet) {
  Columns columns;
  columns.align_right(2);
  bool any = false;
  for (const Check& check : part.checks) {
    if (quiet && check.passed()) continue;
    any = true;
    columns.add({mark_of(check), check.what, measured_text(check), wanted_text(check)});
  }
  return any ? columns.text("    ") : "";
}

std::string claim_text(const Result& result, const lab::Claim& claim) {
  const auto [passed, all] = result.checks_of(claim.id);
  std::string out = fmt::format("  {:<6} {:<11} ", claim.id, lab::verdict_name(claim.verdict));
  const std::size_t indent = out.size();
  const std::string shown = passed == all
                                ? fmt::format("({})", counted(static_cast<std::size_t>(all), "check"))
                                : fmt::format("(NOT SHOWN: {} of {} failed)", all - passed,
                                              counted(static_cast<std::size_t>(all), "check"));
  return out + wrapped(fmt::format("{} {}", claim.so, shown), indent, indent);
}

std::string outcome(const Result& result) {
  const std::string checks = counted(static_cast<std::size_t>(result.checks()), "check");
  if (result.failure) return fmt::format("FAILED: {}", *result.failure);
  if (!result.passed()) return fmt::format("FAILED: {} of {}", result.failed(), checks);
  return fmt::format("passed: {}", checks);
}

std::string field(std::string_view name, const std::string& text) {
  const std::string head = fmt::format("{:<{}}", name, margin.size());
  return head + wrapped(text, head.size(), head.size());
}

std::string parameter_text(const lab::Parameter& p) {
  return fmt::format("{}: {}, from {} to {} ({}{})", p.name, p.meaning, from_number(p.least),
                     from_number(p.most), from_number(p.full),
                     p.full == p.reduced ? "" : "; reduced " + from_number(p.reduced));
}

}  // namespace

std::string experiments_text() {
  Columns columns;
  columns.align_right(2);
  columns.add({"name", "number", "claims", "what it asks"});
  std::string planned;
  for (const Experiment& experiment : lab::experiments()) {
    if (experiment.run == nullptr)
      planned +=
          fmt::format("{}{} ({})", planned.empty() ? "planned: " : ", ", experiment.name, experiment.number);
    else
      columns.add(
          {experiment.name, experiment.number, std::to_string(experiment.claims.size()), experiment.title});
  }
  return columns.text() + planned + (planned.empty() ? "" : "\n");
}

std::string experiment_text(const Experiment& experiment) {
  std::string out = fmt::format("{} {}: {}\n", experiment.name, experiment.number, experiment.title);
  if (experiment.run == nullptr) return out + "planned: it cannot be run yet\n";
  out += field("claim", experiment.claim) + field("source", experiment.source);
  out += field("protocol", experiment.protocol) + field("passes if", experiment.pass);
  std::string name = "to set";
  for (const lab::Parameter& p : experiment.parameters) {
    out += field(name, parameter_text(p));
    name.clear();
  }
  out += "\n";
  for (const lab::Claim& claim : experiment.claims) {
    out += field(claim.id, "The document: " + claim.said);
    out += field("", fmt::format("{}: {}", lab::verdict_name(claim.verdict), claim.so));
  }
  return out;
}

std::string document_text(std::size_t document) {
  std::string out = fmt::format("document {}: {}\n\n", document, lab::documents().at(document));
  std::vector<std::pair<std::string, std::string>> claims;  // in their order, each once
  for (const Experiment& experiment : lab::experiments())
    for (const lab::Claim& claim : experiment.claims)
      if (lab::document_of(claim.id) == document)
        claims.emplace_back(claim.id, fmt::format("{} ({}; {})", claim.said, lab::verdict_name(claim.verdict),
                                                  experiment.name));
  std::stable_sort(claims.begin(), claims.end(), [](const auto& a, const auto& b) {
    return std::stoi(a.first.substr(3)) < std::stoi(b.first.substr(3));
  });
  for (const auto& [id, text] : claims) out += field(id, text);
  return out;
}

std::string claim_text(const std::vector<std::pair<const Experiment*, const lab::Claim*>>& claims) {
  const std::string& id = claims.at(0).second->id;
  std::string out = fmt::format("{}, {}\n", id, lab::place_of(id));
  for (const auto& [experiment, claim] : claims) {
    out += "\n" + field("says", claim->said);
    out += field("", fmt::format("{}: {}", lab::verdict_name(claim->verdict), claim->so));
    out += field("shown by", fmt::format("{} ({}): runnel lab run {}", experiment->name, experiment->source,
                                         experiment->name));
  }
  return out;
}

std::string lab_result_text(const Result& result, const Style& style, bool quiet) {
  const Experiment& experiment = *result.experiment;
  std::string out;
  if (!quiet)
    out = fmt::format("{} {}\n", style.strong(fmt::format("{} {}:", experiment.name, experiment.number)),
                      experiment.title);
  for (const lab::Part& part : result.parts) {
    const std::string checks = checks_text(part, quiet);
    if (quiet) {
      out += checks;
      continue;
    }
    out += fmt::format("  {}\n{}", part.title, checks);
    for (const std::string& note : part.notes) out += "    " + wrapped(note, 4, 4);
  }
  if (!quiet)
    for (const lab::Claim& claim : experiment.claims) out += claim_text(result, claim);
  const std::string text = outcome(result);
  return out +
         fmt::format("{} {} ({:.1f} s)\n", experiment.name, result.passed() ? text : style.error(text),
                     result.seconds) +
         (quiet ? "" : "\n");
}

std::string lab_summary_text(const std::vector<Result>& results) {
  std::int64_t checks = 0, failed = 0, claims = 0;
  double seconds = 0;
  std::string names;
  for (const Result& result : results) {
    checks += result.checks();
    failed += result.failed();
    claims += static_cast<std::int64_t>(result.experiment->claims.size());
    seconds += result.seconds;
    if (!result.passed()) names += (names.empty() ? "" : ", ") + result.experiment->name;
  }
  const std::string all = fmt::format("{}, {}, {}", counted(results.size(), "experiment"),
                                      counted(static_cast<std::size_t>(claims), "claim"),
                                      counted(static_cast<std::size_t>(checks), "check"));
  if (names.empty()) return fmt::format("{}: all passed ({:.1f} s)\n", all, seconds);
  return fmt::format("{}: {} failed, in {} ({:.1f} s)\n", all, failed, names, seconds);
}

}  // namespace runnel::cli
