// The soak itself, for some seconds: a server that keeps every environ is found out, and all books agree nevertheless.

import { expect, test } from "vitest";
import { total } from "../soak/account.ts";
import { soak } from "../soak/soak.ts";

test("finds out a server that keeps what it should not, and nothing else", { timeout: 60_000 }, async () => {
  const settings = { minutes: 0.08, seed: 1, users: 12, leakedEvery: 1, node: process.execPath };
  const { samples, findings, server, clients } = await soak(settings);
  expect(findings.filter((finding) => !finding.endsWith("has grown"))).toEqual([]);
  expect(findings).toContain("heap has grown");
  expect(samples).toHaveLength(24);
  expect(Object.keys(clients.sent).length).toBeGreaterThan(15); // every kind of traffic came
  expect(total(server.hooks)).toBe(total(server.parsed));
  expect(total(server.parsed)).toBeGreaterThan(100);
});
