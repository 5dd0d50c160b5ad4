// Numbers and names in words.
import type { Num } from "./data";

const separated = new Intl.NumberFormat("en-US");

export const count = (n: number): string => separated.format(n);

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
}

// Four significant digits; large numbers whole, with separators.
export function number(x: Num | undefined, digits = 4): string {
  if (x === null || x === undefined || !Number.isFinite(x)) return "–";
  const size = Math.abs(x);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return x.toExponential(digits - 2).replace("e+", "e").replace("-", "−");
  if (size >= 1000) return separated.format(Math.round(x)).replace("-", "−");
  return String(Number(x.toPrecision(digits))).replace("-", "−");
}

// A measure of quality: shares with four places, others as numbers.
export function measure(name: string, x: Num | undefined): string {
  if (x === null || x === undefined) return "–";
  if (name !== "r2" && name !== "accuracy") return number(x);
  const text = x.toFixed(4);
  return text === "-0.0000" ? "0.0000" : text.replace("-", "−");
}

export function seconds(s: Num): string {
  if (s === null) return "–";
  if (s < 1) return `${number(1000 * s, 3)} ms`;
  if (s < 120) return `${number(s, 3)} s`;
  const minutes = Math.floor(s / 60);
  return minutes < 120 ? `${minutes} min ${Math.round(s % 60)} s` : `${number(s / 3600, 3)} h`;
}

export const metricWords: Record<string, string> = {
  r2: "R²: the share of the variance that is explained",
  rmse: "root mean squared error",
  mae: "mean absolute error",
  accuracy: "accuracy: the share of rows given their right class",
  log_loss: "log loss: how surprised the probabilities are by the truth",
};

export const metricName: Record<string, string> = {
  r2: "R²",
  rmse: "RMSE",
  mae: "mean error",
  accuracy: "accuracy",
  log_loss: "log loss",
};

export const nameOf = (metric: string): string => metricName[metric] ?? metric;

// Whether a measure has the target's unit.
export const inUnit = (metric: string): boolean => metric === "rmse" || metric === "mae";
