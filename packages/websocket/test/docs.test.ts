// The README says what is: options and errors exist, and none is left out; and the options are checked as it says.

import { expect, test } from "vitest";
import { below, firstColumn } from "../../core/test/support/pages.ts";
import {
  DEFAULT_WEBSOCKET_OPTIONS,
  WEBSOCKET_ERRORS,
  WEBSOCKET_OPTION_TABLE,
  type WebSocketOptions,
  WebSocketUsageError,
  websocket,
} from "../src/index.ts";

const page = "packages/websocket/README.md";

test("the options, with their defaults and summaries", () => {
  const rows = [...below(page, "## Options").matchAll(/^\| `(\w+)` \| (.+?) \| (.+) \|$/gm)];
  const shown = (value: unknown, name: string): string =>
    value === undefined ? (name === "origin" ? "any" : "none") : `\`${value}\``;
  expect(rows.map(([, name, value, summary]) => [name, value, summary])).toEqual(
    Object.entries(WEBSOCKET_OPTION_TABLE).map(([name, row]) => [name, shown(row.default, name), row.summary]),
  );
});

test("the errors", () => {
  expect(firstColumn(below(page, "## Errors"))).toEqual(Object.keys(WEBSOCKET_ERRORS));
});

test("the defaults are frozen, and have reasons", () => {
  expect(Object.isFrozen(DEFAULT_WEBSOCKET_OPTIONS)).toBe(true);
  for (const row of Object.values(WEBSOCKET_OPTION_TABLE)) {
    expect(row.default === undefined || row.accepts(row.default)).toBe(true);
    expect(row.precedent).toMatch(/eventlet|ws/);
  }
});

test.each<[unknown, string]>([
  [{ protocols: "chat" }, 'protocols: expected a list of names, or a function, got "chat"'],
  [{ protocols: [""] }, "protocols: expected a list of names, or a function, got an array of 1"],
  [{ origin: true }, "origin: expected a list of origins, or a function, got true"],
  [{ maxPayload: 0 }, "maxPayload: expected a whole number of bytes above 0, got 0"],
  [{ perMessageDeflate: "yes" }, 'perMessageDeflate: expected true, false or an object of options of ws, got "yes"'],
  [{ pingInterval: -1 }, "pingInterval: expected a number of seconds, 0 or more, got -1"],
  [{ closeTimeout: Number.NaN }, "closeTimeout: expected a number of seconds, 0 or more, got NaN"],
  [{ max_payload: 5 }, `there is no option "max_payload"; there are ${Object.keys(WEBSOCKET_OPTION_TABLE).join(", ")}`],
  [5, "expected an object of options, got 5"],
])("%o is refused: %s", (options, text) => {
  const call = (): unknown => websocket(() => {}, options as WebSocketOptions);
  expect(call).toThrow(WebSocketUsageError);
  expect(call).toThrow(expect.objectContaining({ code: "BAD_OPTION", message: expect.stringContaining(text) }));
});

test("a handler that is none is refused", () => {
  expect(() => websocket(5 as never)).toThrow(expect.objectContaining({ code: "BAD_HANDLER" }));
});
