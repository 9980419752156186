// What is looked at, as the address has it: a link shows another person the same.

export const VIEWS = ["overview", "series", "comparison", "responses", "experience", "involvement", "safety"] as const;
export type View = (typeof VIEWS)[number];
export type Lang = "nb" | "nn" | "en";
export const LANGS: Lang[] = ["nb", "nn", "en"];

const EMPTY = {
  view: "overview" as View,
  lang: "nb" as Lang,
  org: "",
  measure: "",
  indicator: "",
  span: "",
  /** Month or tertial, by how many they are about. */
  period: "auto",
  rules: "nhs",
  level: "unit",
  parent: "",
};
export type Filters = typeof EMPTY;

function read(): Filters {
  const words = new URLSearchParams(location.search);
  const filters: Filters = { ...EMPTY, lang: preferred() };
  for (const key of Object.keys(EMPTY) as (keyof Filters)[]) {
    const word = words.get(key);
    if (word) (filters[key] as string) = word;
  }
  if (!VIEWS.includes(filters.view)) filters.view = "overview";
  if (!LANGS.includes(filters.lang)) filters.lang = "nb";
  return filters;
}

function preferred(): Lang {
  const first = navigator.language.slice(0, 2);
  return first === "nn" ? "nn" : first === "en" ? "en" : "nb";
}

export const filters: Filters = $state(read());

/** Changes what is looked at. */
export function go(change: Partial<Filters>): void {
  Object.assign(filters, change);
  history.pushState(null, "", address({}));
}

/** Fills what the address left open; no new entry in the history. */
export function settle(change: Partial<Filters>): void {
  Object.assign(filters, change);
  history.replaceState(null, "", address({}));
}

/** The address of a view. */
export function address(change: Partial<Filters>): string {
  const all = { ...filters, ...change };
  const words = (Object.keys(EMPTY) as (keyof Filters)[])
    .filter((key) => key === "lang" || (all[key] && all[key] !== EMPTY[key]))
    .map((key) => [key, all[key]] as [string, string]);
  return `${location.pathname}?${new URLSearchParams(words)}`;
}

addEventListener("popstate", () => Object.assign(filters, read()));
