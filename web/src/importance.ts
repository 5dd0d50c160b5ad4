// How much each hyperparameter says about what a candidate comes to.
import type { Importance } from "./data";
import { h, section } from "./dom";
import { count } from "./words";

export function importance(of: Importance): HTMLElement | null {
  if (of.of.length === 0) return null;
  const when = of.epochs > 0 ? `after ${of.epochs} epoch${of.epochs === 1 ? "" : "s"}, which all of them made` : "after their last epoch";
  const how =
    `Of the differences among ${count(of.trials)} candidates ${when}, so much goes with the one hyperparameter alone. ` +
    "(The share of the variance of their ranks that lies between groups of one value, less what chance would give: epsilon squared of a one-way analysis of variance. What hyperparameters do together is in none of the bars, so they need not add up to 100.)";
  const list = h("table", { class: "bars" }, h("caption", { class: "unseen" }, "Importance of hyperparameters, in percent"));
  list.append(h("thead", { class: "unseen" }, h("tr", {}, h("th", { scope: "col" }, "hyperparameter"), h("th", { scope: "col" }, "bar"), h("th", { scope: "col" }, "percent"))));
  const body = h("tbody");
  for (const { name, share, groups, ranges } of of.of) {
    const percent = Math.round(100 * share);
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${Math.max(0.5, 100 * share)}%`;
    const told = `${groups} ${ranges ? "ranges of values" : "values"}`;
    body.append(h("tr", {}, h("th", { scope: "row" }, name, h("small", {}, told)), h("td", { class: "bar-cell" }, bar), h("td", { class: "number" }, `${percent}`)));
  }
  list.append(body);
  return section({ id: "importance", title: "Which hyperparameters mattered", body: [h("p", {}, how), list] });
}
