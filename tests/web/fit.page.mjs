// The page of a fit of numbers: what it says first, and what one can do with its drawings.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, data, done, expectReadable, folder, luminances, open, runnel, runnelFails } from "./browser.mjs";

// y = 3 a - b² + noise of deviation 0.5: what is missed on average cannot be less than 0.4.
let seed = 1;
const uniform = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
const lines = ["id,a,b,years"];
for (let i = 0; i < 2600; ++i) {
  const [a, b] = [normal(), normal()];
  lines.push(`r${i},${a},${b},${20 + 3 * a - b * b + 0.5 * normal()}`);
}
writeFileSync(join(folder, "ages.csv"), lines.join("\n"));

const json = JSON.parse(
  runnel("fit", "ages.csv", "--target", "years", "--random", "30", "--space", "rate=1e-4..3e-2", "--space", "hidden=4,16,16x16",
    "--epochs", "9", "--scheduler", "halving", "--json"),
);
assert.equal(json.report, "ages.report.html", "it is written beside the model unless said otherwise");

const page = await open("ages.report.html");

// The answer: the mean absolute error, in the target's unit, is the program's own; so is the chosen score.
const title = await page.locator("h1").innerText();
const missed = Number(title.match(/missed by ([\d.]+) on average/)[1]);
assert.ok(Math.abs(missed - json.also.mae) <= 0.005 * json.also.mae, `${title}: ${json.also.mae}`);
assert.ok(missed > 0.38, "no model can know the noise");
assert.match(title, /^years is missed/);
const lead = await page.locator(".lead").innerText();
for (const value of [json.test.value, json.test.low, json.test.high, json.baselines.linear]) assert.ok(lead.includes(value.toFixed(4)), `${value} in: ${lead}`);
assert.match(await page.locator(".verdict").innerText(), /Clearly better/);
const answer = await page.locator(".verdict").boundingBox();
assert.ok(answer.y < 400, "the answer stands on the first screen");

// All warnings of the program.
const doubts = await page.locator(".answer").innerText();
for (const warning of json.warnings) assert.ok(doubts.includes(warning), warning);

// A curve for every candidate; those that were retired end at their rung.
const all = await data(page);
assert.equal(await page.locator("#curves .trial").count(), 30);
assert.equal(await page.locator("#curves .trial.is-winner").count(), 1);
const retired = json.candidates.filter((c) => c.status === "retired");
assert.ok(retired.length > 10);
assert.equal(await page.locator("#curves .trial.is-retired").count(), retired.length);
const ends = await page.locator("#curves .trial.is-retired circle").evaluateAll((dots) => [...new Set(dots.map((d) => d.getAttribute("cx")))].length);
assert.equal(ends, new Set(retired.map((c) => c.epochs)).size, "the curves end after as many different epochs as candidates were retired after");
const winner = all.search.trials.find((t) => t.i === all.search.best);
assert.ok(Math.abs(winner.m - json.validation) < 1e-4);

// Rows: their number is the table's, and the test rows were read once.
const rows = await page.locator("#rows tbody tr").allInnerTexts();
const total = rows.map((r) => Number(r.split(/\s+/)[1].replace(/,/g, ""))).reduce((a, b) => a + b);
assert.equal(total, 2600);
assert.match(rows.find((r) => r.startsWith("test")), /Read once|read once/);

// Columns: the id was dropped, with a reason; the command stands there to be copied.
assert.match(await page.locator("#columns tr", { hasText: "id" }).first().innerText(), /dropped/);
assert.match(await page.locator("pre").innerText(), /^runnel fit ages\.csv --target years/);
for (const fact of ["seed", "threads", "Runnel"]) assert.equal(await page.locator("dt", { hasText: new RegExp(`^${fact}$`) }).count(), 1, fact);

// Hovering tells which candidate a curve is; a click marks it in every drawing and tells it in the list.
const drawing = page.locator("#curves svg");
await drawing.scrollIntoViewIfNeeded();
const end = await page.locator("#curves .is-winner circle").boundingBox();
await page.mouse.move(end.x + end.width / 2, end.y + end.height / 2);
await page.locator("#curves .tip", { hasText: `Candidate` }).waitFor();
await page.mouse.click(end.x + end.width / 2, end.y + end.height / 2);
await page.locator(".selected", { hasText: "Candidate" }).waitFor();
assert.ok((await page.locator(".is-marked").count()) >= 2, "marked in the curves and in the threads");

// By keyboard: the same from the list.
const button = page.locator(`button[data-trial="${all.search.trials[3].i}"]`);
await button.focus();
await page.keyboard.press("Enter");
assert.equal(await page.locator(`button[data-trial="${all.search.trials[3].i}"]`).getAttribute("aria-pressed"), "true");
assert.equal(await page.evaluate(() => document.activeElement.getAttribute("data-trial")), String(all.search.trials[3].i), "the focus stays");

// Filters: by keyboard, by status, and drawn along an axis.
const shown = async () => Number((await page.locator(".shown").innerText()).match(/(\d[\d,]*)( of|\scand)/)[1]);
const visible = () => page.locator("#curves .trial:not(.is-hidden)").count();
await page.locator(".filters summary").click();
await page.getByRole("checkbox", { name: "retired" }).uncheck();
const left = 30 - retired.length;
assert.equal(await shown(), left);
assert.equal(await visible(), left);
await page.getByRole("button", { name: "Show all" }).click();
assert.equal(await visible(), 30);
await page.getByRole("slider", { name: "hidden, up to" }).focus();
await page.keyboard.press("ArrowLeft");
const without = json.candidates.filter((c) => c.hyper.hidden !== "16x16").length;
assert.equal(await shown(), without, "the last of three values is left out");
await page.getByRole("button", { name: "Show all" }).click();
await page.locator("#parallel svg").scrollIntoViewIfNeeded();
const axis = await page.locator("#parallel .axis line").nth(4).boundingBox(); // the first of the second axis
const frame = await page.locator("#parallel svg").boundingBox();
const names = all.search.names.map((n) => n.name);
assert.deepEqual(names, ["hidden", "rate"]);
await page.mouse.move(frame.x + 14, axis.y + axis.height / 2);
await page.mouse.down();
await page.mouse.move(frame.x + frame.width / 2, axis.y + axis.height / 2, { steps: 5 });
await page.mouse.up();
// Rates lie on a logarithmic axis: its middle is the geometric mean of its ends.
const rates = json.candidates.map((c) => c.hyper.rate);
const middle = Math.sqrt(Math.min(...rates) * Math.max(...rates));
assert.equal(await shown(), rates.filter((r) => r <= middle).length);
await page.getByRole("button", { name: "Show all" }).click();

// What is drawn can be read: as many rows as bins, and all test rows in them.
await page.locator("#errors summary", { hasText: "histogram" }).click();
await page.locator("#errors details[open] tbody td").first().waitFor();
const counts = await page.locator("#errors details[open] tbody td").allInnerTexts();
assert.equal(counts.map((c) => Number(c.replace(/,/g, ""))).reduce((a, b) => a + b), json.test.rows);
await page.locator("#curves summary").click();
await page.locator("#curves table", { hasText: `${all.search.best}` }).waitFor();

// Links lead to their parts.
await page.locator("nav a", { hasText: "rows" }).click();
assert.match(page.url(), /#rows$/);

// Printed it is black on white, also from a dark screen; in the dark it is dark.
const night = await open("ages.report.html", { dark: true });
let seen = await luminances(night);
assert.ok(seen.paper < 0.15 && seen.ink > 0.7, JSON.stringify(seen));
await night.emulateMedia({ media: "print", colorScheme: "dark" });
seen = await luminances(night);
assert.ok(seen.paper > 0.9 && seen.ink < 0.2, JSON.stringify(seen));
assert.equal(await night.locator("nav").isVisible(), false);

await expectReadable("ages.report.html");

// Where it goes, and that it is left out if so wished.
const before = readdirSync(folder).length;
runnel("fit", "ages.csv", "--target", "years", "--epochs", "1", "--rate", "0.01", "--hidden", "4", "--no-report", "--quiet");
assert.equal(readdirSync(folder).length, before);
runnel("fit", "ages.csv", "--target", "years", "--epochs", "1", "--rate", "0.01", "--hidden", "4", "--l2", "0", "--dropout", "0", "--report", "one.html", "--quiet");
assert.ok(existsSync(join(folder, "one.html")));
const one = await open("one.html");
assert.equal(await one.locator("#parallel").count(), 0, "one candidate leaves nothing to compare");
assert.equal(await one.locator("#curves .trial").count(), 1);
const both = runnelFails("fit", "ages.csv", "--target", "years", "--report", "x.html", "--no-report");
assert.equal(both.status, 2);
assert.match(both.stderr, /leave one of them out/);
const over = runnelFails("fit", "ages.csv", "--target", "years", "--report", "ages.csv");
assert.equal(over.status, 2, "it does not take the place of the data");

await done();
