// Charts as SVG: bars and lines, with labelled axes and units, readable on light and dark pages. Numbers and labels in, text out;
// what the numbers mean is the report's business. No script, no font and no colour from elsewhere.

const WIDTH = 760;
const SERIES_CLASSES = ["s0", "s1", "s2", "s3"];

const STYLE = `
  svg { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
  .page { fill: #ffffff; } .text { fill: #1f2328; } .quiet { fill: #59636e; }
  .axis { stroke: #8c959f; } .grid { stroke: #e4e8ec; } .mark { stroke: #cf222e; stroke-dasharray: 5 3; }
  .bar { fill: #9aa7b4; } .ours { fill: #0969da; } .good { fill: #1a7f37; } .bad { fill: #cf222e; }
  .spread { stroke: #1f2328; }
  .s0 { stroke: #0969da; fill: #0969da; } .s1 { stroke: #bc4c00; fill: #bc4c00; }
  .s2 { stroke: #8250df; fill: #8250df; } .s3 { stroke: #1a7f37; fill: #1a7f37; }
  .line { fill: none; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; } .text { fill: #e6edf3; } .quiet { fill: #9198a1; }
    .axis { stroke: #6e7681; } .grid { stroke: #262c36; } .mark { stroke: #ff7b72; }
    .bar { fill: #656f7c; } .ours { fill: #4493f8; } .good { fill: #3fb950; } .bad { fill: #f85149; }
    .spread { stroke: #e6edf3; }
    .s0 { stroke: #4493f8; fill: #4493f8; } .s1 { stroke: #f0883e; fill: #f0883e; }
    .s2 { stroke: #ab7df8; fill: #ab7df8; } .s3 { stroke: #3fb950; fill: #3fb950; }
    .line { fill: none; }
  }
`;

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The least and the greatest, drawn as a whisker. */
  readonly spread?: readonly [least: number, greatest: number];
  /** What stands at its end. */
  readonly text: string;
  readonly kind: "bar" | "ours" | "good" | "bad";
}

export interface BarChart {
  readonly title: string;
  /** What the axis counts, with its unit. */
  readonly axis: string;
  readonly bars: readonly Bar[];
  /** A line across all bars. */
  readonly mark?: { readonly value: number; readonly text: string };
  /** Where the axis ends; longer bars are cut there. */
  readonly most?: number;
}

export function barChart({ title, axis, bars, mark, most }: BarChart): string {
  const [top, step, thick] = [58, 26, 17];
  const left = 24 + Math.max(...bars.map(({ label }) => widthOf(label)));
  const right = WIDTH - 24 - Math.max(...bars.map(({ text }) => widthOf(text)));
  const greatest = Math.max(...bars.map(({ value, spread }) => spread?.[1] ?? value), mark?.value ?? 0);
  const ticks = ticksTo(most ?? greatest);
  const end = most ?? (ticks.at(-1) as number);
  const x = (value: number): number => left + (Math.min(value, end) / end) * (right - left);
  const bottom = top + bars.length * step;
  const parts = ticks.map((tick) => vertical(x(tick), top, bottom, "grid") + label(x(tick), bottom + 18, short(tick)));
  for (const [index, bar] of bars.entries()) {
    const y = top + index * step + (step - thick) / 2;
    const middle = y + thick / 2;
    parts.push(text(left - 8, middle + 4, bar.label, "text", "end"));
    parts.push(
      `<rect class="${bar.kind}" x="${left}" y="${y}" width="${fixed(x(bar.value) - left)}" height="${thick}"/>`,
    );
    if (bar.spread !== undefined) parts.push(whisker(x(bar.spread[0]), x(bar.spread[1]), middle));
    parts.push(text(x(Math.max(bar.value, bar.spread?.[1] ?? 0)) + 6, middle + 4, bar.text, "text", "start"));
  }
  parts.push(vertical(left, top, bottom, "axis"));
  if (mark !== undefined) {
    parts.push(vertical(x(mark.value), top - 4, bottom, "mark"), label(x(mark.value), top - 9, mark.text));
  }
  parts.push(label((left + right) / 2, bottom + 38, axis));
  return page(title, bottom + 50, parts);
}

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
}

/** The axis of x is logarithmic where its points span more than a factor of 20; that of y begins at 0. */
export function lineChart({ title, x: xLabel, y: yLabel, series }: LineChart): string {
  const [left, right, top, bottom] = [80, WIDTH - 24, 84, 340];
  const all = series.flatMap(({ points }) => points);
  const xs = [...new Set(all.map(([x]) => x))].sort((a, b) => a - b);
  const [first, last] = [xs[0] as number, xs.at(-1) as number];
  const scale = last / first > 20 ? Math.log : (value: number): number => value;
  const span = scale(last) - scale(first) || 1;
  const x = (value: number): number => left + 20 + ((scale(value) - scale(first)) / span) * (right - left - 40);
  const ticks = ticksTo(Math.max(...all.map(([, y]) => y)));
  const y = (value: number): number => bottom - (value / (ticks.at(-1) as number)) * (bottom - top);
  const parts = ticks.map(
    (tick) => horizontal(left, right, y(tick), "grid") + text(left - 8, y(tick) + 4, short(tick), "quiet", "end"),
  );
  for (const value of xs)
    parts.push(vertical(x(value), bottom, bottom + 5, "axis"), label(x(value), bottom + 20, short(value)));
  parts.push(horizontal(left, right, bottom, "axis"), vertical(left, top, bottom, "axis"));
  let legend = left;
  for (const [index, { name, points }] of series.entries()) {
    const kind = SERIES_CLASSES[index % SERIES_CLASSES.length] as string;
    const path = points.map(([px, py]) => `${fixed(x(px))},${fixed(y(py))}`);
    parts.push(`<polyline class="${kind} line" points="${path.join(" ")}"/>`);
    for (const point of path) parts.push(dot(point, kind));
    parts.push(`<rect class="${kind}" x="${legend}" y="52" width="14" height="4"/>`);
    parts.push(text(legend + 20, 58, name, "text", "start"));
    legend += 44 + widthOf(name);
  }
  parts.push(text(left - 56, top - 10, yLabel, "quiet", "start"), label((left + right) / 2, bottom + 42, xLabel));
  return page(title, bottom + 56, parts);
}

function page(title: string, height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>
<text class="text" x="24" y="30" font-size="16" font-weight="600">${escaped(title)}</text>
${parts.join("\n")}
</svg>
`;
}

/** Round numbers from 0 to at least the greatest value, some five of them. */
export function ticksTo(greatest: number): number[] {
  if (!(greatest > 0)) return [0, 1];
  const rough = greatest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) as number) * power;
  const count = Math.ceil(greatest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, n) => Number((n * step).toPrecision(12)));
}

/** 12,000 as `12k`. */
export function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(value);
}

/** About how wide a text is: no font is at hand to measure with. */
function widthOf(content: string): number {
  return content.length * 7.2;
}

function text(x: number, y: number, content: string, kind: string, anchor: "start" | "middle" | "end"): string {
  return `<text class="${kind}" x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function label(x: number, y: number, content: string): string {
  return text(x, y, content, "quiet", "middle");
}

function vertical(x: number, from: number, to: number, kind: string): string {
  return `<line class="${kind}" x1="${fixed(x)}" y1="${fixed(from)}" x2="${fixed(x)}" y2="${fixed(to)}"/>`;
}

function horizontal(from: number, to: number, y: number, kind: string): string {
  return `<line class="${kind}" x1="${fixed(from)}" y1="${fixed(y)}" x2="${fixed(to)}" y2="${fixed(y)}"/>`;
}

function whisker(from: number, to: number, y: number): string {
  return (
    horizontal(from, to, y, "spread") + vertical(from, y - 4, y + 4, "spread") + vertical(to, y - 4, y + 4, "spread")
  );
}

function dot(point: string, kind: string): string {
  const [x, y] = point.split(",");
  return `<circle class="${kind}" cx="${x}" cy="${y}" r="4"/>`;
}

function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
