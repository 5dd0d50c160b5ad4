// Names that would be HTML, or end the script that they stand in, are shown as the text that they are.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, data, done, expectReadable, folder, open, runnel } from "./browser.mjs";

const names = [`</script><img src=x onerror=alert(1)>`, `<!--<script>`, `a & b < c > d`, `line\u2028separator`, `{"json": "\\u003c"}`, `‮right to left`];
const target = `tar"get <b>bold</b>`;
const quoted = (text) => `"${text.replace(/"/g, '""')}"`;
const lines = [[...names, "level", target].map(quoted).join(",")];
for (let i = 0; i < 400; ++i) {
  const numbers = names.map((_, k) => Math.sin(i * (k + 1.3) * 12.9898));
  const level = ["<script>alert(2)</script>", "</style>", "plain"][i % 3];
  lines.push([...numbers, quoted(level), 2 * numbers[0] - numbers[1] + (i % 3)].join(","));
}
writeFileSync(join(folder, "hostile.csv"), lines.join("\n"));
runnel("fit", "hostile.csv", "--target", target, "--grid", "rate=0.003,0.01", "--epochs", "3", "--study", "</title><script>alert(3)<script>.study".replace(/\//g, "∕"), "--quiet");

const html = readFileSync(join(folder, "hostile.report.html"), "utf8");
const at = html.indexOf('id="data">');
const text = html.slice(at + 10, html.indexOf("</script>", at));
assert.ok(!/[<>&]/.test(text), "the data hold nothing that HTML would look at");

const page = await open("hostile.report.html");
assert.equal(await page.locator("img").count(), 0);
assert.equal(await page.locator("b").count(), 0);
assert.equal(await page.locator("body script").count(), 2, "the data and the page's own");
assert.ok((await page.locator("h1").innerText()).startsWith(target));
const told = await page.locator("#columns tbody th").evaluateAll((cells) => cells.map((c) => c.textContent));
for (const name of names) assert.ok(told.includes(name), name);
const { columns } = await data(page);
assert.deepEqual(columns.list.map((c) => c.name), told);
await expectReadable("hostile.report.html");
await done();
