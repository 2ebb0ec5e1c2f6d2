// Ratios as a picture: bars on a logarithmic scale, one group a program, that can be read on a light and on a dark page.
export interface Series {
  readonly name: string;
  /** A class of the style sheet below. */
  readonly tone: "jit" | "kernel" | "interp";
  readonly values: readonly (number | null)[];
}

const LEFT = 140;
const WIDTH = 640;
const BAR = 11;
const GAP = 12;
const TOP = 64;

const style = `
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.small { font-size: 11px; fill: #59636e; }
.grid { stroke: #d1d9e0; }
.one { stroke: #1f2328; }
.jit { fill: #0969da; }
.kernel { fill: #bc4c00; }
.interp { fill: #8c959f; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .small { fill: #9198a1; }
  .grid { stroke: #3d444d; }
  .one { stroke: #f0f6fc; }
  .jit { fill: #4493f8; }
  .kernel { fill: #f0883e; }
  .interp { fill: #656c76; }
}
`;

/** `names` label the groups from above; a missing value is told in words. */
export function barsSvg(title: string, names: readonly string[], series: readonly Series[]): string {
  const all = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const least = 10 ** Math.floor(Math.log10(Math.min(1, ...all)));
  const most = 10 ** Math.ceil(Math.log10(Math.max(2, ...all)));
  const x = (value: number): number => LEFT + (WIDTH * Math.log(value / least)) / Math.log(most / least);
  const group = series.length * BAR + GAP;
  const bottom = TOP + names.length * group;
  const parts: string[] = [`<text x="8" y="22">${escaped(title)}</text>`];
  let at = LEFT;
  for (const { name, tone } of series) {
    parts.push(`<rect class="${tone}" x="${at}" y="36" width="11" height="11"/>`);
    parts.push(`<text class="small" x="${at + 16}" y="46">${escaped(name)}</text>`);
    at += 32 + name.length * 6;
  }
  for (const line of scale(least, most)) {
    const kind = line === 1 ? "one" : "grid";
    const place = x(line).toFixed(1);
    parts.push(`<line class="${kind}" x1="${place}" y1="${TOP - 6}" x2="${place}" y2="${bottom}"/>`);
    parts.push(`<text class="small" x="${place}" y="${bottom + 16}" text-anchor="middle">${line}</text>`);
  }
  names.forEach((name, row) => {
    const top = TOP + row * group;
    parts.push(`<text x="8" y="${top + (group - GAP) / 2 + 4}">${escaped(name)}</text>`);
    series.forEach(({ values, tone }, n) => {
      const value = values[row] ?? null;
      const y = top + n * BAR;
      if (value === null) {
        parts.push(`<text class="small" x="${x(1) + 4}" y="${y + 9}">not measured</text>`);
        return;
      }
      const [from, to] = [x(1), x(value)].sort((a, b) => a - b);
      const width = Math.max(1, to - from).toFixed(1);
      parts.push(`<rect class="${tone}" x="${from.toFixed(1)}" y="${y}" width="${width}" height="${BAR - 1}"/>`);
      const label = value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
      parts.push(`<text class="small" x="${(to + 4).toFixed(1)}" y="${y + 9}">${label}</text>`);
    });
  });
  const [width, height] = [LEFT + WIDTH + 48, bottom + 28];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${style}</style>
${parts.join("\n")}
</svg>
`;
}

/** Lines at 1, 2 and 5 of every power of ten that fits. */
function scale(least: number, most: number): readonly number[] {
  const lines: number[] = [];
  for (let power = least; power <= most; power *= 10) {
    for (const digit of [1, 2, 5]) if (power * digit <= most) lines.push(Number((power * digit).toPrecision(1)));
  }
  return lines;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
