// What every view needs to know: the indicators and the organisations.

import type { Indicator, Organisation, Organisations } from "./api";
import { filters } from "./state.svelte";
import { names } from "./reasons";
import { span, t, titled } from "./text";

export class Context {
  private readonly by_id: Map<string, Organisation>;

  constructor(
    readonly indicators: Indicator[],
    readonly tree: Organisations,
  ) {
    this.by_id = new Map(tree.organisations.map((each) => [each.organisation, each]));
    for (const each of tree.organisations) names.set(each.organisation, titled(each.title));
  }

  name(id: string): string {
    return titled(this.by_id.get(id)?.title) || id;
  }

  organisation(id: string): Organisation | undefined {
    return this.by_id.get(id);
  }

  nation(): string {
    return this.tree.organisations.find((each) => each.level === "nation")?.organisation ?? "";
  }

  /** The organisation itself and those above it, up to the nation. */
  upwards(id: string): Organisation[] {
    const found = this.by_id.get(id);
    return found ? [found, ...this.upwards(found.parent)] : [];
  }

  indicator(): Indicator | undefined {
    return this.indicators.find((each) => each.measure === filters.measure && each.indicator === filters.indicator);
  }

  of(measure: string): Indicator[] {
    return this.indicators.filter((each) => each.measure === measure);
  }

  /** The spans that can be chosen, newest first. */
  spans(): { id: string; from: string; to: string; label: string }[] {
    const { shown_from, shown_until } = this.tree;
    if (!shown_until) return [];
    const spans = [];
    for (let year = Number(shown_until.slice(0, 4)); year >= Number(shown_from.slice(0, 4)); year--) {
      const from = max(`${year}-01`, shown_from);
      const to = min(`${year}-12`, shown_until);
      spans.push({ id: String(year), from, to, label: span(from, to) });
    }
    const twelve = max(earlier(shown_until, 11), shown_from);
    spans.push({ id: "last12", from: twelve, to: shown_until, label: t("span.last12") });
    spans.push({ id: "all", from: shown_from, to: shown_until, label: t("span.all") });
    return spans;
  }

  /** The chosen span; otherwise the newest year with at least four months. */
  span(): { id: string; from: string; to: string; label: string } | undefined {
    const spans = this.spans();
    const usual = spans.find((each) => months(each.from, each.to) >= 4);
    return spans.find((each) => each.id === filters.span) ?? usual ?? spans[0];
  }

  /** As many months, just before; nothing where they are not all shown. */
  before(from: string, to: string): { from: string; to: string } | undefined {
    const count = months(from, to);
    const first = earlier(from, Math.max(count, 12));
    const last = earlier(to, Math.max(count, 12));
    return first >= this.tree.shown_from ? { from: first, to: last } : undefined;
  }
}

export const min = (a: string, b: string) => (a < b ? a : b);
export const max = (a: string, b: string) => (a > b ? a : b);

export function earlier(month: string, by: number): string {
  const [year, number] = month.split("-").map(Number);
  const count = (year ?? 0) * 12 + (number ?? 1) - 1 - by;
  return `${Math.floor(count / 12)}-${String((count % 12) + 1).padStart(2, "0")}`;
}

export function months(from: string, to: string): number {
  const count = (month: string) => Number(month.slice(0, 4)) * 12 + Number(month.slice(5));
  return count(to) - count(from) + 1;
}
