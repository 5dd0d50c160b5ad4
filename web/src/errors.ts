// Where the model errs on the test rows.
import * as Plot from "@observablehq/plot";
import type { Answer, ClassErrors, NumberErrors } from "./data";
import { asTable, h, name, section, table } from "./dom";
import { clamp, figure, ticks } from "./chart";
import { count, counted, number } from "./words";

function predictions(errors: NumberErrors, target: string): HTMLElement {
  const pairs = errors.pairs.filter((p): p is [number, number] => p[0] !== null && p[1] !== null);
  const all = pairs.flat();
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const shown = pairs.length < errors.rows ? ` (${count(pairs.length)} of ${count(errors.rows)} rows, evenly spaced)` : "";
  return figure(
    {
      title: `Predicted and true ${target} of the test rows${shown}`,
      description: `Half of the predictions lie within ${number(errors.half_within, 3)} of the truth, nine of ten within ${number(errors.most_within, 3)}. A perfect model's points would lie on the diagonal`,
      height: (width) => clamp(width * 0.62, 260, 460),
      draw: (width) => ({
        marginLeft: 56,
        marginBottom: 40,
        marginTop: 20,
        marginRight: 14,
        x: { domain: [low, high], nice: true, label: null },
        y: { domain: [low, high], nice: true, label: null },
        marks: [
          Plot.gridY({ stroke: "var(--line)", strokeOpacity: 1, ticks: 5 }),
          Plot.axisX({ tickSize: 0, ticks: clamp(Math.floor(width / 100), 2, 8), tickFormat: ticks, label: "predicted", labelArrow: "none" }),
          Plot.axisY({ tickSize: 0, ticks: 5, tickFormat: ticks, label: "true", labelArrow: "none" }),
          Plot.line([[low, low], [high, high]], { stroke: "var(--muted)", strokeDasharray: "3,4" }),
          Plot.dot(pairs, { x: (p: [number, number]) => p[1], y: (p: [number, number]) => p[0], r: 2.2, fill: "var(--accent)", fillOpacity: clamp(250 / pairs.length, 0.18, 0.7), stroke: "none" }),
          Plot.tip(pairs, Plot.pointer({ x: (p: [number, number]) => p[1], y: (p: [number, number]) => p[0], title: (p: [number, number]) => `predicted ${number(p[1])}, true ${number(p[0])}`, fill: "var(--paper)", stroke: "var(--line)" })),
        ],
      }),
    },
    asTable("Some of these as a table", () =>
      table(["true", "predicted", "missed by"], everyFew(pairs, 40).map(([y, p]) => [number(y), number(p), number(y - p)]), { caption: "Some test rows", numeric: [0, 1, 2] }),
    ),
  );
}

function everyFew<T>(items: T[], most: number): T[] {
  const step = Math.max(1, Math.floor(items.length / most));
  return items.filter((_, k) => k % step === 0).slice(0, most);
}

function residuals(errors: NumberErrors): HTMLElement {
  const { edges, counts, open_below, open_above } = errors.histogram;
  const bins = counts.map((rows, k) => ({ rows, low: edges[k], high: edges[k + 1] }));
  const last = bins.length - 1;
  const range = (k: number) => (k === 0 && open_below ? `below ${ticks(bins[k].high)}` : k === last && open_above ? `above ${ticks(bins[k].low)}` : `${ticks(bins[k].low)} to ${ticks(bins[k].high)}`);
  return figure(
    {
      title: "By how much the truth lies above the prediction, in test rows",
      description: `The mean of these residuals is ${number(errors.bias, 3)}`,
      height: (width) => clamp(width * 0.3, 170, 240),
      draw: (width) => ({
        marginLeft: 56,
        marginBottom: 30,
        marginTop: 10,
        marginRight: 14,
        x: { domain: [edges[0], edges[edges.length - 1]], label: null },
        y: { label: null },
        marks: [
          Plot.gridY({ stroke: "var(--line)", strokeOpacity: 1, ticks: 4 }),
          Plot.rectY(bins, { x1: "low", x2: "high", y: "rows", fill: "var(--accent)", fillOpacity: 0.75, inset: 0.5 }),
          Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.6 }),
          Plot.axisX({ tickSize: 0, ticks: clamp(Math.floor(width / 90), 2, 9), tickFormat: ticks }),
          Plot.axisY({ tickSize: 0, ticks: 4, tickFormat: ticks }),
        ],
      }),
    },
    asTable("The histogram as a table", () => table(["truth above prediction by", "rows"], bins.map((b, k) => [range(k), count(b.rows)]), { caption: "Residuals of the test rows", numeric: [1], head: true })),
  );
}

export function ofNumbers(errors: NumberErrors, answer: Answer): HTMLElement {
  const bias = errors.bias ?? 0;
  const lean = bias > 0 ? "too low" : "too high";
  return section({
    id: "errors",
    title: "Where it errs",
    body: [
      h("p", {}, `Half of the predictions lie within ${number(errors.half_within, 3)} of the true `, name(answer.target), `, nine of ten within ${number(errors.most_within, 3)}. On average they are ${number(Math.abs(bias), 3)} ${lean}.`),
      predictions(errors, answer.target),
      residuals(errors),
    ],
  });
}

function confusionTable(errors: ClassErrors): HTMLElement {
  const { classes, confusion } = errors;
  const head = ["true ↓  predicted →", ...classes, "right"];
  const body = classes.map((c, i) => {
    const rows = confusion[i].reduce((a, b) => a + b, 0);
    const cells = confusion[i].map((n, j) => {
      const cell = h("span", { class: i === j ? "cell is-right" : "cell" }, count(n));
      // How deep a cell is coloured says how large a share of its class it is.
      cell.style.setProperty("--share", String(rows ? n / rows : 0));
      return cell;
    });
    return [c, ...cells, rows ? `${((100 * confusion[i][i]) / rows).toFixed(1)}%` : "–"];
  });
  return table(head, body, { caption: "Test rows by true and predicted class", numeric: head.map((_, k) => k).slice(1), head: true, class: "confusion" });
}

// Of many classes only what is confused most.
function mostConfused(errors: ClassErrors): HTMLElement {
  const { classes, confusion } = errors;
  const all = confusion.flatMap((row, i) => row.map((n, j) => ({ n, i, j }))).filter((c) => c.i !== c.j && c.n > 0);
  all.sort((a, b) => b.n - a.n);
  return table(["true", "predicted as", "rows"], all.slice(0, 20).map((c) => [classes[c.i], classes[c.j], count(c.n)]), { caption: "What is confused most", numeric: [2] });
}

function confusionMap(errors: ClassErrors): HTMLElement {
  const { classes, confusion } = errors;
  const cells = confusion.flatMap((row, i) => {
    const rows = row.reduce((a, b) => a + b, 0);
    return row.map((n, j) => ({ i, j, n, share: rows ? n / rows : 0 })).filter((c) => c.n > 0);
  });
  return figure({
    title: "Test rows by true and predicted class (of each class, the deeper the more)",
    description: `${classes.length} classes; the table tells what is confused most`,
    height: (width) => Math.min(width, 520),
    draw: () => ({
      margin: 30,
      x: { domain: classes.map((_, k) => k), axis: null, label: null },
      y: { domain: classes.map((_, k) => k), axis: null, label: null },
      marks: [
        Plot.cell(cells, { x: "j", y: "i", fill: "var(--accent)", fillOpacity: (c: { share: number }) => 0.08 + 0.92 * c.share, title: (c: { i: number; j: number; n: number }) => `${classes[c.i]} predicted as ${classes[c.j]}: ${c.n}` }),
        Plot.text(["predicted"], { frameAnchor: "bottom", dy: 18, fill: "var(--muted)" }),
        Plot.text(["true"], { frameAnchor: "left", dx: -16, rotate: -90, fill: "var(--muted)" }),
      ],
    }),
  });
}

// What share is likely where it came true so often: the 95% interval of Wilson, "Probable inference" (JASA 22, 1927).
function wilson(bin: { mean: number; share: number; rows: number }): { mean: number; low: number; high: number } {
  const z2 = 1.96 ** 2, n = bin.rows;
  const centre = (bin.share + z2 / (2 * n)) / (1 + z2 / n);
  const half = (1.96 * Math.sqrt((bin.share * (1 - bin.share)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return { mean: bin.mean, low: centre - half, high: centre + half };
}

function calibration(errors: ClassErrors): HTMLElement {
  const bins = errors.calibration;
  const binary = errors.classes.length === 2;
  const what = binary ? `probability of ‘${errors.classes[1]}’` : "probability of the likeliest class";
  const widest = Math.max(...bins.map((b) => b.rows));
  return figure(
    {
      title: `Calibration: ${what}, and how often it came true`,
      description: `On average the two differ by ${number(errors.calibration_error, 2)}. A calibrated model's points lie on the diagonal, as far as their few rows say: the lines are 95% intervals`,
      height: (width) => clamp(width * 0.55, 240, 380),
      draw: (width) => ({
        marginLeft: 56,
        marginBottom: 40,
        marginTop: 22,
        marginRight: 14,
        x: { domain: [0, 1], label: null },
        y: { domain: [0, 1], label: null },
        r: { range: [2.5, 9], domain: [0, widest], type: "sqrt" },
        marks: [
          Plot.gridY({ stroke: "var(--line)", strokeOpacity: 1, ticks: 5 }),
          Plot.line([[0, 0], [1, 1]], { stroke: "var(--muted)", strokeDasharray: "3,4" }),
          Plot.axisX({ tickSize: 0, ticks: width < 420 ? 3 : 6, tickFormat: ticks, label: "said", labelArrow: "none" }),
          Plot.axisY({ tickSize: 0, ticks: 5, tickFormat: ticks, label: "came true", labelArrow: "none" }),
          Plot.ruleX(bins.map(wilson), { x: "mean", y1: "low", y2: "high", stroke: "var(--accent)", strokeOpacity: 0.6, strokeWidth: 1.5 }),
          Plot.dot(bins, { x: "mean", y: "share", r: "rows", fill: "var(--accent)", stroke: "var(--paper)" }),
          Plot.tip(bins, Plot.pointer({ x: "mean", y: "share", title: (b: { mean: number; share: number; rows: number }) => `said ${number(b.mean, 2)}, came true ${number(b.share, 2)} of ${counted(b.rows, "row")}`, fill: "var(--paper)", stroke: "var(--line)" })),
        ],
      }),
    },
    asTable("Calibration as a table", () => table(["said", "on average", "came true", "rows"], bins.map((b) => [`${b.low} to ${b.high}`, number(b.mean, 3), number(b.share, 3), count(b.rows)]), { caption: "Calibration on the test rows", numeric: [1, 2, 3], head: true })),
  );
}

export function ofClasses(errors: ClassErrors): HTMLElement {
  const few = errors.classes.length <= 12;
  return section({
    id: "errors",
    title: "Where it errs",
    body: [
      few ? confusionTable(errors) : confusionMap(errors),
      few ? null : mostConfused(errors),
      h("p", {}, `When it gives a probability, is it so? On average the probabilities are off by ${number(errors.calibration_error, 2)} (the expected calibration error, over ten bins). The lines at the points are 95% intervals; the larger a point, the more rows.`),
      calibration(errors),
    ],
  });
}
