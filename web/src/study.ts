// The head of a study's page.
import type { StudyPage } from "./data";
import { h, name } from "./dom";
import type { Field } from "./field";
import { tell } from "./trial";
import { capital, count, counted, measure, metricWords, nameOf } from "./words";

const states: Record<string, string> = {
  finished: "Finished",
  running: "Still running",
  interrupted: "Stopped before its end; it can be resumed",
  killed: "Its program was killed; it can be resumed",
};

export function studyHead(page: StudyPage, field: Field): HTMLElement {
  const { search } = page;
  const { winner } = field;
  const counts = Object.entries(search.counts).map(([status, n]) => `${count(n)} ${status}`);
  return h(
    "header",
    { class: "answer" },
    h("p", { class: "kicker" }, "Runnel study of ", name(page.source)),
    winner
      ? h("h1", {}, `The best of ${counted(search.total, "candidate")} reaches ${nameOf(search.metric)} ${measure(search.metric, winner.m)} on validation rows`)
      : h("h1", {}, `None of ${counted(search.total, "candidate")} has come to an end`),
    h("p", { class: `verdict is-${page.state === "finished" ? "clear" : "unclear"}` }, states[page.state] ?? page.state),
    h("p", { class: "lead" }, `${capital(metricWords[search.metric] ?? search.metric)}. Candidates: ${counts.join(", ")}. A best of many looks better on the rows that chose it than on new ones: what test rows say stands in the report of the fit.`),
    winner ? tell(field, winner) : null,
    page.warnings.length > 0 ? h("section", { class: "doubts", "aria-label": "warnings" }, h("ul", {}, ...page.warnings.map((w) => h("li", {}, w)))) : null,
  );
}
