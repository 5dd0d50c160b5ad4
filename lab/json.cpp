#include "lab/json.h"

#include <cmath>

namespace runnel::lab {
namespace {

Json of_axis(const Axis2d& axis) {
  Json out = {{"label", axis.label}, {"scale", axis.scale == Scale::log ? "log" : "linear"}};
  if (axis.low) out["low"] = *axis.low;
  if (axis.high) out["high"] = *axis.high;
  if (!axis.names.empty()) out["names"] = axis.names;
  return out;
}

const char* draw_name(Draw draw) {
  switch (draw) {
    case Draw::line:
      return "line";
    case Draw::points:
      return "points";
    case Draw::bars:
      return "bars";
  }
  return "";
}

// Gaps as nulls, which unlike nan are equal to themselves.
Json of_values(const std::vector<double>& values) {
  Json out = Json::array();
  for (const double value : values) out.push_back(std::isfinite(value) ? Json(value) : Json());
  return out;
}

Json of_series(const Series& series) {
  Json out = {{"name", series.name},
              {"draw", draw_name(series.draw)},
              {"x", of_values(series.x)},
              {"y", of_values(series.y)}};
  if (!series.low.empty()) out["low"] = of_values(series.low);
  if (!series.high.empty()) out["high"] = of_values(series.high);
  if (series.dashed) out["dashed"] = true;
  if (series.faint) out["faint"] = true;
  if (series.arrow) out["arrow"] = true;
  return out;
}

Json of_mark(const Mark& mark) {
  Json out = {{"text", mark.text}};
  if (mark.x) out["x"] = *mark.x;
  if (mark.y) out["y"] = *mark.y;
  if (mark.boxed) out["boxed"] = true;
  return out;
}

Json of_panel(const Panel& panel) {
  Json out = {{"title", panel.title}, {"x", of_axis(panel.x)}, {"y", of_axis(panel.y)}};
  out["series"] = Json::array();
  for (const Series& series : panel.series) out["series"].push_back(of_series(series));
  out["marks"] = Json::array();
  for (const Mark& mark : panel.marks) out["marks"].push_back(of_mark(mark));
  if (panel.equal) out["equal"] = true;
  if (panel.diagram) out["diagram"] = true;
  if (panel.map) {
    out["map"] = {{"label", panel.map->label},
                  {"scale", panel.map->scale == Scale::log ? "log" : "linear"},
                  {"x", of_values(panel.map->x)},
                  {"y", of_values(panel.map->y)},
                  {"values", Json::array()}};
    for (const auto& values : panel.map->values) out["map"]["values"].push_back(of_values(values));
  }
  return out;
}

bool is_compared(const Check& check) { return check.kind != Kind::reported && check.kind != Kind::holds; }

Json of_check(const Check& check) {
  Json out = {{"what", check.what}, {"kind", kind_name(check.kind)}, {"measured", check.measured}};
  if (is_compared(check)) out["expected"] = check.expected;
  if (check.tolerance != 0) out["tolerance"] = check.tolerance;
  if (check.standard_error != 0) out["standard_error"] = check.standard_error;
  out["passed"] = check.passed();
  return out;
}

Json of_part(const Part& part) {
  Json out = {{"title", part.title}, {"claims", part.claims}, {"checks", Json::array()}};
  for (const Check& check : part.checks) out["checks"].push_back(of_check(check));
  out["notes"] = part.notes;
  out["passed"] = part.passed();
  return out;
}

Json of_claim(const Claim& claim) {
  return {{"id", claim.id},
          {"verdict", verdict_name(claim.verdict)},
          {"said", claim.said},
          {"so", claim.so},
          {"place", place_of(claim.id)}};
}

Json of_parameter(const Parameter& p) {
  return {{"name", p.name},       {"meaning", p.meaning}, {"full", p.full},
          {"reduced", p.reduced}, {"least", p.least},     {"most", p.most}};
}

}  // namespace

Json to_json(const Picture& picture) {
  Json out = {{"caption", picture.caption}, {"panels", Json::array()}};
  for (const Panel& panel : picture.panels) out["panels"].push_back(of_panel(panel));
  return out;
}

Json to_json(const Table& table) {
  return {{"title", table.title}, {"columns", table.columns}, {"rows", table.rows}};
}

Json to_json(const Experiment& experiment) {
  Json out = {{"name", experiment.name},         {"number", experiment.number},
              {"title", experiment.title},       {"planned", experiment.run == nullptr},
              {"claim", experiment.claim},       {"source", experiment.source},
              {"protocol", experiment.protocol}, {"pass", experiment.pass}};
  out["parameters"] = Json::array();
  for (const Parameter& p : experiment.parameters) out["parameters"].push_back(of_parameter(p));
  out["claims"] = Json::array();
  for (const Claim& claim : experiment.claims) out["claims"].push_back(of_claim(claim));
  return out;
}

Json to_json(const Result& result) {
  Json out = to_json(*result.experiment);
  out["seed"] = result.seed;
  for (Json& p : out["parameters"]) p["value"] = result.settings.at(p["name"]);
  for (Json& claim : out["claims"]) {
    const auto [passed, all] = result.checks_of(claim["id"].get<std::string>());
    claim["checks"] = all;
    claim["checks_passed"] = passed;
  }
  out["parts"] = Json::array();
  for (const Part& part : result.parts) out["parts"].push_back(of_part(part));
  out["tables"] = Json::array();
  for (const Table& table : result.tables) out["tables"].push_back(to_json(table));
  out["picture"] = to_json(result.picture);
  if (result.failure) out["failure"] = *result.failure;
  out["checks"] = result.checks();
  out["checks_failed"] = result.failed();
  out["passed"] = result.passed();
  out["seconds"] = result.seconds;
  return out;
}

}  // namespace runnel::lab
