// How the result was made: columns, rows, command, versions, times.
import type { Columns, Rows, Run } from "./data";
import { h, name, section, table } from "./dom";
import { count, counted, seconds } from "./words";

export function rows(of: Rows): HTMLElement {
  const total = of.list.reduce((sum, r) => sum + r.rows, 0);
  const strip = h("div", { class: "rows-strip", "aria-hidden": "true" });
  for (const { role, rows } of of.list) {
    const part = h("span", { class: `rows-part is-${role}` }, rows / total > 0.12 ? role : "");
    part.style.flexGrow = String(rows);
    strip.append(part);
  }
  return section({
    id: "rows",
    title: "Which rows were used when",
    body: [
      strip,
      table(["rows", "how many", "what they did"], of.list.map((r) => [r.role, count(r.rows), r.used]), { caption: "Rows and their parts", numeric: [1], head: true, class: "prose" }),
      h("p", { class: "small" }, `The split: ${of.how}.`),
    ],
  });
}

export function columns(of: Columns): HTMLElement {
  const dropped = of.list.filter((c) => c.role === "dropped").length;
  const used = of.list.filter((c) => c.features > 0).length;
  const more = of.total > of.list.length ? ` The first ${count(of.list.length)} of ${count(of.total)} are listed.` : "";
  return section({
    id: "columns",
    title: "What became of the columns",
    body: [
      h("p", {}, `${counted(used, "column")} used, as ${counted(of.features, "feature")}; ${count(dropped)} dropped.${more}`),
      table(["column", "as", "features", "why"], of.list.map((c) => [name(c.name), c.role, count(c.features), c.why]), { caption: "Columns and decisions", numeric: [2], head: true, class: "prose columns" }),
    ],
  });
}

export function notes(texts: string[]): HTMLElement | null {
  if (texts.length === 0) return null;
  return section({ id: "notes", title: "What was noted in reading", body: [h("ul", {}, ...texts.map((t) => h("li", {}, t)))] });
}

function copyButton(text: string): HTMLElement | null {
  if (!navigator.clipboard) return null;
  const button = h("button", { type: "button", click: () => void navigator.clipboard.writeText(text).then(() => (button.textContent = "Copied")) }, "Copy");
  return button;
}

export function run(of: Run): HTMLElement {
  const longest = Math.max(...of.timings.map(([what, s]) => (what === "total" ? 0 : s ?? 0)));
  const timings = h("table", { class: "bars" }, h("caption", {}, "Where the time went"));
  timings.append(h("thead", { class: "unseen" }, h("tr", {}, h("th", { scope: "col" }, "part"), h("th", { scope: "col" }, "bar"), h("th", { scope: "col" }, "time"))));
  const body = h("tbody");
  for (const [what, time] of of.timings) {
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    if (what === "total") bar.hidden = true;
    else bar.style.width = `${longest > 0 ? Math.max(0.5, (100 * (time ?? 0)) / longest) : 0}%`;
    body.append(h("tr", {}, h("th", { scope: "row" }, what), h("td", { class: "bar-cell" }, bar), h("td", { class: "number" }, seconds(time))));
  }
  timings.append(body);
  const runs = of.runs && of.runs.length > 1 ? table(["began", "took", "threads", "command"], of.runs.map((r) => [r.began ? new Date(1000 * r.began).toISOString().slice(0, 16).replace("T", " ") : "–", seconds(r.seconds), r.threads ? count(r.threads) : "–", h("code", {}, r.command)]), { caption: "Runs of this study (times are UTC)", class: "prose" }) : null;
  return section({
    id: "run",
    title: "How to make it again",
    body: [
      h("div", { class: "command" }, h("pre", { tabindex: 0, "aria-label": "The command" }, h("code", {}, of.command)), copyButton(of.command)),
      h("dl", { class: "facts" }, ...of.facts.flatMap(([what, value]) => [h("dt", {}, what), h("dd", {}, value)])),
      of.timings.length > 0 ? timings : null,
      runs,
    ],
  });
}
