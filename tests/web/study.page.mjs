// The page of a study: of one with candidates of every kind, and of a large one, which opens at once and is small.
import { statSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { assert, data, done, expectReadable, folder, makeStudy, open, runnel } from "./browser.mjs";

runnel("fit", "demo:moons", "--rows", "500", "--folds", "3", "--random", "40", "--space", "rate=1e-4..30", "--space", "activation=relu,tanh", "--hidden", "8",
  "--epochs", "9", "--optimizer", "sgd", "--scheduler", "halving", "--study", "moons.study", "--quiet", "--no-report");
const told = runnel("study", "report", "moons.study", "--out", "moons.html");
assert.equal(told, "moons.html\n");
const study = JSON.parse(runnel("study", "show", "moons.study", "--json"));
const page = await open("moons.html");
const { search } = await data(page);
assert.equal(await page.locator("#curves .trial").count() <= 40, true);
assert.equal(search.total, 40);
for (const status of ["done", "retired"]) assert.ok(search.counts[status] > 0, status);
const best = JSON.parse(runnel("study", "best", "moons.study", "--json")).best[0];
const heading = await page.locator("h1").innerText();
assert.ok(heading.includes(best.validation.toFixed(4)), `${best.validation} in: ${heading}`);
assert.match(await page.locator(".verdict").innerText(), /Finished/);
assert.equal(study.metric, search.metric);
// The list is in the order of the ranking.
const listed = await page.locator("#candidates tbody button").evaluateAll((buttons) => buttons.map((b) => Number(b.dataset.trial)));
const ranked = JSON.parse(runnel("study", "best", "moons.study", "-n", "10", "--json")).best.map((c) => c.index);
const metric = new Map(search.trials.map((t) => [t.i, t.m]));
ranked.forEach((i, k) => assert.equal(metric.get(listed[k]), metric.get(i), `place ${k}`));
await expectReadable("moons.html");
runnel("study", "report", "moons.study", "--quiet");
assert.ok(readdirSync(folder).includes("moons.study.report.html"));

// Studies that did not come to their end: one of which nothing is known yet, and one whose program was killed.
for (const [state, told] of [["waiting", /resumed/], ["killed", /killed/], ["finished", /Finished/]]) {
  makeStudy(`${state}.study`, state);
  runnel("study", "report", `${state}.study`, "--out", `${state}.html`);
  const unfinished = await open(`${state}.html`);
  assert.match(await unfinished.locator(".verdict").innerText(), told);
  assert.equal(await unfinished.locator("#curves").count(), state === "waiting" ? 0 : 1);
  const part = await data(unfinished);
  const counts = await unfinished.locator(".lead").innerText();
  for (const [status, n] of Object.entries(part.search.counts)) assert.ok(counts.includes(`${n} ${status}`), counts);
  await expectReadable(`${state}.html`);
}

// A thousand candidates of sixty epochs.
runnel("fit", "demo:moons", "--rows", "500", "--folds", "0", "--hidden", "8", "--random", "1000", "--space", "rate=1e-4..1", "--space", "l2=1e-6..1e-1",
  "--space", "momentum=0.5..0.99", "--space", "activation=relu,tanh", "--optimizer", "momentum", "--epochs", "60", "--study", "large.study", "--quiet", "--no-report");
runnel("study", "report", "large.study", "--out", "large.html");
const size = statSync(join(folder, "large.html")).size;
assert.ok(size < 5e6, `${size} bytes`);
let quickest = Infinity;
for (let attempt = 0; attempt < 4 && quickest > 2000; ++attempt) {
  const large = await open("large.html");
  // From the beginning of the navigation until all is drawn and painted.
  const ms = await large.evaluate(() => new Promise((tell) => requestAnimationFrame(() => setTimeout(() => tell(performance.now())))));
  quickest = Math.min(quickest, ms);
  assert.equal(await large.locator("#curves .trial").count(), 1000);
  await large.getByRole("button", { name: "Show 50 more" }).click();
  assert.equal(await large.locator("#candidates tbody tr").count(), 60);
  await large.context().close();
}
assert.ok(quickest < 2000, `opened in ${quickest} ms`);
console.log(`1,000 candidates: ${(size / 1e6).toFixed(2)} MB, open after ${Math.round(quickest)} ms`);
await expectReadable("large.html");
await done();
