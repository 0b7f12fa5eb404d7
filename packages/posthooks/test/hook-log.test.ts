// The words of the log: what a client may not do to them, and how drops are summed up.

import type { Logger } from "@wsgi/core";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { HookLog, type HookPlace } from "../src/hook-log.ts";

function logInto(lines: string[]): HookLog {
  const error = (line: string): void => void lines.push(line);
  return new HookLog({ error } as unknown as Logger);
}

const pid = `(${process.pid})`;
const place: HookPlace = { name: "bill", position: 2, total: 3, requestLine: "GET / HTTP/1.1" };

test("what a client sent cannot write lines or end a quotation, and is not shown without end", () => {
  const lines: string[] = [];
  const log = logInto(lines);
  log.malformed({ ...place, requestLine: 'GET /"\r\n\x7f\xe9\u2028 HTTP/1.1' }, "fault");
  log.malformed({ ...place, requestLine: `GET /${"x".repeat(300)} HTTP/1.1` }, "fault");
  log.noList("eventlet.posthooks", 'GET /" HTTP/1.1', "fault");
  expect(lines).toEqual([
    `${pid} post hook 2 of 3, bill, of "GET /\\"\\r\\n\\u007f\\u00e9\\u2028 HTTP/1.1" is malformed: fault`,
    `${pid} post hook 2 of 3, bill, of "GET /${"x".repeat(195)}..." is malformed: fault`,
    `${pid} environ["eventlet.posthooks"] of "GET /\\" HTTP/1.1" was replaced: fault`,
  ]);
});

describe("drops", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("are told once a second, with how many and the first names", () => {
    const lines: string[] = [];
    const log = logInto(lines);
    log.dropped(["a", "b", "a"], "it is full");
    log.dropped(["c", "d", "e", "f", "g", "f"], "it is full");
    vi.advanceTimersByTime(999);
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(lines).toEqual([`${pid} dropped 9 post hooks, as it is full: a (2), b, c, d, e, 3 others`]);
    vi.advanceTimersByTime(5000);
    expect(lines).toHaveLength(1);
    log.dropped(["a"], "it is full");
    vi.advanceTimersByTime(1000);
    expect(lines[1]).toBe(`${pid} dropped 1 post hooks, as it is full: a`);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("keep no process alive until they are told", () => {
    vi.useRealTimers();
    const set = vi.spyOn(globalThis, "setTimeout");
    onTestFinished(() => set.mockRestore());
    const log = logInto([]);
    log.dropped(["a"], "it is full");
    const timers = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
    expect(timers.map((timer) => timer.hasRef())).toEqual([false]);
    log.flush();
  });

  test("for another reason get a line of their own", () => {
    const lines: string[] = [];
    const log = logInto(lines);
    log.dropped(["a"], "it is full");
    log.dropped(["b"], "it is closed");
    log.flush();
    log.flush();
    expect(lines).toEqual([
      `${pid} dropped 1 post hooks, as it is full: a`,
      `${pid} dropped 1 post hooks, as it is closed: b`,
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("giving up tells of the abandoned and the dropped, and of none where there is none", () => {
  const lines: string[] = [];
  const log = logInto(lines);
  log.gaveUp(["a", "a"], ["b"]);
  log.gaveUp([], ["b"]);
  log.gaveUp(["a"], []);
  expect(lines).toEqual([
    `${pid} the time to close was up, abandoned 2 post hooks: a (2); dropped 1 post hooks: b`,
    `${pid} the time to close was up, dropped 1 post hooks: b`,
    `${pid} the time to close was up, abandoned 1 post hooks: a`,
  ]);
});
