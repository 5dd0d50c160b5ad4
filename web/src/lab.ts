// The page of the lab: first all claims and what became of them, then every experiment.
import type { Check, Claim, Experiment, LabPage } from "./data";
import { h, section, table } from "./dom";
import { panelFigure } from "./picture";
import { capital, count, counted, number, seconds } from "./words";

const meaning: Record<string, string> = {
  right: "is right",
  wrong: "is wrong",
  ambiguous: "can be read in more than one way",
  incomplete: "is not the whole truth",
  asked: "was asked and not answered",
};

const badge = (verdict: string) => h("span", { class: `claim-verdict is-${verdict}` }, verdict);

function wanted(check: Check): string {
  const expected = number(check.expected ?? null, 10);
  switch (check.kind) {
    case "abs":
    case "absolute":
      return `${expected} within ${number(check.tolerance, 3)}`;
    case "rel":
    case "relative":
      return `${expected} within ${number(check.tolerance, 3)} of it`;
    case "exact":
      return `${expected} exactly`;
    case "at_most":
    case "at most":
      return `at most ${expected}`;
    case "at_least":
    case "at least":
      return `at least ${expected}`;
    case "holds":
      return "yes";
    case "reported":
      return "";
    default:
      return check.standard_error ? `${expected} within ${number(check.tolerance, 3)} standard errors of ${number(check.standard_error, 2)}` : expected;
  }
}

const measured = (check: Check) => (check.kind === "holds" ? (check.measured === 1 ? "yes" : "no") : number(check.measured, 10));

function checks(experiment: Experiment): (HTMLElement | null)[] {
  return experiment.parts.flatMap((part) => [
    h("h3", {}, part.title),
    part.checks.length
      ? table(
          ["", "what", "measured", "expected"],
          part.checks.map((c) => [h("span", { class: c.passed ? "check" : "check is-failed" }, !c.passed ? "failed" : c.kind === "reported" ? "told" : "ok"), c.what, measured(c), wanted(c)]),
          { caption: part.claims.length ? `Bears on ${part.claims.join(", ")}` : "Checks", numeric: [2], class: "prose" },
        )
      : null,
    part.notes.length ? h("ul", {}, ...part.notes.map((n) => h("li", {}, n))) : null,
  ]);
}

function claimItem(claim: Claim): HTMLElement {
  const shown = claim.checks_passed === claim.checks ? counted(claim.checks, "check") : `NOT SHOWN: ${claim.checks - claim.checks_passed} of ${counted(claim.checks, "check")} failed`;
  return h(
    "li",
    { class: "claim" },
    h("div", { class: "claim-head" }, h("strong", {}, claim.id), badge(claim.verdict), h("span", { class: "small" }, shown)),
    h("p", { class: "small" }, capital(claim.place)),
    h("p", { class: "said" }, claim.said),
    h("p", {}, claim.so),
  );
}

const anchor = (experiment: Experiment) => `x-${experiment.name}`;

function experimentSection(experiment: Experiment): HTMLElement {
  const { panels, caption } = experiment.picture;
  const outcome = experiment.failure
    ? `It ended early: ${experiment.failure}`
    : experiment.passed
      ? `Passed: ${counted(experiment.checks, "check")} in ${seconds(experiment.seconds)}`
      : `Failed: ${experiment.checks_failed} of ${counted(experiment.checks, "check")}`;
  const settings = experiment.parameters.map((p) => `${p.name} ${number(p.value, 10)}`).join(", ");
  return section({
    id: anchor(experiment),
    title: `${experiment.title}`,
    body: [
      h("p", { class: "kicker" }, `${experiment.name} (${experiment.number}). ${experiment.source}`),
      h("p", { class: `verdict is-${experiment.passed ? "clear" : "worse"}` }, outcome),
      experiment.claim ? h("p", {}, experiment.claim) : null,
      h("ul", { class: "claims" }, ...experiment.claims.map(claimItem)),
      panels.length ? h("div", { class: panels.length > 1 ? "panels" : "panels is-one" }, ...panels.map(panelFigure)) : null,
      caption ? h("p", { class: "small" }, caption) : null,
      ...experiment.tables.map((t) => table(t.columns, t.rows, { caption: t.title, numeric: t.columns.map((_, k) => k).filter((k) => k > 0), head: true })),
      h(
        "details",
        { class: "checks" },
        h("summary", {}, `Protocol and ${counted(experiment.checks, "check")}`),
        experiment.protocol ? h("p", {}, experiment.protocol) : null,
        experiment.pass ? h("p", {}, `It passes if ${experiment.pass}`) : null,
        h("p", { class: "small" }, `Seed ${experiment.seed}${settings ? `; ${settings}` : ""}.`),
        ...checks(experiment),
      ),
    ],
  });
}

function overview(page: LabPage, sections: Map<Experiment, HTMLElement>): HTMLElement {
  const verdicts = [...new Set(page.experiments.flatMap((e) => e.claims.map((c) => c.verdict)))];
  const box = h("input", { type: "search", id: "find", placeholder: "RMSProp", autocomplete: "off", input: () => show() });
  const chosen = new Set(verdicts);
  const place = h("div");
  const told = h("output", { class: "shown", "aria-live": "polite" });
  const boxes = verdicts.map((verdict) => {
    const check = h("input", { type: "checkbox", change: () => (check.checked ? chosen.add(verdict) : chosen.delete(verdict), show()) });
    check.checked = true;
    return h("label", {}, check, " ", badge(verdict));
  });
  const show = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (text: string) => words.every((w) => text.toLowerCase().includes(w));
    const rows: (Node | string)[][] = [];
    let claims = 0;
    for (const e of page.experiments) {
      // What is said anywhere of an experiment finds all of its claims.
      const whole = [e.name, e.number, e.title, e.claim, e.protocol, ...e.claims.flatMap((c) => [c.id, c.said, c.so, c.place]), ...e.parts.flatMap((p) => [p.title, ...p.notes, ...p.checks.map((c) => c.what)])].join(" ");
      const found = has(whole);
      const some = e.claims.filter((c) => chosen.has(c.verdict));
      sections.get(e)!.hidden = !found || (some.length === 0 && e.claims.length > 0);
      if (!found) continue;
      for (const c of some) rows.push([h("span", { title: c.place }, c.id), badge(c.verdict), h("span", {}, h("span", { class: "said" }, c.said), " ", c.so), h("a", { href: `#${anchor(e)}` }, e.name)]);
      claims += some.length;
    }
    told.textContent = `${counted(claims, "claim")} of ${counted(page.experiments.flatMap((e) => e.claims).length, "claim")}`;
    place.replaceChildren(table(["claim", "", "what the document said, and what is so", "experiment"], rows, { caption: "Claims", head: true, class: "prose all-claims" }));
  };
  show();
  return section({
    id: "claims",
    title: "The claims",
    body: [h("div", { class: "filters" }, h("div", { class: "filter-line" }, h("label", { for: "find" }, "Find "), box, ...boxes, told)), place],
  });
}

export function labPage(page: LabPage): (HTMLElement | null)[] {
  const all = page.experiments.flatMap((e) => e.claims);
  const checked = page.experiments.reduce((sum, e) => sum + e.checks, 0);
  const failed = page.experiments.filter((e) => !e.passed);
  const verdicts = [...new Set(all.map((c) => c.verdict))].map((v) => `${count(all.filter((c) => c.verdict === v).length)} ${meaning[v] ?? v}`);
  const sections = new Map(page.experiments.map((e) => [e, experimentSection(e)]));
  const took = page.experiments.reduce((sum, e) => sum + (e.seconds ?? 0), 0);
  const head = h(
    "header",
    { class: "answer" },
    h("p", { class: "kicker" }, "Runnel lab: what course documents claim, and what is so"),
    h("h1", {}, `${counted(all.length, "claim")}, ${counted(page.experiments.length, "experiment")}, ${counted(checked, "check")}`),
    h("p", { class: `verdict is-${page.passed ? "clear" : "worse"}` }, failed.length === 0 ? "Every check passed" : `Failed: ${failed.map((e) => e.name).join(", ")}`),
    h("p", { class: "lead" }, `Of what the documents say, ${verdicts.join(", ")}. Each experiment computes its expected values from formulas and compares them with what training came to; ${seconds(took)} in all.`),
    h("pre", { tabindex: 0, "aria-label": "The command" }, h("code", {}, page.command)),
    page.planned.length ? h("p", { class: "small" }, `Planned, and not run: ${page.planned.map((p) => `${p.name} (${p.number})`).join(", ")}.`) : null,
  );
  return [head, overview(page, sections), ...sections.values()];
}
