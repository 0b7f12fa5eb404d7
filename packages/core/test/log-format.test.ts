// The template of the access log's line, for values that no client can bring about over HTTP.

import fc from "fast-check";
import { expect, test } from "vitest";
import { compileLogFormat, type LogValues } from "../src/log-format.ts";
import { LogText } from "../src/log-text.ts";

/** A line, without its end. */
function filled(template: string, values: LogValues): string {
  const text = new LogText();
  compileLogFormat(template)(values, text);
  const line = text.take();
  expect(line.at(-1)).toBe("\n");
  return line.slice(0, -1);
}

const values: LogValues = {
  client_ip: "127.0.0.1",
  client_port: "1234",
  date_time: "06/Nov/1994 08:49:37",
  request_line: "GET / HTTP/1.1",
  status_code: 200,
  body_length: 5,
  wall_seconds: 1.23456789,
};

test.each([
  ["%(client_ip)s:%(client_port)s", "127.0.0.1:1234"],
  ["%(date_time)s|%(request_line)s", "06/Nov/1994 08:49:37|GET / HTTP/1.1"],
  ["%(status_code)s %(status_code)d %(status_code).2f", "200 200 200.00"],
  [
    "%(wall_seconds)s %(wall_seconds)d %(wall_seconds)f %(wall_seconds).3f %(wall_seconds).0f",
    "1.23456789 1 1.234568 1.235 1",
  ],
  ["%%(client_ip)s %%%(body_length)d%%", "%(client_ip)s %5%"],
  ["", ""],
])("fills in %s", (template, line) => {
  expect(filled(template, values)).toBe(line);
});

test("writes numbers as Python would, to the last digit but one", () => {
  const numbers = fc.oneof(fc.double({ min: 0, max: 2e6, noNaN: true }), fc.double({ noNaN: true }), fc.nat(3_000_000));
  const law = fc.property(numbers, fc.integer({ min: 0, max: 12 }), (seconds, digits) => {
    const text = filled(`%(wall_seconds).${digits}f`, { ...values, wall_seconds: seconds });
    const expected = seconds.toFixed(digits);
    if (text === expected) return;
    expect(text.length).toBe(expected.length); // 0.5 of the last digit may be rounded either way
    expect(Math.abs(Number(text) - Number(expected))).toBeLessThanOrEqual(1.001 * 10 ** -digits);
  });
  fc.assert(law, {
    numRuns: 2000,
    examples: [
      [0.9999995, 6],
      [9.5, 0],
      [0, 6],
      [999999.9999996, 6],
      [0.000001, 6],
    ],
  });
});

test("keeps everything on one line of printable ASCII, quotes escaped", () => {
  const line = filled('"%(request_line)s"', {
    ...values,
    request_line: 'a"\\\r\n\t\0\x1b\x7f\x85\xe9\u2028\u{1f600}',
  });
  expect(line).toBe('"a\\"\\\\\\x0d\\x0a\\x09\\x00\\x1b\\x7f\\x85\\xe9\\u2028\\ud83d\\ude00"');
});

test.each(["%(nothing)s", "%(client_ip)", "%(client_ip)q", "%(wall_seconds).s", "%(wall_seconds)5d", "%s", "%", "50%"])(
  "refuses %s",
  (template) => {
    expect(() => compileLogFormat(template)).toThrow(
      expect.objectContaining({ name: "UsageError", code: "BAD_OPTION" }),
    );
  },
);
