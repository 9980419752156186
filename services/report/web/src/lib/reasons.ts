// The report's reasons and notes in words. Comes in: codes with arguments. Goes out: sentences in the
// language that is read. Every code of the report is in every file (a test of the report compares).

import en from "../lang/reasons/en.json";
import nb from "../lang/reasons/nb.json";
import nn from "../lang/reasons/nn.json";
import type { Figure, Reason } from "./api";
import { filters } from "./state.svelte";
import { filled, month, t } from "./text";

const sentences: Record<string, Record<string, string>> = { nb, nn, en };

/** Names of organisations, which reasons have by their ids. */
export const names = new Map<string, string>();

/** A reason as a sentence; nothing where there is none. */
export function sentence(reason: Reason | null | undefined): string {
  if (!reason) return "";
  // A page that was left open may be older than the report.
  const text = sentences[filters.lang]?.[reason.code];
  return text === undefined ? t("reason.unknown") : filled(text, written(reason.arguments));
}

/** Arguments as they are written everywhere on the page. */
function written({ month: only, from, to, minimum, identity, organisation, years }: Reason["arguments"]): Record<string, string | number> {
  return {
    month: only ? month(only) : "",
    from: from ? month(from) : "",
    to: to ? month(to) : "",
    minimum: minimum ?? "",
    identity: identity ? t(`identity.${identity}s`) : "",
    organisation: organisation ? (names.get(organisation) ?? organisation) : "",
    years: years?.join(", ") ?? "",
  };
}

/** What to know when reading figures, each sentence once. */
export function notes(figures: (Figure | null | undefined)[]): string[] {
  const all = figures.flatMap((figure) => figure?.notes ?? []);
  return [...new Set(with_all_years(all).map(sentence))];
}

/** Notes that differ in their years alone become one, with all of them. */
function with_all_years(notes: Reason[]): Reason[] {
  const found = new Map<string, Reason>();
  for (const { code, arguments: { years = [], ...others } } of notes) {
    const key = JSON.stringify([code, others]);
    const known = found.get(key)?.arguments.years ?? [];
    const together = [...new Set([...known, ...years])].sort();
    found.set(key, { code, arguments: { ...others, years: together } });
  }
  return [...found.values()];
}

/** What stands where a figure would: that it waits, or that it cannot be shown. */
export function instead(figure: Figure | null | undefined): string {
  return t(figure?.reason?.code === "waits" ? "status.waits" : "none-for-org");
}

/** Why figures are not shown, each sentence once. */
export function reasons(figures: Figure[]): string[] {
  // Of a period that is shown in a longer one its own line says so.
  const hidden = figures.filter((figure) => !figure.shown && figure.reason && figure.reason.code !== "released-together");
  return [...new Set(hidden.map((figure) => sentence(figure.reason)))];
}
