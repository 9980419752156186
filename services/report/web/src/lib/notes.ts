// What the report says beside figures, each sentence once.

import type { Figure } from "./api";
import { said, t } from "./text";

export function notes(figures: (Figure | null | undefined)[]): string[] {
  const sentences = figures.flatMap((figure) => figure?.notes ?? []);
  return [...new Set(by_years(sentences))].map(said);
}

/** Sentences that differ in the years at their end become one, with all of them. */
function by_years(sentences: string[]): string[] {
  const years = new Map<string, Set<string>>();
  const begun = sentences.map((sentence) => {
    const [, begin, end] = /^(.*\D )(\d{4}(?:, \d{4})*)$/.exec(sentence) ?? [];
    if (begin === undefined || end === undefined) return sentence;
    const known = years.get(begin) ?? new Set();
    for (const year of end.split(", ")) known.add(year);
    years.set(begin, known);
    return begin;
  });
  return begun.map((begin) => begin + [...(years.get(begin) ?? [])].sort().join(", "));
}

/** What stands where a figure would: that it waits, or that it cannot be shown. */
export function instead(figure: Figure | null | undefined): string {
  return t(figure?.reason?.startsWith("not shown yet") ? "status.waits" : "none-for-org");
}

export function reasons(figures: Figure[]): string[] {
  // Of a period that is shown in a longer one its own line says so.
  const longer = "not shown: what could be released covers";
  const hidden = figures.filter((figure) => !figure.shown && figure.reason && !figure.reason.startsWith(longer));
  return [...new Set(hidden.map((figure) => figure.reason))].map(said);
}
