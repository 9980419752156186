// The charts, which are more than half of the page's code: fetched beside the first answers, so that
// neither waits for the other.

export type Charts = typeof import("./chart");

let fetched: Promise<Charts> | undefined;

export function charts(): Promise<Charts> {
  fetched ??= import("./chart");
  return fetched;
}
