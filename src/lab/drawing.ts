// The control flow graph as SVG: blocks in layers by their longest way from the entry, loops drawn up the side.
// A plain layered layout; the pictures are of programs that fit on a page.
import type { Block, Edge, Graph } from "./graph.ts";

interface Box {
  readonly block: Block;
  readonly layer: number;
  readonly lines: readonly string[];
  readonly width: number;
  readonly height: number;
  x: number;
  y: number;
}

const letter = 7.3;
const line = 15;
const gapX = 36;
const gapY = 42;
const margin = 20;

export function svg(drawn: Graph): string {
  const layers = layersOf(drawn);
  const boxes = new Map<number, Box>();
  for (const block of drawn.blocks) {
    const lines = block.title === undefined ? block.lines : [`${block.title}:`, ...block.lines];
    const width = Math.max(60, ...lines.map((each) => each.length * letter)) + 16;
    const layer = layers.get(block.start) ?? 0;
    boxes.set(block.start, { block, layer, lines, width, height: lines.length * line + 12, x: 0, y: 0 });
  }
  const { width, height } = place([...boxes.values()], drawn.edges);
  const back = drawn.edges.filter((edge) => layerOf(boxes, edge.to) <= layerOf(boxes, edge.from));
  const right = width + back.length * 12 + margin;
  let lane = width;
  const paths = drawn.edges.map((edge) => {
    const from = boxes.get(edge.from);
    const to = boxes.get(edge.to);
    if (from === undefined || to === undefined) return "";
    const kind = edge.kind;
    const [x1, y1] = [from.x + from.width * (kind === "taken" ? 0.7 : 0.4), from.y + from.height];
    const [x2, y2] = [to.x + to.width / 2, to.y];
    if (!back.includes(edge)) {
      const middle = (y1 + y2) / 2;
      return `<path class="${kind}" d="M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}"/>`;
    }
    lane += 12;
    return `<path class="${kind}" d="M${x1} ${y1}v10H${lane}V${y2 - 14}H${x2}v14"/>`;
  });
  const rects = [...boxes.values()].map((box) => {
    const rows = box.lines.map(
      (each, at) => `<tspan x="${box.x + 8}" y="${box.y + 18 + at * line}">${escaped(each)}</tspan>`,
    );
    return `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}"/><text>${rows.join("")}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(right)} ${Math.ceil(height)}" width="${Math.ceil(right)}" height="${Math.ceil(height)}" role="img">
<title>control flow graph</title>
<style>rect{fill:#fff;stroke:#444}text{font:12px monospace;fill:#111}path{fill:none;stroke:#444;marker-end:url(#a)}.taken{stroke:#06c}.call{stroke-dasharray:4 3}</style>
<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" style="fill:#444;stroke:none;marker-end:none"/></marker></defs>
<rect width="100%" height="100%" style="stroke:none"/>
${[...rects, ...paths].join("\n")}
</svg>
`;
}

function layerOf(boxes: ReadonlyMap<number, Box>, start: number): number {
  return boxes.get(start)?.layer ?? 0;
}

/** The longest way to each block over edges that lead forward in the text: those cannot form a circle. */
function layersOf(drawn: Graph): ReadonlyMap<number, number> {
  const layers = new Map<number, number>();
  for (const block of drawn.blocks) {
    const before = drawn.edges.filter((edge) => edge.to === block.start && edge.from < block.start);
    layers.set(block.start, Math.max(0, ...before.map((edge) => (layers.get(edge.from) ?? 0) + 1)));
  }
  return layers;
}

function place(boxes: readonly Box[], edges: readonly Edge[]): { readonly width: number; readonly height: number } {
  const byStart = new Map(boxes.map((box) => [box.block.start, box]));
  const rows: Box[][] = [];
  for (const box of boxes) (rows[box.layer] ??= []).push(box);
  let y = margin;
  let width = 0;
  for (const row of rows) {
    // Under what leads here, as far as the order in the row allows.
    const wish = new Map(
      row.map((box) => {
        const above = edges.filter((edge) => edge.to === box.block.start && edge.from < box.block.start);
        const centres = above.map((edge) => byStart.get(edge.from)).map((from) => (from ? from.x + from.width / 2 : 0));
        return [box, centres.length === 0 ? 0 : centres.reduce((a, b) => a + b, 0) / centres.length];
      }),
    );
    row.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0) || a.block.start - b.block.start);
    let x = margin;
    for (const box of row) {
      box.x = Math.max(x, Math.round((wish.get(box) ?? 0) - box.width / 2));
      box.y = y;
      x = box.x + box.width + gapX;
      width = Math.max(width, box.x + box.width + margin);
    }
    y += Math.max(...row.map((box) => box.height)) + gapY;
  }
  return { width, height: y };
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
