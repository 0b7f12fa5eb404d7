// Worker processes: how many there are, what becomes of those that crash or cannot begin, and how new code comes in.

import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderWith, HELLO, runCommand, type ServingCommand, serve, startCommand, textOf } from "./support/command.ts";
import { ask, underLoad } from "./support/load.ts";
import { takeOver } from "./support/takeover.ts";
import {
  answeredBy,
  answeringVersion,
  childrenOf,
  ended,
  eventually,
  RELEASED,
  release,
  served,
  servedCount,
} from "./support/workers.ts";

const QUIET = ["--access-log", "off"];

describe("how many", () => {
  test("as --workers says, and each of them answers", async () => {
    const command = await serve(["--workers", "2", ...QUIET, "app.mjs"], { "app.mjs": answeringVersion("app") });
    expect(command.output).toContain("(2 workers, ready");
    const workers = served(command);
    expect(childrenOf(command.pid).sort()).toEqual(workers.sort());
    expect(await answeredBy(command.url, 2)).toEqual(new Set(workers.map((pid) => `app ${pid}`)));
  });

  test("as WEB_CONCURRENCY says; a flag goes before it", async () => {
    const env = { WEB_CONCURRENCY: "3" };
    const [three, one] = await Promise.all([
      serve(["app.mjs"], { "app.mjs": HELLO }, { env }),
      serve(["-w", "1", "app.mjs"], { "app.mjs": HELLO }, { env }),
    ]);
    expect(three.output).toContain("(3 workers, ready");
    expect(one.output).toContain("(1 worker, ready");
  });

  test("one for each processor when that is asked for", async () => {
    const { availableParallelism } = await import("node:os");
    const command = await serve(["--workers", "auto", "app.mjs"]);
    expect(served(command)).toHaveLength(availableParallelism());
  });

  test("the supervisor loads nothing of the application", async () => {
    const command = await serve(["-w", "2", "app.mjs"], {
      "app.mjs": `import { writeFileSync } from "node:fs"; writeFileSync("loaded-" + process.pid, "");\n${HELLO}`,
    });
    const loaded = readdirSync(command.folder).filter((name) => name.startsWith("loaded-"));
    expect(loaded.sort()).toEqual(
      served(command)
        .map((pid) => `loaded-${pid}`)
        .sort(),
    );
    expect(loaded).not.toContain(`loaded-${command.pid}`);
  });
});

describe("a worker that crashes", () => {
  test("comes back, and waits longer each time", async () => {
    const command = await serve(["-w", "1", ...QUIET, "app.mjs"], {
      "app.mjs": `${answeringVersion("app")}setTimeout(() => process.exit(7), 20);`,
    });
    await servedCount(command, 5);
    expect(command.output).toMatch(/worker \d+ ended unexpectedly \(code 7\) after \d+\.\d s/);
    const delays = [...command.output.matchAll(/the next worker starts in (\S+) s/g)].map(([, text]) => Number(text));
    expect(delays.slice(0, 3)).toEqual([0.1, 0.2, 0.4]);
  });

  test("tells what it died of, and the others go on", async () => {
    const command = await serve(["-w", "2", ...QUIET, "app.mjs"], {
      "app.mjs": `export default (environ, startResponse) => {
  if (environ.PATH_INFO === "/crash") setTimeout(() => { throw new Error("out of the blue"); });
  startResponse("200 OK", []);
  return ["app " + process.pid];
};`,
    });
    await ask(command.url, "/crash");
    await command.printed(/out of the blue/);
    await command.printed(/ended unexpectedly \(code 1\)/);
    expect(await textOf(command.url)).toMatch(/^app /);
    expect(await servedCount(command, 3)).toHaveLength(3);
  });

  test("comes back when it was killed while others were replaced, and after a replacement that failed", async () => {
    const command = await serve(["-w", "2", ...QUIET, "app.mjs"], { "app.mjs": answeringVersion("old") });
    await hup(command, { "app.mjs": oneGoodThenBroken("new") }, /the new version does not serve/);
    const [, , fresh] = served(command); // one is new, one is old
    writeFileSync(join(command.folder, "app.mjs"), answeringVersion("mended"));
    process.kill(fresh as number, "SIGKILL");
    await servedCount(command, 4);
    expect(await answeredBy(command.url, 2)).toContain(`mended ${served(command)[3]}`);
  });
});

describe("a start that cannot succeed ends the command", () => {
  const CAUSES: readonly [string, string, RegExp][] = [
    ["throws", `throw new Error("no database");`, /could not begin: app\.mjs cannot be loaded: no database/],
    ["has a syntax error", "export default (", /could not begin: app\.mjs cannot be loaded: .*SyntaxError/],
    ["throws and holds a timer", `setInterval(() => {}, 1000); throw new Error("no database");`, /no database/],
    ["exports nothing", "", /could not begin: .*expected an application/],
    ["exits", "process.exit(9);", /ended unexpectedly \(code 9\)[\s\S]*workers end before they serve: giving up/],
    ["is killed", `process.kill(process.pid, "SIGKILL");`, /ended unexpectedly \(SIGKILL\)[\s\S]*giving up/],
    ["hangs", "await new Promise(() => setInterval(() => {}, 1000));", /within the boot timeout of 1 s/],
    ["does not move", "for (;;);", /within the boot timeout of 1 s/],
  ];
  for (const [name, text, message] of CAUSES) {
    test(`when the application ${name}`, async () => {
      const cwd = folderWith({ "app.mjs": text });
      const started = performance.now();
      const { code, stderr } = await runCommand(["-w", "2", "-b", "127.0.0.1:0", "--boot-timeout", "1", "app.mjs"], {
        cwd,
      });
      expect(code).toBe(1);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain("is served on");
      expect(performance.now() - started).toBeLessThan(10_000);
    });
  }

  test("when a key cannot be read", async () => {
    const cwd = folderWith({ "app.mjs": HELLO, "cert.pem": "not a certificate" });
    const { code, stderr } = await runCommand(
      ["-w", "2", "-b", "127.0.0.1:0", "--certfile", "cert.pem", "--keyfile", "none.pem", "app.mjs"],
      { cwd },
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/could not begin: .*none\.pem/);
  });
});

describe("HUP", () => {
  const BROKEN: readonly [string, string, RegExp][] = [
    ["has a syntax error", "export default (", /could not begin: app\.mjs cannot be loaded: .*SyntaxError/],
    ["throws", `throw new Error("no database");`, /could not begin: app\.mjs cannot be loaded: no database/],
    ["exits", "process.exit(9);", /ended unexpectedly \(code 9\)/],
    ["hangs", "await new Promise(() => setInterval(() => {}, 1000));", /within the boot timeout of 2 s/],
  ];
  for (const [name, text, message] of BROKEN) {
    test(`leaves the old code serving when the new one ${name}, and says why`, async () => {
      const command = await serve(["-w", "2", ...QUIET, "--boot-timeout", "2", "app.mjs"], {
        "app.mjs": answeringVersion("old"),
      });
      const old = served(command);
      const load = await underLoad(command.url, async () => {
        await hup(command, { "app.mjs": text }, /the new version does not serve: the old one goes on/);
      });
      expect(load.failures).toEqual([]);
      expect(command.output).toMatch(message);
      expect(await answeredBy(command.url, 2)).toEqual(new Set(old.map((pid) => `old ${pid}`)));
      await hup(command, { "app.mjs": answeringVersion("mended") }, /all workers are new/);
      await ended(...old);
      for (const body of await answeredBy(command.url, 2)) expect(body).toMatch(/^mended /);
    });
  }

  test("makes no request wait for new code that takes long to load", async () => {
    const command = await serve(["-w", "1", ...QUIET, "app.mjs"], { "app.mjs": answeringVersion("old") });
    const loading = `${RELEASED}import { writeFileSync } from "node:fs";
writeFileSync("loading", "");
await released();
${answeringVersion("new")}`;
    const reloaded = hup(command, { "app.mjs": loading }, /all workers are new/);
    await eventually(() => readdirSync(command.folder).includes("loading"));
    for (let round = 0; round < 10; round++) {
      const replies = await Promise.all(Array.from({ length: 8 }, () => ask(command.url)));
      for (const { body } of replies) expect(body).toMatch(/^old /);
    }
    release(command);
    await reloaded;
  });

  test("twice in a moment replaces all twice, one after the other", async () => {
    const command = await serve(["-w", "2", ...QUIET, "app.mjs"], { "app.mjs": answeringVersion("old") });
    command.kill("SIGHUP");
    await command.printed(/replacing 2 workers/);
    command.kill("SIGHUP");
    await command.printed(/all workers are new[\s\S]*all workers are new/);
    const [, , , , ...last] = served(command);
    expect(last).toHaveLength(2);
    await ended(...served(command).slice(0, 4));
    expect(childrenOf(command.pid).sort()).toEqual(last.sort());
  });

  test("while workers start replaces these", async () => {
    const cwd = folderWith({
      "app.mjs": `${RELEASED}import { writeFileSync } from "node:fs";
writeFileSync("loading-" + process.pid, "");
await released();
${answeringVersion("app")}`,
    });
    const command = startCommand(["-w", "2", "-b", "127.0.0.1:0", "app.mjs"], { cwd });
    await eventually(() => readdirSync(cwd).some((name) => name.startsWith("loading-")));
    command.kill("SIGHUP");
    await command.printed(/replacing 2 workers/);
    release(command);
    await command.printed(/all workers are new/);
    await command.printed(/is served on/);
    await eventually(() => childrenOf(command.pid).length === 2);
    const started = readdirSync(cwd).filter((name) => name.startsWith("loading-"));
    expect(started).toHaveLength(4);
  });

  test("replaces those that came of a version which failed later on, too", async () => {
    const command = await serve(["-w", "2", ...QUIET, "app.mjs"], { "app.mjs": answeringVersion("old") });
    await hup(command, { "app.mjs": oneGoodThenBroken("half") }, /the new version does not serve/);
    await hup(command, { "app.mjs": answeringVersion("whole") }, /all workers are new/);
    await ended(...served(command).slice(0, 3));
    for (const body of await answeredBy(command.url, 2)) expect(body).toMatch(/^whole /);
  });

  test("reads the configuration again: what is in every environ, how many workers, how long to drain", async () => {
    const echo = `export default (environ, startResponse) => {
  const until = performance.now() + (environ.PATH_INFO === "/busy" ? 5 : 0);
  while (performance.now() < until);
  startResponse("200 OK", []);
  return [environ["mark"] + " " + process.pid];
};`;
    const command = await serve(["app.mjs"], {
      "app.mjs": echo,
      "wsgi.config.json": JSON.stringify({ workers: 2, accessLog: "off", environ: { mark: "old" } }),
    });
    const settings = { workers: 3, accessLog: "off", environ: { mark: "new" }, drainDelay: 1 };
    await hup(command, { "wsgi.config.json": JSON.stringify(settings) }, /all workers are new/);
    await servedCount(command, 5);
    await ended(...served(command).slice(0, 2));
    for (const body of await answeredBy(command.url, 3)) expect(body).toMatch(/^new /);
    const load = await underLoad(
      command.url,
      async (load) => {
        command.kill("SIGTERM");
        await command.printed(/finishing the requests there are/);
        const { answered } = load;
        await load.allGone();
        expect(load.answered).toBeGreaterThan(answered + 10); // served on for the delay
      },
      { fresh: 0, leaves: true },
    );
    expect(load.failures).toEqual([]);
  });
});

describe("TTIN and TTOU", () => {
  test("change how many there are, one at the least, and HUP keeps that", async () => {
    const command = await serve(["-w", "1", ...QUIET, "app.mjs"], { "app.mjs": answeringVersion("app") });
    command.kill("SIGTTIN");
    await command.printed(/2 workers from now on/);
    await servedCount(command, 2);
    await hup(command, {}, /all workers are new/);
    await eventually(() => childrenOf(command.pid).length === 2);
    for (const expected of [1, 1]) {
      const seen = command.output.length;
      command.kill("SIGTTOU");
      await command.printed(new RegExp(`${expected} workers from now on`), seen);
    }
    await eventually(() => childrenOf(command.pid).length === 1);
    expect(await textOf(command.url)).toMatch(/^app /);
  });

  test("TTOU takes away none that is being put in another one's place", async () => {
    const command = await serve(["-w", "2", ...QUIET, "app.mjs"], { "app.mjs": answeringVersion("old") });
    const slow = `${RELEASED}await released();\n${answeringVersion("new")}`;
    const reloaded = hup(command, { "app.mjs": slow }, /all workers are new/);
    await eventually(() => childrenOf(command.pid).length === 3);
    command.kill("SIGTTOU");
    await command.printed(/1 workers from now on/);
    release(command);
    await reloaded;
    await eventually(() => childrenOf(command.pid).length === 1);
    expect(await textOf(command.url)).toMatch(/^new /);
  });
});

test("the program that takes over follows --chdir from where the first one did", async () => {
  const command = await serve(["-w", "1", "--chdir", "site", "app.mjs"], { "site/app.mjs": HELLO });
  await takeOver(command);
  await ended(command.pid);
  expect(await textOf(command.url)).toBe("hello");
});

/** Changes files, sends HUP, and resolves when the command has said that. */
async function hup(command: ServingCommand, files: Record<string, string>, said: RegExp): Promise<void> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(command.folder, name), text);
  const seen = command.output.length;
  command.kill("SIGHUP");
  await command.printed(said, seen);
}

/** The first process that loads it serves; the next ones fail. */
function oneGoodThenBroken(version: string): string {
  return `import { mkdirSync } from "node:fs";
mkdirSync("taken-${version}");
${answeringVersion(version)}`;
}
