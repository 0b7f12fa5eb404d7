// Every MUST and MUST NOT of RFC 9112 and RFC 9110 that binds an origin server: obeyed over a real socket, proven by a
// named test, or said to be a gap. docs/conformance.md is made of the same table.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { listen, type Options, type Server, server } from "../src/index.ts";
import { conformancePage } from "./conformance/page.ts";
import { ruleApplication } from "./conformance/rule-application.ts";
import type { NamedTest, Rule, Trial } from "./conformance/rules.ts";
import { messagingRules } from "./conformance/rules-messaging.ts";
import { semanticRules } from "./conformance/rules-semantics.ts";
import { answersIn } from "./support/answers.ts";
import { Client } from "./support/client.ts";
import { read, root } from "./support/pages.ts";

const rules = [...messagingRules, ...semanticRules];
const SENTINEL = "GET /sentinel HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n";

const calls = new Map<string, string[]>();
const servers = new Map<string, Server>();
afterAll(() => Promise.all([...servers.values()].map((one) => one.close({ timeout: 0 }))));

function serverWith(options: Options = {}): Server {
  const key = JSON.stringify(options);
  const known = servers.get(key);
  if (known !== undefined) return known;
  const application = ruleApplication((port, call) => calls.set(port, [...(calls.get(port) ?? []), call]));
  const made = server(listen(["127.0.0.1", 0]), application, {
    ...options,
    logOutput: false,
    log: { write: () => {} },
  });
  servers.set(key, made);
  return made;
}

async function outcomeOf({ send, alone, options }: Trial) {
  const running = serverWith(options);
  await running.ready;
  const client = await Client.connect(running.addresses[0]?.port as number);
  const port = String(client.socket.localPort);
  client.send(alone === true ? send : send + SENTINEL);
  if (alone === true) client.finish();
  const text = await client.end();
  const called = calls.get(port) ?? [];
  const goesOn = called.at(-1) === "GET /sentinel";
  const statuses = answersIn(text, ...called.map((call) => call.split(" ")[0] as string)).map(({ status }) => status);
  return {
    ...{ text, goesOn, complete: client.error === undefined },
    statuses: goesOn ? statuses.slice(0, -1) : statuses,
    calls: goesOn ? called.slice(0, -1) : called,
  };
}

const trials = rules.flatMap(({ section, side, level, rule, proof }) =>
  Array.isArray(proof)
    ? proof.map((trial, i) => [`${section} ${side} (${level}) ${rule}, ${i + 1}`, trial as Trial] as const)
    : [],
);

describe("over a socket", () => {
  test.concurrent.each(trials)("%s", async (_, trial) => {
    const { text, ...outcome } = await outcomeOf(trial);
    const { statuses, calls: called = [], goesOn } = trial;
    expect(outcome).toEqual({ statuses, calls: called, goesOn, complete: true });
    if (trial.has !== undefined) expect(text).toMatch(trial.has);
    if (trial.hasNot !== undefined) expect(text).not.toMatch(trial.hasNot);
  });
});

const named = rules.flatMap(({ proof }) => ("file" in proof ? [[proof.file, proof.title, proof] as const] : []));

test.each(named)("%s has the test %s", (_file, _title, { file, title }: NamedTest) => {
  expect(existsSync(join(root, file))).toBe(true);
  const source = readFileSync(join(root, file), "utf8");
  expect(source).toMatch(new RegExp(`(?:test|\\]\\))(?:\\.\\w+(?:\\([^)]*\\))?)?\\(\\s*(["'\`])${escaped(title)}\\1`));
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

test("every rule is proven or explained, and said once", () => {
  const emptyProofs = rules.filter(({ proof }) => Array.isArray(proof) && proof.length === 0);
  expect(emptyProofs).toEqual([]);
  const said = rules.map(({ section, side, level, rule }: Rule) => `${section} ${side} ${level} ${rule}`);
  expect(new Set(said).size).toBe(said.length);
});

test("docs/conformance.md is the page that `pnpm run docs` makes", () => {
  expect(read("docs/conformance.md")).toBe(conformancePage());
});
