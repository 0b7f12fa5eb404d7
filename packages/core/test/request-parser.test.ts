// Every row of the tables of wire cases, read in every way. What comes out must not depend on how the bytes were cut.

import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { PROTOCOL_ERRORS } from "../src/errors.ts";
import { acceptCases } from "./wire/accept-cases.ts";
import { type AcceptCase, type Message, message, type RejectCase } from "./wire/cases.ts";
import { byteByByte, cutAt, drive, splitPositions, type Transcript, transcript } from "./wire/drive.ts";
import { rejectCases } from "./wire/reject-cases.ts";
import { bytesOf, lines } from "./wire/wire.ts";

const LEADER = bytesOf(
  lines("POST /leader HTTP/1.1", "Host: l", "Transfer-Encoding: chunked", "", "3;x", "abc", "0", "T: u", ""),
);
const leader = message({
  ...{ method: "POST", target: "/leader", host: "l", body: "abc", trailers: [["T", "u"]] },
  fields: [
    ["Host", "l"],
    ["Transfer-Encoding", "chunked"],
  ],
});

const FOLLOWER = bytesOf(lines("GET /follower?q HTTP/1.1", "Host: f", ""));
const follower = message({
  ...{ target: "/follower?q", path: "/follower", query: "q", host: "f" },
  fields: [["Host", "f"]],
});

function accepted(...messages: readonly Message[]): Transcript {
  return { messages, unfinishedBody: undefined, fault: undefined };
}

/** What a row that is refused leaves; the table has the first half of the fault's text only. */
function refused({ messages, code, where, body }: RejectCase): Transcript {
  const { status, text } = PROTOCOL_ERRORS[code];
  const fault = { code, status, message: expect.stringContaining(text) };
  return { messages, unfinishedBody: where === "body" ? body : undefined, fault };
}

/** Where cutting the bytes in two makes a difference. */
function tellingSplits({ bytes, limits }: AcceptCase | RejectCase, expected: Transcript): number[] {
  return splitPositions(bytes).filter((at) => !isDeepStrictEqual(transcript(cutAt(bytes, [at]), limits), expected));
}

function byName<Row extends { readonly name: string }>(rows: readonly Row[]): (readonly [string, Row])[] {
  return rows.map((row) => [row.name, row] as const);
}

test.each([
  ["accept", acceptCases],
  ["reject", rejectCases],
])("the table of cases to %s has at least 150 rows, each with a name of its own", (_, rows) => {
  expect(rows.length).toBeGreaterThanOrEqual(150);
  expect(rows.length).toBe(new Set(rows.map((row) => row.name)).size);
});

test("every fault that a parser can find has a row", () => {
  const others = new Set(["INCOMPLETE_BODY", "HEAD_TIMEOUT", "BODY_TIMEOUT"]); // what only a connection can know
  const codes = Object.keys(PROTOCOL_ERRORS).filter((code) => !others.has(code));
  expect([...new Set<string>(rejectCases.map((row) => row.code))].sort()).toEqual(codes.sort());
});

describe.each(byName(acceptCases))("accepts %s", (_, row) => {
  const { bytes, messages, limits } = row;

  test("whole", () => {
    const { consumed, pendingBytes, ...result } = drive([bytes], limits);
    expect(result).toEqual({ ...accepted(...messages), pushed: 1 });
    expect(consumed).toHaveLength(messages.length + 1);
    expect(consumed.reduce((sum, count) => sum + count)).toBe(bytes.length);
    expect(pendingBytes).toBe(0);
  });

  test("byte by byte", () => {
    expect(transcript(byteByByte(bytes), limits)).toEqual(accepted(...messages));
  });

  test("split in two at every place", () => {
    expect(tellingSplits(row, accepted(...messages))).toEqual([]);
  });

  test("between other requests, whole and byte by byte", () => {
    const pipelined = Buffer.concat([LEADER, bytes, FOLLOWER]);
    const all = accepted(leader, ...messages, follower);
    expect(transcript([pipelined], limits)).toEqual(all);
    expect(transcript(byteByByte(pipelined), limits)).toEqual(all);
  });
});

describe.each(byName(rejectCases))("rejects %s", (_, row) => {
  const { bytes, limits } = row;
  const whole = transcript([bytes], limits);

  test("whole", () => {
    expect(whole).toEqual(refused(row));
  });

  test("byte by byte", () => {
    expect(transcript(byteByByte(bytes), limits)).toEqual(whole);
  });

  test("split in two at every place", () => {
    expect(tellingSplits(row, whole)).toEqual([]);
  });

  test("behind another request, whole and byte by byte", () => {
    const pipelined = Buffer.concat([LEADER, bytes]);
    const all = { ...whole, messages: [leader, ...whole.messages] };
    expect(transcript([pipelined], limits)).toEqual(all);
    expect(transcript(byteByByte(pipelined), limits)).toEqual(all);
  });

  test("with anything behind the fault", () => {
    const upToFault = bytes.subarray(0, drive(byteByByte(bytes), limits).pushed);
    for (const suffix of [
      "",
      "x",
      "\r",
      "\n",
      "\r\n",
      "\r\n\r\n",
      "\0",
      " ",
      "\r\nX: y\r\n\r\n",
      FOLLOWER.toString(),
    ]) {
      const followed = Buffer.concat([upToFault, bytesOf(suffix)]);
      expect(transcript([followed], limits), `followed by ${JSON.stringify(suffix)}`).toEqual(whole);
    }
  });
});
