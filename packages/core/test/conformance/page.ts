// Makes docs/conformance.md of the tables of rules and of history. `pnpm run docs` writes it; rfc.rules.test.ts compares.

import type { Incident } from "./history.ts";
import { behaviourHistory } from "./history-behaviour.ts";
import { chunkHistory } from "./history-chunks.ts";
import { framingHistory } from "./history-framing.ts";
import { headHistory } from "./history-heads.ts";
import type { NamedTest, Proof, Rule, Trial } from "./rules.ts";
import { messagingRules } from "./rules-messaging.ts";
import { semanticRules } from "./rules-semantics.ts";

const tests = "../";

function proofOf(proof: Proof): string {
  if ("gap" in proof) return `– ${proof.gap}`;
  return "file" in proof ? link(proof) : exchanges(proof.length);
}

function link({ file, title }: NamedTest): string {
  return `[${file.replace(/^.*\//, "")}](${tests}${file}): ${title.replace("%s", "…")}`;
}

function exchanges(count: number): string {
  return count === 1 ? "1 exchange" : `${count} exchanges`;
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

function table(rules: readonly Rule[]): string {
  const rows = rules.map(({ section, level, side, rule, proof }) => {
    const verb = side === "sends" ? "sends" : "as a recipient";
    return `| §${section.replace(/^\d+ §/, "")} | ${level}, ${verb} | ${cell(rule)} | ${cell(proofOf(proof))} |`;
  });
  return ["| section | level | rule | proof |", "|---|---|---|---|", ...rows].join("\n");
}

function counts(rules: readonly Rule[]): string {
  const gaps = rules.filter(({ proof }) => "gap" in proof).length;
  return `${rules.length} rules, ${rules.length - gaps} of them proven, ${gaps} not this server's to prove.`;
}

function historyTable(history: readonly Incident[]): string {
  const rows = history.map(({ id, product, was, here, proof }) => {
    const isTrial = (one: Trial | NamedTest): one is Trial => "send" in one;
    const named = proof.flatMap((one) => (isTrial(one) ? [] : [link(one)]));
    const shown = named.length > 0 ? named.join("; ") : exchanges(proof.length);
    return `| ${id} | ${product} | ${cell(was)} | ${cell(here)} | ${cell(shown)} |`;
  });
  return ["| flaw | of | what it did | here | proof |", "|---|---|---|---|---|", ...rows].join("\n");
}

export function conformancePage(): string {
  return `# Conformance

What HTTP/1.1 demands of an origin server, and how it is known that this one does it. The tables are those that the tests
run (\`packages/core/test/conformance\`): an *exchange* is bytes sent to a server over a socket, with everything checked that
comes of them: the responses, what the application was called for, and whether the connection goes on. Where the proof is a
test of its own, it is named. Where nothing can be proven here, the row says why; most of these rules bind the application.
Rules for clients, proxies, caches and registries are left out.

Beside these tables stand those of the wire (\`packages/core/test/wire\`): several hundred messages that are understood or
refused, each sent whole, byte by byte, cut at every place and between other requests.

## RFC 9112: HTTP/1.1

${counts(messagingRules)}

${table(messagingRules)}

## RFC 9110: HTTP semantics

Sections on messages, fields, framing, connections, methods, expectations and statuses. Authentication (§11), conditional
requests (§13) and ranges (§14) are the application's. ${counts(semanticRules)}

${table(semanticRules)}

## Flaws of others

Published flaws of servers of this kind, and of proxies where the origin server is the other half. The exchanges are those
that exploited them; they come out otherwise on a server that has the flaw.

### The end of a body

${historyTable(framingHistory)}

### Chunks and trailers

${historyTable(chunkHistory)}

### Heads, of requests and of responses

${historyTable(headHistory)}

### Connections and time

${historyTable(behaviourHistory)}
`;
}
