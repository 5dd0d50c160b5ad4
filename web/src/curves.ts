// Learning curves of all candidates.
import * as Plot from "@observablehq/plot";
import type { Num, Trial } from "./data";
import { asTable, section, table } from "./dom";
import { clamp, figure, line as lineColour, quantiles, ticks } from "./chart";
import type { Field } from "./field";
import { Lines, s } from "./lines";
import { fate } from "./trial";
import { capital, count, counted, measure, metricWords, nameOf } from "./words";

// What is drawn of a candidate: its curve, and its end also where that lies between two drawn epochs.
function points(field: Field, trial: Trial): [number, Num][] {
  const out: [number, Num][] = trial.c.map((value, k) => [field.search.epochs[k], value]);
  if (trial.n > 0 && (out.length === 0 || out[out.length - 1][0] < trial.n)) out.push([trial.n, trial.end]);
  return out;
}

// Most of what candidates did, and all of what the winner did but its first steps.
function domain(field: Field): { low: number; high: number; log: boolean } {
  const { search, winner } = field;
  const values: number[] = [];
  const stride = Math.max(1, Math.floor((search.trials.length * search.epochs.length) / 20000));
  search.trials.forEach((t, k) => t.c.forEach((v, e) => v !== null && (k + e) % stride === 0 && values.push(v)));
  for (const t of search.trials) if (t.end !== null && t.s === "done") values.push(t.end);
  if (values.length === 0) return { low: 0, high: 1, log: false };
  let [low, high] = quantiles(values, search.higher ? [0.15, 1] : [0, 0.85]);
  const own = winner?.c.slice(Math.floor(winner.c.length / 10)).filter((v): v is number => v !== null) ?? [];
  low = Math.min(low, ...own);
  high = Math.max(high, ...own);
  if (!(high > low)) [low, high] = [low - Math.abs(low) * 0.05 - 1e-6, high + Math.abs(high) * 0.05 + 1e-6];
  const log = !search.higher && low > 0 && high / low > 10;
  if (!log) {
    const room = (high - low) * 0.04;
    [low, high] = [low - room, high + room];
  }
  return { low, high, log };
}

function drawing(field: Field): HTMLElement {
  const { search } = field;
  const lines = new Lines(field);
  const { low, high, log } = domain(field);
  const longest = Math.max(...search.trials.map((t) => t.n));
  const rungs = [...new Set(search.rungs.filter((r) => r.kept < r.entered).map((r) => r.epochs))];
  const clip = "curves-frame";
  const own = new Map(search.trials.map((t) => [t, points(field, t)]));
  const winner = field.winner;

  const render: Plot.RenderFunction = (_index, scales, _values, { width, height, marginLeft, marginTop, marginRight, marginBottom }) => {
    const x = scales.x as unknown as (v: number) => number;
    const y = scales.y as unknown as (v: number) => number;
    const all = s("g", { "clip-path": `url(#${clip})` });
    const frame = s("clipPath", { id: clip });
    frame.append(s("rect", { x: marginLeft - 5, y: marginTop - 5, width: width - marginLeft - marginRight + 10, height: height - marginTop - marginBottom + 10 }));
    const place = (v: number) => clamp(y(log ? Math.max(v, 1e-300) : v), -4000, 4000);
    all.append(
      frame,
      lines.group((trial) => {
        const at = own.get(trial)!.filter(([, v]) => v !== null) as [number, number][];
        if (at.length === 0) return null;
        const path = at.map(([e, v], k) => `${k ? "L" : "M"}${x(e).toFixed(1)},${place(v).toFixed(1)}`).join("");
        const group = s("g", {});
        group.append(s("path", { d: path }));
        const [e, v] = at[at.length - 1];
        if (trial.s !== "done" || at.length === 1 || trial === winner)
          group.append(s("circle", { cx: x(e), cy: place(v), r: trial === winner ? 3.5 : 1.8 }));
        return group;
      }),
    );
    return all;
  };

  const figureElement = figure(
    {
      title: `${nameOf(search.metric)} on validation rows after each epoch`,
      description: describe(field),
      height: (width) => clamp(width * 0.5, 240, 420),
      draw: (width) => ({
        marginLeft: 52,
        marginRight: 14,
        marginTop: rungs.length ? 26 : 12,
        marginBottom: 38,
        x: { domain: [longest > 1 ? Math.min(1, longest) : 0, Math.max(longest, 2)], label: null },
        y: { domain: [low, high], type: log ? "log" : "linear", label: null },
        marks: [
          Plot.gridY({ stroke: lineColour, strokeOpacity: 1, ticks: 5 }),
          Plot.axisX({ label: "epochs", labelAnchor: "right", labelArrow: "none", tickSize: 0, ticks: clamp(Math.floor(width / 90), 2, 8), tickFormat: (e: number) => (Number.isInteger(e) ? ticks(e) : "") }),
          Plot.axisY({ label: null, tickSize: 0, ticks: 5, tickFormat: ticks }),
          Plot.ruleX(rungs, { stroke: "currentColor", strokeOpacity: 0.25, strokeDasharray: "2,3" }),
          Plot.text(rungs.length > 6 ? [] : rungs, { x: (r: number) => r, frameAnchor: "top", dy: -14, text: (r: number) => (width / rungs.length > 90 ? `rung ${r}` : String(r)), fill: "var(--muted)", textAnchor: "middle" }),
          Object.assign(render, {}),
        ],
      }),
      drawn: (plot) => {
        const x = plot.scale("x"), y = plot.scale("y");
        if (!x?.invert || !y) return;
        lines.follow(plot, (px, py) => {
          const epoch = Math.round(Number(x.invert!(px)));
          let best: Trial | null = null, near = 24;
          for (const trial of field.visible) {
            const value = valueAt(field, trial, epoch);
            if (value === null) continue;
            const distance = Math.abs(Number(y.apply(log ? Math.max(value, 1e-300) : value)) - py);
            if (distance < near) [best, near] = [trial, distance];
          }
          return best;
        });
      },
    },
    asTable("The curves as a table", () => asRows(field)),
  );
  figureElement.querySelector(".drawing")!.after(lines.tip);
  return figureElement;
}

function valueAt(field: Field, trial: Trial, epoch: number): Num {
  if (epoch > trial.n) return null;
  if (epoch === trial.n) return trial.end;
  const { epochs } = field.search;
  let k = 0;
  while (k + 1 < trial.c.length && epochs[k + 1] <= epoch) ++k;
  return trial.c[k] ?? null;
}

function describe(field: Field): string {
  const { search, winner } = field;
  const parts = [`${counted(search.total, "candidate")}, ${search.higher ? "higher" : "lower"} is better`];
  if (winner) parts.push(`the winner is candidate ${winner.i} with ${measure(search.metric, winner.m)}`);
  const retired = search.counts.retired ?? 0;
  if (retired) parts.push(`${count(retired)} were retired at rungs, where their curves end`);
  return parts.join("; ");
}

// The best twenty at a dozen epochs.
function asRows(field: Field): HTMLElement {
  const { search } = field;
  const trials = field.visible.slice(0, 20);
  const longest = Math.max(...trials.map((t) => t.n), 1);
  const at = [...new Set(Array.from({ length: 12 }, (_, k) => Math.round(1 + ((longest - 1) * k) / 11)))];
  const rows = trials.map((t) => [
    `${t.i}`,
    fate(t),
    ...at.map((e) => measure(search.metric, e > t.n ? null : valueAt(field, t, e))),
  ]);
  return table(["candidate", "trained", ...at.map((e) => `after ${e}`)], rows, {
    caption: `${nameOf(search.metric)} of the best ${trials.length} after some epochs`,
    numeric: [0, ...at.map((_, k) => k + 2)],
    head: true,
  });
}

export function curves(field: Field): HTMLElement | null {
  const { search } = field;
  if (!search.trials.some((t) => t.n > 0)) return null;
  const notes: string[] = [];
  const winner = field.winner ? `Candidate ${field.winner.i}, the winner, is the bright line. ` : "";
  notes.push(`${winner}${capital(metricWords[search.metric] ?? search.metric)}; ${search.higher ? "higher" : "lower"} is better.`);
  if (search.trials.some((t) => field.isGood(t))) notes.push("The best tenth is darker.");
  if (search.folds > 0) notes.push(`Each candidate was trained on ${search.folds} folds; the curves are those of the first, the numbers the mean of all.`);
  if (search.rungs.some((r) => r.kept < r.entered)) notes.push("At the dashed rungs the weaker candidates were retired: their curves end there.");
  if (search.trials.length < search.total) notes.push(`Of ${count(search.total)} candidates ${count(search.trials.length)} are shown: the best, and a fair sample of the others.`);
  if (!search.every_epoch) notes.push(`To keep the page small the curves are drawn at ${search.epochs.length} of their epochs.`);
  notes.push("Curves that leave the frame do worse than what is shown.");
  const p = document.createElement("p");
  p.textContent = notes.join(" ");
  return section({ id: "curves", title: "How the candidates learnt", body: [p, drawing(field)] });
}
