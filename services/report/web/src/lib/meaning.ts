// What a control chart says, in sentences for people who run a ward.

import type { Series, Signal } from "./api";
import { span, t } from "./text";

/** One sentence for each signal, or that there is none, or why that cannot be told. */
export function meaning(series: Series): string[] {
  if (!series.process) return [t("series.none")];
  if (series.process.signals.length === 0) return [t("series.stable")];
  return series.process.signals.map((signal) => sentence(series, signal));
}

function sentence(series: Series, signal: Signal): string {
  const way = signal.high == null ? "" : signal.high ? ".high" : ".low";
  const of = (place: number | undefined) => series.points[place ?? 0]?.figure;
  const name = (place: number | undefined) => span(of(place)?.from ?? "", of(place)?.to ?? "", true);
  const [first, last] = [signal.points[0], signal.points.at(-1)];
  const scattered = signal.rule === "near-limit" || signal.points.length === 1;
  const when = scattered ? signal.points.map(name).join(", ") : `${name(first)} – ${name(last)}`;
  return t(`signal.${signal.rule}${way}`, { n: signal.points.length, when: capital(when, signal.rule) });
}

/** A sentence begins with a capital letter. */
function capital(when: string, rule: string): string {
  return rule === "outside" ? when.charAt(0).toUpperCase() + when.slice(1) : when;
}
