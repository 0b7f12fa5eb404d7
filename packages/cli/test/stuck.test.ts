// Workers whose event loop does not move: named with what they hold and where they are, and replaced.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { type Files, folderWith, serve, startCommand } from "./support/command.ts";
import { ask, underLoad } from "./support/load.ts";
import { freePort } from "./support/ports.ts";
import { ended, eventually, served, servedCount } from "./support/workers.ts";

const APP = `
import { execSync } from "node:child_process";
const shared = new Int32Array(new SharedArrayBuffer(4));
const ways = {
  "/loop": function spin() {
    for (;;);
  },
  "/wait": () => Atomics.wait(shared, 0, 0),
  "/call": () => execSync("exec sleep 30"),
};
export default (environ, startResponse) => {
  startResponse("200 OK", []);
  ways[environ.PATH_INFO]?.();
  return ["app " + process.pid];
};`;

describe("a worker that is stuck", () => {
  test("in a loop is named with its request and its place in the source, and others serve meanwhile", async () => {
    const command = await serve(["-w", "2", "--worker-timeout", "0.8", "app.mjs"], { "app.mjs": APP });
    const workers = served(command);
    const stuck = ask(command.url, "/loop").then(
      () => "answered",
      () => "lost",
    );
    const [, victim] = await command.printed(
      /\((\d+)\) the event loop has been stuck for 0\.8 s: this worker is replaced/,
    );
    expect(workers).toContain(Number(victim));
    const other = workers.find((pid) => pid !== Number(victim));
    expect((await ask(command.url)).body).toBe(`app ${other}`);
    expect(await stuck).toBe("lost");
    await command.printed(/ended unexpectedly \(SIGKILL\)/);
    expect(command.output).toMatch(/in flight: GET \/loop of 127\.0\.0\.1 for \d\.\d s/);
    expect(command.output).toMatch(/at spin \(.*\/app\.mjs:6:\d+\)/);
    const [, , fresh] = await servedCount(command, 3);
    expect(fresh).toBeGreaterThan(0);
  });

  describe("is told by the lines that somebody wrote", () => {
    const TYPED = `interface Reply {
  readonly status: string;
}
type Start = (status: string, headers: readonly []) => void;
   export function spin(reply: Reply): never { for (;;) reply.status.length; }
export default (_environ: object, startResponse: Start): string[] => {
  startResponse("200 OK", []);
  return [spin({ status: "x" })];
};`;

    const frames = async (files: Files, app: string): Promise<string> => {
      const command = await serve(["-w", "1", "--worker-timeout", "0.4", app], files);
      await ask(command.url).catch(() => {});
      await command.printed(/ended unexpectedly \(SIGKILL\)/);
      return command.output.replaceAll(command.folder, "CWD");
    };

    test.each(["module", "commonjs"])("TypeScript in a package of type %s", async (type) => {
      const files = { "app.ts": TYPED, "package.json": JSON.stringify({ type }) };
      expect(await frames(files, "app.ts")).toMatch(
        /at spin \(file:\/\/CWD\/app\.ts:5:\d+\)\n.*at .* \(file:\/\/CWD\/app\.ts:8:11\)/,
      );
    });

    test("what was compiled from TypeScript, by the source map beside it", async () => {
      const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, sourceMap: true };
      const { outputText, sourceMapText = "" } = ts.transpileModule(TYPED, {
        compilerOptions: options,
        fileName: "app.mts",
      });
      const map = JSON.stringify({ ...JSON.parse(sourceMapText), sources: ["../src/a b.ts"] });
      const files = {
        "dist/app.mjs": `${outputText.replace(/^\/\/# .*$/m, "")}//# sourceMappingURL=app.mjs.map\n`,
        "dist/app.mjs.map": map,
      };
      expect(await frames(files, "dist/app.mjs")).toMatch(/at spin \(file:\/\/CWD\/src\/a%20b\.ts:5:\d+\)/);
    });

    test("and by those that run when the map is not there", async () => {
      const files = { "app.mjs": `${APP}//# sourceMappingURL=none.map\n` };
      const command = await serve(["-w", "1", "--worker-timeout", "0.4", "app.mjs"], files);
      await ask(command.url, "/loop").catch(() => {});
      await command.printed(/at spin \(.*\/app\.mjs:6:\d+\)/);
    });
  });

  for (const path of ["/wait", "/call"]) {
    test(`outside of JavaScript (${path}) is named with its request and replaced too`, async () => {
      const command = await serve(["-w", "1", "--worker-timeout", "0.5", "app.mjs"], { "app.mjs": APP });
      const [victim] = served(command);
      const stuck = ask(command.url, path).then(
        () => "answered",
        () => "lost",
      );
      await command.printed(/the event loop has been stuck/);
      await command.printed(new RegExp(`in flight: GET ${path} of 127\\.0\\.0\\.1 for \\d\\.\\d s\n`));
      expect(await stuck).toBe("lost");
      const [, fresh] = await servedCount(command, 2);
      expect((await ask(command.url)).body).toBe(`app ${fresh}`);
      await ended(victim as number);
    });
  }

  test("is named in the error log, as JSON when that is asked for", async () => {
    const logs = ["--error-log", "error.log", "--log-json"];
    const cwd = folderWith({ "app.mjs": APP });
    const port = await freePort();
    startCommand(["-w", "1", "--worker-timeout", "0.3", ...logs, "-b", `127.0.0.1:${port}`, "app.mjs"], { cwd });
    const lines = (): { level: string; message: string }[] => {
      const path = join(cwd, "error.log");
      const text = existsSync(path) ? readFileSync(path, "utf8") : "";
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
    };
    await eventually(() => lines().some(({ message }) => message.includes("is served on")));
    await ask(`http://127.0.0.1:${port}/loop?a=b`).catch(() => {});
    await eventually(() => lines().some(({ message }) => message.includes("ended unexpectedly (SIGKILL)")));
    const [stuck, request, ...places] = lines().filter(({ message }) => /stuck|in flight|^\(\d+\) {3}at/.test(message));
    expect(stuck).toMatchObject({ level: "error", message: expect.stringMatching(/stuck for 0\.3 s/) });
    expect(request?.message).toMatch(/in flight: GET \/loop of 127\.0\.0\.1/);
    expect(places[0]?.message).toMatch(/at spin/);
  });

  test("is left alone with --worker-timeout 0", async () => {
    const command = await serve(["-w", "2", "--worker-timeout", "0", "--graceful-timeout", "0.2", "app.mjs"], {
      "app.mjs": `export default (environ, startResponse) => {
  startResponse("200 OK", []);
  const until = performance.now() + (environ.PATH_INFO === "/long" ? 3800 : 0); // longer than silence is borne
  while (performance.now() < until);
  return ["app " + process.pid];
};`,
    });
    expect((await ask(command.url, "/long")).body).toMatch(/^app /);
    expect(command.output).not.toMatch(/stuck|silent|unexpectedly/);
  });

  test("is not one that merely has much to do", async () => {
    const command = await serve(["-w", "1", "--worker-timeout", "2", "app.mjs"], {
      "app.mjs": `export default (environ, startResponse) => {
  startResponse("200 OK", []);
  const until = performance.now() + 100;
  while (performance.now() < until);
  return ["app " + process.pid];
};`,
    });
    const load = await underLoad(command.url, (load) => load.more(5), { keepAlive: 2, fresh: 0 }); // 25 without a pause
    expect(load.failures).toEqual([]);
    expect(command.output).not.toMatch(/stuck|silent|unexpectedly/);
  });
});
