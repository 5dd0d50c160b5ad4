// Elements from data. All text goes in as text: nothing that the data say is ever read as HTML.

type Child = Node | string | number | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

export function append(element: Element, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(typeof child === "number" ? String(child) : child);
  }
}

// A name out of the data, set apart from the sentence around it; its direction does not leak into that.
export const name = (text: string): HTMLElement => h("bdi", { class: "name" }, text);

export interface TableOptions {
  caption?: string;
  numeric?: number[]; // columns that are numbers
  head?: boolean; // the first column names its row
  class?: string;
}

export function table(head: Child[], rows: Child[][], options: TableOptions = {}): HTMLElement {
  const align = (column: number) => (options.numeric?.includes(column) ? "number" : null);
  const element = h(
    "table",
    { class: options.class },
    options.caption ? h("caption", {}, options.caption) : null,
    h("thead", {}, h("tr", {}, ...head.map((cell, c) => h("th", { scope: "col", class: align(c) }, cell)))),
  );
  const body = h("tbody");
  for (const row of rows) {
    const line = h("tr");
    row.forEach((cell, c) =>
      line.append(
        options.head && c === 0
          ? h("th", { scope: "row", class: align(c) }, cell)
          : h("td", { class: align(c) }, cell),
      ),
    );
    body.append(line);
  }
  element.append(body);
  // Wide tables scroll by themselves, also by keyboard; the page does not.
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": options.caption ?? "table" }, element);
}

export interface Section {
  id: string;
  title: string;
  body: Child[];
}

export function section({ id, title, body }: Section): HTMLElement {
  return h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...body);
}

// What a drawing shows, for those who would rather read it, or have to.
export function asTable(summary: string, make: () => HTMLElement): HTMLElement {
  const details = h("details", { class: "as-table" }, h("summary", {}, summary));
  const fill = () => {
    if (details.childElementCount === 1) details.append(make());
  };
  details.addEventListener("toggle", fill, { once: true });
  return details;
}
