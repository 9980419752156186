// What the report answers. Comes in: a path and a token. Goes out: its JSON. The page shows what
// comes from here and computes no figure of its own.

export type Titles = Record<string, string>;

/** Why something is not there, or what to know when reading what is: a code, and what it is about. */
export interface Reason {
  code: string;
  arguments: {
    month?: string;
    from?: string;
    to?: string;
    minimum?: number;
    identity?: string;
    organisation?: string;
    years?: number[];
  };
}

export interface Indicator {
  measure: string;
  indicator: string;
  kind: "proportion" | "mean" | "index" | "count" | "effect-size";
  higher_is_better: boolean | null;
  target: number | null;
  yellow: number | null;
  title: Titles;
  description: Titles;
  aspect: string;
  identity: string;
  min_denominator: number;
  sensitive: boolean;
  sources: string[];
  unverified: string[];
  parts: string[];
  part: string;
  k: number;
}

/** What a unit says of one item. */
export interface Said {
  unit: string;
  year: number;
  item: string;
  title: Titles;
  answer: string;
  /** What was chosen, where the item asks for choices. */
  choices: { choice: string; title: Titles }[];
}

/** A share of what others count. */
export interface Coverage {
  measure: string;
  share: string;
  title: Titles;
  organisation: string;
  year: number;
  count: number;
  of: number;
  /** None while the year is not closed. */
  percent: number | null;
  /** Why there is no percentage. */
  reason?: Reason;
  source: string;
  date: string;
  note: Titles;
  /** Whom others have counted and whom it is not a share of. */
  excluded: { reason: string; title: Titles; number: number }[];
}

export interface Organisation {
  organisation: string;
  level: string;
  parent: string;
  title: Titles;
}

export interface Organisations {
  organisations: Organisation[];
  shown_from: string;
  shown_until: string;
}

export interface Figure {
  measure: string;
  indicator: string;
  organisation: string;
  level: string;
  part: string;
  from: string;
  to: string;
  persons: number | null;
  value: number | null;
  lower: number | null;
  upper: number | null;
  target: number | null;
  attainment: "high" | "moderate" | "low" | null;
  shown: boolean;
  reason?: Reason;
  notes: Reason[];
}

export interface Difference {
  value: number;
  lower: number | null;
  upper: number | null;
  verdict: "higher" | "lower" | "unclear";
}

export interface Point {
  figure: Figure;
  status: string;
  change: Difference | null;
  lower_limit: number | null;
  upper_limit: number | null;
}

export interface Signal {
  rule: string;
  points: number[];
  high: boolean | null;
}

/** How many of a year's persons are in the points of a series. */
export interface SeriesCoverage {
  year: number;
  persons: number;
  of: number;
  percent: number;
  /** Below 80 %. */
  low: boolean;
  /** No more can come. */
  closed: boolean;
}

export interface Series {
  points: Point[];
  process: {
    chart: string;
    centre: number;
    rules: string;
    signals: Signal[];
    runs: Record<string, number> | null;
    notes: Reason[];
    moving_ranges: string;
  } | null;
  process_reason: Reason | null;
  shown_until: string;
  coverage: SeriesCoverage[];
}

export interface Limits {
  lower_95: number;
  upper_95: number;
  lower_998: number;
  upper_998: number;
}

export interface Compared {
  figure: Figure;
  limits: Limits | null;
  widened: Limits | null;
  place: string;
}

export interface Comparison {
  whole: Figure | null;
  organisations: Compared[];
  phi: number | null;
  overdispersed: boolean;
  funnel_reason: Reason | null;
  shown_until: string;
}

export interface Rests {
  own: Figure | null;
  rests: { figure: Figure; difference: Difference | null }[];
  shown_until: string;
}

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const KEY = "medvirk-token";

/** The token: of this tab only, and gone when it is closed. It may come once in the address, after
 * a hash, which browsers keep to themselves; it is taken out of the address at once. */
export function token(): string {
  const given = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (given) {
    sessionStorage.setItem(KEY, decodeURIComponent(given));
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY) ?? "";
}

export function keep(token: string): void {
  if (token) sessionStorage.setItem(KEY, token.trim());
  else sessionStorage.removeItem(KEY);
}

const answers = new Map<string, Promise<unknown>>();

/** Asks once for each path while the page is open: answers change when a month closes only. */
export function ask<T>(path: string, words: Record<string, string> = {}): Promise<T> {
  const given = Object.entries(words).filter(([, word]) => word !== "");
  const query = new URLSearchParams(given).toString();
  const url = query ? `${path}?${query}` : path;
  let answer = answers.get(url);
  if (!answer) {
    answer = get(url);
    answers.set(url, answer);
    answer.catch(() => answers.delete(url));
  }
  return answer as Promise<T>;
}

async function get(url: string): Promise<unknown> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token()}` } });
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Refused(response.status, problem.detail ?? response.statusText);
}
