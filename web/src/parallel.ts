// Parallel coordinates: every hyperparameter a line across, every candidate a thread down through them. They lie
// one under the other, so that names and values can be read on a phone too.
import * as Plot from "@observablehq/plot";
import type { Trial } from "./data";
import { h, section } from "./dom";
import { clamp, figure, ticks } from "./chart";
import type { Axis, Field } from "./field";
import { Lines, s } from "./lines";
import { count, counted, measure, nameOf, number } from "./words";

const kRow = 58, kTop = 26, kSide = 14;

function axisTicks(axis: Axis, width: number): [number, string][] {
  const { names } = axis;
  if (names.length > 0) {
    const at = (k: number) => (names.length > 1 ? k / (names.length - 1) : 0.5);
    const room = Math.floor(width / Math.max(names.length, 1) / 7);
    const every = Math.ceil(names.length / Math.max(2, Math.floor(width / 40)));
    return names.map((n, k): [number, string] => [at(k), k % every ? "" : short(n, Math.max(5, room * every))]);
  }
  const steps = width < 420 ? 2 : 4;
  return Array.from({ length: steps + 1 }, (_, k): [number, string] => {
    const value = axis.value(k / steps);
    return [k / steps, axis.metric ? measure(axis.name, Number(value)) : ticks(Number(Number(value).toPrecision(2)))];
  });
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function drawing(field: Field): HTMLElement {
  const { axes } = field;
  const lines = new Lines(field);
  const y = (axis: number) => kTop + axis * kRow;
  let inner = 0;
  const x = (p: number) => kSide + p * inner;
  const brushes: SVGElement[] = [];

  const render: Plot.RenderFunction = (_index, _scales, _values, { width }) => {
    inner = width - 2 * kSide;
    const all = s("g", {});
    all.append(
      lines.group((_trial, k) => {
        const at = field.placesOf(k);
        let path = "";
        at.forEach((p, axis) => {
          if (p === null) return;
          const [px, py] = [x(p).toFixed(1), y(axis)];
          // Smooth threads can be followed through a point where many meet.
          const before = axis > 0 ? at[axis - 1] : null;
          path += before === null || axis === 0 ? `M${px},${py}` : `C${x(before).toFixed(1)},${py - kRow / 2} ${px},${py - kRow / 2} ${px},${py}`;
        });
        return path ? s("path", { d: path }) : null;
      }),
    );
    brushes.length = 0;
    axes.forEach((axis, k) => {
      const group = s("g", { class: axis.metric ? "axis is-metric" : "axis" });
      group.append(s("line", { x1: x(0), x2: x(1), y1: y(k), y2: y(k) }));
      const label = s("text", { x: x(0), y: y(k) - 12, class: "axis-name", "text-anchor": "start" });
      label.textContent = axis.metric ? `${nameOf(axis.name)} on validation rows` : axis.name;
      group.append(label);
      for (const [p, text] of axisTicks(axis, inner)) {
        group.append(s("line", { x1: x(p), x2: x(p), y1: y(k) - 3, y2: y(k) + 3 }));
        const anchor = p < 0.02 ? "start" : p > 0.98 ? "end" : "middle";
        const tick = s("text", { x: x(p), y: y(k) + 15, "text-anchor": anchor });
        tick.textContent = text;
        group.append(tick);
      }
      const brush = s("rect", { class: "brush", y: y(k) - 7, height: 14, rx: 3 });
      brushes.push(brush);
      group.append(brush);
      all.append(group);
    });
    showBrushes();
    return all;
  };

  const showBrushes = () =>
    brushes.forEach((brush, k) => {
      const [low, high] = field.ranges[k];
      brush.setAttribute("x", String(x(low)));
      brush.setAttribute("width", String(Math.max(2, x(high) - x(low))));
      brush.classList.toggle("is-on", low > 0 || high < 1);
    });
  field.listen(showBrushes);

  const nearest = (px: number, py: number): Trial | null => {
    const axis = clamp((py - kTop) / kRow, 0, axes.length - 1);
    const [above, below] = [Math.floor(axis), Math.ceil(axis)];
    const t = axis - above;
    const weight = t * t * (3 - 2 * t); // near to the threads' own curve
    const shown = new Set(field.visible);
    let best: Trial | null = null, near = 12;
    field.search.trials.forEach((trial, k) => {
      if (!shown.has(trial)) return;
      const [a, b] = [field.placesOf(k)[above], field.placesOf(k)[below]];
      if (a === null || b === null) return;
      const distance = Math.abs(x(a + weight * (b - a)) - px);
      if (distance < near) [best, near] = [trial, distance];
    });
    return best;
  };

  // Drawn along an axis, the pointer chooses a range of it; a click on the axis gives it up again.
  const brushWith = (plot: SVGElement | HTMLElement) => {
    plot.addEventListener("pointerdown", (event) => {
      const down = event as PointerEvent;
      const box = plot.getBoundingClientRect();
      const axis = Math.round((down.clientY - box.top - kTop) / kRow);
      if (axis < 0 || axis >= axes.length || Math.abs(down.clientY - box.top - y(axis)) > 11 || down.pointerType === "touch") return;
      down.preventDefault();
      const position = (e: PointerEvent) => clamp((e.clientX - box.left - kSide) / inner, 0, 1);
      const start = position(down);
      let moved = false;
      const move = (e: PointerEvent) => {
        moved = moved || Math.abs(position(e) - start) * inner > 4;
        if (moved) field.range(axis, start, position(e));
      };
      const up = () => {
        window.removeEventListener("pointermove", move);
        window.removeEventListener("pointerup", up);
        if (!moved) field.range(axis, 0, 1);
      };
      window.addEventListener("pointermove", move);
      window.addEventListener("pointerup", up);
    });
  };

  const element = figure(
    {
      title: "Every candidate through its hyperparameters",
      description: `Parallel coordinates of ${axes.map((a) => (a.metric ? nameOf(a.name) : a.name)).join(", ")}. The list of candidates below has the same in numbers.`,
      height: () => kTop + (axes.length - 1) * kRow + 26,
      draw: () => ({
        margin: 0,
        x: { domain: [0, 1], axis: null },
        y: { domain: [0, 1], axis: null },
        marks: [render],
      }),
      drawn: (plot) => {
        lines.follow(plot, nearest);
        brushWith(plot);
      },
    },
  );
  element.querySelector(".drawing")!.after(lines.tip);
  return element;
}

// The same ranges by keyboard and by touch.
function filters(field: Field): HTMLElement {
  const shown = h("output", { class: "shown", "aria-live": "polite" });
  const clear = h("button", { type: "button", click: () => field.clear() }, "Show all");
  const inputs: (() => void)[] = [];
  const rows = field.axes.map((axis, k) => {
    const steps = axis.names.length > 1 ? axis.names.length - 1 : 100;
    const title = axis.metric ? nameOf(axis.name) : axis.name;
    const told = h("span", { class: "range-told" });
    const text = (p: number) => {
      const value = axis.value(p);
      return typeof value === "string" ? value : axis.metric ? measure(axis.name, value) : number(value, 3);
    };
    const ends = [0, 1].map((end) => {
      const input = h("input", {
        type: "range",
        min: 0,
        max: steps,
        step: 1,
        value: end * steps,
        "aria-label": `${title}, ${end ? "up to" : "from"}`,
        input: () => {
          const [low, high] = field.ranges[k];
          const p = Number(input.value) / steps;
          if (end) field.range(k, Math.min(low, p), p);
          else field.range(k, p, Math.max(high, p));
        },
      });
      return input;
    });
    inputs.push(() => {
      field.ranges[k].forEach((p, end) => {
        ends[end].value = String(Math.round(p * steps));
        ends[end].setAttribute("aria-valuetext", text(p));
      });
      const [low, high] = field.ranges[k];
      told.textContent = low > 0 || high < 1 ? `${text(low)} to ${text(high)}` : "all";
    });
    return h("div", { class: "range" }, h("span", { class: "range-name" }, title), ...ends, told);
  });
  const statuses = [...field.statuses.keys()];
  const boxes = statuses.map((status) => {
    const box = h("input", { type: "checkbox", change: () => field.status(status, box.checked) });
    box.checked = true;
    inputs.push(() => (box.checked = field.statuses.get(status) !== false));
    return h("label", {}, box, ` ${status} (${count(field.search.trials.filter((t) => t.s === status).length)})`);
  });
  const update = () => {
    inputs.forEach((show) => show());
    const { visible, search } = field;
    shown.textContent = field.filtered ? `${count(visible.length)} of ${counted(search.trials.length, "candidate")}` : `all ${counted(search.trials.length, "candidate")}`;
    clear.disabled = !field.filtered;
  };
  field.listen(update);
  update();
  return h(
    "div",
    { class: "filters" },
    h("div", { class: "filter-line" }, "Shown: ", shown, clear),
    h("details", {}, h("summary", {}, "Choose which candidates are shown"), statuses.length > 1 ? h("div", { class: "range" }, ...boxes) : null, ...rows),
  );
}

export function parallel(field: Field): HTMLElement | null {
  if (field.search.trials.length < 2 || field.axes.length < 2) return null;
  const text = "Every thread is a candidate and passes each hyperparameter at its value, down to what it came to. Draw along an axis to keep only candidates that lie there; curves and list follow.";
  return section({ id: "parallel", title: "What was tried", body: [h("p", {}, text), drawing(field), filters(field)] });
}
