// One candidate in words.
import type { Trial } from "./data";
import type { Field } from "./field";
import { h } from "./dom";
import { counted, measure, nameOf } from "./words";

export function fate(trial: Trial): string {
  const epochs = counted(trial.e, "epoch");
  switch (trial.s) {
    case "done":
      return trial.b ? `${epochs}, best after ${Math.round(trial.b * 10) / 10}` : epochs;
    case "retired":
      return `retired after ${epochs}`;
    case "diverged":
      return trial.e > 0 ? `diverged after ${epochs}` : "diverged";
    case "interrupted":
      return `stopped after ${epochs}`;
    default:
      return trial.s;
  }
}

export function tell(field: Field, trial: Trial): HTMLElement {
  const { search } = field;
  const hyper = h("span", { class: "hyper" });
  search.names.forEach(({ name }, k) => {
    if (trial.v[k] === "") return;
    if (hyper.childNodes.length > 0) hyper.append(", ");
    hyper.append(h("span", { class: "hyper-name" }, name), " ", trial.v[k]);
  });
  return h(
    "div",
    { class: "trial-told" },
    h(
      "div",
      {},
      h("strong", {}, `Candidate ${trial.i}`),
      trial === field.winner ? h("span", { class: "badge" }, "winner") : null,
      ` ${nameOf(search.metric)} ${measure(search.metric, trial.m)}, ${fate(trial)}`,
    ),
    search.names.length > 0 ? hyper : null,
  );
}
