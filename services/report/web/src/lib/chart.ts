// Charts, and with them the library that draws them: loaded when the first one is drawn. Comes in: what the report answered. Goes out: SVG. Colours are those of Okabe and Ito,
// which colour-blind readers tell apart, and no meaning rests on colour alone: signals are
// triangles, one's own unit is a filled diamond with its name.

import * as Plot from "@observablehq/plot";
import type { Compared, Comparison, Figure, Series } from "./api";
import { BLUE, bounded, GREEN, GREY, INK, ORANGE } from "./bullet";
import { number, span, t } from "./text";

const FONT_SIZE = 12;
/** About as wide as a letter. */
const LETTER = 6.6;
const FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";

/** The drawing without Plot's own style sheet, which the page's security policy forbids. */
function plain(options: Plot.PlotOptions, alt: string): SVGElement {
  const svg = Plot.plot({ ...options, className: "plot" }) as unknown as SVGElement;
  for (const sheet of svg.querySelectorAll("style")) sheet.remove();
  svg.removeAttribute("style");
  svg.setAttribute("font-family", FONT);
  svg.setAttribute("font-size", String(FONT_SIZE));
  svg.setAttribute("fill", INK);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", alt);
  for (const part of svg.querySelectorAll("[aria-label],[aria-description]")) {
    part.removeAttribute("aria-label");
    part.removeAttribute("aria-description");
  }
  return svg;
}

const unit = (kind: string) => (kind === "proportion" ? "%" : "");
const ticks = (kind: string) => (value: number) => `${number(value, Number.isInteger(value) ? 0 : 1)}${unit(kind) ? " %" : ""}`;

export function overTime(series: Series, kind: string, alt: string, width: number): SVGElement {
  const process = series.process;
  const signalled = new Set(
    (process?.signals ?? []).filter((s) => s.rule !== "few-crossings").flatMap((s) => s.points),
  );
  const points = series.points.map((point, place) => ({
    place,
    label: span(point.figure.from, point.figure.to, true),
    value: point.figure.value,
    lower: point.lower_limit,
    upper: point.upper_limit,
    signal: signalled.has(place),
  }));
  const target = series.points.find((point) => point.figure.target != null)?.figure.target ?? null;
  const shown = points.filter((point) => point.value != null);
  const every = Math.ceil(points.length / Math.max(2, Math.floor((width - 70) / 76)));
  const domain = bounded(kind, [...points.flatMap((p) => [p.value, p.lower, p.upper]), target]);
  /** Each point has its own limits. */
  const limit = (which: "upper" | "lower") =>
    Plot.link(
      points.filter((point) => point[which] != null),
      { x1: (p: { place: number }) => p.place - 0.5, x2: (p: { place: number }) => p.place + 0.5, y1: which, y2: which, stroke: GREY, strokeWidth: 1.25, strokeDasharray: "5,3" },
    );
  return plain(
    {
      width,
      height: Math.round(Math.min(340, Math.max(240, width * 0.38))),
      marginLeft: 54,
      marginRight: 16,
      marginBottom: 34,
      x: {
        type: "linear",
        domain: [-0.5, points.length - 0.5],
        ticks: points.filter((p) => p.place % every === 0).map((p) => p.place),
        tickFormat: (place: number) => points[place]?.label ?? "",
        label: null,
      },
      y: { domain, label: null, tickFormat: ticks(kind), grid: true, nice: true },
      marks: [
        ...(target != null ? [Plot.ruleY([target], { stroke: GREEN, strokeDasharray: "2,4", strokeWidth: 1.5 })] : []),
        ...(process
          ? [
              Plot.ruleY([process.centre], { stroke: INK, strokeWidth: 1 }),
              limit("upper"),
              limit("lower"),
            ]
          : []),
        // Pale where a period between has no figure.
        Plot.line(shown, { x: "place", y: "value", stroke: "#a9c3d8", strokeWidth: 1 }),
        Plot.line(points, { x: "place", y: "value", stroke: BLUE, strokeWidth: 1.75 }),
        Plot.dot(shown.filter((p) => !p.signal), { x: "place", y: "value", r: 3.5, fill: BLUE }),
        Plot.dot(shown.filter((p) => p.signal), { x: "place", y: "value", r: 6, symbol: "triangle", fill: ORANGE, stroke: "white" }),
        Plot.ruleY([domain[0]], { stroke: "none" }),
      ],
    },
    alt,
  );
}

export function funnel(
  comparison: Comparison,
  own: string,
  name: (id: string) => string,
  kind: string,
  who: string,
  alt: string,
  width: number,
): SVGElement {
  const shown = comparison.organisations.filter((each) => each.figure.shown && each.limits);
  const per = (each: Compared) => (kind === "count" ? (each.figure.persons ?? 1) : 1);
  const dots = shown.map((each) => ({
    id: each.figure.organisation,
    n: each.figure.persons ?? 0,
    value: (each.figure.value ?? 0) / per(each),
    outside: each.place !== "within",
  }));
  const limits = shown
    .map((each) => {
      const by = each.widened ?? each.limits!;
      return {
        n: each.figure.persons ?? 0,
        l95: by.lower_95 / per(each),
        u95: by.upper_95 / per(each),
        l998: by.lower_998 / per(each),
        u998: by.upper_998 / per(each),
      };
    })
    .sort((a, b) => a.n - b.n);
  const whole = comparison.whole?.value != null ? comparison.whole.value / (kind === "count" ? (comparison.whole.persons ?? 1) : 1) : null;
  const most = Math.max(...limits.map((l) => l.n), 1);
  const height = Math.round(Math.min(360, Math.max(260, width * 0.42)));
  const domain = bounded(kind, [...dots.map((d) => d.value), ...limits.flatMap((l) => [l.l998, l.u998])]);
  const at = (d: { n: number; value: number }): [number, number] => [
    (d.n / (most * 1.08)) * (width - 78),
    ((d.value - domain[0]) / (domain[1] - domain[0] || 1)) * (height - 62),
  ];
  const outside = dots.filter((d) => d.outside && d.id !== own);
  const named = apart([...dots.filter((d) => d.id === own), ...outside], (d) => name(d.id), at).filter((d) => d.id !== own);
  const curve = (y: string, dash?: string) =>
    Plot.line(limits, { x: "n", y, clip: true, stroke: GREY, strokeWidth: dash ? 1 : 1.25, strokeDasharray: dash, curve: "linear" });
  return plain(
    {
      width,
      height,
      marginLeft: 54,
      marginRight: 24,
      marginBottom: 42,
      x: { domain: [0, most * 1.08], label: t("axis.persons", { who }), labelAnchor: "center", labelArrow: "none", ticks: 6, tickFormat: (v: number) => number(v, 0) },
      y: {
        domain,
        label: null,
        tickFormat: ticks(kind),
        grid: true,
        nice: true,
      },
      marks: [
        ...(whole != null ? [Plot.ruleY([whole], { stroke: INK })] : []),
        curve("l95", "6,4"),
        curve("u95", "6,4"),
        curve("l998"),
        curve("u998"),
        Plot.dot(dots.filter((d) => d.id !== own), { x: "n", y: "value", r: 4.5, fill: "white", stroke: (d) => (d.outside ? ORANGE : BLUE), strokeWidth: 1.75, symbol: (d: { outside: boolean }) => (d.outside ? "triangle" : "circle") }),
        Plot.dot(dots.filter((d) => d.id === own), { x: "n", y: "value", r: 7, symbol: "diamond", fill: BLUE, stroke: "white" }),
        Plot.text(dots.filter((d) => d.id === own), { x: "n", y: "value", text: (d) => name(d.id), dy: -14, fontWeight: 600, fill: INK, stroke: "white", strokeWidth: 4 }),
        Plot.text(named, { x: "n", y: "value", text: (d) => name(d.id), dy: -13, fill: INK, stroke: "white", strokeWidth: 4 }),
      ],
      symbol: { type: "identity" },
      color: { type: "identity" },
    } as Plot.PlotOptions,
    alt,
  );
}

/** Those whose names do not lie over one that comes before; the table has all. */
function apart<T>(all: T[], name: (one: T) => string, at: (one: T) => [number, number]): T[] {
  const placed: { one: T; x: number; y: number; half: number }[] = [];
  for (const one of all) {
    const [x, y] = at(one);
    const half = (name(one).length * LETTER) / 2;
    if (placed.every((each) => Math.abs(each.y - y) > 15 || Math.abs(each.x - x) > each.half + half)) placed.push({ one, x, y, half });
  }
  return placed.map((each) => each.one);
}

export interface Bar {
  name: string;
  figure: Figure;
  own: boolean;
}

/** Dots with their intervals, one a line, in the order given. */
export function intervals(bars: Bar[], kind: string, whole: number | null, target: number | null, alt: string, width: number): SVGElement {
  const rows = bars.map((bar) => ({ ...bar, value: bar.figure.value, lower: bar.figure.lower, upper: bar.figure.upper }));
  const longest = Math.max(...rows.map((row) => row.name.length), 8) * LETTER;
  const room = Math.min(width * 0.42, longest + 12);
  // Names that are longer than their room go on in a second line.
  const line = longest + 12 > room ? 32 : 24;
  return plain(
    {
      width,
      height: rows.length * line + 44,
      marginLeft: room,
      marginRight: 18,
      marginTop: 8,
      marginBottom: 30,
      x: { domain: bounded(kind, [...rows.flatMap((r) => [r.value, r.lower, r.upper]), whole, target]), label: null, tickFormat: ticks(kind), grid: true, nice: true },
      y: { domain: rows.map((row) => row.name), axis: null },
      marks: [
        Plot.axisY({ label: null, tickSize: 0, lineWidth: (room - 12) / FONT_SIZE, lineHeight: 1.05 }),
        ...(whole != null ? [Plot.ruleX([whole], { stroke: INK })] : []),
        ...(target != null ? [Plot.ruleX([target], { stroke: GREEN, strokeDasharray: "2,4", strokeWidth: 1.5 })] : []),
        Plot.link(rows.filter((row) => row.lower != null), { x1: "lower", x2: "upper", y1: "name", y2: "name", stroke: (row) => (row.own ? BLUE : GREY), strokeWidth: (row) => (row.own ? 3 : 1.75), strokeLinecap: "round" } as Plot.LinkOptions),
        Plot.dot(rows, { x: "value", y: "name", r: (row: { own: boolean }) => (row.own ? 6 : 4.5), symbol: (row: { own: boolean }) => (row.own ? "diamond" : "circle"), fill: (row) => (row.own ? BLUE : "white"), stroke: (row) => (row.own ? BLUE : GREY), strokeWidth: 1.75 } as Plot.DotOptions),
      ],
      symbol: { type: "identity" },
      color: { type: "identity" },
      r: { type: "identity" },
    } as Plot.PlotOptions,
    alt,
  );
}
