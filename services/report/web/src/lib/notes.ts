// What the report says beside figures, each sentence once.

import type { Figure } from "./api";
import { said } from "./text";

export function notes(figures: (Figure | null | undefined)[]): string[] {
  const sentences = figures.flatMap((figure) => figure?.notes ?? []);
  return [...new Set(sentences)].map(said);
}

export function reasons(figures: Figure[]): string[] {
  // Of a period that is shown in a longer one its own line says so.
  const longer = "not shown: what could be released covers";
  const hidden = figures.filter((figure) => !figure.shown && figure.reason && !figure.reason.startsWith(longer));
  return [...new Set(hidden.map((figure) => figure.reason))].map(said);
}
