// What real applications showed to be wrong, without a framework: so it is tested also where none is installed.

import { createHash, randomBytes } from "node:crypto";
import type { Application } from "@wsgi/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask } from "./support/ask.ts";
import { pythonWith, titled } from "./support/pythons.ts";
import { ServedPython, type ServeOptions } from "./support/serve-python.ts";

async function serve(options: ServeOptions): Promise<ServedPython> {
  const served = await ServedPython.start(options);
  onTestFinished(() => served[Symbol.asyncDispose]());
  return served;
}

const python = pythonWith("sys");

describe.skipIf(!python)(titled("an application", python, "there is no python3"), () => {
  test.each([1, 3])("bodies come whole that arrive before their turn, with %d threads", async (threads) => {
    const { port } = await serve({ python: { app: "plain:digest", threads } });
    const bodies = Array.from({ length: 12 }, (_, i) => randomBytes(100_000 + i * 20_000));
    const answers = await Promise.all(
      bodies.map((body) => ask(port, { method: "POST", path: "/", headers: { "Transfer-Encoding": "chunked" }, body })),
    );
    expect(answers.map((answer) => String(answer.body))).toEqual(
      bodies.map((body) => `${body.length} ${createHash("sha256").update(body).digest("hex")}`),
    );
  });

  test.each([
    ["/a/b", "/a/b/c", ["/a/b", "/c"]],
    ["/ö", "/%C3%B6/%C3%BC", ["/\\xc3\\xb6", "/\\xc3\\xbc"]],
    ["/ö", "/%C3%B6/%FF%C3%BC", ["/\\xc3\\xb6", "/\\xff\\xc3\\xbc"]],
    ["/✓", "/%E2%9C%93/%00", ["/\\xe2\\x9c\\x93", "/\\x00"]],
  ])("mounted under %s, %s is told in bytes", async (prefix, path, [script, rest]) => {
    const wrap =
      (application: Application): Application =>
      (environ, startResponse) => {
        environ.SCRIPT_NAME = prefix;
        environ.PATH_INFO = environ.PATH_INFO.slice(prefix.length);
        return application(environ, startResponse);
      };
    const { port } = await serve({ python: { app: "plain:path" }, wrap });
    expect(String((await ask(port, { path })).body)).toBe(`('${script}', '${rest}')`);
  });

  test.each([1, 2])("processes that it has started end when they are told to, with %d threads", async (threads) => {
    const served = await serve({ python: { app: "plain:processes", threads } });
    const pids = (): unknown[] => served.application.processes.map(({ pid }) => pid);
    const before = pids();
    expect(JSON.parse(String((await ask(served.port, { path: "/" })).body))).toEqual({
      pool: [1, 4, 9],
      terminated: -15,
      interrupted: -2,
    });
    await ask(served.port, { path: "/" }); // what a child had said would have come before this
    expect(pids()).toEqual(before);
    expect(served.log).not.toContain("SIGTERM");
  });

  test("headers that ask for the connection to be kept are left out, as gunicorn does", async () => {
    const { port } = await serve({ python: { app: "plain:hops" } });
    const answer = await ask(port, { path: "/" });
    expect([answer.status, String(answer.body)]).toEqual([200, "data: 1\n\n"]);
    expect(answer.headers.map(([name]) => name.toLowerCase())).not.toContain("keep-alive");
    const closing = await ask(port, { path: "/close" });
    expect(closing.headers).toContainEqual(["Connection", "close"]);
  });
});
