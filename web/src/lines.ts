// Many candidates as lines of one drawing: which is bright, which stands back, and which one the pointer is at.
import type { Trial } from "./data";
import type { Field } from "./field";
import { h } from "./dom";
import { tell } from "./trial";

const svg = "http://www.w3.org/2000/svg";

export function s(tag: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(svg, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

export class Lines {
  private elements = new Map<number, SVGElement>();
  private hovered: Trial | null = null;
  private last: Trial | null = null;
  readonly tip = h("div", { class: "tip", hidden: true });

  constructor(private readonly field: Field) {
    field.listen(() => this.paint());
  }

  // Those that are to be seen lie on top: the winner last.
  group(path: (trial: Trial, k: number) => SVGElement | null): SVGElement {
    this.elements.clear();
    const group = s("g", { class: "lines" });
    const { trials } = this.field.search;
    // The more there are, the fainter each, so that what many do together can be seen.
    group.setAttribute("style", `--one: ${Math.max(0.1, Math.min(0.9, 70 / trials.length)).toFixed(2)}`);
    const place = new Map(trials.map((t, k) => [t, k]));
    for (const trial of [...trials].reverse()) {
      const element = path(trial, place.get(trial)!);
      if (!element) continue;
      element.classList.add("trial", `is-${trial.s}`);
      if (this.field.isGood(trial)) element.classList.add("is-good");
      if (trial === this.field.winner) element.classList.add("is-winner");
      this.elements.set(trial.i, element);
      group.append(element);
    }
    this.paint();
    return group;
  }

  private paint(): void {
    const shown = new Set(this.field.visible.map((t) => t.i));
    for (const [i, element] of this.elements) element.classList.toggle("is-hidden", !shown.has(i));
    this.mark();
  }

  private mark(): void {
    const now = this.hovered ?? this.field.selected;
    if (this.last && this.last !== now) this.elements.get(this.last.i)?.classList.remove("is-marked");
    const element = now && this.elements.get(now.i);
    if (element && !element.classList.contains("is-marked")) {
      element.classList.add("is-marked");
      element.parentNode?.append(element);
    }
    this.last = now;
  }

  // Follows the pointer over a drawing; `nearest` finds the candidate at a place, if one is near.
  follow(drawing: Element, nearest: (x: number, y: number) => Trial | null): void {
    const at = (event: PointerEvent | MouseEvent): [number, number] => {
      const box = drawing.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const leave = () => {
      this.hovered = null;
      this.tip.hidden = true;
      this.mark();
    };
    drawing.addEventListener("pointermove", (event) => {
      const [x, y] = at(event as PointerEvent);
      const trial = nearest(x, y);
      if (!trial) return leave();
      if (trial !== this.hovered) {
        this.hovered = trial;
        this.tip.replaceChildren(tell(this.field, trial));
        this.mark();
      }
      this.tip.hidden = false;
      const width = drawing.getBoundingClientRect().width;
      const right = x > width / 2;
      this.tip.style.left = right ? "auto" : `${x + 14}px`;
      this.tip.style.right = right ? `${width - x + 14}px` : "auto";
      this.tip.style.top = `${y + 14}px`;
    });
    drawing.addEventListener("pointerleave", leave);
    drawing.addEventListener("click", (event) => {
      const trial = nearest(...at(event as MouseEvent));
      if (trial) this.field.select(trial === this.field.selected ? null : trial);
    });
  }
}
