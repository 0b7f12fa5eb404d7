// The end in order: not ready, served on for a while, the last answers, the deadline. In one process and with workers.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { type ServingCommand, serve, textOf } from "./support/command.ts";
import { ask } from "./support/load.ts";
import { freePort } from "./support/ports.ts";
import { eventually, isAlive } from "./support/workers.ts";

/** `/held` is answered when the file `release` is there; it keeps the reason for which it was given up. */
const APP = `
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
export default async (environ, startResponse) => {
  startResponse("200 OK", []);
  if (environ.PATH_INFO !== "/held") return ["hello"];
  const signal = environ["wsgi.signal"];
  signal.addEventListener("abort", () => writeFileSync("reason", String(signal.reason)));
  writeFileSync("begun", "");
  while (!existsSync("release")) await setTimeout(20);
  return ["released"];
};`;
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

describe.each(["0", "2"])("TERM with --workers %s", (workers) => {
  const run = (...args: string[]): Promise<ServingCommand> =>
    serve(["-w", workers, "--access-log", "off", ...args, "app.mjs"], { "app.mjs": APP });
  const connect = ({ url }: ServingCommand): Promise<Client> => Client.connect(Number(new URL(url).port));

  test("makes it not ready at once, and new connections are served until the drain delay is over", async () => {
    const port = await freePort();
    const command = await run("--admin", String(port), "--drain-delay", "1");
    const admin = `http://127.0.0.1:${port}`;
    expect(await ask(admin, "/ready")).toMatchObject({ status: 200, body: "ready\n" });
    command.kill("SIGTERM");
    await command.printed(/SIGTERM: finishing/);
    expect(await ask(admin, "/ready")).toMatchObject({ status: 503, body: "draining\n" });
    expect(await ask(admin, "/live")).toMatchObject({ status: 200 });
    const client = await connect(command);
    client.send(GET);
    expect(await client.receive("hello")).not.toMatch(/connection: close/i);
    client.leave();
    expect(await textOf(command.url)).toBe("hello");
    expect((await command.ended).code).toBe(0);
  });

  test("keeps the file of a unix socket until the drain delay is over", async () => {
    const command = await run("-b", "unix:app.sock", "--drain-delay", "0.8");
    const path = join(command.folder, "app.sock");
    command.kill("SIGTERM");
    await command.printed(/SIGTERM: finishing/);
    const client = await Client.connect(path);
    client.send(GET);
    await client.receive("hello");
    client.leave();
    expect((await command.ended).code).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test("gives idle connections a moment for a last request, and tells them that it is the last", async () => {
    const command = await run("--idle-grace", "0.8");
    const [busy, idle] = await Promise.all([connect(command), connect(command)]);
    for (const client of [busy, idle]) {
      client.send(GET);
      await client.receive("hello");
    }
    command.kill("SIGTERM");
    await command.printed(/wsgi exiting/);
    await eventually(() => command.output.match(/wsgi exiting/g)?.length === Math.max(1, Number(workers)));
    busy.received = "";
    busy.send(GET);
    expect(await busy.end()).toMatch(/connection: close[\s\S]*hello$/i);
    idle.received = "";
    expect(await idle.end()).toBe("");
    for (const client of [busy, idle]) client.leave();
    expect((await command.ended).code).toBe(0);
  });

  test("refuses connections while the last request is answered", async () => {
    const command = await run("--idle-grace", "0");
    const held = ask(command.url, "/held");
    await eventually(() => existsSync(join(command.folder, "begun")));
    command.kill("SIGTERM");
    await eventually(async () => {
      const outcome = await Promise.race([ask(command.url).then(() => "answered", String), held]);
      return String(outcome).includes("ECONNREFUSED");
    });
    expect(isAlive(command.pid)).toBe(true);
    writeFileSync(join(command.folder, "release"), "");
    expect((await held).body).toBe("released");
    expect((await command.ended).code).toBe(0);
  });

  test("cuts at the deadline what is left, tells the application why, and says so with its exit code", async () => {
    const command = await run("--graceful-timeout", "0.5");
    const held = ask(command.url, "/held").then(
      () => "answered",
      () => "cut",
    );
    await eventually(() => existsSync(join(command.folder, "begun")));
    const started = performance.now();
    const { code, stderr } = await command.stop();
    expect(await held).toBe("cut");
    expect(code).toBe(1);
    expect(performance.now() - started).toBeGreaterThan(450);
    expect(performance.now() - started).toBeLessThan(3000);
    expect(stderr).toContain("1 connections cut at the deadline");
    expect(readFileSync(join(command.folder, "reason"), "utf8")).toContain("its time to close was up");
  });
});
