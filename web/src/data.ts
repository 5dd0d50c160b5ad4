// What the program writes into the page (src/report, lab/page.cpp). null stands for what is no number.

export type Num = number | null;

export interface Measure {
  name: string;
  higher: boolean;
  chosen: boolean;
  model: Num;
  low: Num;
  high: Num;
  linear: Num;
  constant: Num;
}

export interface Answer {
  target: string;
  task: "regression" | "binary" | "multiclass";
  why: string;
  classes: string[];
  metric: string;
  rows: number;
  verdict: "none" | "worse" | "linear" | "unclear" | "clear";
  linear_winner: boolean;
  networks: number;
  measures: Measure[];
  single?: { value: Num; low: Num; high: Num };
}

export interface Trial {
  i: number; // its number
  s: string; // done, retired, diverged, interrupted, waiting
  e: number; // epochs it was trained for
  n: number; // epochs its curve has
  m: Num; // the metric on validation rows
  l: Num; // the loss
  b: Num; // the best epoch; 0: the last one
  end: Num; // the last point of its curve
  v: string[]; // hyperparameters, in the order of Search.names; "" where one takes no part
  c: Num[]; // its curve after Search.epochs, as far as it goes
}

export interface HyperName {
  name: string;
  meaning: string;
  numeric: boolean;
}

export interface Search {
  metric: string;
  higher: boolean;
  loss: string;
  folds: number;
  total: number;
  counts: Record<string, number>;
  best: number | null;
  names: HyperName[];
  same: [string, string][];
  rungs: { bracket: number; epochs: number; entered: number; kept: number }[];
  epochs: number[];
  every_epoch: boolean;
  trials: Trial[];
  seconds?: Num;
}

export interface Importance {
  trials: number;
  epochs: number;
  of: { name: string; share: number; groups: number; ranges: boolean }[];
}

export interface NumberErrors {
  kind: "numbers";
  rows: number;
  pairs: [Num, Num][];
  bias: Num;
  half_within: Num;
  most_within: Num;
  histogram: { edges: number[]; counts: number[]; open_below: boolean; open_above: boolean };
}

export interface ClassErrors {
  kind: "classes";
  rows: number;
  classes: string[];
  confusion: number[][];
  calibration: { low: number; high: number; mean: number; share: number; rows: number }[];
  calibration_error: Num;
}

export interface Columns {
  total: number;
  features: number;
  list: { name: string; role: string; why: string; features: number }[];
}

export interface Rows {
  list: { role: string; rows: number; used: string }[];
  how: string;
  table: number;
}

export interface Run {
  command: string;
  facts: [string, string][];
  timings: [string, Num][];
  runs?: { began: Num; seconds: Num; command: string; version: string; threads: number }[];
}

interface Shared {
  page: number;
  version: string;
  title: string;
}

export interface FitPage extends Shared {
  kind: "fit";
  source: string;
  answer: Answer;
  search: Search;
  importance: Importance;
  errors: NumberErrors | ClassErrors | null;
  columns: Columns;
  warnings: string[];
  notes: string[];
  rows: Rows;
  run: Run;
}

export interface StudyPage extends Shared {
  kind: "study";
  source: string;
  state: string;
  search: Search;
  importance: Importance;
  warnings: string[];
  notes: string[];
  run: Run;
}

export type Page = FitPage | StudyPage | LabPage;

// ---- the lab -------------------------------------------------------------------------------------------

export interface PictureAxis {
  label: string;
  scale: "linear" | "log";
  low?: Num;
  high?: Num;
  names?: string[]; // of the places 0, 1, 2, …
}

export interface Series {
  name: string;
  draw: "line" | "points" | "bars";
  x: Num[];
  y: Num[];
  low?: Num[];
  high?: Num[];
  dashed?: boolean;
  faint?: boolean;
  arrow?: boolean;
}

export interface PictureMark {
  text: string;
  x?: Num;
  y?: Num;
  boxed?: boolean;
}

export interface Panel {
  title: string;
  x: PictureAxis;
  y: PictureAxis;
  series: Series[];
  marks: PictureMark[];
  equal?: boolean;
  diagram?: boolean;
  map?: { label: string; scale: "linear" | "log"; x: number[]; y: number[]; values: Num[][] };
}

export interface Check {
  what: string;
  kind: string;
  measured: Num;
  expected?: Num;
  tolerance?: number;
  standard_error?: number;
  passed: boolean;
}

export interface Claim {
  id: string;
  verdict: string;
  said: string;
  place: string; // "document 4: a student's answers: …"
  so: string;
  checks: number;
  checks_passed: number;
}

export interface Experiment {
  name: string;
  number: string;
  title: string;
  claim: string;
  source: string;
  protocol: string;
  pass: string;
  parameters: { name: string; meaning: string; value: Num }[];
  claims: Claim[];
  seed: number;
  parts: { title: string; claims: string[]; checks: Check[]; notes: string[]; passed: boolean }[];
  tables: { title: string; columns: string[]; rows: string[][] }[];
  picture: { caption: string; panels: Panel[] };
  failure?: string;
  checks: number;
  checks_failed: number;
  passed: boolean;
  seconds: Num;
}

export interface LabPage extends Shared {
  kind: "lab";
  command: string;
  passed: boolean;
  experiments: Experiment[];
  planned: { name: string; number: string }[];
}
