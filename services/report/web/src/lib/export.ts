// What is shown, taken along: a table as CSV, a chart as PNG.

/** The rows of tables as they are shown, as RFC 4180 has it, with a mark for spreadsheets. Of several
 * tables each row begins with its table's caption, under `of`. */
export function csv(tables: HTMLTableElement[], of: string): string {
  const text = (element: Element | null) => (element?.textContent ?? "").trim().replace(/\s+/g, " ");
  const cell = (text: string) => (/[",;\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const several = tables.length > 1;
  const rows = tables.flatMap((table, place) =>
    [...table.rows].flatMap((row) => {
      const heading = row.parentElement === table.tHead;
      if (heading && place > 0) return [];
      const first = several ? [heading ? of : text(table.caption)] : [];
      const cells = [...row.cells].filter((each) => each.dataset.csv !== "none");
      return [[...first, ...cells.map((each) => each.dataset.csv ?? text(each))].map(cell).join(",")];
    }),
  );
  return `\uFEFF${rows.join("\r\n")}\r\n`;
}

export function save(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Drawings below each other at twice their size, on white. */
export async function png(drawings: SVGElement[]): Promise<Blob> {
  const pictures = await Promise.all(drawings.map(image));
  const width = Math.max(...pictures.map((picture) => picture.width));
  const height = pictures.reduce((sum, picture) => sum + picture.height, 0);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * 2, height * 2];
  const brush = canvas.getContext("2d");
  if (!brush) throw new Error("no canvas");
  brush.scale(2, 2);
  brush.fillStyle = "white";
  brush.fillRect(0, 0, width, height);
  let top = 0;
  for (const picture of pictures) {
    brush.drawImage(picture, 0, top, picture.width, picture.height);
    top += picture.height;
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png"),
  );
}

async function image(svg: SVGElement): Promise<HTMLImageElement> {
  const picture = new Image(Number(svg.getAttribute("width")), Number(svg.getAttribute("height")));
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" }));
  picture.src = address;
  await picture.decode();
  URL.revokeObjectURL(address);
  return picture;
}
