// What is drawn without a library: the overview's lines, and intervals in words; and what all
// drawings share.

import type { Figure } from "./api";
import { amount, number } from "./text";

export const INK = "#1b2733";
export const BLUE = "#0a5c99";
export const ORANGE = "#b84a00";
export const GREY = "#6b7785";
export const GREEN = "#00704e";
const PALE = "#c9d2da";

/** Keeps shares and indices within what they can be. */
export function bounded(kind: string, values: (number | null | undefined)[]): [number, number] {
  const known = values.filter((value): value is number => value != null);
  let [low, high] = [Math.min(...known), Math.max(...known)];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  [low, high] = [low - room, high + room];
  if (kind === "proportion" || kind === "index") [low, high] = [Math.max(low, 0), Math.min(high, 100)];
  if (kind === "count") low = Math.max(low, 0);
  return [low, high];
}

/** A line of the overview: interval, value, target. Beside it stands the same in words. */
export function bullet(figure: Figure, kind: string): SVGElement {
  const [width, height] = [96, 16];
  const [low, high] = bounded(kind, kind === "proportion" || kind === "index" ? [0, 100] : [figure.value, figure.lower, figure.upper, figure.target]);
  const at = (value: number) => String(4 + ((Math.min(Math.max(value, low), high) - low) / (high - low || 1)) * (width - 8));
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, width: String(width), height: String(height), "aria-hidden": "true" });
  svg.append(make("line", { x1: "4", x2: String(width - 4), y1: "8", y2: "8", stroke: PALE, "stroke-width": "1" }));
  if (figure.lower != null && figure.upper != null)
    svg.append(make("line", { x1: at(figure.lower), x2: at(figure.upper), y1: "8", y2: "8", stroke: BLUE, "stroke-width": "3", "stroke-linecap": "round", opacity: "0.55" }));
  if (figure.target != null) svg.append(make("line", { x1: at(figure.target), x2: at(figure.target), y1: "1", y2: "15", stroke: GREEN, "stroke-width": "2" }));
  if (figure.value != null) svg.append(make("circle", { cx: at(figure.value), cy: "8", r: "4", fill: BLUE }));
  return svg;
}

function make(name: string, attributes: Record<string, string>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

export function interval(figure: Figure, kind: string): string {
  if (figure.lower == null || figure.upper == null) return "–";
  const digits = kind === "effect-size" ? 2 : 1;
  const between = figure.lower < 0 || figure.upper < 0 ? " … " : "–";
  return `${number(figure.lower, digits)}${between}${amount(figure.upper, kind)}`;
}
