// Bodies, files and promises that misbehave: the client sees a whole answer or one that it cannot take for whole, the operator
// reads what went wrong, and nothing is left open.

import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { BODY_FAULTS, removeFiles } from "./faults/bodies.ts";
import { FaultServer } from "./faults/runner.ts";
import { serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";
import { get } from "./wire/wire.ts";

let served: FaultServer;

beforeAll(() => {
  served = new FaultServer();
});

afterAll(async () => {
  await served.close();
  removeFiles();
});

test.each(BODY_FAULTS.map((fault) => [fault.name, fault] as const))("%s", async (_name, fault) => {
  await served.try(fault);
});

test.skipIf(process.platform === "win32")(
  "closes a file that was still being opened when the client left",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "wsgi-faults-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "fifo"); // is opened only when somebody opens its other end
    execFileSync("mkfifo", [path]);
    const pipeline = await serve((environ, startResponse) => {
      startResponse("200 OK", []);
      return environ["wsgi.file_wrapper"](path);
    });
    const client = await pipeline.connect();
    client.send(get());
    await until(() => pipeline.server.counters.active === 1);
    client.reset();
    await pipeline.exchange();
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    await (await open(path, "w")).close();
    await until(() => !isRead(path));
    await turn();
    expect(warnings).toEqual([]); // the garbage collector closes what is forgotten, and warns
  },
);

/** Whether anybody has the other end of a FIFO open. */
function isRead(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "ENXIO" });
    return false;
  }
}
