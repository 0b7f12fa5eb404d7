// Published flaws of servers of this kind, by their numbers: the bytes that exploited them, over a real socket, and what comes
// of them here. Every status, every call of the application and the end of the connection are compared, so that a server with
// the flaw comes out otherwise: it calls the application for what was smuggled, answers 200 for a 400, or goes on.

import { afterAll, describe, expect, test } from "vitest";
import type { Incident } from "./conformance/history.ts";
import { behaviourHistory } from "./conformance/history-behaviour.ts";
import { chunkHistory } from "./conformance/history-chunks.ts";
import { framingHistory } from "./conformance/history-framing.ts";
import { headHistory } from "./conformance/history-heads.ts";
import type { NamedTest, Trial } from "./conformance/rules.ts";
import { expectedOf, TrialServers } from "./conformance/trials.ts";
import { hasTest } from "./support/pages.ts";

const history: readonly Incident[] = [...framingHistory, ...chunkHistory, ...headHistory, ...behaviourHistory];

const servers = new TrialServers();
afterAll(() => servers.close());

const isTrial = (proof: Trial | NamedTest): proof is Trial => "send" in proof;
const rows = history.flatMap(({ id, product, was, proof }) =>
  proof.map((one, i) => [`${id} ${product}: ${was} (${i + 1})`, one] as const),
);
const trials = rows.flatMap(([name, proof]) => (isTrial(proof) ? [[name, proof] as const] : []));
const named = rows.flatMap(([name, proof]) => (isTrial(proof) ? [] : [[name, proof] as const]));

describe("is not here", () => {
  test.concurrent.each(trials)("%s", async (_, trial) => {
    const { text, ...outcome } = await servers.run(trial);
    expect(outcome).toEqual(expectedOf(trial));
    if (trial.has !== undefined) expect(text).toMatch(trial.has);
    if (trial.hasNot !== undefined) expect(text).not.toMatch(trial.hasNot);
  });

  test.each(named)("%s: that has a test of its own", (_, { file, title }) => {
    expect(hasTest(file, title)).toBe(true);
  });
});

test("no row expects that the application is called for what was smuggled", () => {
  for (const [name, { calls = [] }] of trials) expect(calls.join(), name).not.toContain("smuggled");
});

test("every flaw is told once, and has its proof", () => {
  const ids = history.map(({ id }) => id);
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  expect(history.filter(({ proof }) => proof.length === 0)).toEqual([]);
});
