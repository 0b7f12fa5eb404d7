// When responses are told of, and with which times: the ledger, with the books of a transport that are set by hand.

import { expect, test } from "vitest";
import type { Endpoints } from "../src/environ.ts";
import { ExchangeRecord } from "../src/exchange-record.ts";
import type { Exchange } from "../src/extension.ts";
import { Ledger } from "../src/ledger.ts";
import type { RequestHead } from "../src/request-head.ts";
import type { RequestRun } from "../src/request-run.ts";
import type { ServerContext } from "../src/server-context.ts";
import type { Transport } from "../src/transport.ts";

const HEAD = { method: "GET", target: "/", version: "HTTP/1.1", fields: [] } as unknown as RequestHead;
const ENDS = {} as Endpoints;

/** A response of ten bytes, five of them its head. */
function response(startPosition: number, status = 200): RequestRun {
  const record = new ExchangeRecord(HEAD, ENDS, 1, startPosition);
  Object.assign(record, { status, headBytes: 5 });
  record.endAt(startPosition + 10);
  return { record, response: { bodyBytes: 5, framingBytes: 0 }, broken: false } as unknown as RequestRun;
}

function ledger() {
  const told: Exchange[] = [];
  const books = { bytesSent: 0, now: 100, looks: 0 };
  const server = {
    milliseconds: () => {
      books.looks++;
      return books.now;
    },
    onResponded: (exchange: Exchange) => told.push(exchange),
  };
  return { told, books, ledger: new Ledger(books as unknown as Transport, server as unknown as ServerContext) };
}

test("tells with one look at the clock of responses that left together, and when each began to leave", () => {
  const { told, books, ledger: subject } = ledger();
  for (const start of [0, 10, 20]) subject.add(response(start));
  books.bytesSent = 30;
  subject.settle();
  expect(told.map(({ firstByteTime, finishTime }) => [firstByteTime, finishTime])).toEqual(Array(3).fill([100, 100]));
  expect(books.looks).toBe(1);
  expect(subject.isEmpty).toBe(true);
  subject.settle();
  expect(books.looks).toBe(1);
});

test("tells when the first byte left before the last one, and waits for the last one", () => {
  const { told, books, ledger: subject } = ledger();
  for (const start of [0, 10, 20]) subject.add(response(start));
  Object.assign(books, { bytesSent: 13, now: 200 });
  subject.settle();
  expect(told).toHaveLength(1);
  Object.assign(books, { bytesSent: 30, now: 300 });
  subject.settle();
  expect(told.map(({ firstByteTime, finishTime }) => [firstByteTime, finishTime])).toEqual([
    [200, 200],
    [200, 300],
    [300, 300],
  ]);
});

test("knows no first byte of a response of which none left, or that had no head", () => {
  const { told, books, ledger: subject } = ledger();
  for (const [start, status] of [[0, 200] as const, [10, 200] as const, [20, 0] as const])
    subject.add(response(start, status));
  books.bytesSent = 7;
  subject.abandon(new Error("gone"));
  expect(told.map(({ firstByteTime, totalBytes }) => [firstByteTime, totalBytes])).toEqual([
    [100, 7],
    [undefined, 0],
    [undefined, 0],
  ]);
  subject.add(response(0, 0));
  Object.assign(books, { bytesSent: 10 });
  subject.settle();
  expect(told.at(-1)).toMatchObject({ firstByteTime: undefined, completed: true });
});
