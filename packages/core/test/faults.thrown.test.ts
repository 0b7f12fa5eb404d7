// Whatever an application throws, at whatever point: the client sees a whole answer or one that it cannot take for whole, the
// operator reads one line, and nobody else is harmed.

import { afterAll, beforeAll, test } from "vitest";
import { FaultServer } from "./faults/runner.ts";
import { THROWN_FAULTS } from "./faults/thrown.ts";

let served: FaultServer;

beforeAll(() => {
  served = new FaultServer();
});

afterAll(() => served.close());

test.each(THROWN_FAULTS.map((fault) => [fault.name, fault] as const))("%s", async (_name, fault) => {
  await served.try(fault);
});
