// Every row that is understood, sent to a running server in every way: what the application sees and what the client
// gets must not depend on how the bytes came.

import { afterAll, describe, expect, test, vi } from "vitest";
import { acceptCases } from "./wire/accept-cases.ts";
import { cutAt } from "./wire/drive.ts";
import { CaseServers, FOLLOWER, LEADER } from "./wire/live.ts";
import { expectations, pipelined, understood } from "./wire/understood.ts";
import { differing, inSmallPieces, manyPositions, somePositions, started } from "./wire/ways.ts";

vi.setConfig({ testTimeout: 60_000 }); // the first test of a group waits for all rows of it

const servers = new CaseServers();
afterAll(() => servers.close());

const rows = acceptCases.map((row) => [row.name, row] as const);

describe("over a socket, whole", () => {
  const outcomes = started(acceptCases, async ({ bytes, limits, messages }) => {
    const server = servers.with(limits);
    return server.run(await server.tcp.connect(), [bytes], messages.length);
  });

  test.each(rows)("understands %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual(understood(row));
  });
});

describe("over a socket, byte by byte", () => {
  const outcomes = started(acceptCases, async ({ bytes, limits, messages }) => {
    const server = servers.with(limits);
    return server.run(await server.tcp.connect(), inSmallPieces(bytes), messages.length);
  });

  test.each(rows)("understands %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual({ ...understood(row), continues: expectations(row) });
  });
});

describe("over a socket, split in two at some places", () => {
  const outcomes = started(acceptCases, (row) =>
    differing(somePositions(row.bytes), understood(row), async (at) => {
      const server = servers.with(row.limits);
      return server.run(await server.tcp.connect(), cutAt(row.bytes, [at]), row.messages.length);
    }),
  );

  test.each(rows)("understands %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual({});
  });
});

describe("over a socket, between other requests", () => {
  const outcomes = started(acceptCases, async (row) => {
    const server = servers.with(row.limits);
    const { got } = pipelined(row);
    return server.run(await server.tcp.connect(), [Buffer.concat([LEADER, row.bytes, FOLLOWER])], got.length);
  });

  test.each(rows)("understands %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual(pipelined(row));
  });
});

describe("over a pushed connection, split in two at every place", () => {
  const outcomes = started(acceptCases, (row) =>
    differing(manyPositions(row.bytes), understood(row), (at) => {
      const server = servers.with(row.limits);
      return server.run(server.pushed.connect(), cutAt(row.bytes, [at]), row.messages.length);
    }),
  );

  test.each(rows)("understands %s", async (_, row) => {
    expect(await outcomes.of(row)).toEqual({});
  });
});

describe("over a pushed connection, byte by byte between other requests", () => {
  test.each(rows)("understands %s", async (_, row) => {
    const server = servers.with(row.limits);
    const expected = { ...pipelined(row), continues: expectations(row) };
    const pieces = inSmallPieces(Buffer.concat([LEADER, row.bytes, FOLLOWER]));
    expect(await server.run(server.pushed.connect(), pieces, expected.got.length)).toEqual(expected);
  });
});
