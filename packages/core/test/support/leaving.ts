// What every test of a client that leaves has in common: the ways to leave, and what must be so afterwards.

import { expect } from "vitest";
import type { Application, Exchange } from "../../src/index.ts";
import type { Client } from "./client.ts";
import type { Served } from "./serve.ts";
import { until } from "./until.ts";

/** FIN says that no more is sent; RST that nothing is taken any more either. */
export const WAYS_TO_LEAVE: readonly [name: string, leave: (client: Client) => void][] = [
  ["FIN", (client) => client.leave()],
  ["RST", (client) => client.reset()],
];

/** Serves `/next` itself, so that a test can ask whether the server still works, and all else with the application. */
export function leavable(application: Application): Application {
  return (environ, startResponse) => {
    if (environ.PATH_INFO !== "/next") return application(environ, startResponse);
    startResponse("200 OK", []);
    return ["the next client is served"];
  };
}

/** Nothing is left of the client, nothing was called a failure of the application, and the next one is served. */
export async function expectUnharmed(served: Served, exchanges: number): Promise<void> {
  await until(() => served.server.counters.connections === 0);
  expect(served.server.counters).toMatchObject({ connections: 0, idle: 0, active: 0, waiting: 0 });
  expect(served.log.filter((line) => line.includes("failed"))).toEqual([]);
  const next = await served.connect();
  next.send("GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(await next.end()).toMatch(/\r\n\r\nthe next client is served$/);
  await until(() => served.exchanges.length > exchanges);
  expect(served.exchanges).toHaveLength(exchanges + 1);
}

/** The times of an exchange are in the order in which things happen. */
export function expectTimesInOrder({ startTime, firstByteTime, finishTime }: Exchange): void {
  expect(startTime).toBeGreaterThan(0);
  expect(firstByteTime ?? startTime).toBeGreaterThanOrEqual(startTime);
  expect(finishTime).toBeGreaterThanOrEqual(firstByteTime ?? startTime);
  expect(finishTime).toBeLessThanOrEqual(performance.now());
}
