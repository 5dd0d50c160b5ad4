// Drawings: what all of them share. Observable Plot draws SVG, whose colours are the page's own variables, so that
// dark mode and print need nothing drawn again.
import * as Plot from "@observablehq/plot";
import { h } from "./dom";
import { capital } from "./words";

export type Drawing = (SVGSVGElement | HTMLElement) & Plot.Plot;

export interface Chart {
  title: string; // what is drawn, in a few words
  description: string; // what is to be seen in it, for those who cannot see it
  height: (width: number) => number;
  draw: (width: number, height: number) => Plot.PlotOptions;
  drawn?: (drawing: Drawing, width: number) => void; // called after each drawing
}

const style = { fontFamily: "inherit", fontSize: "12px", background: "none", color: "currentColor" };

// A figure that is drawn again when its width changes.
export function figure(chart: Chart, ...after: (Node | null)[]): HTMLElement {
  const place = h("div", { class: "drawing" });
  const caption = h("figcaption", {}, capital(chart.title));
  const element = h("figure", {}, caption, place, ...after);
  let last = 0;
  const draw = (width: number) => {
    if (width < 40 || Math.abs(width - last) < 2) return;
    last = width;
    const height = chart.height(width);
    const drawing = Plot.plot({
      ...chart.draw(width, height),
      width,
      height,
      style,
      ariaLabel: chart.title,
      ariaDescription: chart.description,
    }) as Drawing;
    drawing.setAttribute("role", "img");
    drawing.removeAttribute("aria-description");
    drawing.setAttribute("aria-label", `${chart.title}. ${chart.description}`);
    // Of a picture a reader is told as a whole, its parts tell nothing more.
    for (const part of drawing.querySelectorAll("[aria-label],[aria-description]")) {
      part.removeAttribute("aria-label");
      part.removeAttribute("aria-description");
    }
    place.replaceChildren(drawing);
    chart.drawn?.(drawing, width);
  };
  const seen = new ResizeObserver((entries) => {
    for (const entry of entries) draw(Math.floor(entry.contentRect.width));
  });
  seen.observe(place);
  return element;
}

export const accent = "var(--accent)";
export const faint = "var(--faint)";
export const muted = "var(--muted)";
export const ink = "var(--ink)";
export const line = "var(--line)";

export const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));

// The values below which these shares of the numbers lie.
export function quantiles(values: number[], shares: number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return shares.map((share) => sorted[Math.round(share * (sorted.length - 1))]);
}

// Numbers so that they fit under an axis.
export function ticks(x: number): string {
  const size = Math.abs(x);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) return x.toExponential().replace("e+", "e").replace(/-/g, "−");
  return String(Number(x.toPrecision(6))).replace("-", "−");
}
