// Workers that are replaced before they do harm: after so many requests, with so much memory, at such an age.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ServingCommand, serve } from "./support/command.ts";
import { ask, underLoad } from "./support/load.ts";
import { freePort } from "./support/ports.ts";
import { ended, served, servedCount } from "./support/workers.ts";

/** Holds one more piece of memory for each request of `/leak`; `/held` is answered when the file `release` is there. */
const APP = `
import { existsSync } from "node:fs";
const kept = [];
export default async (environ, startResponse) => {
  startResponse("200 OK", []);
  if (environ.PATH_INFO === "/leak") kept.push(Buffer.alloc(50 * 1024 * 1024, 1));
  while (environ.PATH_INFO === "/held" && !existsSync("release")) await new Promise((resolve) => setTimeout(resolve, 10));
  return ["app " + process.pid];
};`;
const run = (...args: string[]): Promise<ServingCommand> =>
  serve(["-w", "1", "--access-log", "off", ...args, "app.mjs"], { "app.mjs": APP });

function release({ folder }: ServingCommand): void {
  writeFileSync(join(folder, "release"), "");
}

describe("a worker is replaced, and finishes what it has", () => {
  test("after so many requests", async () => {
    const command = await run("--max-requests", "10");
    const [first] = served(command);
    const held = ask(command.url, "/held");
    for (let i = 0; i < 12; i++) await ask(command.url);
    await command.printed(new RegExp(`worker ${first} has answered \\d+ requests: it is replaced`));
    const [, second] = await servedCount(command, 2);
    release(command);
    expect((await held).body).toBe(`app ${first}`);
    await ended(first as number);
    expect((await ask(command.url)).body).toBe(`app ${second}`);
    expect(command.output).not.toMatch(/unexpectedly|cut/);
  });

  test("with so much memory", async () => {
    const command = await run("--max-memory", "250m");
    const [first] = served(command);
    const load = await underLoad(command.url, async () => {
      for (let i = 0; i < 5; i++) await ask(command.url, "/leak");
      await command.printed(new RegExp(`worker ${first} takes \\d+ MiB: it is replaced`));
      await ended(first as number);
    });
    expect(load.failures).toEqual([]);
    expect(served(command)).toHaveLength(2);
  });

  test("at such an age", async () => {
    const command = await run("--max-age", "0.3");
    const [first] = served(command);
    const held = ask(command.url, "/held");
    await command.printed(new RegExp(`worker ${first} is \\d+ s old: it is replaced`));
    await servedCount(command, 2);
    release(command);
    expect((await held).body).toBe(`app ${first}`);
    await ended(first as number);
  });
});

test("one that cannot be replaced goes on, and the next try waits", async () => {
  const admin = await freePort();
  const args = ["-w", "1", "--max-requests", "5", "--access-log", "off", "--admin", String(admin), "app.mjs"];
  const command = await serve(args, {
    "app.mjs": `import { mkdirSync } from "node:fs";\nmkdirSync("only-once");\n${APP}`,
  });
  const [first] = served(command);
  for (let i = 0; i < 6; i++) await ask(command.url);
  await command.printed(/could not begin/);
  const load = await underLoad(command.url, async () => {
    // Each makes the worker tell of itself, and the supervisor look whether it is to be replaced.
    for (let i = 0; i < 3; i++) await ask(`http://127.0.0.1:${admin}/status`);
  });
  expect(load.failures).toEqual([]);
  expect([...load.bodies.keys()]).toEqual([`app ${first}`]);
  expect(command.output.match(/it is replaced|could not begin/g)).toEqual(["it is replaced", "could not begin"]);
});
