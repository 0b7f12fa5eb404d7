// Every MUST and MUST NOT of RFC 9112 and RFC 9110 that binds an origin server: obeyed over a real socket, proven by a
// named test, or said to be a gap. docs/conformance.md is made of the same table.

import { afterAll, describe, expect, test } from "vitest";
import { conformancePage } from "./conformance/page.ts";
import type { Rule, Trial } from "./conformance/rules.ts";
import { messagingRules } from "./conformance/rules-messaging.ts";
import { semanticRules } from "./conformance/rules-semantics.ts";
import { expectedOf, TrialServers } from "./conformance/trials.ts";
import { hasTest, read } from "./support/pages.ts";

const rules = [...messagingRules, ...semanticRules];
const servers = new TrialServers();
afterAll(() => servers.close());

const trials = rules.flatMap(({ section, side, level, rule, proof }) =>
  Array.isArray(proof)
    ? proof.map((trial, i) => [`${section} ${side} (${level}) ${rule}, ${i + 1}`, trial as Trial] as const)
    : [],
);

describe("over a socket", () => {
  test.concurrent.each(trials)("%s", async (_, trial) => {
    const { text, ...outcome } = await servers.run(trial);
    expect(outcome).toEqual(expectedOf(trial));
    if (trial.has !== undefined) expect(text).toMatch(trial.has);
    if (trial.hasNot !== undefined) expect(text).not.toMatch(trial.hasNot);
  });
});

const named = rules.flatMap(({ proof }) => ("file" in proof ? [[proof.file, proof.title] as const] : []));

test.each(named)("%s has the test %s", (file, title) => {
  expect(hasTest(file, title)).toBe(true);
});

test("every rule is proven or explained, and said once", () => {
  const emptyProofs = rules.filter(({ proof }) => Array.isArray(proof) && proof.length === 0);
  expect(emptyProofs).toEqual([]);
  const said = rules.map(({ section, side, level, rule }: Rule) => `${section} ${side} ${level} ${rule}`);
  expect(new Set(said).size).toBe(said.length);
});

test("docs/conformance.md is the page that `pnpm run docs` makes", () => {
  expect(read("docs/conformance.md")).toBe(conformancePage());
});
