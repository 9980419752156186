// What a reader waits for. Called with the address of a report and a token, in the folder of the
// page; prints tables. Times are of the whole machine: server, engine and browser share it.

import { createRequire } from "node:module";
import { join } from "node:path";

const { chromium } = createRequire(join(process.cwd(), "package.json"))("playwright-core");
const [address, token] = process.argv.slice(2);
const VIEWS = ["overview", "series", "comparison", "responses", "experience", "involvement", "safety"];
const TIMES = 5;

const middle = (all) => [...all].sort((a, b) => a - b)[Math.floor((all.length - 1) / 2)];
const table = (columns, rows) => {
  console.log(`\n| ${columns.join(" | ")} |\n|${"---|".repeat(columns.length)}`);
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
};
/** Times by name: how many, the median, the worst. */
class Times {
  all = new Map();
  add(name, time) {
    this.all.set(name, [...(this.all.get(name) ?? []), time]);
  }
  show(title) {
    const line = (name, times) => [name, times.length, Math.round(middle(times)), Math.round(Math.max(...times))];
    const every = [...this.all.values()].flat();
    table([title, "times", "p50, ms", "worst, ms"], [...[...this.all].map(([name, times]) => line(name, times)), line("all", every)]);
  }
}

async function ask(path) {
  const begun = performance.now();
  const response = await fetch(new URL(path, address), { headers: { authorization: `Bearer ${token}` } });
  const body = await response.arrayBuffer();
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return { ms: performance.now() - begun, bytes: body.byteLength, body };
}
const json = async (path) => JSON.parse(Buffer.from((await ask(path)).body).toString());

/** The answers alone. */
async function answers(orgs) {
  const series = "measure=fit.alliance&indicator=mean-alliance";
  const year = "from=2025-01&to=2025-12";
  const paths = [
    ["first answer of all", "/v1/indicators"],
    ["indicators", "/v1/indicators"],
    ["organisations", "/v1/organisations"],
  ];
  for (const [name, org] of Object.entries(orgs)) {
    paths.push([`overview of a ${name}, a year`, `/v1/figures?organisation=${org}&period=span&${year}`]);
    paths.push([`overview of a ${name}, all years`, `/v1/figures?organisation=${org}&period=span`]);
    for (const period of ["month", "rolling"]) paths.push([`${period} series of a ${name}`, `/v1/series?${series}&organisation=${org}&period=${period}`]);
    paths.push([`rest of a ${name}`, `/v1/rest?${series}&organisation=${org}&${year}`]);
  }
  paths.push(["comparison of units, a year", `/v1/comparison?${series}&${year}`]);
  paths.push(["comparison of units, all years", `/v1/comparison?${series}`]);
  paths.push(["involvement, all", "/v1/involvement"]);
  paths.push(["experience by year", `/v1/figures?measure=kem.experience&organisation=${orgs.nation}&period=year`]);
  const rows = [];
  for (const [name, path] of paths) {
    const asked = [];
    for (let time = 0; time < (name.startsWith("first") ? 1 : TIMES); time++) asked.push(await ask(path));
    const times = asked.map((each) => each.ms);
    rows.push([name, middle(times).toFixed(1), Math.max(...times).toFixed(1), (asked[0].bytes / 1024).toFixed(1)]);
  }
  table(["answer alone", "p50, ms", "worst, ms", "KiB"], rows);
}

/** In the page: counts what is on its way, and says when everything that was asked for is painted. */
function watch() {
  let pending = 0;
  const given = window.fetch;
  window.fetch = async (...all) => {
    pending += 1;
    const response = await given(...all);
    const read = response.json.bind(response);
    response.json = () => read().finally(() => (pending -= 1));
    return response;
  };
  const there = () =>
    pending === 0 &&
    document.querySelector("main h1") !== null &&
    document.querySelector(".wait") === null &&
    document.querySelector("[aria-busy=true]") === null &&
    [...document.querySelectorAll(".drawing")].every((each) => each.querySelector("svg"));
  window.painted = () =>
    new Promise((resolve) => {
      const look = () => (there() ? setTimeout(() => resolve(performance.now())) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    });
}

async function opened(browser, words) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 1000 } });
  const page = await context.newPage();
  await page.addInitScript(watch);
  await page.goto(`${address}?${new URLSearchParams(words)}#token=${token}`, { waitUntil: "commit" });
  await page.waitForSelector("main h1").catch(() => {
    throw new Error("there is no page; `cargo xtask page` builds it");
  });
  const took = await page.evaluate(() => window.painted());
  return { context, page, took };
}

/** From the address to everything painted, with nothing in the browser's cache. */
async function first_loads(browser, orgs) {
  const times = new Times();
  for (let time = 0; time < TIMES; time++)
    for (const view of VIEWS)
      for (const org of Object.values(orgs)) {
        const { context, took } = await opened(browser, { lang: "nb", view, org });
        times.add(view, took);
        await context.close();
      }
  times.show("first load");
}

/** Every view, every filter; what was asked once is not asked again, so rounds differ. */
async function changes(browser, rounds) {
  const [views, filters] = [new Times(), new Times()];
  for (const [org, other, indicator] of rounds) {
    const { context, page } = await opened(browser, { lang: "nb", view: "overview", org });
    const click = (selector) =>
      page.evaluate(async (selector) => {
        const begun = performance.now();
        document.querySelector(selector).click();
        return (await window.painted()) - begun;
      }, selector);
    const choose = (place, value) =>
      page.evaluate(
        async ([place, value]) => {
          const select = document.querySelectorAll(".filters select")[place];
          const begun = performance.now();
          select.value = value;
          select.dispatchEvent(new Event("change", { bubbles: true }));
          return (await window.painted()) - begun;
        },
        [place, value],
      );
    for (const view of [...VIEWS.slice(1), "overview"]) {
      views.add(view, await click(`nav a:nth-child(${VIEWS.indexOf(view) + 1})`));
      const selects = await page.$$eval(".filters select", (all) =>
        all.map((each) => ({ name: each.closest("label").textContent.trim().split(/\s/)[0], now: each.value, values: [...each.options].map((option) => option.value) })),
      );
      for (const [place, { name, now, values }] of selects.entries()) {
        const others = values.includes(other) ? [other] : values.includes(indicator) ? [indicator] : values.slice(0, 4);
        for (const value of [...others, now]) filters.add(`${view}: ${name}`, await choose(place, value));
      }
    }
    filters.add("language", await click(".langs button:last-child"));
    await context.close();
  }
  views.show("view change");
  filters.show("filter change");
}

const { organisations } = await json("/v1/organisations");
const of = (level, place) => organisations.filter((each) => each.level === level).at(place).organisation;
const orgs = { unit: of("unit", 5), trust: of("trust", 5), nation: of("nation", 0) };
const browser = await chromium.launch({
  executablePath: process.env.MEDVIRK_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  await answers(orgs);
  await first_loads(browser, orgs);
  await changes(browser, [
    [of("unit", 10), of("unit", 20), "fit.outcome/share-recovered"],
    [of("trust", 3), of("trust", 7), "norse-2.state/mean-functioning"],
    [orgs.nation, of("region", 1), "kem.experience/treatment"],
    [of("unit", 33), orgs.nation, "fit.course/length"],
    [of("institution", 3), of("unit", 44), "bdi.outcome/mean-change"],
  ]);
} finally {
  await browser.close();
}
