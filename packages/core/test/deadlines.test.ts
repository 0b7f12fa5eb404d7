// What is due in each state of a connection, with invented clocks.

import { describe, expect, test } from "vitest";
import { CLOSING, DISCARDING, IDLE, READING_HEAD, RUNNING, TAKEN } from "../src/connection-state.ts";
import { type ConnectionFacts, Deadlines, type Verdict } from "../src/deadlines.ts";
import type { Options } from "../src/options.ts";
import { resolveOptions } from "../src/resolve-options.ts";

const FACTS: ConnectionFacts = {
  state: IDLE,
  age: 0,
  requestsServed: 1,
  reading: true,
  inputWaiting: false,
  bytesReceived: 0,
  bytesSent: 0,
  bytesUnsent: 0,
};

/** The verdict at second 100 on a connection that has been in this state for that long. */
function verdict(facts: Partial<ConnectionFacts>, options: Options = {}): Verdict | undefined {
  const deadlines = new Deadlines(resolveOptions(options));
  const now = 100;
  const whole = { ...FACTS, ...facts };
  deadlines.check(now - whole.age, { ...whole, age: 0 });
  return deadlines.check(now, whole);
}

describe("a connection between requests", () => {
  test.each<[string, Partial<ConnectionFacts>, Options, string | undefined]>([
    ["is left alone before its time", { age: 74.9 }, {}, undefined],
    ["closes after 75 s by default", { age: 75 }, {}, "close"],
    ["closes after the seconds of keepalive", { age: 3 }, { keepalive: 3 }, "close"],
    ["never closes with keepalive Infinity", { age: 1e6 }, { keepalive: Number.POSITIVE_INFINITY }, undefined],
    ["has the time of a head before its first request", { age: 30, requestsServed: 0 }, {}, "close"],
    ["has all time for it when there is no limit", { age: 1e6, requestsServed: 0 }, { headTimeout: 0 }, undefined],
    ["does not close while a response is on its way", { age: 75, bytesUnsent: 1 }, { socketTimeout: 0 }, undefined],
  ])("%s", (_title, facts, options, action) => {
    const without = { minimumDataRate: 0, ...options };
    expect(verdict(facts, without)?.action).toBe(action);
  });
});

describe("a head that arrives", () => {
  const facts = { state: READING_HEAD, age: 30 };

  test("is refused with 408 when its time is up", () => {
    expect(verdict(facts)).toMatchObject({ action: "refuse", error: { code: "HEAD_TIMEOUT", status: 408 } });
  });

  test("has its time", () => {
    expect(verdict({ ...facts, age: 29.9 })).toBe(undefined);
  });

  test("has all time when there is no limit, or when it is not being read", () => {
    expect(verdict(facts, { headTimeout: 0 })).toBe(undefined);
    expect(verdict({ ...facts, reading: false })).toBe(undefined);
  });
});

describe("a body", () => {
  test("that the application waits for fails when nothing comes", () => {
    const facts = { state: RUNNING, age: 60, inputWaiting: true };
    expect(verdict(facts)).toMatchObject({ action: "fail-body", error: { code: "BODY_TIMEOUT" } });
  });

  test("that is discarded fails when nothing comes", () => {
    expect(verdict({ state: DISCARDING, age: 60 })).toMatchObject({ action: "fail-body" });
  });

  test("that nobody waits for has all time", () => {
    expect(verdict({ state: RUNNING, age: 1e6 })).toBe(undefined);
  });
});

describe("a peer that takes nothing", () => {
  test.each([
    ["while the application works", RUNNING],
    ["between requests", IDLE],
    ["after we closed", CLOSING],
  ])("is cut %s", (_title, state) => {
    expect(verdict({ state, age: 60, bytesUnsent: 10 })).toMatchObject({
      action: "cut",
      error: { code: "CLIENT_DISCONNECTED", message: expect.stringContaining("no progress for 60 s") },
    });
  });

  test("is left to the application that took the socket", () => {
    expect(verdict({ state: TAKEN, age: 1e6, bytesUnsent: 10 })).toBe(undefined);
  });
});

describe("a connection that we closed", () => {
  test("is cut when the peer does not close in time", () => {
    expect(verdict({ state: CLOSING, age: 2 })).toMatchObject({ action: "cut" });
    expect(verdict({ state: CLOSING, age: 1.9 })).toBe(undefined);
  });

  test("waits for the peer to take what was sent", () => {
    expect(verdict({ state: CLOSING, age: 4, bytesUnsent: 1 })).toBe(undefined);
  });
});
