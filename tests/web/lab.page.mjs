// The page of the lab: every experiment that ran, its claims, checks and pictures, and what is found in it.
import { statSync } from "node:fs";
import { join } from "node:path";
import { assert, data, done, expectReadable, folder, open, runnel, runnelFails } from "./browser.mjs";

const json = JSON.parse(runnel("lab", "all", "--reduced", "--report", "lab.html", "--json"));
assert.ok(json.experiments.length > 0);
assert.ok(statSync(join(folder, "lab.html")).size < 5e6);
const page = await open("lab.html");

const claims = json.experiments.flatMap((e) => e.claims);
const heading = await page.locator("h1").innerText();
assert.match(heading, new RegExp(`^${claims.length} claims?, ${json.experiments.length} experiments?`));
assert.match(await page.locator(".answer .verdict").innerText(), json.passed ? /Every check passed/ : /Failed/);
assert.equal(await page.locator("#claims tbody tr").count(), claims.length);

for (const experiment of json.experiments) {
  const part = page.locator(`#x-${experiment.name}`);
  assert.equal(await part.locator(".claim").count(), experiment.claims.length, experiment.name);
  assert.equal(await part.locator("svg").count(), experiment.picture.panels.length, experiment.name);
  for (const claim of experiment.claims) assert.ok((await part.innerText()).includes(claim.so), claim.id);
  // Every check stands there, with its verdict.
  await part.locator("details.checks > summary").click();
  const checks = experiment.parts.flatMap((p) => p.checks);
  assert.equal(await part.locator(".check").count(), checks.length);
  assert.equal(await part.locator(".check.is-failed").count(), checks.filter((c) => !c.passed).length);
  // So do the numbers of every panel.
  for (const summary of await part.locator("figure summary").all()) await summary.click();
  await part.locator("figure details table").nth(experiment.picture.panels.filter((p) => !p.diagram).length - 1).waitFor();
}

// A picture draws what its data say: as many lines, and as many bars as are not gaps.
const { experiments } = await data(page);
for (const experiment of experiments)
  for (const [k, panel] of experiment.picture.panels.entries()) {
    const marks = page.locator(`#x-${experiment.name} figure`).nth(k);
    const legend = await marks.locator(".legend li").allInnerTexts();
    for (const series of panel.series) if (series.name) assert.ok(legend.some((l) => l.includes(series.name)), series.name);
    const drawn = await marks.locator("svg path, svg circle, svg rect").evaluateAll((all) => all.map((e) => e.getAttribute("d") ?? "").join(""));
    assert.ok(!drawn.includes("NaN"), panel.title);
    // No text of a mark is printed over another, and no two lines of a legend have one colour.
    const texts = await marks.locator("svg text").evaluateAll((all, wanted) => all.filter((t) => wanted.includes(t.textContent)).map((t) => { const b = t.getBoundingClientRect(); return [t.textContent, b.left, b.top, b.right, b.bottom]; }), panel.marks.filter((m) => m.text).flatMap((m) => m.text.split("\n")));
    for (const [i, [text, left, top, right, bottom]] of texts.entries())
      for (const [other, l, t, r, b] of texts.slice(i + 1))
        assert.ok(Math.min(right, r) - Math.max(left, l) <= 1 || Math.min(bottom, b) - Math.max(top, t) <= 2, `${panel.title}: '${text}' over '${other}'`);
    const colours = await marks.locator(".legend .swatch:not(.is-scale)").evaluateAll((all) => all.map((e) => `${getComputedStyle(e).color} ${e.className}`));
    const own = panel.series.filter((s) => s.name && !s.faint).length;
    if (own <= 8) assert.ok(new Set(colours).size >= own, `${panel.title}: ${colours.join("; ")}`);
    // Boxes of a diagram stand apart.
    const boxes = await marks.locator("svg .box rect").evaluateAll((all) => all.map((e) => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }));
    assert.equal(boxes.length, panel.marks.filter((m) => m.boxed).length);
    for (const [i, [left, top, right, bottom]] of boxes.entries())
      for (const [l, t, r, b] of boxes.slice(i + 1)) assert.ok(Math.min(right, r) < Math.max(left, l) || Math.min(bottom, b) < Math.max(top, t), panel.title);
    assert.equal(await marks.locator("svg path.arrow").count(), panel.series.filter((s) => s.arrow).length, panel.title);
    // One unit is as long on both axes: of two points that are marked.
    if (panel.equal) {
      const [p, q] = panel.marks.filter((m) => m.x !== undefined && m.y !== undefined);
      const places = await marks.locator("svg g[aria-hidden] circle, svg circle").evaluateAll((all) => all.map((e) => [Number(e.getAttribute("cx")), Number(e.getAttribute("cy"))]));
      assert.ok(places.length >= 2, panel.title);
      const [a, b] = places, across = (b[0] - a[0]) / (q.x - p.x), down = (b[1] - a[1]) / (q.y - p.y);
      assert.ok(Math.abs(across + down) < 0.01 * Math.abs(across), `${panel.title}: ${across} and ${down}`);
    }
  }

// Somebody asks why the published number of "RMSProp" is not RMSProp's, and finds it.
const rms = json.experiments.find((e) => e.name === "not-rmsprop");
if (rms) {
  await page.getByRole("searchbox", { name: "Find" }).fill("rmsprop 0.68022007");
  const rows = page.locator("#claims tbody tr");
  assert.ok((await rows.count()) >= 1);
  assert.match((await rows.allInnerTexts()).join(" "), /AdaGrad/);
  assert.equal(await page.locator("#x-not-rmsprop").isVisible(), true);
  await page.getByRole("searchbox", { name: "Find" }).fill("no such words anywhere");
  assert.equal(await rows.count(), 0);
  assert.equal(await page.locator("#x-not-rmsprop").isVisible(), false);
  await page.getByRole("searchbox", { name: "Find" }).fill("");
}

// Verdicts can be left out.
const wrong = claims.filter((c) => c.verdict === "wrong").length;
if (wrong > 0) {
  await page.getByRole("checkbox", { name: "wrong" }).uncheck();
  assert.equal(await page.locator("#claims tbody tr").count(), claims.length - wrong);
}
await page.context().close();

await expectReadable("lab.html");
const nowhere = runnelFails("lab", "all", "--reduced", "--report", "no/such/folder/lab.html");
assert.equal(nowhere.status, 2, "found out before anything runs");
await done();
