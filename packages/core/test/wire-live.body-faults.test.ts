// Every row whose fault lies in the body, where the application does not let the fault through: what it answers goes
// out, the connection ends all the same, and nothing behind the fault is read as a request.

import { afterAll, describe, expect, test, vi } from "vitest";
import type { Application } from "../src/index.ts";
import type { RejectCase } from "./wire/cases.ts";
import { CaseServers, FOLLOWER, type Outcome, readBody, seenBy } from "./wire/live.ts";
import { rejectCases } from "./wire/reject-cases.ts";
import { inSmallPieces, started } from "./wire/ways.ts";

vi.setConfig({ testTimeout: 60_000 }); // the first test of a group waits for all rows of it

/** Answers whatever it has got, with what was wrong. */
const forgiving: Application = async (environ, startResponse) => {
  const seen = seenBy(environ);
  await readBody(environ, seen).catch(() => {});
  startResponse("200 OK", []);
  return `had ${seen.body.length} bytes, then ${seen.fault}`;
};

/** Begins its answer, and reads then. */
const hasty: Application = async (environ, startResponse) => {
  const seen = seenBy(environ);
  await startResponse("200 OK", [])("begun, ");
  await readBody(environ, seen).catch(() => {});
  return `then ${seen.fault}`;
};

/** Answers at once and reads nothing. */
const indifferent: Application = (environ, startResponse) => {
  seenBy(environ);
  startResponse("200 OK", []);
  return "unread";
};

const bodyFaults = rejectCases.filter(({ where }) => where === "body");
const rows = bodyFaults.map((row) => [row.name, row] as const);

describe.each([
  ["catches the fault", forgiving, ({ body, code }: RejectCase) => `had ${body.length} bytes, then ${code}`, true],
  ["has begun its answer", hasty, ({ code }: RejectCase) => `begun, then ${code}`, false],
  ["does not read the body", indifferent, () => "unread", false],
] as const)("an application that %s", (_, application, answer, closes) => {
  const servers = new CaseServers(application);
  afterAll(() => servers.close());

  async function answered({ limits }: RejectCase, pieces: Iterable<Uint8Array>): Promise<Outcome> {
    const server = servers.with(limits);
    return server.run(await server.tcp.connect(), pieces, Number.POSITIVE_INFINITY);
  }

  describe.each([
    ["whole, with another request right behind it", (bytes: Buffer) => [Buffer.concat([bytes, FOLLOWER])]],
    ["byte by byte", inSmallPieces],
  ])("%s", (_, pieces) => {
    const outcomes = started(bodyFaults, (row) => answered(row, pieces(row.bytes)));

    test.each(rows)("is the last of its connection after %s", async (_, row) => {
      const { got, seen, targets, closed } = await outcomes.of(row);
      expect(got).toEqual([{ status: 200, body: answer(row), closes, complete: true }]);
      expect(seen).toHaveLength(1);
      expect(targets).toEqual(["/"]);
      expect(closed).toBe(true);
    });
  });
});
