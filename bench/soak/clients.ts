// The clients of the soak, in a process of their own: so many visitors, each with one visit after the other, at full speed.
// Started with an IPC channel: `pause` lets every visit end and every connection close, `resume` goes on.
//
//   node --import tsx clients.ts PORT TLS-PORT SEED USERS FILE-BYTES

import http from "node:http";
import type { ClientBooks, Tally } from "./account.ts";
import { Random } from "./random.ts";
import { VISITS, type Visit, type Visitor } from "./traffic.ts";

export type ClientMessage = { readonly type: "ready" } | { readonly type: "paused"; readonly books: ClientBooks };

const [port = 0, tlsPort = 0, seed = 0, users = 0, fileBytes = 0] = process.argv.slice(2).map(Number);
const sent: Tally = {};
const whole: Tally = {};
const failures: string[] = [];
const TOTAL_WEIGHT = VISITS.reduce((sum, [weight]) => sum + weight, 0);
/** A failure is told in full only so often. */
const MOST_FAILURES = 20;

let resume = (): void => {};
let resumed = newPause();
let running = false;
let busy = 0;
let onIdle = (): void => {};

function newPause(): Promise<void> {
  return new Promise((resolve) => {
    resume = resolve;
  });
}

function pick(random: Random): Visit {
  let at = random.next() * TOTAL_WEIGHT;
  for (const [weight, visit] of VISITS) {
    at -= weight;
    if (at < 0) return visit;
  }
  return (VISITS[0] as (typeof VISITS)[number])[1];
}

async function visitAgainAndAgain(random: Random): Promise<never> {
  let agent = new http.Agent({ keepAlive: true });
  for (;;) {
    if (!running) {
      agent.destroy();
      if (--busy === 0) onIdle();
      await resumed;
      agent = new http.Agent({ keepAlive: true });
    }
    const visitor: Visitor = { random, port, tlsPort, agent, sent, whole, fileBytes };
    const visit = pick(random);
    await visit(visitor).catch((error: unknown) => {
      if (failures.length < MOST_FAILURES) failures.push(String(error));
    });
  }
}

function tell(message: ClientMessage): void {
  process.send?.(message);
}

process.on("message", async (message) => {
  if (message === "resume") {
    running = true;
    busy = users; // each of them is to make a visit at least, also when the next pause comes at once
    const go = resume;
    resumed = newPause();
    go();
  } else if (message === "pause") {
    running = false;
    if (busy > 0) {
      await new Promise<void>((resolve) => {
        onIdle = resolve;
      });
    }
    tell({ type: "paused", books: { sent, whole, failures } });
  }
});
process.on("disconnect", () => process.exit());

busy = users;
const numbers = new Random(seed);
for (let user = 0; user < users; user++) void visitAgainAndAgain(new Random(numbers.between(0, 2 ** 32 - 1)));
tell({ type: "ready" });
