// Months or tertials: a curve of months that leaves many out tells less than one of tertials. Comes
// in: which series, and which periods were chosen, or "auto". Goes out: the series, and its periods.

import { ask, type Series, type SeriesCoverage } from "./api";
import { t } from "./text";

export const PERIODS = ["auto", "month", "tertial", "year", "rolling"];

export interface Shown {
  series: Series;
  period: string;
  /** What months would speak of, where tertials are shown in their place. */
  months: SeriesCoverage[];
}

/** Where nothing is chosen: months; if they are about too few, and tertials about more, tertials. */
export async function over_time(words: Record<string, string>, period: string): Promise<Shown> {
  const of = (each: string) => ask<Series>("/v1/series", { ...words, period: each });
  if (period !== "auto") return { series: await of(period), period, months: [] };
  const months = await of("month");
  if (!months.coverage.some((year) => year.low)) return { series: months, period: "month", months: [] };
  const tertials = await of("tertial");
  if (persons(tertials) <= persons(months)) return { series: months, period: "month", months: [] };
  return { series: tertials, period: "tertial", months: months.coverage };
}

const persons = (series: Series) => series.coverage.reduce((sum, year) => sum + year.persons, 0);

/** "246 of 368 persons in 2024, …" */
export function of_whom(years: SeriesCoverage[], identity: string): string {
  const who = t(`identity.${identity}s`);
  return years
    .map((year) => t(year.closed ? "of-whom.closed" : "of-whom.so-far", { persons: year.persons, of: year.of, who, year: year.year }))
    .join(", ");
}
