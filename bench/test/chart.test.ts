import { expect, test } from "vitest";
import { barChart, lineChart, short, ticksTo } from "../chart.ts";

test.each([
  [0, [0, 1]],
  [1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [119_000, [0, 25_000, 50_000, 75_000, 100_000, 125_000]],
  [0.7, [0, 0.2, 0.4, 0.6, 0.8]],
])("an axis up to %d has round numbers", (greatest, ticks) => {
  expect(ticksTo(greatest)).toEqual(ticks);
});

test("thousands are written short", () => {
  expect([1000, 12_500, 1_048_576].map(short)).toEqual(["1000", "12.5k", "1.05M"]);
});

test("a bar is as long as its value, and is cut where the axis ends", () => {
  const bars = [100, 50, 400].map((value) => ({ label: "a", value, text: "t", kind: "bar" as const }));
  const svg = barChart({ title: "T", axis: "percent", bars, most: 200, mark: { value: 100, text: "target" } });
  const widths = [...svg.matchAll(/<rect class="bar" .*?width="([\d.]+)"/g)].map(([, width]) => Number(width));
  const [first = 0] = widths;
  expect(widths[1]).toBeCloseTo(first / 2, 0);
  expect(widths[2]).toBeCloseTo(first * 2, 0);
  expect(svg).toContain(">target</text>");
});

test("a line goes through its points; far apart ones stand on a logarithmic axis", () => {
  const xsOf = (xs: readonly number[]): number[] => {
    const svg = lineChart({ title: "T", x: "x", y: "y", series: [{ name: "s", points: xs.map((x) => [x, 1]) }] });
    return [...svg.matchAll(/<circle [^>]*cx="([\d.]+)"/g)].map(([, x]) => Number(x));
  };
  const evenly = (xs: readonly number[]): void => {
    const [a = 0, b = 0, c = 0] = xsOf(xs);
    expect(b - a).toBeCloseTo(c - b, 0);
    expect(b).toBeGreaterThan(a);
  };
  evenly([1, 2, 3]);
  evenly([1, 100, 10_000]);
});

test("what is written is text, not markup", () => {
  const bars = [{ label: "<b> & co", value: 1, text: "", kind: "ours" as const }];
  expect(barChart({ title: "T", axis: "x", bars })).toContain("&lt;b&gt; &amp; co");
});
