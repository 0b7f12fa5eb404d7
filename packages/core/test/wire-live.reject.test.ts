// Every row that is refused, sent to a running server in every way: one complete answer, the end of the connection, and
// nothing behind the fault is ever read as a request.

import { afterAll, describe, expect, test, vi } from "vitest";
import { PROTOCOL_ERRORS } from "../src/errors.ts";
import { HOST, message, type RejectCase } from "./wire/cases.ts";
import { cutAt } from "./wire/drive.ts";
import { CaseServers, FOLLOWER, type Got, LEADER, leader, type Outcome, type Seen, seenOf } from "./wire/live.ts";
import { rejectCases } from "./wire/reject-cases.ts";
import { differing, inSmallPieces, manyPositions, somePositions, started } from "./wire/ways.ts";

vi.setConfig({ testTimeout: 60_000 }); // the first test of a group waits for all rows of it

const servers = new CaseServers();
afterAll(() => servers.close());

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
function refused(row: RejectCase): Outcome {
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

function behindLeader({ seen, targets, got, answered, ...rest }: Outcome): Outcome {
  const first = { status: 200, body: leader.body, closes: false, complete: true };
  return {
    ...rest,
    seen: [leader, ...seen],
    targets: ["/leader", ...targets],
    got: [first, ...got],
    answered: answered + 1,
  };
}

/** Sends pieces over TCP and waits for the server to close the connection of its own accord. */
async function overTcp({ limits }: RejectCase, pieces: Iterable<Uint8Array>): Promise<Outcome> {
  const server = servers.with(limits);
  return server.run(await server.tcp.connect(), pieces, Number.POSITIVE_INFINITY);
}

function pushed({ limits }: RejectCase, pieces: Iterable<Uint8Array>): Promise<Outcome> {
  const server = servers.with(limits);
  return server.run(server.pushed.connect(), pieces, Number.POSITIVE_INFINITY);
}

const rows = rejectCases.map((row) => [row.name, row] as const);

describe("over a socket, whole", () => {
  const outcomes = started(rejectCases, (row) => overTcp(row, [row.bytes]));

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual(refused(row));
  });
});

describe("over a socket, with another request right behind it", () => {
  const outcomes = started(rejectCases, (row) => overTcp(row, [Buffer.concat([row.bytes, FOLLOWER])]));

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual(refused(row));
  });
});

describe("over a socket, byte by byte", () => {
  const outcomes = started(rejectCases, (row) => overTcp(row, inSmallPieces(row.bytes)));

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual(refused(row));
  });
});

describe("over a socket, split in two at some places", () => {
  const outcomes = started(rejectCases, async (row) =>
    differing(somePositions(row.bytes), await pushed(row, [row.bytes]), (at) => overTcp(row, cutAt(row.bytes, [at]))),
  );

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual({});
  });
});

describe("over a socket, between other requests", () => {
  const outcomes = started(rejectCases, (row) => overTcp(row, [Buffer.concat([LEADER, row.bytes, FOLLOWER])]));

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual(behindLeader(refused(row)));
  });
});

describe("over a pushed connection, split in two at every place", () => {
  const outcomes = started(rejectCases, async (row) => {
    const whole = await pushed(row, [row.bytes]);
    return {
      whole,
      others: await differing(manyPositions(row.bytes), whole, (at) => pushed(row, cutAt(row.bytes, [at]))),
    };
  });

  test.each(rows)("refuses %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual({ whole: refused(row), others: {} });
  });
});
