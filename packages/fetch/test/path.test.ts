// Three packages decode paths, two of which must run where there are no sockets: all do it alike.

import { expect, test } from "vitest";
import { decodePercent } from "../../core/src/percent.ts";
import { decodePath as decodeInMiddleware } from "../../middleware/src/path.ts";
import { decodePath } from "../src/path.ts";

const PIECES = [
  "/",
  "a",
  "%",
  "%2",
  "%2F",
  "%41",
  "%c3%a9",
  "%C3",
  "%ff",
  "%EF%BB%BF",
  "%f0%9f%98%80",
  "%zz",
  "%00",
  "\xe9",
  "%ed%a0%80",
];

test("paths are decoded as by the core", () => {
  const paths = PIECES.flatMap((one) => PIECES.flatMap((two) => PIECES.map((three) => one + two + three)));
  for (const decode of [decodePath, decodeInMiddleware]) expect(paths.map(decode)).toEqual(paths.map(decodePercent));
  expect(decodePercent("/%C3%A9%ff%")).toBe("/é\ufffd%");
});
