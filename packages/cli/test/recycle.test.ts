// Workers that are replaced before they do harm: after so many requests, with so much memory, at such an age.

import { describe, expect, test } from "vitest";
import { type ServingCommand, serve } from "./support/command.ts";
import { ask, underLoad } from "./support/load.ts";
import { ended, served, servedCount } from "./support/workers.ts";

/** Holds one more piece of memory for each request of `/leak`; `/slow` takes its time. */
const APP = `
const kept = [];
export default async (environ, startResponse) => {
  startResponse("200 OK", []);
  if (environ.PATH_INFO === "/leak") kept.push(Buffer.alloc(50 * 1024 * 1024, 1));
  if (environ.PATH_INFO === "/slow") await new Promise((resolve) => setTimeout(resolve, 2500));
  return ["app " + process.pid];
};`;
const run = (...args: string[]): Promise<ServingCommand> =>
  serve(["-w", "1", "--access-log", "off", ...args, "app.mjs"], { "app.mjs": APP });

describe("a worker is replaced, and finishes what it has", () => {
  test("after so many requests", async () => {
    const command = await run("--max-requests", "10");
    const [first] = served(command);
    const slow = ask(command.url, "/slow");
    for (let i = 0; i < 12; i++) await ask(command.url);
    await command.printed(new RegExp(`worker ${first} has answered \\d+ requests: it is replaced`));
    const [, second] = await servedCount(command, 2);
    expect((await slow).body).toBe(`app ${first}`);
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
    const command = await run("--max-age", "1");
    const [first] = served(command);
    const slow = ask(command.url, "/slow");
    await command.printed(new RegExp(`worker ${first} is \\d+ s old: it is replaced`));
    expect((await slow).body).toBe(`app ${first}`);
    await ended(first as number);
  });
});

test("one that cannot be replaced goes on, and the next try waits", async () => {
  const command = await serve(["-w", "1", "--max-requests", "5", "--access-log", "off", "app.mjs"], {
    "app.mjs": `import { mkdirSync } from "node:fs";\nmkdirSync("only-once");\n${APP}`,
  });
  const [first] = served(command);
  for (let i = 0; i < 6; i++) await ask(command.url);
  await command.printed(/could not begin/);
  const load = await underLoad(command.url, () => new Promise((resolve) => setTimeout(resolve, 2200)));
  expect(load.failures).toEqual([]);
  expect([...load.bodies.keys()]).toEqual([`app ${first}`]);
  expect(command.output.match(/could not begin/g)).toHaveLength(1);
});
