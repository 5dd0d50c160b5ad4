// The answer, first: how good the model is, beside what needs no model, and what speaks against trusting it.
import * as Plot from "@observablehq/plot";
import type { Answer, FitPage, Measure } from "./data";
import { h, name, table } from "./dom";
import { clamp, figure, ticks } from "./chart";
import { capital, count, counted, inUnit, measure, metricWords, nameOf, number } from "./words";

const verdicts: Record<Answer["verdict"], string> = {
  none: "Untested",
  worse: "It has learnt nothing",
  linear: "A linear model does better",
  unclear: "Not clearly better than the baselines",
  clear: "Clearly better than the baselines",
};

function of(answer: Answer, metric: string): Measure | undefined {
  return answer.measures.find((m) => m.name === metric);
}

// The title: what a person wants to know, in the unit of what is predicted.
function title(answer: Answer): (Node | string)[] {
  const target = name(answer.target);
  if (answer.verdict === "none") return ["How well ", target, " is predicted is not known"];
  if (answer.task === "regression") {
    const mae = of(answer, "mae");
    return [target, ` is missed by ${number(mae?.model, 3)} on average; one guess for all rows misses by ${number(mae?.constant, 3)}`];
  }
  const accuracy = of(answer, "accuracy");
  const share = (x: number | null | undefined) => (x === null || x === undefined ? "–" : (100 * x).toFixed(answer.rows >= 1000 ? 1 : 0));
  return [target, ` is told right in ${share(accuracy?.model)} of 100 rows; one guess for all is right in ${share(accuracy?.constant)}`];
}

function lead(answer: Answer, tested: string): HTMLElement {
  const chosen = answer.measures.find((m) => m.chosen);
  if (!chosen) return h("p", { class: "lead" }, "There were no test rows, so nothing says how the model does on rows that did not choose it.");
  const text = (x: number | null) => measure(chosen.name, x);
  const ofUnit = inUnit(chosen.name) ? [" (in the unit of ", name(answer.target), ")"] : [];
  return h(
    "p",
    { class: "lead" },
    `On ${counted(answer.rows, "test row")}${tested}, which trained nothing and chose nothing, `,
    h("strong", {}, `${nameOf(chosen.name)} is ${text(chosen.model)}`),
    ...ofUnit,
    `, with a 95% interval from ${text(chosen.low)} to ${text(chosen.high)}. `,
    answer.linear_winner ? "The model is itself linear; found by solving, " : "",
    `${answer.linear_winner ? "the" : "The"} best linear model comes to ${text(chosen.linear)}, the best constant to ${text(chosen.constant)}.`,
    answer.single ? ` The model averages ${answer.networks} networks; the best of them alone comes to ${text(answer.single.value)}.` : "",
  );
}

function strip(answer: Answer): HTMLElement | null {
  const m = answer.measures.find((one) => one.chosen);
  if (!m || m.model === null) return null;
  const rows = [
    { who: "model", value: m.model, low: m.low, high: m.high },
    { who: "linear model", value: m.linear, low: null, high: null },
    { who: "constant", value: m.constant, low: null, high: null },
  ].filter((r) => r.value !== null);
  const all = rows.flatMap((r) => [r.value, r.low, r.high]).filter((v): v is number => v !== null);
  const room = (Math.max(...all) - Math.min(...all)) * 0.06 || Math.abs(all[0]) * 0.05 || 1;
  const colour = (r: { who: string }) => (r.who === "model" ? "var(--accent)" : "var(--muted)");
  return figure({
    title: `${capital(nameOf(m.name))} on the test rows (${m.higher ? "right" : "left"} is better)`,
    description: rows.map((r) => `${r.who} ${measure(m.name, r.value)}`).join(", "),
    height: () => 34 + 30 * rows.length,
    draw: (width) => ({
      marginLeft: 86,
      marginRight: 64,
      marginTop: 4,
      marginBottom: 24,
      x: { domain: [Math.min(...all) - room, Math.max(...all) + room], label: null },
      y: { domain: rows.map((r) => r.who), label: null, type: "point", padding: 0.6 },
      marks: [
        Plot.axisX({ tickSize: 0, ticks: clamp(Math.floor(width / 110), 2, 7), tickFormat: ticks }),
        Plot.axisY({ tickSize: 0, tickPadding: 8 }),
        Plot.ruleY(rows, { y: "who", stroke: "var(--line)" }),
        Plot.ruleY(rows.filter((r) => r.low !== null), { y: "who", x1: "low", x2: "high", stroke: "var(--accent)", strokeWidth: 6, strokeOpacity: 0.35, strokeLinecap: "round" }),
        Plot.dot(rows, { x: "value", y: "who", r: 5, fill: colour, stroke: "var(--paper)" }),
        ...[true, false].map((own) =>
          Plot.text(rows.filter((r) => (r.who === "model") === own), { y: "who", frameAnchor: "right", dx: 60, textAnchor: "end", text: (r: { value: number }) => measure(m.name, r.value), fontVariant: "tabular-nums", fontWeight: own ? 600 : 400 }),
        ),
      ],
    }),
  });
}

function measures(answer: Answer): HTMLElement | null {
  if (answer.measures.length === 0) return null;
  const rows = answer.measures.map((m) => [
    h("span", {}, capital(metricWords[m.name] ?? m.name), inUnit(m.name) ? h("span", {}, ", in the unit of ", name(answer.target)) : null, m.chosen ? h("span", { class: "badge" }, "chosen by") : null),
    measure(m.name, m.model),
    m.low === null ? "" : `${measure(m.name, m.low)} to ${measure(m.name, m.high)}`,
    measure(m.name, m.linear),
    measure(m.name, m.constant),
  ]);
  return table(["measure", "model", "95% interval", "linear", "constant"], rows, { caption: "All measures on the test rows", numeric: [1, 2, 3, 4], head: true });
}

function doubts(warnings: string[]): HTMLElement {
  if (warnings.length === 0) return h("p", { class: "doubts is-none" }, "Nothing was found that speaks against these numbers.");
  return h(
    "section",
    { class: "doubts", "aria-labelledby": "doubts-title" },
    h("h2", { id: "doubts-title" }, warnings.length === 1 ? "One thing to look at" : `${count(warnings.length)} things to look at`),
    h("ul", {}, ...warnings.map((w) => h("li", {}, w))),
  );
}

export function answer(page: FitPage): HTMLElement {
  const a = page.answer;
  const own = page.rows.list.find((r) => r.role === "test")?.used.startsWith("come from") ? " of their own file" : "";
  return h(
    "header",
    { class: "answer" },
    h("p", { class: "kicker" }, "Runnel fit of ", name(page.source)),
    h("h1", {}, ...title(a)),
    h("p", { class: `verdict is-${a.verdict}` }, verdicts[a.verdict]),
    lead(a, own),
    strip(a),
    doubts(page.warnings),
    measures(a),
    a.why ? h("p", { class: "small" }, "Task: ", a.task, ", because ", a.why, a.classes.length > 0 && a.classes.length <= 12 ? `. Classes: ${a.classes.join(", ")}` : "", ".") : null,
  );
}
