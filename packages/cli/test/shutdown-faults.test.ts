// Ends that nobody planned, and what is still owed at an end that somebody did.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { COMMAND, folderWith, HELLO, serve, startCommand, textOf } from "./support/command.ts";
import { ask } from "./support/load.ts";
import { childrenOf, ended, eventually, isAlive, RELEASED, release } from "./support/workers.ts";

describe("when the supervisor is killed", () => {
  test("workers finish what they have, end by themselves, and the port is free", async () => {
    const command = await serve(["-w", "2", "app.mjs"], {
      "app.mjs": `${RELEASED}import { writeFileSync } from "node:fs";
export default async (environ, startResponse) => {
  startResponse("200 OK", []);
  if (environ.PATH_INFO === "/slow") {
    writeFileSync("begun", "");
    await released();
  }
  return ["whole"];
};`,
    });
    const workers = childrenOf(command.pid);
    const slow = ask(command.url, "/slow");
    await eventually(() => existsSync(join(command.folder, "begun")));
    command.kill("SIGKILL");
    await command.printed(/the supervisor is gone: finishing the requests there are/);
    release(command);
    expect((await slow).body).toBe("whole");
    await ended(...workers);
    const again = await serve(["-b", new URL(command.url).host, "app.mjs"]);
    expect(await textOf(again.url)).toBe("hello");
  });

  test("workers that were loading the application never serve", async () => {
    const cwd = folderWith({
      "app.mjs": `import { existsSync, writeFileSync } from "node:fs";
writeFileSync("loading", "");
while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 20));
${HELLO}`,
    });
    const command = startCommand(["-w", "1", "-b", "127.0.0.1:0", "app.mjs"], { cwd });
    await eventually(() => existsSync(join(cwd, "loading")));
    const workers = childrenOf(command.pid);
    command.kill("SIGKILL");
    await ended(command.pid);
    writeFileSync(join(cwd, "go"), "");
    await ended(...workers);
    expect(workers).toHaveLength(1);
    expect(command.output).not.toContain("starting up");
  });
});

describe.each(["0", "1"])("post hooks with --workers %s", (workers) => {
  const APP = `${RELEASED}import { appendFileSync } from "node:fs";
const hook = async (environ, isEndless) => {
  await (isEndless ? new Promise(() => setInterval(() => {}, 1000)) : released());
  appendFileSync("hooks", "ran ");
};
export default (environ, startResponse) => {
  environ["eventlet.posthooks"].push([hook, [environ.PATH_INFO === "/never"], {}]);
  startResponse("200 OK", []);
  return ["hello"];
};`;
  const hooks = (folder: string): string => {
    const path = join(folder, "hooks");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  };

  test("that are pending at the end are run", async () => {
    const command = await serve(["-w", workers, "--idle-grace", "0", "app.mjs"], { "app.mjs": APP });
    await Promise.all([textOf(command.url), textOf(command.url), textOf(command.url)]);
    command.kill("SIGTERM");
    await command.printed(/wsgi exiting/);
    expect(hooks(command.folder)).toBe("");
    release(command);
    expect((await command.ended).code).toBe(0);
    expect(hooks(command.folder)).toBe("ran ran ran ");
  });

  test("that take too long do not keep the command beyond the deadline", async () => {
    const args = ["-w", workers, "--idle-grace", "0", "--graceful-timeout", "1"];
    const command = await serve([...args, "app.mjs"], { "app.mjs": APP });
    await textOf(`${command.url}/never`);
    await textOf(command.url);
    release(command);
    expect((await command.stop()).code).toBe(0); // not killed, as it would be 3 s later
    expect(hooks(command.folder)).toBe("ran ");
  });
});

describe.each(["0", "1"])("without file descriptors, with --workers %s", (workers) => {
  test("goes on when clients have left", async () => {
    const through = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", process.execPath, COMMAND];
    const command = await serve(["-w", workers, "--access-log", "off", "app.mjs"], undefined, { through });
    const port = Number(new URL(command.url).port);
    const server = workers === "0" ? command.pid : (childrenOf(command.pid)[0] as number);
    const count = (): number => readdirSync(`/proc/${server}/fd`).length;
    const clients: Client[] = [];
    while (count() < 62 && clients.length < 100) clients.push(await Client.connect(port));
    for (let i = 0; i < 20; i++) clients.push(await Client.connect(port)); // beyond what there is
    await eventually(() => clients.some(({ closed, ended }) => closed || ended) || count() >= 62);
    for (const client of clients) client.reset();
    await eventually(() => count() < 50);
    expect(await textOf(command.url)).toBe("hello");
    expect(isAlive(server)).toBe(true);
    expect(command.output).not.toContain("unexpectedly");
    expect((await command.stop()).code).toBe(0);
  });
});
