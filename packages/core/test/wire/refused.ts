// What comes of a row that is refused, on a running server.

import { expect } from "vitest";
import { PROTOCOL_ERRORS } from "../../src/errors.ts";
import { HOST, message, type RejectCase } from "./cases.ts";
import { type CaseServers, type Got, leader, type Outcome, type Seen, seenOf } from "./live.ts";

/** A complete answer with the status of the fault and its text; what the text adds of the row's own is not looked at. */
function errorOf({ code }: RejectCase): Got {
  const { status, text } = PROTOCOL_ERRORS[code];
  return { status, body: expect.stringContaining(text), closes: true, complete: true };
}

/** What an application sees of the request whose body is bad. */
function unfinished({ body, code }: RejectCase): Seen {
  const fields = [HOST, ["Transfer-Encoding", "chunked"] as const];
  return { ...seenOf(message({ method: "POST", body })), fields, trailers: undefined, fault: code };
}

/** What comes of a row, whatever is behind it. */
export function refused(row: RejectCase): Outcome {
  const inBody = row.where === "body";
  const targets = [...row.messages.map(({ target }) => target), ...(inBody ? ["/"] : [])];
  return {
    seen: [...row.messages.map(seenOf), ...(inBody ? [unfinished(row)] : [])],
    targets,
    got: [...row.messages.map(({ body }) => ({ status: 200, body, closes: false, complete: true })), errorOf(row)],
    continues: 0,
    answered: targets.length,
    closed: true,
  };
}

/** The same with a leader before the row. */
export function behindLeader({ seen, targets, got, answered, ...rest }: Outcome): Outcome {
  const first = { status: 200, body: leader.body, closes: false, complete: true };
  return {
    ...rest,
    seen: [leader, ...seen],
    targets: ["/leader", ...targets],
    got: [first, ...got],
    answered: answered + 1,
  };
}

/** Sends pieces by a pushed connection and waits for the server to close it of its own accord. */
export function pushed(servers: CaseServers, { limits }: RejectCase, pieces: Iterable<Uint8Array>): Promise<Outcome> {
  const server = servers.with(limits);
  return server.run(server.pushed.connect(), pieces, Number.POSITIVE_INFINITY);
}
