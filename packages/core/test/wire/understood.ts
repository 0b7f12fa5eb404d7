// What comes of a row that is understood, on a running server.

import type { AcceptCase, Message } from "./cases.ts";
import { follower, type Got, leader, type Outcome, seenOf } from "./live.ts";

function gotOf({ method, body, keepAlive }: Message): Got {
  const bodyless = method === "HEAD" || method === "CONNECT";
  return { status: 200, body: bodyless ? "" : body, closes: !keepAlive || method === "CONNECT", complete: true };
}

const CLOSED: Got = { status: 200, body: "", closes: true, complete: true };

/** What comes of a row and of the follower behind it. */
export function understood({ messages }: AcceptCase): Outcome {
  const got = messages.map(gotOf);
  const staysOpen = got.at(-1)?.closes === false;
  const targets = messages.map(({ target }) => target);
  return {
    seen: [...messages.map(seenOf), ...(staysOpen ? [follower] : [])],
    targets: [...targets, ...(staysOpen ? ["/follower?q"] : [])],
    got: [...got, ...(staysOpen ? [CLOSED] : [])],
    continues: 0,
    answered: messages.length,
    closed: true,
  };
}

/** The same with a leader before the row and the follower right behind it. */
export function pipelined(row: AcceptCase): Outcome {
  const { seen, targets, got, ...rest } = understood(row);
  return {
    ...rest,
    seen: [leader, ...seen],
    targets: ["/leader", ...targets],
    got: [{ ...CLOSED, body: leader.body, closes: false }, ...got],
    answered: got.length + 1,
  };
}

/** How often a client is told to continue when every body comes after its head. */
export function expectations({ messages }: AcceptCase): number {
  return messages.filter(({ wantsContinue, body }) => wantsContinue && body !== "").length;
}
