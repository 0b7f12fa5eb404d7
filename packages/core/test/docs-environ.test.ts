// docs/environ.md names the keys of a live environ and the members of a live wsgi.input: no more and no fewer.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Environ, type Listener, listen, server } from "../src/index.ts";
import { Client } from "./support/client.ts";
import { below, firstColumn } from "./support/pages.ts";

const page = "docs/environ.md";
const tables = ["## The request", "## The connection", "## WSGI", "## eventlet"].map((h) => below(page, h)).join("\n");
const documented = firstColumn(tables).sort();
/** Rows that say "if …" at the end of a sentence or after a semicolon. */
const conditional = firstColumn([...tables.matchAll(/^.*[;,] if [^|]*\|$|^.*: sends .*$/gm)].join("\n"));

/** The environ of one request. */
async function ask(request: string, scheme: "http" | "https"): Promise<Environ> {
  const inner = listen(["127.0.0.1", 0]);
  const listener: Listener = {
    scheme,
    ready: inner.ready,
    served: false,
    accept: (handlers) => inner.accept(handlers),
    close: () => inner.close(),
  };
  let seen: Environ | undefined;
  const running = server(
    listener,
    (environ, startResponse) => {
      seen = environ;
      startResponse("200 OK", []);
      return [];
    },
    { logOutput: false },
  );
  onTestFinished(async () => {
    await running.close({ timeout: 0 });
  });
  const { port } = await listener.ready;
  const client = await Client.connect(port);
  client.send(request);
  await client.receive("\r\n\r\n");
  return seen as Environ;
}

test("the keys of a request that has everything", async () => {
  const head = "POST /path?query HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n";
  const keys = Object.keys(await ask(head, "https"));
  expect(keys.map((key) => (key.startsWith("HTTP_") ? "HTTP_*" : key)).sort()).toEqual(documented);
});

test("the keys of a request that has nothing", async () => {
  const keys = Object.keys(await ask("GET / HTTP/1.0\r\n\r\n", "http"));
  expect(keys.sort()).toEqual(documented.filter((key) => key !== "HTTP_*" && !conditional.includes(key)));
});

test("the members of wsgi.input", async () => {
  const environ = await ask("GET / HTTP/1.0\r\n\r\n", "http");
  const source = readFileSync(join(import.meta.dirname, "../src/input.ts"), "utf8");
  const internal = [...source.matchAll(/@internal \*\/\n {2}(?:get )?(\w+)/g)].map(([, name]) => name);
  const members = Object.getOwnPropertyNames(Object.getPrototypeOf(environ["wsgi.input"]));
  const named = firstColumn(below(page, "## `wsgi.input`")).filter((name) => name !== "for");
  expect(named.sort()).toEqual(members.filter((n) => n !== "constructor" && !internal.includes(n)).sort());
});
