// The page in a real Chromium. Called with the address of a report and a token; prints what it
// checked, and fails on the first thing that is not so. With a third argument it also leaves
// pictures of every view there.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const [address, token, pictures] = process.argv.slice(2);
const LANGS = ["nb", "nn", "en"];
const VIEWS = ["overview", "series", "comparison", "responses", "experience", "involvement", "safety"];
const TEXTS = Object.fromEntries(
  LANGS.map((lang) => [lang, JSON.parse(readFileSync(new URL(`../src/lang/reasons/${lang}.json`, import.meta.url), "utf8"))]),
);
/** Codes that are no word of a language. */
const RAW_CODES = new RegExp(`\\b(${Object.keys(TEXTS.nb).filter((code) => code.includes("-")).join("|")})\\b`);
const browser = await chromium.launch({
  executablePath: process.env.MEDVIRK_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const context = await browser.newContext({ viewport: { width: 1360, height: 1000 }, locale: "nb-NO", acceptDownloads: true });
// Only a page that fails waits so long.
context.setDefaultTimeout(180_000);
const page = await context.newPage();
let checked = 0;

function holds(what, why) {
  if (!what) throw new Error(why);
  checked += 1;
}

// Nothing may be loaded from elsewhere, and no script may fail or be refused.
const complaints = [];
page.on("console", (message) => {
  if (message.type() === "error") complaints.push(message.text());
});
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("request", (request) => {
  const from = new URL(request.url());
  if (from.protocol.startsWith("http") && from.origin !== new URL(address).origin) complaints.push(request.url());
});

const api = async (path) => {
  const response = await fetch(new URL(path, address), { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
};
const settled = async () => {
  await page.waitForSelector("main h1");
  await page.waitForFunction(() => !document.querySelector(".wait, [aria-busy=true]"));
  await page.waitForFunction(() => [...document.querySelectorAll(".drawing")].every((each) => each.querySelector("svg")));
};
const open = async (words) => {
  await page.goto(`${address}?${new URLSearchParams(words)}`);
  await settled();
};
/** What a cell shows without rounding, or its text. */
const cells = (selector) =>
  page.$$eval(selector, (all) => all.map((cell) => cell.dataset.csv ?? cell.textContent.trim()));
const clean = async (name) => {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]).analyze();
  const told = found.violations.map((each) => `${each.id}: ${each.nodes[0].html} ${each.nodes[0].failureSummary}`);
  holds(told.length === 0, `${name} is not accessible:\n${told.join("\n")}`);
};

/** Without a token there is a form and no figure; with one in the address it is kept, not shown. */
async function signing_in() {
  await page.goto(address);
  await page.waitForSelector("#token");
  await clean("signing in");
  await page.fill("#token", "not-a-token");
  await page.press("#token", "Enter");
  await page.waitForSelector("[role=alert]");
  complaints.length = 0; // The refusal itself.
  await page.goto(`${address}?lang=nb#token=${token}`);
  await settled();
  holds(!page.url().includes(token.slice(0, 20)), "the token stays in the address");
}

async function every_view_in_every_language(org) {
  for (const lang of LANGS)
    for (const view of VIEWS) {
      const name = `${view} in ${lang}`;
      await open({ lang, view, org });
      holds((await page.getAttribute("html", "lang")) === lang, `${name}: the language is not said`);
      const text = await page.innerText("body");
      const raw = /\b(view|col|signal|status|filter|safety|place|verdict|period|of-whom)\.[a-z-]+|undefined|NaN/.exec(text);
      holds(!raw, `${name}: ${raw?.[0]}`);
      const code = RAW_CODES.exec(text);
      holds(!code, `${name}: the code ${code?.[0]} is shown in place of its text`);
      holds((await page.$$(".drawing svg")).length === (await page.$$(".drawing")).length, `${name}: a chart is missing`);
      for (const svg of await page.$$(".drawing svg")) holds(await svg.getAttribute("aria-label"), `${name}: a chart says nothing`);
      await clean(name);
      if (pictures) await page.screenshot({ path: `${pictures}/${view}-${lang}.png`, fullPage: true });
      const pdf = await page.pdf({ format: "A4", preferCSSPageSize: true, ...(pictures && { path: `${pictures}/${view}-${lang}.pdf` }) });
      const sheets = pdf.toString("latin1").match(/\/Type \/Page\b/g).length;
      holds(sheets === 1, `${name}: ${sheets} sheets of paper`);
    }
}

/** Every reason that the report can give, in words, in every language and at three widths. */
async function every_reason_is_told(org) {
  const sample = { month: "2024-05", from: "2024-01", to: "2024-04", minimum: 6, identity: "person", organisation: org, years: [2024] };
  const all = Object.entries(TEXTS.nb).map(([code, text]) => {
    const names = [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    return { code, arguments: Object.fromEntries(names.map((name) => [name, sample[name]])) };
  });
  await page.route("**/v1/series?*", async (route) => {
    const series = await (await route.fetch()).json();
    series.points[0].figure.notes = all;
    await route.fulfill({ json: { ...series, process: null, process_reason: { code: "too-few-periods", arguments: {} } } });
  });
  for (const lang of LANGS)
    for (const width of [360, 768, 1360]) {
      const name = `reasons in ${lang} at ${width}`;
      await page.setViewportSize({ width, height: 1000 });
      await open({ lang, view: "series", org });
      const told = await page.$$eval(".remarks:not(.unverified) li", (all) => all.map((each) => each.textContent.trim()));
      for (const { code } of all) {
        const [begin] = TEXTS[lang][code].split("{");
        holds(told.some((each) => each.startsWith(begin)), `${name}: ${code} is not told`);
      }
      const raw = told.find((each) => RAW_CODES.test(each) || /[{}]|undefined|\[object|\d{4}-\d\d/.test(each));
      holds(!raw, `${name}: not in words: ${raw}`);
      const legends = await page.$$eval(".meaning .legend", (all) => all.map((each) => each.textContent));
      holds(legends.includes(TEXTS[lang]["too-few-periods"]), `${name}: why there is no chart is not told`);
      const wide = await page.$$eval(".remarks li", (all) => all.filter((each) => each.getBoundingClientRect().right > innerWidth).length);
      holds(wide === 0, `${name}: ${wide} do not fit`);
      if (pictures) await page.screenshot({ path: `${pictures}/reasons-${lang}-${width}.png`, fullPage: true });
    }
  await page.unroute("**/v1/series?*");
  await page.setViewportSize({ width: 1360, height: 1000 });
}

/** Every number of the page is one that the report gives, and none is missing. */
async function figures_are_those_of_the_report(org, measure, indicator) {
  const of = `measure=${measure}&indicator=${indicator}`;
  const numbers = (all) => all.map((each) => String(each ?? ""));
  await open({ lang: "nb", view: "series", org, measure, indicator });
  // Months or tertials, whichever are about more.
  const period = await page.getAttribute("table.series", "data-period");
  const series = await api(`/v1/series?${of}&organisation=${org}&period=${period}`);
  holds(series.points.some((point) => point.figure.shown), `${measure} of ${org} has nothing to see`);
  const same = (ours, theirs, what) =>
    holds(JSON.stringify(ours) === JSON.stringify(numbers(theirs)), `${what}: ${ours} are not ${numbers(theirs)}`);
  same(await cells("table.series td.value"), series.points.map((each) => each.figure.value), "values over time");
  same(await cells("table.series td.persons"), series.points.map((each) => each.figure.persons), "persons over time");
  await of_whom_is_told(series, { org, measure, indicator });
  const { shown_until } = await api("/v1/organisations");
  const span = `from=${shown_until.slice(0, 4)}-01&to=${shown_until}`;
  await open({ lang: "nb", view: "comparison", org, measure, indicator, span: shown_until.slice(0, 4) });
  const comparison = await api(`/v1/comparison?${of}&${span}`);
  const shown = comparison.organisations.filter((each) => each.figure.shown);
  if (!comparison.funnel_reason && shown.length > 0) {
    same(await cells("table.funnel td.value"), shown.map((each) => each.figure.value), "values beside each other");
    same(await cells("table.funnel td.persons"), shown.map((each) => each.figure.persons), "persons beside each other");
  }
  await open({ lang: "nb", view: "overview", org, span: shown_until.slice(0, 4) });
  const figures = await api(`/v1/figures?organisation=${org}&period=span&${span}`);
  const rows = await page.$$eval("table.overview tr[data-measure]", (all) =>
    all.map((row) => [row.dataset.measure, row.dataset.indicator, row.querySelector(".value").dataset.csv, row.querySelector(".persons").textContent]),
  );
  for (const [m, i, value, persons] of rows) {
    const known = figures.filter((each) => each.measure === m && each.indicator === i);
    const found = known.some((each) => String(each.value) === value && String(each.persons) === persons);
    holds(found, `${m}/${i} of the overview: ${value} of ${persons}`);
  }
}

/** Of whom a curve speaks stands beside it, with a warning where that is too few. */
async function of_whom_is_told(series, words) {
  const told = await page.innerText(".of-whom");
  for (const year of series.coverage) {
    const expected = `${year.persons} av ${year.of} personer i ${year.year}`;
    holds(told.includes(expected), `"${expected}" is not in "${told}"`);
  }
  const warns = (await page.$$(".warning")).length === 1;
  holds(warns === series.coverage.some((year) => year.low), "a warning is there, or lacks");
  await open({ lang: "nb", view: "series", period: "month", ...words });
  holds((await page.getAttribute("table.series", "data-period")) === "month", "months that are chosen are not shown");
}

/** Another unit is drawn anew: its lines are those of a page that was opened on it. */
async function what_is_drawn_follows_the_filters(org, other) {
  const lines = () => page.$$eval("table.overview td.drawn", (all) => all.map((each) => each.innerHTML).join("\n"));
  await open({ lang: "nb", view: "overview", org });
  const before = await lines();
  await page.locator(".filters select").first().selectOption(other);
  await settled();
  const after = await lines();
  await open({ lang: "nb", view: "overview", org: other });
  holds(after !== before && after === (await lines()), `the overview of ${other} has lines of ${org}`);
}

/** Views, languages and filters by keyboard alone; the address says what is looked at. */
async function by_keyboard(org) {
  await open({ lang: "nb", view: "overview", org });
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => document.activeElement?.className);
  holds(first === "skip", `the first stop is ${first}`);
  await page.focus("nav a[href*='view=series']");
  await page.keyboard.press("Enter");
  await settled();
  holds(new URL(page.url()).searchParams.get("view") === "series", "the address has no view");
  await page.locator("select").nth(2).selectOption("year");
  await settled();
  holds(page.url().includes("period=year"), "the address has no period");
  await page.goBack();
  await settled();
  holds(!page.url().includes("period=year"), "going back goes nowhere");
}

/** Every view with figures, as CSV and as PNG: the file has every row, the picture all that is seen. */
async function taken_along(org) {
  const take = async (tools, place) => {
    const [file] = await Promise.all([page.waitForEvent("download"), tools.locator("button").nth(place).click()]);
    return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
  };
  for (const view of VIEWS.slice(0, -1)) {
    await open({ lang: "nb", view, org });
    const all = page.locator(".tools");
    holds((await all.count()) > 0, `${view}: nothing can be taken along`);
    for (let place = 0; place < (await all.count()); place++) {
      const tools = all.nth(place);
      const section = tools.locator("xpath=ancestor::section[1]");
      const csv = await take(tools, 0);
      holds(csv.name.endsWith(".csv"), csv.name);
      const lines = csv.bytes.toString("utf8").trim().split("\r\n");
      holds(lines.length === 1 + (await section.locator("tbody tr").count()), `${view}: ${csv.name} lacks rows`);
      const values = await section.locator("td.value").evaluateAll((cells) => cells.map((cell) => cell.dataset.csv));
      for (const value of values) holds(lines.some((line) => line.split(",").includes(value)), `${view}: ${csv.name} lacks ${value}`);
      const png = await take(tools, 1);
      holds(png.bytes.subarray(1, 4).toString() === "PNG", `${png.name} is no picture`);
      const [width, ink] = [png.bytes.readUInt32BE(16), await inked(png.bytes)];
      holds(width >= 1.9 * (await section.boundingBox()).width, `${png.name} is only ${width} wide`);
      holds(ink > 0.01, `${png.name} is empty: ${ink}`);
      if (pictures) writeFileSync(`${pictures}/${view}-${place}.png`, png.bytes);
    }
  }
}

/** How much of a picture is not white. */
const inked = (bytes) =>
  page.evaluate(async (text) => {
    const picture = await createImageBitmap(new Blob([Uint8Array.from(atob(text), (each) => each.charCodeAt(0))]));
    const brush = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    brush.drawImage(picture, 0, 0);
    const { data } = brush.getImageData(0, 0, picture.width, picture.height);
    let dark = 0;
    for (let place = 0; place < data.length; place += 4) if (data[place] < 200) dark += 1;
    return (dark * 4) / data.length;
  }, bytes.toString("base64"));

try {
  if (pictures) mkdirSync(pictures, { recursive: true });
  const { organisations } = await api("/v1/organisations");
  const indicators = await api("/v1/indicators");
  const shares = indicators.filter((each) => each.kind === "proportion" && each.identity === "person" && each.part === "");
  const { measure, indicator } = shares[0] ?? indicators[0];
  const org = organisations.find((each) => each.level === "trust").organisation;
  await signing_in();
  await every_view_in_every_language(org);
  await every_reason_is_told(org);
  await figures_are_those_of_the_report(org, measure, indicator);
  await what_is_drawn_follows_the_filters(org, organisations.find((each) => each.level === "nation").organisation);
  await by_keyboard(org);
  await taken_along(org);
  holds(complaints.length === 0, `the browser complains: ${complaints.join("\n")}`);
  console.log(`page: ${checked} checks hold`);
} finally {
  await browser.close();
}
