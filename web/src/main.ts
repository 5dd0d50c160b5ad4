// The page: reads the data that stand in it, and puts its parts one under the other.
import "./style.css";
import type { FitPage, Page, StudyPage } from "./data";
import { answer } from "./answer";
import { candidates } from "./candidates";
import { curves } from "./curves";
import { h } from "./dom";
import { ofClasses, ofNumbers } from "./errors";
import { Field } from "./field";
import { labPage } from "./lab";
import { importance } from "./importance";
import { columns, notes, rows, run } from "./making";
import { parallel } from "./parallel";
import { studyHead } from "./study";

function fitPage(page: FitPage): (HTMLElement | null)[] {
  const field = new Field(page.search);
  const { errors } = page;
  return [
    answer(page),
    curves(field),
    parallel(field),
    importance(page.importance),
    candidates(field),
    errors === null ? null : errors.kind === "numbers" ? ofNumbers(errors, page.answer) : ofClasses(errors),
    columns(page.columns),
    rows(page.rows),
    notes(page.notes),
    run(page.run),
  ];
}

function studyPage(page: StudyPage): (HTMLElement | null)[] {
  const field = new Field(page.search);
  return [studyHead(page, field), curves(field), parallel(field), importance(page.importance), candidates(field), run(page.run)];
}

// Links to the parts, under the answer.
function contents(parts: HTMLElement[]): HTMLElement {
  const links = parts.flatMap((part) => (part.id ? [h("a", { href: `#${part.id}` }, part.querySelector("h2")?.textContent ?? part.id)] : []));
  return h("nav", { "aria-label": "Parts of this page" }, ...links);
}

function show(page: Page, place: HTMLElement): void {
  document.title = page.title;
  const made = page.kind === "fit" ? fitPage(page) : page.kind === "study" ? studyPage(page) : labPage(page);
  const parts = made.filter((part): part is HTMLElement => part !== null);
  place.append(parts[0], contents(parts), ...parts.slice(1), h("footer", {}, `Written by Runnel ${page.version}. Everything on this page stands in this one file.`));
  document.documentElement.dataset.ready = "true";
}

const text = document.getElementById("data")?.textContent ?? "";
show(JSON.parse(text) as Page, document.getElementById("page")!);
