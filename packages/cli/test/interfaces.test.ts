// What the command serves besides WSGI: Fetch handlers and Node listeners, told by their looks or by --interface; with the
// frameworks' own applications.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { answering, type Files, folderWith, runCommand, serve, textOf } from "./support/command.ts";

/** Frameworks are installed beside the packages that adapt to them. */
const installed = (adapter: string, name: string): string =>
  pathToFileURL(join(import.meta.dirname, "../..", adapter, "node_modules", name)).href;

const HONO = `import { Hono } from "${installed("fetch", "hono/dist/index.js")}";
export default new Hono().get("/", (c) => c.text("hono"));
`;
const EXPRESS = `import express from "${installed("node", "express/index.js")}";
export const app = express();
app.get("/", (request, response) => response.send("express"));
`;
const FASTIFY = `import fastify from "${installed("node", "fastify/fastify.js")}";
const app = fastify();
app.get("/", async () => "fastify");
export default app;
`;
const CONNECT = `import connect from "${installed("node", "connect/index.js")}";
export default connect().use((request, response) => response.end("connect"));
`;

test.each<[string, readonly string[], Files, string, RegExp]>([
  [
    "an object with fetch",
    [],
    { "app.mjs": 'export default { fetch: () => new Response("object") };' },
    "object",
    /a Fetch handler,/,
  ],
  ["Hono", [], { "app.mjs": HONO }, "hono", /a Fetch handler,/],
  [
    "a bare Fetch function",
    ["-i", "fetch"],
    { "app.mjs": 'export default () => new Response("bare");' },
    "bare",
    /a Fetch handler,/,
  ],
  ["Express", [], { "app.mjs": EXPRESS }, "express", /a Node listener,/],
  ["Connect", [], { "app.mjs": CONNECT }, "connect", /a Node listener,/],
  ["Fastify", [], { "app.mjs": FASTIFY }, "fastify", /a Node listener,/],
  [
    "a bare listener",
    ["-i", "node"],
    { "app.mjs": 'export default (q, r) => r.end("node");' },
    "node",
    /a Node listener,/,
  ],
  [
    "what a factory makes",
    ["--factory"],
    { "app.mjs": 'export default async () => ({ fetch: () => new Response("made") });' },
    "made",
    /a Fetch handler,/,
  ],
])("serves %s, and says so", async (_what, args, files, text, said) => {
  const running = await serve([...args, "app.mjs"], files);
  expect(await textOf(running.url)).toBe(text);
  expect(running.stderr).toMatch(said);
});

test("says nothing of a WSGI application, which is what it serves", async () => {
  const running = await serve(["app.mjs"], { "app.mjs": answering('"wsgi"') });
  expect(await textOf(running.url)).toBe("wsgi");
  expect(running.stderr).toMatch(/app\.mjs is served on/);
});

test("serves different kinds under paths", async () => {
  const running = await serve(["--mount", "/hono=hono.mjs", "--mount", "/express=express.mjs", "app.mjs"], {
    "app.mjs": answering('"wsgi " + environ.PATH_INFO'),
    "hono.mjs": HONO.replace('get("/"', 'all("*"'),
    "express.mjs": EXPRESS,
  });
  expect(await textOf(`${running.url}/other`)).toBe("wsgi /other");
  expect(await textOf(`${running.url}/hono`)).toBe("hono");
  expect(await textOf(`${running.url}/express/`)).toBe("express");
});

test.each<[string, readonly string[], string, string]>([
  ["a number", ["-i", "fetch", "app.mjs"], "export default 5;", "app.mjs: expected an application"],
  [
    "an object without fetch",
    ["-i", "fetch", "app.mjs:app"],
    "export const app = { get() {} };",
    "app.mjs exports an object as app: expected a function",
  ],
  [
    "a Fetch object as a Node listener",
    ["-i", "node", "app.mjs"],
    "export default { fetch() {} };",
    "app.mjs: expected a Node listener, it is an object",
  ],
  ["an unknown kind", ["-i", "asgi", "app.mjs"], "", "option '-i, --interface <kind>' argument 'asgi' is invalid"],
])("one readable message: %s", async (_what, args, source, message) => {
  const { code, stderr } = await runCommand(args, { cwd: folderWith({ "app.mjs": source }) });
  expect(stderr).toContain(message);
  expect(code).toBeGreaterThan(0);
});
