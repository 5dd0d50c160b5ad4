// What the tests of pages share: the program, a folder of its own, and a browser that complains of everything.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const { RUNNEL, CHROMIUM, PACKAGES } = process.env;

if (!CHROMIUM || CHROMIUM.endsWith("-NOTFOUND")) {
  console.log("skipped: Chromium is not installed (it stands in scripts/packages.txt)");
  process.exit(77);
}

const require = createRequire(join(PACKAGES, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const folder = mkdtempSync(join(tmpdir(), "runnel-page-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

// Runs the program in the folder; its standard output.
export function runnel(...words) {
  return execFileSync(RUNNEL, words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 28 });
}

// Makes a study in the folder, of any state (tests/cli/make_study.cpp).
export const makeStudy = (...words) => spawnSync(join(dirname(RUNNEL), "make_study"), words, { cwd: folder, encoding: "utf8" });

export const runnelFails = (...words) => spawnSync(RUNNEL, words, { cwd: folder, encoding: "utf8" });

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  // The sandbox of a browser wants rights that a container seldom gives, and the pages here are our own.
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});

const opened = [];

// Opens a page of the folder and waits until it has drawn itself. Complaints of the console, and whatever the page
// would fetch, are failures; they are looked at in `done`.
export async function open(file, { width = 1100, height = 900, dark = false } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
  const page = await context.newPage();
  const complaints = [];
  const url = pathToFileURL(join(folder, file)).href;
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && complaints.push(`console: ${m.text()}`));
  page.on("pageerror", (e) => complaints.push(`error: ${e.message}`));
  page.on("dialog", (d) => (complaints.push(`dialog: ${d.message()}`), d.dismiss()));
  page.on("request", (r) => {
    if (r.url().split("#")[0] !== url && !r.url().startsWith("data:")) complaints.push(`fetched: ${r.url()}`);
  });
  opened.push({ file, complaints });
  await page.goto(url);
  await page.waitForSelector("html[data-ready]");
  await page.waitForFunction(() => [...document.querySelectorAll(".drawing")].every((d) => d.querySelector("svg")));
  return page;
}

// What axe finds serious or worse.
export async function expectAccessible(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const serious = found.violations
    .filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} (${n.failureSummary?.split("\n")[1]?.trim()})`).join(" | ")}`);
  assert.deepEqual(serious, []);
  assert.ok(found.passes.length > 10, "axe looked at next to nothing");
}

export async function expectNoSidewaysScroll(page) {
  const { wide, width } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, width: window.innerWidth }));
  assert.ok(wide <= width, `the page is ${wide} wide in a window of ${width}`);
}

// Light, dark and on a phone.
export async function expectReadable(file) {
  for (const how of [{}, { dark: true }, { width: 360, height: 740 }]) {
    const page = await open(file, how);
    await expectAccessible(page);
    await expectNoSidewaysScroll(page);
    await page.context().close();
  }
}

// The luminance of what is behind and of what is written, from 0 to 1.
export async function luminances(page) {
  return page.evaluate(() => {
    const of = (colour) => {
      const [r, g, b] = colour.match(/[\d.]+/g).map((v) => Number(v) / 255);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const style = getComputedStyle(document.body);
    return { paper: of(style.backgroundColor), ink: of(style.color) };
  });
}

export const data = async (page) => page.evaluate(() => JSON.parse(document.getElementById("data").textContent));

export async function done() {
  await browser.close();
  assert.deepEqual(opened.filter((o) => o.complaints.length > 0), []);
  console.log(`${opened.length} pages opened, nothing to complain of`);
}

// A failure must not leave a browser behind.
process.on("uncaughtException", (error) => {
  console.error(error);
  browser.close().finally(() => process.exit(1));
});
process.on("unhandledRejection", (error) => {
  throw error;
});

export { assert };
