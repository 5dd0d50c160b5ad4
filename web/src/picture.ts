// Pictures of experiments: panels of lines, points, bars and maps, as their data say.
import * as Plot from "@observablehq/plot";
import type { Num, Panel, PictureAxis, Series } from "./data";
import { asTable, h, table } from "./dom";
import { clamp, figure, ticks } from "./chart";
import { number } from "./words";

type Point = { x: number; y: number; low: number | null; high: number | null };

const kColours = 6;
const colour = (k: number) => `var(--s${k % kColours})`;

const usable = (value: Num | undefined, axis: PictureAxis): value is number =>
  value !== null && value !== undefined && (axis.scale === "linear" || value > 0);

function pointsOf(series: Series, panel: Panel): Point[] {
  return series.x.map((x, k) => {
    const end = (of?: Num[]) => (usable(of?.[k], panel.y) ? (of![k] as number) : null);
    const ok = usable(x, panel.x) && usable(series.y[k], panel.y);
    return { x: ok ? (x as number) : NaN, y: ok ? (series.y[k] as number) : NaN, low: end(series.low), high: end(series.high) };
  });
}

// The range of an axis: as it is given, else that of what is drawn along it, with some room.
function domain(axis: PictureAxis, values: number[], zero: boolean): [number, number] {
  const all = values.filter((v) => Number.isFinite(v) && (axis.scale === "linear" || v > 0));
  if (axis.names?.length) return [-0.5, axis.names.length - 0.5];
  let low = all.length ? Math.min(...all) : axis.scale === "log" ? 1 : 0;
  let high = all.length ? Math.max(...all) : low + 1;
  if (zero && axis.scale === "linear") [low, high] = [Math.min(0, low), Math.max(0, high)];
  if (axis.scale === "log") {
    const room = low < high ? (high / low) ** 0.03 : 2;
    [low, high] = [low / room, high * room];
  } else {
    const room = low < high ? (high - low) * 0.06 : Math.abs(low) * 0.1 || 1;
    [low, high] = [zero && low === 0 ? 0 : low - room, high + room];
  }
  return [axis.low ?? low, axis.high ?? high];
}

function axisOptions(axis: PictureAxis, range: [number, number], count: number): Plot.AxisXOptions & Plot.AxisYOptions {
  if (axis.names?.length) return { tickSize: 0, ticks: axis.names.map((_, k) => k), tickFormat: (k: number) => shortened(axis.names![Math.round(k)] ?? ""), label: null };
  const logTicks = axis.scale === "log" && range[1] / range[0] >= 100;
  return { tickSize: 0, ticks: count, tickFormat: (v: number) => (logTicks && !isPower(v) ? "" : ticks(v)), label: null };
}

const isPower = (v: number) => Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9;
const shortened = (text: string) => (text.length > 14 ? `${text.slice(0, 13)}…` : text);

function seriesMarks(panel: Panel, base: number): Plot.Markish[] {
  const bars = panel.series.filter((s) => s.draw === "bars");
  const gaps = bars.flatMap((s) => {
    const xs = s.x.filter((x): x is number => x !== null).sort((a, b) => a - b);
    return xs.slice(1).map((x, k) => x - xs[k]).filter((gap) => gap > 0);
  });
  const wide = gaps.length ? Math.min(...gaps) : 1;
  let nthColour = 0;
  return panel.series.flatMap((series): Plot.Markish[] => {
    const points = pointsOf(series, panel);
    const stroke = series.faint ? "var(--faint)" : colour(nthColour++);
    const banded = points.filter((p) => p.low !== null && p.high !== null);
    const hidden = { stroke, fill: stroke };
    if (series.draw === "bars") {
      const k = bars.indexOf(series), share = (0.84 * wide) / bars.length;
      const left = (p: Point) => p.x - 0.42 * wide + k * share;
      return [
        Plot.rect(points, { x1: left, x2: (p: Point) => left(p) + share, y1: () => base, y2: "y", fill: hidden.fill, fillOpacity: 0.8, insetLeft: 0.5, insetRight: 0.5 }),
        Plot.ruleX(banded, { x: (p: Point) => left(p) + share / 2, y1: "low", y2: "high", stroke: "currentColor" }),
      ];
    }
    if (series.draw === "points")
      return [
        Plot.ruleX(banded, { x: "x", y1: "low", y2: "high", stroke, strokeWidth: 1.5, strokeOpacity: 0.7 }),
        Plot.dot(points, { x: "x", y: "y", r: points.length > 200 ? 1.8 : 3, fill: stroke, fillOpacity: points.length > 500 ? 0.4 : 0.9 }),
      ];
    return [
      Plot.areaY(banded, { x: "x", y1: "low", y2: "high", fill: stroke, fillOpacity: 0.15 }),
      Plot.line(points, { x: "x", y: "y", stroke, strokeWidth: series.faint ? 1 : 1.8, strokeDasharray: series.dashed ? "5,4" : undefined, strokeOpacity: series.faint ? 0.7 : 1 }),
    ];
  });
}

// The edges between the middles of cells.
function edges(middles: number[], log: boolean): [number, number][] {
  const to = (v: number) => (log ? Math.log(v) : v), from = (v: number) => (log ? Math.exp(v) : v);
  const at = middles.map(to);
  const step = at.length > 1 ? undefined : log ? 0.35 : 0.5;
  const between = (k: number) => (at[k] + at[k + 1]) / 2;
  return at.map((v, k) => {
    const low = k > 0 ? between(k - 1) : v - (step ?? between(0) - v);
    const high = k + 1 < at.length ? between(k) : v + (step ?? v - between(k - 1));
    return [from(low), from(high)];
  });
}

function mapMarks(panel: Panel): Plot.Markish[] {
  const { map } = panel;
  if (!map) return [];
  const [xs, ys] = [edges(map.x, panel.x.scale === "log"), edges(map.y, panel.y.scale === "log")];
  const log = map.scale === "log";
  const cells = map.values.flatMap((row, i) => row.map((value, j) => ({ x1: xs[j][0], x2: xs[j][1], y1: ys[i][0], y2: ys[i][1], value })));
  const known = cells.flatMap((c) => (c.value !== null && (!log || c.value > 0) ? [c.value] : []));
  const to = (v: number) => (log ? Math.log(v) : v);
  const [low, high] = [to(Math.min(...known)), to(Math.max(...known))];
  const depth = (c: { value: Num }) => (c.value === null || (log && c.value <= 0) ? 0 : high > low ? 0.06 + (0.94 * (to(c.value) - low)) / (high - low) : 0.5);
  return [
    Plot.rect(cells, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: "var(--accent)", fillOpacity: depth, title: (c: { value: Num }) => `${map.label} ${number(c.value)}` }),
  ];
}

function markMarks(panel: Panel): Plot.Markish[] {
  const marks = panel.marks.filter((m) => usable(m.x, panel.x) || usable(m.y, panel.y));
  const both = marks.filter((m) => usable(m.x, panel.x) && usable(m.y, panel.y));
  const xs = marks.filter((m) => !both.includes(m) && usable(m.x, panel.x));
  const ys = marks.filter((m) => !both.includes(m) && usable(m.y, panel.y));
  const text = { fill: "var(--ink)", fontSize: 11, stroke: "var(--paper)", strokeWidth: 3, clip: false };
  return [
    Plot.ruleX(xs, { x: "x", stroke: "var(--muted)", strokeDasharray: "2,3" }),
    Plot.ruleY(ys, { y: "y", stroke: "var(--muted)", strokeDasharray: "2,3" }),
    Plot.text(xs, { x: "x", frameAnchor: "top", text: "text", dx: 4, dy: 4, textAnchor: "start", lineAnchor: "top", ...text }),
    Plot.text(ys, { y: "y", frameAnchor: "right", text: "text", dy: -6, textAnchor: "end", ...text }),
    Plot.dot(both, { x: "x", y: "y", r: 4.5, stroke: "var(--ink)", strokeWidth: 1.5, fill: "none" }),
    Plot.text(both, { x: "x", y: "y", text: "text", dx: 8, textAnchor: "start", ...text }),
  ];
}

function legend(panel: Panel): HTMLElement | null {
  let k = 0;
  const items = panel.series.flatMap((series) => {
    const own = series.faint ? "var(--faint)" : colour(k++);
    if (!series.name) return [];
    const swatch = h("span", { class: series.draw === "line" ? (series.dashed ? "swatch is-dashed" : "swatch") : "swatch is-dot", "aria-hidden": "true" });
    swatch.style.color = own;
    return [h("li", {}, swatch, series.name)];
  });
  if (panel.map) {
    const known = panel.map.values.flat().filter((v): v is number => v !== null);
    items.push(h("li", {}, h("span", { class: "swatch is-scale", "aria-hidden": "true" }), `${panel.map.label}: ${number(Math.min(...known), 3)} to ${number(Math.max(...known), 3)}`));
  }
  return items.length ? h("ul", { class: "legend" }, ...items) : null;
}

function numbers(panel: Panel): HTMLElement {
  if (panel.map) {
    const { x, y, values } = panel.map;
    return table([`${panel.y.label} ↓  ${panel.x.label} →`, ...x.map((v) => number(v))], y.map((v, i) => [number(v), ...values[i].map((c) => number(c))]), { caption: panel.map.label, numeric: x.map((_, k) => k + 1), head: true });
  }
  const kMost = 60;
  const where = (axis: PictureAxis, v: Num) => (axis.names && v !== null ? axis.names[v] ?? number(v) : number(v));
  const rows = panel.series.flatMap((s) => {
    const step = Math.max(1, Math.ceil(s.x.length / kMost));
    return s.x.map((x, k) => [s.name || "–", where(panel.x, x), where(panel.y, s.y[k])]).filter((_, k) => k % step === 0);
  });
  return table(["series", panel.x.label || "x", panel.y.label || "y"], rows.slice(0, 400), { caption: panel.title, numeric: [1, 2] });
}

export function panelFigure(panel: Panel): HTMLElement {
  const bars = panel.series.some((s) => s.draw === "bars");
  const marks = panel.marks;
  const of = (axis: "x" | "y"): number[] => [
    ...panel.series.flatMap((s) => [...s[axis], ...(axis === "y" ? [...(s.low ?? []), ...(s.high ?? [])] : [])]),
    ...marks.map((m) => m[axis] ?? null),
    ...(panel.map ? edges(panel.map[axis], panel[axis].scale === "log").flat() : []),
  ].filter((v): v is number => v !== null);
  let [x, y] = [domain(panel.x, of("x"), false), domain(panel.y, of("y"), bars)];
  if (bars && !panel.x.names?.length) x = [x[0] - 0.5, x[1] + 0.5];
  if (panel.map) [x, y] = (["x", "y"] as const).map((axis) => { const e = edges(panel.map![axis], panel[axis].scale === "log").flat(); return [Math.min(...e), Math.max(...e)]; }) as [[number, number], [number, number]];
  const title = panel.title || `${panel.y.label} by ${panel.x.label}`;
  const element = figure(
    {
      title,
      description: `${panel.y.label || "y"} over ${panel.x.label || "x"}${panel.series.filter((s) => s.name).length ? `: ${panel.series.filter((s) => s.name).map((s) => s.name).join(", ")}` : ""}`,
      height: (width) => clamp(width * (panel.map ? 0.8 : 0.68), 230, 400),
      draw: (width) => ({
        marginLeft: 58,
        marginRight: 18,
        marginTop: panel.y.label ? 26 : 12,
        marginBottom: panel.x.label ? 44 : 28,
        x: { type: panel.x.scale, domain: x, label: null },
        y: { type: panel.y.scale, domain: y, label: null },
        clip: true,
        marks: [
          panel.map ? null : Plot.gridY({ stroke: "var(--line)", strokeOpacity: 1, ticks: 5 }),
          ...mapMarks(panel),
          ...seriesMarks(panel, panel.y.scale === "log" ? y[0] : clamp(0, y[0], y[1])),
          ...markMarks(panel),
          Plot.axisX({ ...axisOptions(panel.x, x, clamp(Math.floor(width / 80), 2, 8)), anchor: "bottom" }),
          Plot.axisY({ ...axisOptions(panel.y, y, 5), anchor: "left" }),
          panel.x.label ? Plot.text([panel.x.label], { frameAnchor: "bottom-right", dy: 36, textAnchor: "end", fill: "var(--muted)", clip: false }) : null,
          panel.y.label ? Plot.text([panel.y.label], { frameAnchor: "top-left", dx: -50, dy: -18, textAnchor: "start", fill: "var(--muted)", clip: false }) : null,
        ],
      }),
    },
    legend(panel),
    asTable("As a table", () => numbers(panel)),
  );
  return element;
}
