// The candidates, which of them are shown, and which one is looked at: what the drawings of a search share.
import type { Search, Trial } from "./data";
import { quantiles } from "./chart";

// One axis of the parallel coordinates: where a candidate lies on it, from 0 to 1.
export interface Axis {
  name: string;
  meaning: string;
  metric: boolean;
  names: string[]; // of an axis of few values, in their order; else empty
  low: number;
  high: number;
  log: boolean;
  at: (trial: Trial) => number | null;
  value: (position: number) => number | string; // what lies there
}

const kFewValues = 8;

function ofFewValues(name: string, meaning: string, names: string[], text: (t: Trial) => string): Axis {
  const places = new Map(names.map((n, k) => [n, names.length > 1 ? k / (names.length - 1) : 0.5]));
  const nearest = (p: number) => names[Math.round(p * (names.length - 1))];
  return { name, meaning, metric: false, names, low: 0, high: 1, log: false, at: (t) => places.get(text(t)) ?? null, value: nearest };
}

function ofNumbers(name: string, meaning: string, low: number, high: number, of: (t: Trial) => number | null): Axis {
  const log = low > 0 && high / low >= 20;
  const to = (x: number) => (log ? Math.log(x) : x);
  const from = (x: number) => (log ? Math.exp(x) : x);
  const [a, b] = [to(low), to(high)];
  const at = (t: Trial) => {
    const x = of(t);
    if (x === null || (log && x <= 0)) return null;
    return Math.min(1, Math.max(0, (to(x) - a) / (b - a)));
  };
  return { name, meaning, metric: false, names: [], low, high, log, at, value: (p) => from(a + p * (b - a)) };
}

function axesOf(search: Search): Axis[] {
  const axes: Axis[] = [];
  search.names.forEach(({ name, meaning, numeric }, k) => {
    const texts = [...new Set(search.trials.map((t) => t.v[k]))].filter((text) => text !== "");
    const numbers = numeric ? texts.map(Number) : [];
    if (numeric && texts.length > kFewValues && numbers.every(Number.isFinite)) {
      axes.push(ofNumbers(name, meaning, Math.min(...numbers), Math.max(...numbers), (t) => (t.v[k] === "" ? null : Number(t.v[k]))));
      return;
    }
    const order = new Intl.Collator("en", { numeric: true }).compare;
    texts.sort(numeric ? (p, q) => Number(p) - Number(q) : order);
    axes.push(ofFewValues(name, meaning, texts, (t) => t.v[k]));
  });
  const reached = search.trials.flatMap((t) => (t.m === null ? [] : [t.m]));
  if (reached.length > 1) {
    // One that went astray is drawn at the end of the axis: it would press all others into one point.
    const [low, high] = quantiles(reached, search.higher ? [0.05, 1] : [0, 0.95]);
    const least = Math.min(...reached), most = Math.max(...reached);
    const [a, b] = high > low ? [low, high] : [least, most];
    if (b > a) axes.push({ ...ofNumbers(search.metric, "on validation rows", a, b, (t) => t.m), metric: true });
  }
  return axes;
}

export class Field {
  readonly axes: Axis[];
  readonly ranges: [number, number][]; // of each axis, what is shown: positions from 0 to 1
  readonly statuses: Map<string, boolean>; // whether candidates of a status are shown
  readonly winner: Trial | undefined;
  visible: Trial[];
  selected: Trial | null = null;
  private readonly listeners: (() => void)[] = [];
  private readonly good: Set<Trial>;
  private readonly places: (number | null)[][];

  constructor(readonly search: Search) {
    this.axes = axesOf(search);
    this.ranges = this.axes.map(() => [0, 1]);
    this.statuses = new Map([...new Set(search.trials.map((t) => t.s))].map((s) => [s, true]));
    this.winner = search.trials.find((t) => t.i === search.best);
    this.visible = search.trials;
    const done = search.trials.filter((t) => t.s === "done");
    this.good = new Set(done.length >= 20 ? done.slice(0, Math.ceil(done.length / 10)) : []);
    this.places = search.trials.map((t) => this.axes.map((axis) => axis.at(t)));
  }

  // The axes' places of a trial, by its place in Search.trials.
  placesOf(k: number): (number | null)[] {
    return this.places[k];
  }

  // Of the best tenth of many that are done.
  isGood(trial: Trial): boolean {
    return this.good.has(trial);
  }

  get filtered(): boolean {
    return this.visible.length < this.search.trials.length;
  }

  listen(listener: () => void): void {
    this.listeners.push(listener);
  }

  select(trial: Trial | null): void {
    this.selected = trial;
    this.tell();
  }

  range(axis: number, low: number, high: number): void {
    this.ranges[axis] = [Math.min(low, high), Math.max(low, high)];
    this.filter();
  }

  status(status: string, shown: boolean): void {
    this.statuses.set(status, shown);
    this.filter();
  }

  clear(): void {
    this.ranges.forEach((range) => range.splice(0, 2, 0, 1));
    for (const status of this.statuses.keys()) this.statuses.set(status, true);
    this.filter();
  }

  private filter(): void {
    const narrow = this.ranges.map(([low, high]) => low > 0 || high < 1);
    const near = 1e-9;
    this.visible = this.search.trials.filter(
      (t, k) =>
        this.statuses.get(t.s) !== false &&
        this.places[k].every((at, axis) => {
          const [low, high] = this.ranges[axis];
          return !narrow[axis] || (at !== null && at >= low - near && at <= high + near);
        }),
    );
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
