// No request is lost, whatever happens to the workers: real clients ask all the while, from outside.

import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { turn } from "../../core/test/support/until.ts";
import { serve, textOf } from "./support/command.ts";
import { ask, type Load, underLoad } from "./support/load.ts";
import { freePort } from "./support/ports.ts";
import { takeOver } from "./support/takeover.ts";
import { answeringVersion, ended, eventually, RELEASED, release, served, servedCount } from "./support/workers.ts";

const FILES = { "app.mjs": answeringVersion("old") };
const QUIET = ["--access-log", "off"];

function expectNothingLost(load: Load): void {
  expect(load.failures).toEqual([]);
  expect(load.refused).toBe(0);
}

/** Every process that answered. */
function pids({ bodies }: Load): Set<number> {
  return new Set([...bodies.keys()].map((body) => Number(body.split(" ")[1])));
}

describe("no request fails", () => {
  test("when HUP replaces workers and code", async () => {
    const command = await serve(["-w", "2", ...QUIET, "app.mjs"], FILES);
    const old = await servedCount(command, 2);
    const load = await underLoad(command.url, async () => {
      writeFileSync(join(command.folder, "app.mjs"), answeringVersion("new"));
      command.kill("SIGHUP");
      await command.printed(/all workers are new/);
      await ended(...old);
    });
    expectNothingLost(load);
    expect(load.farewells).toBeGreaterThan(0);
    const fresh = served(command).slice(2);
    expect(fresh).toHaveLength(2);
    const after = await underLoad(command.url, (load) => load.more(200), { keepAlive: 0, fresh: 6 });
    expectNothingLost(after);
    for (const body of after.bodies.keys()) expect(body).toMatch(/^new /);
    for (const pid of pids(after)) expect(fresh).toContain(pid);
  });

  test("when HUP comes again and again", async () => {
    const command = await serve(["-w", "2", ...QUIET, "app.mjs"], FILES);
    const load = await underLoad(command.url, async () => {
      for (let round = 1; round <= 2; round++) {
        const seen = command.output.length;
        command.kill("SIGHUP");
        await command.printed(/all workers are new/, seen);
      }
    });
    expectNothingLost(load);
  });

  test("when a worker crashes between requests", async () => {
    const command = await serve(["-w", "1", ...QUIET, "app.mjs"], {
      "app.mjs": `
let timer;
export default (environ, startResponse) => {
  clearTimeout(timer);
  if (environ.PATH_INFO === "/crash-when-idle") timer = setTimeout(() => process.exit(3), 50);
  startResponse("200 OK", []);
  return ["app " + process.pid];
};`,
    });
    const [first] = await servedCount(command, 1);
    const load = await underLoad(command.url, async (load) => {
      await load.pause();
      await ask(command.url, "/crash-when-idle");
      await command.printed(/ended unexpectedly \(code 3\)/);
      await turn(); // the ends of kept connections came before; a client must have seen them, or it asks on a dead one
      load.resume(); // nobody serves yet
      await load.more(100);
    });
    expectNothingLost(load);
    expect(pids(load)).toEqual(new Set([first, served(command)[1]]));
  });

  test("when workers are replaced after so many requests", async () => {
    const command = await serve(
      ["-w", "2", "--max-requests", "100", "--max-requests-jitter", "50", ...QUIET, "app.mjs"],
      FILES,
    );
    const load = await underLoad(command.url, () => servedCount(command, 4));
    expectNothingLost(load);
    expect(command.output).toMatch(/has answered \d+ requests: it is replaced/);
    expect(load.answered).toBeGreaterThan(100);
  });

  test("when workers are replaced because of their age", async () => {
    const command = await serve(["-w", "2", "--max-age", "0.5", ...QUIET, "app.mjs"], FILES);
    const load = await underLoad(command.url, () => servedCount(command, 4));
    expectNothingLost(load);
    expect(command.output).toMatch(/is \d+ s old: it is replaced/);
  });

  test("when workers are added and taken away", async () => {
    const command = await serve(["-w", "1", ...QUIET, "app.mjs"], FILES);
    const [first] = await servedCount(command, 1);
    const load = await underLoad(command.url, async () => {
      command.kill("SIGTTIN");
      const [, second] = await servedCount(command, 2);
      command.kill("SIGTTOU");
      await ended(second as number);
    });
    expectNothingLost(load);
    const after = await underLoad(command.url, (load) => load.more(50), { keepAlive: 0, fresh: 4 });
    expect(pids(after)).toEqual(new Set([first]));
  });

  test("when USR2 lets a new program take over", async () => {
    const command = await serve(["-w", "2", ...QUIET, "app.mjs"], FILES);
    const load = await underLoad(command.url, async (load) => {
      writeFileSync(join(command.folder, "app.mjs"), answeringVersion("new"));
      const successor = await takeOver(command);
      await ended(command.pid);
      await load.body(/^new /);
      await load.more(100);
      expect(successor).not.toBe(command.pid);
    });
    expectNothingLost(load);
    expect(await textOf(command.url)).toMatch(/^new /);
  });

  for (const workers of ["0", "2"]) {
    test(`when TERM ends --workers ${workers}, and clients go when they are told to`, async () => {
      const port = await freePort();
      const delays = ["--drain-delay", "1.5", "--idle-grace", "0.5"];
      const command = await serve(["-w", workers, ...delays, "--admin", String(port), ...QUIET, "app.mjs"], FILES);
      // Those with a new connection for each request come through a balancer, which looks at /ready.
      const balanced = underLoad(
        command.url,
        async () => {
          await command.printed(/SIGTERM: finishing/);
          expect(await ask(`http://127.0.0.1:${port}/ready`)).toMatchObject({ status: 503, body: "draining\n" });
        },
        { keepAlive: 0, fresh: 3 },
      );
      const direct = underLoad(
        command.url,
        async (load) => {
          command.kill("SIGTERM");
          await balanced;
          const { answered } = load;
          await load.allGone();
          expect(load.answered).toBeGreaterThan(answered + 3); // more than a last one each: there was a drain delay
        },
        { keepAlive: 3, fresh: 0, leaves: true },
      );
      const loads = await Promise.all([balanced, direct]);
      for (const load of loads) expectNothingLost(load);
      expect(loads[1].farewells).toBe(3);
      expect((await command.ended).code).toBe(0);
      await expect(ask(command.url)).rejects.toThrow("ECONNREFUSED");
    });
  }
});

test("a worker that is killed loses what it was answering, and nothing else", async () => {
  const command = await serve(["-w", "2", ...QUIET, "app.mjs"], {
    "app.mjs": `${RELEASED}
import { writeFileSync } from "node:fs";
export default async (environ, startResponse) => {
  const [, kind, name] = environ.PATH_INFO.split("/");
  startResponse("200 OK", []);
  if (kind === "slow") {
    writeFileSync("begun-" + name, String(process.pid));
    await released();
  }
  return ["app " + process.pid];
};`,
  });
  await servedCount(command, 2);
  const agent = new http.Agent({ maxSockets: Infinity });
  const slow = Array.from({ length: 12 }, (_, index) => ask(command.url, `/slow/${index}`, agent));
  const outcome = Promise.allSettled(slow);
  const begunOn = (index: number): number => {
    try {
      return Number(readFileSync(join(command.folder, `begun-${index}`), "utf8"));
    } catch {
      return 0;
    }
  };
  await eventually(() => slow.every((_, index) => begunOn(index) > 0));
  const victim = begunOn(0);
  process.kill(victim, "SIGKILL");
  const load = await underLoad(command.url, (load) => load.more(100)); // who comes now loses nothing
  expectNothingLost(load);
  release(command);
  for (const [index, { status }] of (await outcome).entries()) {
    expect(status).toBe(begunOn(index) === victim ? "rejected" : "fulfilled");
  }
  expect(await servedCount(command, 3)).toHaveLength(3);
});
