// Makes docs/conformance.md of the tables of rules and of history. `pnpm run docs` writes it; rfc.rules.test.ts compares.

import type { Proof, Rule } from "./rules.ts";
import { messagingRules } from "./rules-messaging.ts";
import { semanticRules } from "./rules-semantics.ts";

const tests = "../";

function proofOf(proof: Proof): string {
  if ("gap" in proof) return `– ${proof.gap}`;
  if ("file" in proof)
    return `[${proof.file.replace(/^.*\//, "")}](${tests}${proof.file}): ${proof.title.replace("%s", "…")}`;
  return proof.length === 1 ? "1 exchange" : `${proof.length} exchanges`;
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
`;
}
