// Words in three languages. Every key is in every file (a test compares). The sentences for the
// report's reasons are in `reasons.ts`.

import en from "../lang/en.json";
import nb from "../lang/nb.json";
import nn from "../lang/nn.json";
import type { Titles } from "./api";
import { filters } from "./state.svelte";

type Key = keyof typeof nb;
const words: Record<string, Record<Key, string>> = { nb, nn, en };
const MINUS = "\u2212";

/** A word or sentence, with what goes into its braces. */
export function t(key: string, into: Record<string, string | number> = {}): string {
  return filled(words[filters.lang]?.[key as Key] ?? key, into);
}

/** A text with what goes into its braces. */
export function filled(text: string, into: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, name) => String(into[name] ?? ""));
}

/** A title in the language that is read. */
export function titled(title: Titles | undefined): string {
  return title?.[filters.lang] ?? title?.nb ?? title?.en ?? Object.values(title ?? {})[0] ?? "";
}

/** One for each locale and number of digits: making one takes ten times as long as using it, and a
 * view has more than a thousand numbers. */
const formats = new Map<string, Intl.NumberFormat>();

function format(locale: string, digits: number): Intl.NumberFormat {
  const key = `${locale} ${digits}`;
  const known = formats.get(key) ?? new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  formats.set(key, known);
  return known;
}

export function number(value: number | null | undefined, digits = 1): string {
  if (value == null) return "";
  const text = format(filters.lang === "en" ? "en-GB" : "nb-NO", digits).format(value).replace("-", MINUS);
  return /^\u2212[0.,]+$/.test(text) ? text.slice(1) : text;
}

/** A figure with its unit. */
export function amount(value: number | null | undefined, kind: string): string {
  if (value == null) return "";
  if (kind === "proportion") return `${number(value, 1)} %`;
  return number(value, kind === "count" ? 0 : kind === "effect-size" ? 2 : 1);
}

/** A difference, always with its sign. */
export function signed(value: number | null | undefined, kind: string): string {
  if (value == null) return "";
  const text = number(value, kind === "count" ? 0 : kind === "effect-size" ? 2 : 1);
  return value > 0 && !/^[0.,]+$/.test(text) ? `+${text}` : text;
}

/** "2024-03" as "mars 2024". */
export function month(text: string, style: "long" | "short" = "long"): string {
  const [year, number] = text.split("-");
  return `${t(`month.${style}.${Number(number)}`)} ${year}`;
}

/** "2024-03-09" as "9. mars 2024". */
export function day(text: string): string {
  const date = Number(text.slice(8));
  return `${filters.lang === "en" ? date : `${date}.`} ${month(text.slice(0, 7))}`;
}

/** A span as a person would say it. */
export function span(from: string, to: string, short = false): string {
  if (from === to) return month(from, short ? "short" : "long");
  const [year, first] = from.split("-");
  const [last_year, last] = to.split("-");
  if (year === last_year && first === "01" && last === "12") return year ?? "";
  const tertials: Record<string, number> = { "01-04": 1, "05-08": 2, "09-12": 3 };
  const tertial = tertials[`${first}-${last}`];
  if (year === last_year && tertial) return t("tertial", { n: tertial, year: year ?? "" });
  return `${month(from, "short")}–${month(to, "short")}`;
}
