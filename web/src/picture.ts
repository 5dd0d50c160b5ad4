// Pictures of experiments: panels of lines, points, bars and maps, as their data say.
import * as Plot from "@observablehq/plot";
import type { Num, Panel, PictureAxis, PictureMark, Series } from "./data";
import { asTable, h, table } from "./dom";
import { clamp, figure, ticks } from "./chart";
import { s } from "./lines";
import { number } from "./words";

type Point = { x: number; y: number; low: number | null; high: number | null };

const kColours = 8;
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
    if (series.arrow) return []; // drawn with the boxes
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

const kBoxLine = 14, kLetter = 6.6; // pixels: a line of a box, about the width of a letter

// The frame of a panel: where values lie in it.
interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  x: [number, number];
  y: [number, number];
}

function place(value: number, [low, high]: [number, number], scale: string, from: number, to: number): number {
  const at = scale === "log" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return from + at * (to - from);
}

const kDown = [0, 1, 2, 3, 4, 5, 6].map((k) => 14 * k);
const kBothWays = [0, 1, -1, 2, -2, 3, -3, 4, -4].map((k) => 14 * k);

// How far each text is moved up or down so that none is printed over another: those that come first stay.
function apart(marks: PictureMark[], where: (m: PictureMark) => [number, number], steps: number[]): number[] {
  const taken: [number, number, number][] = [];
  return marks.map((mark) => {
    const [left, y] = where(mark);
    const right = left + kLetter * mark.text.length;
    const free = (dy: number) => taken.every(([a, b, at]) => right < a || left > b || Math.abs(at - y - dy) >= 13);
    const dy = steps.find(free) ?? 0;
    taken.push([left, right, y + dy]);
    return dy;
  });
}

function markMarks(panel: Panel, frame: Frame): Plot.Markish[] {
  const marks = panel.marks.filter((m) => usable(m.x, panel.x) || usable(m.y, panel.y));
  const points = marks.filter((m) => usable(m.x, panel.x) && usable(m.y, panel.y));
  const both = points.filter((m) => !m.boxed), boxes = points.filter((m) => m.boxed);
  const xs = marks.filter((m) => !points.includes(m) && usable(m.x, panel.x));
  const ys = marks.filter((m) => !points.includes(m) && usable(m.y, panel.y));
  const text = { fill: "var(--ink)", fontSize: 11, stroke: "var(--paper)", strokeWidth: 3, clip: false as const };
  const px = (m: PictureMark) => place(m.x!, frame.x, panel.x.scale, frame.left, frame.width - frame.right);
  const py = (m: PictureMark) => place(m.y!, frame.y, panel.y.scale, frame.height - frame.bottom, frame.top);
  const wide = (m: PictureMark) => kLetter * m.text.length;
  // Beside its point: to the right, or to the left where that is beyond the frame.
  const turned = (m: PictureMark) => px(m) + 8 + wide(m) > frame.width && px(m) - 8 - wide(m) > 0;
  const named = (list: PictureMark[], dys: number[], options: (m: PictureMark, dy: number) => Plot.TextOptions) =>
    list.map((m, k) => Plot.text([m], { text: "text", ...options(m, dys[k]), ...text } as Plot.TextOptions));
  return [
    Plot.ruleX(xs, { x: "x", stroke: "var(--muted)", strokeDasharray: "2,3" }),
    Plot.ruleY(ys, { y: "y", stroke: "var(--muted)", strokeDasharray: "2,3" }),
    ...named(xs, apart(xs, (m) => [px(m) + 4, 0], kDown), (_m, dy) => ({ x: "x", frameAnchor: "top", dx: 4, dy: 4 + dy, textAnchor: "start", lineAnchor: "top" })),
    ...named(ys, apart(ys, (m) => [frame.width - wide(m), py(m)], kBothWays), (_m, dy) => ({ y: "y", frameAnchor: "right", dy: dy - 6, textAnchor: "end" })),
    Plot.dot(both, { x: "x", y: "y", r: 4.5, stroke: "var(--ink)", strokeWidth: 1.5, fill: "none" }),
    ...named(both, apart(both, (m) => [turned(m) ? px(m) - 8 - wide(m) : px(m) + 8, py(m)], kBothWays), (m, dy) => ({ x: "x", y: "y", dx: turned(m) ? -8 : 8, dy, textAnchor: turned(m) ? "end" : "start" })),
    ...panel.series.filter((one) => one.arrow).map((one) => arrow(one, boxes, (x, y) => [px({ text: "", x, y }), py({ text: "", x, y })])),
    ...boxes.map((m) => boxed(m, px(m), py(m))),
  ];
}

// Half the width and height of a box.
function sizeOf(mark: PictureMark): [number, number] {
  const lines = mark.text.split("\n");
  return [(kLetter * Math.max(...lines.map((l) => l.length)) + 14) / 2, (kBoxLine * lines.length + 8) / 2];
}

// A text of one or more lines in a box about its point.
function boxed(mark: PictureMark, x: number, y: number): Plot.Markish {
  const lines = mark.text.split("\n"), [w, tall] = sizeOf(mark);
  return () => {
    const group = s("g", { class: "box" });
    group.append(s("rect", { x: x - w, y: y - tall, width: 2 * w, height: 2 * tall, rx: 4 }));
    lines.forEach((line, k) => {
      const text = s("text", { x, y: y + (k - (lines.length - 1) / 2) * kBoxLine, "text-anchor": "middle", "dominant-baseline": "central" });
      text.textContent = line;
      group.append(text);
    });
    return group;
  };
}

// From the border of the box at its beginning to that at its end.
function arrow(series: Series, boxes: PictureMark[], pixel: (x: number, y: number) => [number, number]): Plot.Markish {
  const ends = [0, 1].map((k) => ({ at: pixel(series.x[k]!, series.y[k]!), box: boxes.find((b) => b.x === series.x[k] && b.y === series.y[k]) }));
  return () => {
    const [from, to] = ends.map(({ at, box }, k) => {
      const other = ends[1 - k].at, [dx, dy] = [other[0] - at[0], other[1] - at[1]];
      const [w, tall] = box ? sizeOf(box) : [0, 0];
      const share = Math.min(dx ? (w + 2) / Math.abs(dx) : Infinity, dy ? (tall + 2) / Math.abs(dy) : Infinity);
      return [at[0] + share * dx, at[1] + share * dy];
    });
    const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
    const wing = (turn: number) => `${to[0] - 8 * Math.cos(angle + turn)},${to[1] - 8 * Math.sin(angle + turn)}`;
    return s("path", { class: "arrow", d: `M${from}L${to}M${wing(0.45)}L${to}L${wing(-0.45)}` });
  };
}

function legend(panel: Panel): HTMLElement | null {
  let k = 0;
  const items = panel.series.flatMap((series) => {
    if (series.arrow) return [];
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
    ...panel.series.flatMap((one) => [...one[axis], ...(axis === "y" ? [...(one.low ?? []), ...(one.high ?? [])] : [])]),
    ...marks.map((m) => m[axis] ?? null),
    ...(panel.map ? edges(panel.map[axis], panel[axis].scale === "log").flat() : []),
  ].filter((v): v is number => v !== null);
  let [x, y] = [domain(panel.x, of("x"), false), domain(panel.y, of("y"), bars)];
  if (bars && !panel.x.names?.length) x = [x[0] - 0.5, x[1] + 0.5];
  if (panel.map) [x, y] = (["x", "y"] as const).map((axis) => { const e = edges(panel.map![axis], panel[axis].scale === "log").flat(); return [Math.min(...e), Math.max(...e)]; }) as [[number, number], [number, number]];
  const title = panel.title || `${panel.y.label} by ${panel.x.label}`;
  const margin = panel.diagram ? { left: 8, right: 8, top: 8, bottom: 8 } : { left: 58, right: 18, top: panel.y.label ? 26 : 12, bottom: panel.x.label ? 44 : 28 };
  const height = (width: number) => {
    if (panel.diagram) return 400;
    if (!panel.equal) return clamp(width * (panel.map ? 0.8 : 0.68), 230, 400);
    const unit = (width - margin.left - margin.right) / (x[1] - x[0]);
    return clamp(unit * (y[1] - y[0]) + margin.top + margin.bottom, 230, 480);
  };
  // Where one unit is to be as long on both axes, the axis that has room to spare shows more.
  const frameOf = (width: number): Frame => {
    const frame: Frame = { width, height: height(width), ...margin, x, y };
    if (!panel.equal) return frame;
    const across = width - margin.left - margin.right, down = frame.height - margin.top - margin.bottom;
    const unit = Math.min(across / (x[1] - x[0]), down / (y[1] - y[0]));
    const grown = ([low, high]: [number, number], length: number): [number, number] => {
      const more = (length / unit - (high - low)) / 2;
      return [low - more, high + more];
    };
    return { ...frame, x: grown(x, across), y: grown(y, down) };
  };
  const named = panel.series.filter((one) => one.name);
  return figure(
    {
      title,
      description: panel.diagram
        ? `A drawing of ${panel.marks.map((m) => m.text.split("\n").join(" ")).join("; ")}`
        : `${panel.y.label || "y"} over ${panel.x.label || "x"}${named.length ? `: ${named.map((one) => one.name).join(", ")}` : ""}`,
      height,
      draw: (width) => {
        const frame = frameOf(width);
        const axes = [
          Plot.axisX({ ...axisOptions(panel.x, frame.x, clamp(Math.floor(width / 80), 2, 8)), anchor: "bottom" }),
          Plot.axisY({ ...axisOptions(panel.y, frame.y, 5), anchor: "left" }),
          panel.x.label ? Plot.text([panel.x.label], { frameAnchor: "bottom-right", dy: 36, textAnchor: "end", fill: "var(--muted)", clip: false }) : null,
          panel.y.label ? Plot.text([panel.y.label], { frameAnchor: "top-left", dx: -50, dy: -18, textAnchor: "start", fill: "var(--muted)", clip: false }) : null,
        ];
        return {
          marginLeft: margin.left,
          marginRight: margin.right,
          marginTop: margin.top,
          marginBottom: margin.bottom,
          x: { type: panel.x.scale, domain: frame.x, label: null, ...(panel.diagram ? { axis: null } : {}) },
          y: { type: panel.y.scale, domain: frame.y, label: null, ...(panel.diagram ? { axis: null } : {}) },
          clip: true,
          marks: [
            panel.map || panel.diagram ? null : Plot.gridY({ stroke: "var(--line)", strokeOpacity: 1, ticks: 5 }),
            ...mapMarks(panel),
            ...seriesMarks(panel, panel.y.scale === "log" ? y[0] : clamp(0, y[0], y[1])),
            ...markMarks(panel, frame),
            ...(panel.diagram ? [] : axes),
          ],
        };
      },
    },
    legend(panel),
    panel.diagram ? null : asTable("As a table", () => numbers(panel)),
  );
}
