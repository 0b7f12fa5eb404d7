// What Express's own methods of requests and responses do, asked of them on this server and on node:http: a client sees the same.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express, { type Request, type Response } from "express";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ask, both, type Seen } from "./support/both.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wsgi-express-"));
  await writeFile(join(folder, "page.txt"), "0123456789".repeat(10));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Handle = (request: Request, response: Response, tell: (what: string) => void) => unknown;

const get = (headers: http.OutgoingHttpHeaders = {}, path = "/"): Ask => ({ headers, path });
const sendPage: Handle = (_request, response) => response.sendFile("page.txt", { root: folder });

const cases: Readonly<Record<string, [handle: Handle, ask?: Ask]>> = {
  "send() of text, with an ETag": [(_request, response) => response.send("é".repeat(100))],
  "send() of what the client has": [
    (_request, response) => response.set("ETag", '"known"').send("text"),
    get({ "If-None-Match": '"other", W/"known"' }),
  ],
  "send() to HEAD": [(_request, response) => response.send("text"), { method: "HEAD" }],
  "send() of bytes": [(_request, response) => response.send(Buffer.from([0xff, 0]))],
  "send() with 204, 304 and 205": [
    (request, response) => response.status(Number(request.query["status"])).send("dropped"),
    get({}, "/?status=205"),
  ],
  "send() with 304": [(_request, response) => response.status(304).set("X-A", "1").send("dropped")],
  "sendStatus() that nobody knows": [(_request, response) => response.sendStatus(798)],
  "json() of what Express escapes": [
    (request, response) => {
      request.app.set("json escape", true).set("json spaces", 2);
      response.json({ html: "<&>" });
    },
  ],
  "jsonp()": [(_request, response) => response.jsonp({ a: "\u2028" }), get({}, "/?callback=run")],
  "format() by Accept": [
    (_request, response) => response.format({ text: () => response.send("t"), json: () => response.json("j") }),
    get({ Accept: "text/html;q=0.5, application/json" }),
  ],
  "format() of what nobody accepts": [
    (_request, response) => response.format({ json: () => response.json("j") }),
    get({ Accept: "image/png" }),
  ],
  "headers, appended and varied": [
    (_request, response) => {
      response.append("Link", "<a>").append("Link", ["<b>", "<c>"]).vary("Accept").vary("Origin, accept");
      response.links({ next: "http://a.example/?page=2" } as Record<string, string>).location("/é ").attachment("ü.txt").end();
    },
  ],
  "cookies, set and cleared": [
    (_request, response) => {
      response.cookie("a", { b: 1 }, { maxAge: 0, sameSite: "lax", path: "/x" });
      response.cookie("c", "d e").clearCookie("f", { expires: new Date(0) }).end();
    },
  ],
  "redirect() by kind": [(_request, response) => response.redirect(307, "http://a.example/é?<b>"), get({ Accept: "text/html" })],
  "sendFile()": [sendPage],
  "sendFile() of a part": [sendPage, get({ Range: "bytes=5-14" })],
  "sendFile() of the end": [sendPage, get({ Range: "bytes=-3" })],
  "sendFile() of several parts": [sendPage, get({ Range: "bytes=0-1,90-91" })],
  "sendFile() of a part that is beyond it": [sendPage, get({ Range: "bytes=100-" })],
  "sendFile() of a part, if it is still the same": [sendPage, get({ Range: "bytes=0-1", "If-Range": '"other"' })],
  "sendFile() to HEAD": [sendPage, { method: "HEAD" }],
  "sendFile() that is not as expected": [sendPage, get({ "If-Match": '"other"' })],
  "sendFile() of what is not there": [
    (_request, response, tell) =>
      response.sendFile("none", { root: folder }, (error) => {
        tell(String((error as NodeJS.ErrnoException).code));
        response.status(404).end();
      }),
  ],
  "sendFile() out of its folder": [
    (_request, response, tell) => response.sendFile("../x", { root: folder }, (error) => {
      tell(String((error as { status?: number }).status));
      response.end();
    }),
  ],
  "download()": [
    (_request, response, tell) => response.download(join(folder, "page.txt"), "name.txt", () => tell("done")),
  ],
  "facts of the request": [
    (request, response) => {
      const { protocol, secure, ip, ips, hostname, path, query, subdomains, fresh, stale, xhr, baseUrl, originalUrl } = request;
      const facts = { protocol, secure, ip, ips, hostname, path, query, subdomains, fresh, stale, xhr, baseUrl, originalUrl };
      response.json({ ...facts, type: request.is("json"), host: request.get("host"), accepts: request.acceptsLanguages("de", "en") });
    },
    get({ Host: "a.b.example.com:81", "Accept-Language": "en;q=0.5,de", "X-Requested-With": "XMLHttpRequest" }, "/p%20q?a[b]=1&a=2&c"),
  ],
  "a path that cannot be decoded": [(_request, response) => response.end(), get({}, "/by-name/%ff")],
  "a slash that is encoded": [(_request, response) => response.end(), get({}, "/by-name/a%2Fb%25")],
  "an error after its head": [
    (_request, response) => {
      response.write("begun");
      throw new Error("on purpose");
    },
  ],
  "an error with headers": [
    () => {
      throw Object.assign(new Error("slow down"), { status: 429, headers: { "Retry-After": "5" }, expose: true });
    },
  ],
}; // biome-ignore format: rows

function application(handle: Handle, tell: (what: string) => void): express.Express {
  const app = express();
  app.set("env", "test").set("trust proxy", "loopback");
  app.get("/by-name/:name", (request, response) => response.json(request.params));
  app.use((request, response) => handle(request, response, tell));
  return app;
}

/** What each server decides for itself: the framing, and its own error's stack. */
function comparable({ headers, ...seen }: Seen): unknown {
  const { "transfer-encoding": _framing, "content-length": _length, etag, ...others } = headers;
  return { ...seen, body: seen.body.replace(/--[\w-]+/g, "").replace(/<br>[\s\S]*/, ""), headers: others, hasTag: etag !== undefined };
} // biome-ignore format: short

test.each(Object.entries(cases))("Express: %s", async (_name, [handle, ask = {}]) => {
  const [there, here] = await both((request, response, tell) => application(handle, tell)(request as Request, response as Response), ask);
  expect(comparable(here)).toEqual(comparable(there));
}); // biome-ignore format: short
