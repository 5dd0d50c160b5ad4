// The list of candidates, the best first.
import { h, section, table } from "./dom";
import type { Field } from "./field";
import { fate, tell } from "./trial";
import { count, counted, measure, nameOf, number, seconds } from "./words";

const kFirst = 10, kMore = 50;

export function candidates(field: Field): HTMLElement | null {
  const { search } = field;
  if (search.trials.length === 0) return null;
  let most = kFirst;
  const place = h("div");
  const selected = h("div", { class: "selected", "aria-live": "polite" });
  const show = () => {
    const list = field.visible.slice(0, most);
    const rows = list.map((t) => [
      h("button", { type: "button", class: "link", "data-trial": t.i, "aria-pressed": String(t === field.selected), click: () => again(t.i, () => field.select(t === field.selected ? null : t)) }, `${t.i}`),
      measure(search.metric, t.m),
      number(t.l),
      h("span", {}, fate(t), t === field.winner ? h("span", { class: "badge" }, "winner") : null),
      ...t.v.map((value) => value || "–"),
    ]);
    const left = field.visible.length - list.length;
    place.replaceChildren(
      table(["", nameOf(search.metric), "loss", "trained", ...search.names.map((n) => n.name)], rows, {
        caption: "Candidates, the best first",
        numeric: [0, 1, 2, ...search.names.flatMap((n, k) => (n.numeric ? [k + 4] : []))],
        class: "candidates",
      }),
      left > 0 ? h("button", { type: "button", click: () => ((most += kMore), show()) }, `Show ${count(Math.min(left, kMore))} more of ${count(left)}`) : "",
    );
    selected.replaceChildren(field.selected ? tell(field, field.selected) : "");
  };
  // The list is made anew; the button that was pressed keeps the focus.
  const again = (i: number, act: () => void) => {
    act();
    place.querySelector<HTMLElement>(`[data-trial="${i}"]`)?.focus();
  };
  field.listen(show);
  show();
  const counts = Object.entries(search.counts).map(([status, n]) => `${count(n)} ${status}`);
  const intro = h("p", {}, `${counted(search.total, "candidate")}: ${counts.join(", ")}`, search.seconds ? `; trained in ${seconds(search.seconds)}.` : ".", " A number in the first column marks its candidate in the drawings.");
  const same = search.same.length > 0 ? h("p", { class: "same" }, search.trials.length > 1 ? "The same for all: " : "", search.same.map(([n, v]) => `${n} ${v}`).join(", "), ".") : null;
  return section({ id: "candidates", title: search.total === 1 ? "The candidate" : "The candidates", body: [intro, selected, place, same] });
}
