// What stands on the page as one drawing: texts, lines and charts at their places. Comes in:
// elements. Goes out: SVG without a style sheet, which becomes a PNG. Nothing is drawn that is not
// seen: buttons, what is folded away, and words for screen readers alone.

const ROOM = 20;
const SVG = "http://www.w3.org/2000/svg";
const LEFT_OUT = ".tools, .unseen, summary, select, button";

/** The elements as they stand below each other, on white. */
export function drawn(parts: Element[]): SVGElement {
  const boxes = parts.map((part) => part.getBoundingClientRect());
  const [left, top] = [Math.min(...boxes.map((box) => box.left)), Math.min(...boxes.map((box) => box.top))];
  // A wide table may reach beyond what is seen of it.
  const right = Math.max(...boxes.map((box, place) => box.left + Math.max(box.width, parts[place]!.scrollWidth)));
  const width = Math.ceil(right - left + 2 * ROOM);
  const height = Math.ceil(Math.max(...boxes.map((box) => box.bottom)) - top + 2 * ROOM);
  const svg = make("svg", { width, height, viewBox: `${left - ROOM} ${top - ROOM} ${width} ${height}`, "font-family": getComputedStyle(document.body).fontFamily });
  for (const part of parts) element(part, svg);
  return svg;
}

function element(from: Element, into: SVGElement): void {
  if (from.matches(LEFT_OUT) || !from.checkVisibility()) return;
  const box = from.getBoundingClientRect();
  if (from instanceof SVGElement) {
    const copy = from.cloneNode(true) as SVGElement;
    for (const [name, value] of Object.entries({ x: box.left, y: box.top, width: box.width, height: box.height })) copy.setAttribute(name, String(value));
    into.append(copy);
    return;
  }
  const style = getComputedStyle(from);
  if (from.matches("td, th")) cell(box, style, into);
  // A sign that the style sheet puts before a text.
  const sign = /^"(.+)"$/.exec(getComputedStyle(from, "::before").content)?.[1];
  if (sign) text(sign, box.left, box, { ...look(style), fill: getComputedStyle(from, "::before").color }, into);
  for (const child of from.childNodes) {
    if (child instanceof Element) element(child, into);
    else if (child instanceof Text) lines(child, style, into);
  }
}

/** Its ground and the line below it. */
function cell(box: DOMRect, style: CSSStyleDeclaration, into: SVGElement): void {
  if (!style.backgroundColor.endsWith(", 0)"))
    into.append(make("rect", { x: box.left, y: box.top, width: box.width, height: box.height, fill: style.backgroundColor }));
  if (parseFloat(style.borderBottomWidth) > 0)
    into.append(make("line", { x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom, stroke: style.borderBottomColor, "stroke-width": 1 }));
}

/** Each line of a text at its own place. */
function lines(node: Text, style: CSSStyleDeclaration, into: SVGElement): void {
  const range = document.createRange();
  let line: { words: string[]; box: DOMRect } | undefined;
  const put = () => line && text(line.words.join(" "), line.box.left, line.box, look(style), into);
  for (const word of node.data.matchAll(/[^ \n\t]+/g)) {
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    const box = range.getBoundingClientRect();
    if (line && Math.abs(line.box.top - box.top) < 2) line.words.push(word[0]);
    else {
      put();
      line = { words: [word[0]], box };
    }
  }
  put();
}

const look = (style: CSSStyleDeclaration) => ({ "font-size": style.fontSize, "font-weight": style.fontWeight, fill: style.color });

function text(words: string, x: number, box: DOMRect, looks: Record<string, string>, into: SVGElement): void {
  const put = make("text", { x, y: box.top + box.height / 2, "dominant-baseline": "central", ...looks });
  put.textContent = words;
  into.append(put);
}

function make(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
