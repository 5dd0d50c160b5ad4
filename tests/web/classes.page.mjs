// The pages of fits of classes: confusion and calibration, of two classes and of many.
import { assert, data, done, expectReadable, open, runnel } from "./browser.mjs";

const json = JSON.parse(runnel("fit", "demo:moons", "--rows", "3000", "--folds", "0", "--grid", "rate=0.003,0.01", "--epochs", "15", "--json"));
const page = await open("moons.report.html");

const title = await page.locator("h1").innerText();
const percent = Number(title.match(/right in ([\d.]+) of 100 rows/)[1]);
assert.ok(Math.abs(percent / 100 - json.test.value) < 0.006, title);

// The diagonal of the confusion is the accuracy, and all of it are the test rows.
const cells = (await page.locator(".confusion .cell").allInnerTexts()).map((c) => Number(c.replace(/,/g, "")));
assert.equal(cells.length, 4);
assert.equal(cells.reduce((a, b) => a + b), json.test.rows);
assert.ok(Math.abs((cells[0] + cells[3]) / json.test.rows - json.test.value) < 1e-9);

// The bins of the calibration are all rows; those that came true are the rows of the positive class.
const { errors } = await data(page);
const sum = (of) => errors.calibration.reduce((total, bin) => total + of(bin), 0);
assert.equal(sum((b) => b.rows), json.test.rows);
assert.ok(Math.abs(sum((b) => b.rows * b.share) - (cells[2] + cells[3])) < 0.5);
assert.ok(errors.calibration.every((b) => b.mean >= b.low - 1e-6 && b.mean <= b.high + 1e-6));
await page.locator("#errors summary").click();
await page.locator("#errors details[open] tbody td").first().waitFor();
assert.equal(await page.locator("#errors details[open] tbody tr").count(), errors.calibration.length);
await expectReadable("moons.report.html");

// Many classes are drawn as a map, and what is confused most is told.
const many = JSON.parse(runnel("fit", "demo:faces", "--rows", "900", "--folds", "0", "--hidden", "8", "--epochs", "2", "--rate", "0.01", "--json"));
const faces = await open(many.report);
assert.equal(await faces.locator("h1").count(), 1);
await expectReadable(many.report);

await done();
