// Python applications by the command: `wsgi app.py`, `wsgi package.module:name`; threads, mounts, reload, signals, and what the
// operator reads when something is wrong.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { answering, type Files, folderWith, runCommand, serve, textOf, writeFiles } from "./support/command.ts";
import { ask, underLoad } from "./support/load.ts";

/** An application that answers with what an expression of Python says. */
function python(expression: string, name = "application"): string {
  return `import os, sys, threading, time

def ${name}(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(${expression}).encode()]
`;
}

test("serves a file, and says what it serves", async () => {
  const running = await serve(["app.py"], { "app.py": python("'hello from ' + environ['PATH_INFO']") });
  expect(await textOf(`${running.url}/here`)).toBe("hello from /here");
  expect(running.stderr).toMatch(
    /app\.py, a Python application, is served on http:\S+ \(one process, ready in \d+ ms\)/,
  );
});

test.each<[string, readonly string[], Files]>([
  ["a module", ["shop.web:app"], { "shop/__init__.py": "", "shop/web.py": python("'here'", "app") }],
  ["a package", ["shop"], { "shop/__init__.py": python("'here'") }],
  ["a module without a name", ["web"], { "web.py": python("'here'", "app") }],
  ["a name in a file", ["web.py:inner"], { "web.py": python("'here'", "inner") }],
  [
    "a factory, as gunicorn says it",
    ["web:make()"],
    { "web.py": `${python("'here'")}\ndef make(): return application\n` },
  ],
  ["a factory", ["--factory", "web:make"], { "web.py": `${python("'here'")}\ndef make(): return application\n` }],
  ["a module by what is asked for", ["-i", "python", "wsgi_one"], { "wsgi_one.py": python("'here'") }],
])("serves %s", async (_what, args, files) => {
  const running = await serve(args, files);
  expect(await textOf(running.url)).toBe("here");
});

test("a file of JavaScript comes before a module of Python of the same name", async () => {
  const running = await serve(["web.mjs"], { "web.mjs": answering('"JavaScript"'), "web.py": python("'Python'") });
  expect(await textOf(running.url)).toBe("JavaScript");
});

test("--threads and --python-workers reach the environ", async () => {
  const app = python("(environ['wsgi.multithread'], environ['wsgi.multiprocess'])");
  const running = await serve(["--threads", "3", "--python-workers", "2", "app.py"], { "app.py": app });
  expect(await textOf(running.url)).toBe("(True, True)");
});

test("--mount serves Python and JavaScript side by side, each under its SCRIPT_NAME", async () => {
  const running = await serve(["--mount", "/js=other.mjs", "--mount", "/py/deep=deep.py", "app.py"], {
    "app.py": python("'root ' + environ['SCRIPT_NAME'] + '|' + environ['PATH_INFO']"),
    "deep.py": python("'deep ' + environ['SCRIPT_NAME'] + '|' + environ['PATH_INFO']"),
    "other.mjs": answering('"js " + environ.SCRIPT_NAME + "|" + environ.PATH_INFO'),
  });
  expect(await textOf(`${running.url}/x`)).toBe("root |/x");
  expect(await textOf(`${running.url}/js/y`)).toBe("js /js|/y");
  expect(await textOf(`${running.url}/py/deep/z`)).toBe("deep /py/deep|/z");
  expect(await textOf(`${running.url}/jsx`)).toBe("root |/jsx");
});

test("--reload follows Python sources, what they import, and what is wrong with them", async () => {
  const running = await serve(["--reload", "app.py"], {
    "app.py": `from names import name\n${python("'hello ' + name")}`,
    "names.py": 'name = "one"\n',
  });
  const edited = async (files: Files): Promise<void> => {
    const { length } = running.output;
    writeFiles(running.folder, files);
    await running.printed(/worker \d+ serves/, length);
  };
  expect(await textOf(running.url)).toBe("hello one");
  await edited({ "names.py": 'name = "two"\n' });
  expect(await textOf(running.url)).toBe("hello two");
  await edited({ "names.py": "name = (\n" });
  const page = await fetch(running.url, { headers: { accept: "text/html" } });
  expect(page.status).toBe(500);
  expect(await page.text()).toContain("SyntaxError");
  expect(running.stderr).toMatch(/names\.py", line 1/);
  await edited({ "names.py": 'name = "three"\n' });
  expect(await textOf(running.url)).toBe("hello three");
});

test("what Python prints to stderr goes to the error log, line by line", async () => {
  const app = `${python("sys.stderr.write('one\\ntwo\\n') and 'ok'")}`;
  const running = await serve(["--log-json", "app.py"], { "app.py": app });
  await textOf(running.url);
  await running.printed(/"message":"one\\ntwo"/);
});

test("SIGTERM to all its processes, as service managers send it, answers what is there", async () => {
  const waiting = `import os, time

def application(environ, start_response):
    print("begun", flush=True)
    while not os.path.exists("go"):
        time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"answered"]
`;
  const running = await serve(["app.py"], { "app.py": waiting });
  const answer = textOf(running.url);
  await running.printed(/begun/);
  process.kill(-running.pid, "SIGTERM");
  await running.printed(/SIGTERM: finishing/);
  writeFiles(running.folder, { go: "" });
  expect(await answer).toBe("answered");
  expect((await running.ended).code).toBe(0);
});

test.each([["one thread"], ["two threads", "--threads", "2"]])(
  "--python-max-requests replaces processes, the next one ready first: no request is lost (%s)",
  async (_what, ...args) => {
    const recycling = ["--python-max-requests", "30", "--python-max-requests-jitter", "10", "--access-log", "off"];
    const running = await serve([...recycling, ...args, "app.py"], { "app.py": python("os.getpid()") });
    const load = await underLoad(running.url, async () => {
      for (let count = 0, from = 0; count < 3; count++) {
        const text = await running.printed(/process \d+ has served its requests: it is replaced/, from);
        from = running.output.indexOf(text[0], from) + text[0].length;
      }
    });
    expect(load.failures).toEqual([]);
    expect(load.bodies.size).toBeGreaterThan(2);
    const counts = [...load.bodies.values()];
    expect(counts[0]).toBeGreaterThanOrEqual(30); // it goes on until the next one is ready
  },
);

test("--python-max-memory replaces a process that has grown, and no request is lost", async () => {
  const app = `kept = []\n${python("os.getpid()")}
def grow(environ, start_response):
    kept.append(b"x" * (60 * 1024 * 1024))
    return application(environ, start_response)
`;
  const mounted = `import app
def application(environ, start_response):
    return (app.grow if environ["PATH_INFO"] == "/grow" else app.application)(environ, start_response)
`;
  const running = await serve(["--python-max-memory", "70m", "--access-log", "off", "mounted.py"], {
    "app.py": app,
    "mounted.py": mounted,
  });
  const load = await underLoad(running.url, async (load) => {
    const { body: first } = await ask(running.url, "/grow");
    await running.printed(new RegExp(`process ${first} has grown to \\d+ MiB: it is replaced`));
    await load.body(new RegExp(`^(?!${first}$)`));
  });
  expect(load.failures).toEqual([]);
});

test("with workers, HUP loads new code and loses nothing", async () => {
  const running = await serve(["--workers", "1", "app.py"], { "app.py": python("'one'") });
  expect(await textOf(running.url)).toBe("one");
  writeFiles(running.folder, { "app.py": python("'two, longer'") }); // else Python takes what it compiled a moment ago
  running.process.kill("SIGHUP");
  await expect.poll(() => textOf(running.url), { timeout: 20_000 }).toBe("two, longer");
});

test.each<[string, readonly string[], Files, RegExp]>([
  [
    "no file",
    ["nothere.py"],
    { "nothere1.py": "" },
    /^wsgi: the module .*there is no file \S+nothere\.py; did you mean nothere1\.py\?$/,
  ],
  [
    "no module",
    ["-i", "python", "no.such"],
    {},
    /^wsgi: the module of the application was not found: .*there is no module no /,
  ],
  ["no callable", ["app.py:ap"], { "app.py": python("1", "app") }, /app has no ap; did you mean app\?/],
  [
    "nothing callable",
    ["app.py"],
    { "app.py": "def main(environ, start_response): pass\n" },
    /neither application nor app; it defines main/,
  ],
  [
    "a syntax error",
    ["app.py"],
    { "app.py": "def x(:\n" },
    /SyntaxError: invalid syntax\n +File "\S+app\.py", line 1\n/,
  ],
  [
    "an error at import",
    ["app.py"],
    { "app.py": "def f():\n    raise KeyError('k')\nf()\n" },
    /KeyError: 'k'\nTraceback[\s\S]*line 2, in f/,
  ],
  [
    "no interpreter",
    ["--python", "no-such-python", "app.py"],
    { "app.py": "" },
    /there is no no-such-python in \$PATH/,
  ],
  [
    "a bad mount",
    ["--mount", "api=b.py", "app.py"],
    { "app.py": python("1") },
    /--mount: expected \/path=APP, got "api=b\.py"/,
  ],
])("one readable message, exit code 1: %s", async (_what, args, files, message) => {
  const { code, stderr } = await runCommand(args, { cwd: folderWith(files) });
  expect(stderr.trim()).toMatch(message);
  expect(stderr).not.toMatch(/\.js:\d+|_wsgi_worker|frozen/);
  expect(code).toBe(1);
});

test("--check loads a Python application and leaves no process behind", async () => {
  const { code, stdout } = await runCommand(["--check", "app.py"], { cwd: folderWith({ "app.py": python("1") }) });
  expect(stdout).toBe("app.py: the application and the settings are good\n");
  expect(code).toBe(0);
});

test("a virtual environment beside the application is found", async () => {
  const folder = folderWith({ "app.py": python("sys.prefix") });
  execFileSync("python3", ["-m", "venv", "--without-pip", join(folder, ".venv")]);
  const running = await serve(["app.py"], {}, { cwd: folder });
  expect(await textOf(running.url)).toBe(join(folder, ".venv"));
});
