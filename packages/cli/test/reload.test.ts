// `--reload`: what is edited is served at once, nobody is refused meanwhile, and what is wrong is shown.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Browser, chromium } from "./support/browser.ts";
import { answering, type Files, HELLO, type ServingCommand, serve, textOf, writeFiles } from "./support/command.ts";

const TYPESCRIPT: Files = {
  "package.json": '{ "type": "module" }',
  "app.ts": `import { name } from "./name.ts";

export default (environ: { PATH_INFO: string }, startResponse: (status: string, headers: string[][]) => unknown) => {
  if (environ.PATH_INFO === "/late") return import("./late.ts").then(({ late }) => late(startResponse));
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [\`Hello, \${name}\`];
};
`,
  "name.ts": 'export const name: string = "one";\n',
};
const JAVASCRIPT: Files = {
  "app.mjs": `import { name } from "./name.mjs";
${answering('"Hello, " + name')}`,
  "name.mjs": 'export const name = "one";\n',
};
const COMMON_JS: Files = {
  "app.cjs": `const { name } = require("./name.cjs");
module.exports = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["Hello, " + name];
};
`,
  "name.cjs": 'exports.name = "one";\n',
};

async function reloading(files: Files): Promise<ServingCommand> {
  const app = Object.keys(files).find((file) => file.startsWith("app."));
  return await serve(["--reload", app as string], files);
}

/** Writes files and resolves when the new worker serves. */
async function edit(running: ServingCommand, files: Files): Promise<void> {
  const { length } = running.output;
  writeFiles(running.folder, files);
  await running.printed(/worker \d+ serves/, length);
}

/**
 * What a browser shows once it is that. The old worker accepts until it hears that the new one serves: nobody is refused between
 * the two, but on a busy machine one may still be answered by the old one.
 */
async function shown(browser: Browser, expected: RegExp): Promise<string> {
  const look = async (): Promise<string> => {
    await browser.reload();
    return await browser.text();
  };
  await expect.poll(look, { timeout: 20_000 }).toMatch(expected);
  return await browser.text();
}

/** Asks over and over, each time on a new connection; resolves with what was not an answer when it is stopped. */
function load(url: string): { stop(): Promise<{ answers: number; failures: string[] }> } {
  let going = true;
  let answers = 0;
  const failures: string[] = [];
  const client = async (): Promise<void> => {
    while (going) {
      try {
        await textOf(url);
        answers++;
      } catch (error) {
        failures.push(String((error as Error).cause ?? error));
      }
    }
  };
  const clients = Promise.all([client(), client(), client()]);
  return {
    async stop() {
      going = false;
      await clients;
      return { answers, failures };
    },
  };
}

test.each([
  ["TypeScript", TYPESCRIPT],
  ["JavaScript", JAVASCRIPT],
  ["CommonJS", COMMON_JS],
])("serves edits of the entry and of what it imports: %s", async (_kind, files) => {
  const running = await reloading(files);
  expect(await textOf(running.url)).toBe("Hello, one");
  const [app = "", name = ""] = Object.keys(files).filter((file) => file !== "package.json");
  await edit(running, { [name]: (files[name] as string).replace("one", "two") });
  expect(await textOf(running.url)).toBe("Hello, two");
  await edit(running, { [app]: (files[app] as string).replace("Hello", "Goodbye") });
  expect(await textOf(running.url)).toBe("Goodbye, two");
});

test("refuses nobody while it restarts again and again", async () => {
  const running = await reloading(TYPESCRIPT);
  const { stop } = load(running.url);
  for (let n = 1; n <= 5; n++) {
    await edit(running, { "name.ts": `export const name = "number ${n}";\n` });
    expect(await textOf(running.url)).toBe(`Hello, number ${n}`);
  }
  const { answers, failures } = await stop();
  expect(failures).toEqual([]);
  expect(answers).toBeGreaterThanOrEqual(5); // most of the time they wait: that is what this is about
});

test("takes a burst of changes as one", async () => {
  const running = await reloading(TYPESCRIPT);
  for (let n = 1; n <= 20; n++) writeFiles(running.folder, { "name.ts": `export const name = "number ${n}";\n` });
  await expect.poll(() => textOf(running.url), { timeout: 10_000 }).toBe("Hello, number 20");
  expect(running.output.match(/restarting$/gm)?.length).toBeLessThan(10);
});

test("leaves files alone that the application has not imported", async () => {
  const running = await reloading(TYPESCRIPT);
  writeFiles(running.folder, { "other.ts": "", "node_modules/a/index.js": "", "app.ts~": "" });
  await wait(300); // nothing is to happen: there is no event to wait for
  expect(running.output).not.toMatch(/changed: restarting/);
});

test("says what is wrong when nothing can be served at first, and serves when the file is there", async () => {
  const running = await reloading({ "app.mjs": 'import "./gone.mjs";\n' });
  const response = await fetch(running.url, { headers: { connection: "close" } });
  expect([response.status, response.headers.get("content-type")]).toEqual([500, "text/plain; charset=utf-8"]);
  expect(await response.text()).toMatch(/Cannot find module '.*gone\.mjs' imported from .*app\.mjs/);
  expect(running.stderr).toMatch(/app\.mjs cannot be loaded: Cannot find module/);
  await edit(running, { "gone.mjs": "", "app.mjs": `import "./gone.mjs";\n${HELLO}` });
  expect(await textOf(running.url)).toBe("hello");
});

test.each([
  ["an import", { "app.mjs": `import "./folder/new.mjs";\n${HELLO}` }, { "folder/new.mjs": "" }],
  ["an import of TypeScript without its ending", { "app.ts": `import "./new";\n${HELLO}` }, { "new.ts": "" }],
  [
    "a require",
    {
      "app.cjs":
        'require("./new");\nmodule.exports = (environ, start) => { start("200 OK", []); return ["hello"]; };\n',
    },
    { "new.js": "" },
  ],
])("goes on when a file appears that was missed: %s", async (_kind, files: Files, missed: Files) => {
  const running = await reloading(files);
  expect(await textOf(running.url)).toMatch(/Cannot find module/);
  await edit(running, missed);
  expect(await textOf(running.url)).toBe("hello");
});

test("notices files that are imported later", async () => {
  const late = (text: string): Files => ({
    "late.ts": `export const late = (startResponse: (status: string, headers: string[][]) => unknown) => {
  startResponse("200 OK", []);
  return [${JSON.stringify(text)}];
};
`,
  });
  const running = await reloading({ ...TYPESCRIPT, ...late("one") });
  expect(await textOf(`${running.url}/late`)).toBe("one");
  await expect
    .poll(
      async () => {
        writeFiles(running.folder, late("two")); // the watch of a new file begins some time after its import
        return await textOf(`${running.url}/late`);
      },
      { timeout: 10_000, interval: 500 },
    )
    .toBe("two");
});

test("notices that a file is deleted, and that it is there again", async () => {
  const running = await reloading(TYPESCRIPT);
  const { length } = running.output;
  rmSync(join(running.folder, "name.ts"));
  await running.printed(/worker \d+ serves/, length);
  expect(await textOf(running.url)).toMatch(/Cannot find module '.*name\.ts'/);
  await edit(running, { "name.ts": 'export const name = "again";\n' });
  expect(await textOf(running.url)).toBe("Hello, again");
});

describe("an error that is thrown in a request", () => {
  const files = {
    "app.mjs": `export default function* (environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  if (environ.PATH_INFO !== "/") throw new RangeError(\`nothing at \${environ.PATH_INFO}\`);
  yield "all ";
  yield "is well";
}
`,
  };

  test.each([
    ["application/json", "application/json"],
    ["*/*", "text/plain; charset=utf-8"],
    ["text/html,*/*;q=0.8", "text/html; charset=utf-8"],
  ])("is told in a form for clients that accept %s", async (accept, type) => {
    const running = await reloading(files);
    const response = await fetch(`${running.url}/shop`, { headers: { accept } });
    expect([response.status, response.headers.get("content-type")]).toEqual([500, type]);
    const text = await response.text();
    expect(text).toContain("nothing at /shop");
    expect(text).toMatch(/app\.mjs:3:\d+/);
    if (accept === "application/json") {
      expect(JSON.parse(text)).toMatchObject({ error: { name: "RangeError", message: "nothing at /shop" } });
    }
    await running.printed(/^RangeError: nothing at \/shop$/m);
    expect(await textOf(running.url)).toBe("all is well");
  });
});

describe.skipIf(chromium === undefined)("in a browser", () => {
  const broken: [kind: string, text: string, message: RegExp, excerpt: string][] = [
    ["a syntax error", "\nexport default (environ) => {\n  const price = ;\n};\n", /Unexpected ";"/, "const price = ;"],
    [
      "an error at import",
      '\nconst prices: number[] = [];\nif (prices.length === 0) throw new TypeError("no prices");\nexport default () => [];\n',
      /no prices/,
      "if (prices.length === 0)",
    ],
    [
      "an error in a request",
      'const total = (prices: number[]): number => { throw new TypeError("no total"); };\nexport default () => [String(total([]))];\n',
      /no total/,
      "const total = (prices: number[])",
    ],
    ["an export that is missing", "export const price = 1;\n", /expected an application/, ""],
  ];

  test.each(broken)(
    "shows a page for %s, and the application when it is mended",
    async (kind, text, message, excerpt) => {
      const running = await reloading(TYPESCRIPT);
      const browser = await Browser.start();
      await browser.open(running.url);
      expect(await browser.text()).toBe("Hello, one");
      await edit(running, { "app.ts": text });
      const seen = await shown(browser, /The application failed/i);
      expect(seen).toMatch(message);
      expect(seen).toContain(excerpt);
      if (excerpt !== "") expect(seen).toMatch(/app\.ts\s+(in [\s\S]+?)?at line \d+:\d+/);
      if (kind === "an error in a request") expect(seen).toMatch(/total/);
      await edit(running, { "app.ts": TYPESCRIPT["app.ts"] as string });
      await shown(browser, /^Hello, one$/);
    },
  );
});
