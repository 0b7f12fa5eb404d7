import { chmodSync, mkdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type PythonOptions, pythonApplication } from "../src/index.ts";
import { type Folder, folderForTest, Log, optionsFor } from "./support/python-server.ts";

/** Starts an application of some files, asks for nothing, and closes it: the promise of its being ready. */
async function load(
  files: Record<string, string>,
  options: Partial<PythonOptions> = {},
): Promise<{ log: Log; folder: Folder }> {
  const folder = folderForTest();
  for (const [name, text] of Object.entries(files)) {
    if (name.includes("/")) mkdirSync(`${folder.path}/${name.slice(0, name.lastIndexOf("/"))}`, { recursive: true });
    folder.write(name, text);
  }
  const log = new Log();
  const python = pythonApplication(optionsFor(folder, log, { ...options, cwd: options.cwd ?? folder.path }));
  try {
    await python.ready;
  } finally {
    await python.close();
  }
  return { log, folder };
}

/** An application that can be told from others when it is loaded: it says its name on stderr. */
const named = (name: string, variable = "application"): string => `
import sys
class ${name}:
    def __call__(self, environ, start_response):
        pass
    def create(self):
        sys.stderr.write("created\\n")
        return self
${variable} = ${name}()
sys.stderr.write("loaded %s as %s in %s\\n" % ("${name}", __name__, __file__))
`;

describe("an application is found", () => {
  test.each<[app: string, files: Record<string, string>]>([
    ["shop", { "shop.py": named("It") }],
    ["shop", { "shop.py": named("It", "app") }],
    ["shop:it", { "shop.py": named("It", "it") }],
    ["shop:holder.it", { "shop.py": `${named("It", "it")}\nclass holder:\n    it = it\n` }],
    ["shop:It()", { "shop.py": named("It", "unused") }],
    ["shop:application.create()", { "shop.py": named("It") }],
    ["deep.er.shop", { "deep/er/shop.py": named("It"), "deep/__init__.py": "" }],
    ["deep/shop.py", { "deep/shop.py": named("It") }],
    ["./deep/shop.py:it", { "deep/shop.py": named("It", "it") }],
    ["shop.py", { "shop.py": `import beside\n${named("It")}`, "beside.py": "" }],
    ["json.py", { "json.py": `import email.message\n${named("It")}` }],
    ["my-app.py", { "my-app.py": named("It") }],
    ["package", { "package/__init__.py": named("It") }],
  ])("%s", async (app, files) => {
    const { log } = await load(files, { app });
    await log.logged(/loaded It/);
    if (app.includes("create")) await log.logged(/^created$/m);
  });

  test("by a path that is absolute", async () => {
    const folder = folderForTest();
    const app = folder.write("else.py", named("It"));
    const { log } = await load({}, { app });
    await log.logged(/loaded It as else/);
  });

  test("with the environment and the folder that were asked for", async () => {
    const text = `${named("It")}
import os
sys.stderr.write("%s %s %s\\n" % (os.environ.get("ONE"), os.environ.get("HOME", "gone"), os.getcwd()))`;
    const { log, folder } = await load({ "module.py": text }, { env: { ONE: "1", HOME: undefined } });
    await log.logged(new RegExp(`^1 gone ${folder.path}$`, "m"));
  });

  test("with the options of the interpreter left alone: -u alone, and sys.argv of its own", async () => {
    const { log } = await load({ "module.py": `${named("It")}\nsys.stderr.write("argv %r\\n" % sys.argv)` });
    await log.logged(/argv \['module'\]/);
  });
});

describe("an application is not loaded, and it is said why:", () => {
  test.each<
    [what: string, app: string, files: Record<string, string>, code: string, message: RegExp, traceback?: RegExp]
  >([
    ["no module", "nowhere", {}, "NO_MODULE", /there is no module nowhere in \/.+ or among the installed packages/],
    ["no package", "no.where", {}, "NO_MODULE", /there is no module no in /],
    ["no module in a package", "deep.no", { "deep/__init__.py": "" }, "NO_MODULE", /there is no module deep\.no in /],
    ["no file", "shpo.py", { "shop.py": "" }, "NO_MODULE", /there is no file \/.+\/shpo\.py; did you mean shop\.py\?/],
    [
      "no callable",
      "shop:aplication",
      { "shop.py": named("It") },
      "NO_CALLABLE",
      /shop has no aplication; did you mean application\?/,
    ],
    [
      "no usual name",
      "shop",
      { "shop.py": named("It", "main") },
      "NO_CALLABLE",
      /shop has neither application nor app; it defines It/,
    ],
    ["not callable", "shop:x", { "shop.py": "x = 5" }, "NO_CALLABLE", /x is 5: expected a callable/],
    [
      "a factory without one",
      "shop:make()",
      { "shop.py": "def make(): pass" },
      "NO_CALLABLE",
      /make\(\) is None: expected a callable/,
    ],
    ["a syntax error", "shop", { "shop.py": "x = 1\ndef (:\n" }, "LOAD_FAILED", /SyntaxError: /, /shop\.py", line 2/],
    [
      "an exception",
      "shop",
      { "shop.py": "def f():\n    return 1 / 0\nf()\n" },
      "LOAD_FAILED",
      /ZeroDivisionError/,
      /shop\.py", line 2, in f/,
    ],
    [
      "an import that fails",
      "shop",
      { "shop.py": "import not_there" },
      "LOAD_FAILED",
      /ModuleNotFoundError: No module named 'not_there'/,
      /import not_there/,
    ],
    ["its own name imported wrongly", "shop", { "shop.py": "import shop.part" }, "LOAD_FAILED", /shop/, /shop\.py/],
    [
      "sys.exit()",
      "shop",
      { "shop.py": "import sys\nsys.exit('no settings')" },
      "LOAD_FAILED",
      /SystemExit: no settings/,
    ],
    [
      "the end of its process",
      "shop",
      { "shop.py": "import os\nos._exit(3)" },
      "LOAD_FAILED",
      /the Python process ended with code 3/,
    ],
    ["its death", "shop", { "shop.py": "import os\nos.kill(os.getpid(), 11)" }, "LOAD_FAILED", /was ended by SIGSEGV/],
    [
      "a factory that fails",
      "shop:make()",
      { "shop.py": "def make():\n    raise KeyError('db')" },
      "LOAD_FAILED",
      /KeyError: 'db'/,
      /in make/,
    ],
  ])("%s", async (_, app, files, code, message, traceback) => {
    const error = await load(files, { app, workers: 2 }).then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toMatchObject({ name: "PythonError", code, message: expect.stringMatching(message) });
    if (traceback !== undefined) {
      expect(error.traceback).toMatch(traceback);
      expect(error.stack).toMatch(traceback);
      expect(error.traceback).not.toMatch(/wsgi_worker/); // the user's frames alone
    }
  });

  test("it takes too long", async () => {
    const started = performance.now();
    const failing = load({ "module.py": "import time\ntime.sleep(60)" }, { startTimeout: 0.5 });
    await expect(failing).rejects.toMatchObject({ code: "START_TIMEOUT", message: expect.stringMatching(/0\.5 s/) });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("the interpreter is no Python", async () => {
    const folder = folderForTest();
    const python = folder.write("python3", "#!/bin/sh\necho 'this is no Python' >&2\nexit 2\n");
    chmodSync(python, 0o755);
    await expect(load({ "module.py": "" }, { python })).rejects.toMatchObject({
      code: "LOAD_FAILED",
      message: expect.stringMatching(/ended with code 2/),
    });
  });

  test("the interpreter is a file of nothing", async () => {
    const folder = folderForTest();
    const python = folder.write("python3", "#!/no/such/interpreter\n");
    chmodSync(python, 0o755);
    await expect(load({ "module.py": "" }, { python, workers: 2 })).rejects.toMatchObject({ code: "BAD_PYTHON" });
  });
});

test("the folder must be there", () => {
  const folder = folderForTest();
  const nowhere = `${folder.path}/nowhere`;
  expect(() => pythonApplication(optionsFor(folder, new Log(), { cwd: nowhere }))).toThrow(
    expect.objectContaining({
      code: "BAD_OPTION",
      message: expect.stringContaining(`cwd: expected a folder, but ${nowhere}`),
    }),
  );
});
