// The same applications and requests, answered by this server, gunicorn, waitress and wsgiref: status, headers and bodies are the
// same, but for what is a server's own (Date, Server, how the end of a body is marked), and where the reason is written below.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, ask, comparable, type Question } from "./support/ask.ts";
import { type DjangoData, makeDjangoData } from "./support/django.ts";
import { Peer } from "./support/peers.ts";
import { pythonWith, titled } from "./support/pythons.ts";
import { ServedPython } from "./support/serve-python.ts";

const form = { "Content-Type": "application/x-www-form-urlencoded" };
const multipart = { "Content-Type": "multipart/form-data; boundary=xx" };
const parts =
  '--xx\r\nContent-Disposition: form-data; name="note"\r\n\r\n\u00c3\u00bc\r\n' +
  '--xx\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--xx--\r\n';

const FLASK: readonly Question[] = [
  { path: "/?name=%C3%BC" },
  { path: "/json" },
  { path: "/json", method: "POST", headers: { "Content-Type": "application/json" }, body: '{"a":[1,"\\u2713"]}' },
  { path: "/json", method: "POST", headers: { "Content-Type": "application/json" }, body: "{broken" },
  { path: "/json", method: "OPTIONS" },
  { path: "/json", method: "HEAD" },
  { path: "/json", method: "DELETE" },
  { path: "/request/a%2Fb/%E2%9C%93%FF//c?x=1&x=%FC&=&y", headers: { "User-Agent": "t", "X-Twice": "a, b" } },
  { path: "/request/x?", headers: { "User-Agent": "t" } },
  { path: "/redirect" },
  { path: "/cookies" },
  { path: "/login", method: "POST", headers: form, body: "user=J%C3%BCrgen" },
  { path: "/logout", method: "POST" },
  { path: "/upload", method: "POST", headers: multipart, body: parts },
  { path: "/raw", method: "POST", body: "x".repeat(200_000) },
  { path: "/ignored", method: "POST", body: "not read" },
  { path: "/stream/3?word=w%C3%B6rd" },
  { path: "/stream/0" },
  { path: "/stream/3", method: "HEAD" },
  { path: "/file" },
  { path: "/file", method: "HEAD" },
  { path: "/file", headers: { Range: "bytes=11-21" } },
  { path: "/file", headers: { Range: "bytes=-11" } },
  { path: "/file", headers: { Range: "bytes=900000-" } },
  { path: "/file", headers: { "If-Modified-Since": "Wed, 15 Nov 2023 00:00:00 GMT" } },
  { path: "/download" },
  { path: "/memory" },
  { path: "/nowhere" },
  { path: "/tea" },
  { path: "/abort/403" },
  { path: "/abort/503" },
  { path: "/error" },
  { path: "/shop/basket/b" },
];

const DJANGO: readonly Question[] = [
  { path: "/" },
  { path: "/", method: "HEAD" },
  { path: "/", method: "POST", headers: form, body: "name=a&cents=1" },
  { path: "/upload", method: "POST", headers: multipart, body: parts },
  { path: "/raw", method: "PUT", body: "x".repeat(200_000) },
  { path: "/stream" },
  { path: "/file" },
  { path: "/file", method: "HEAD" },
  { path: "/about/a%2Fb/%E2%9C%93%20//c?x=%C3%BC&x=2" },
  { path: "/about/%FF" },
  { path: "/static/admin/css/base.css" },
  { path: "/static/admin/nothing.css" },
  { path: "/admin/" },
  { path: "/admin" },
  { path: "/admin/login/?next=/admin/" },
];

const names = ["gunicorn", "waitress", "wsgiref"];

/** Which answers of whom are different, and why ours is right. */
const DIFFERENT: readonly (readonly [title: string, what: RegExp, who: readonly string[], why: string])[] = [
  ["Flask", /^GET \/stream\/0$/, ["gunicorn", "waitress"], "a body that ended at once: we say Content-Length: 0"],
  ["Flask", /^HEAD \/file$/, ["waitress"], "it sends the file to HEAD: RFC 9110 §9.3.2"],
  ["Flask", /^HEAD \/stream\/3$/, ["waitress"], "it sends a last chunk to HEAD: RFC 9112 §6.3"],
  ["Flask", /^HEAD \/stream\/3$/, ["wsgiref"], "it says Content-Length: 0 where GET has more: RFC 9110 §9.3.2"],
  ["Flask", /^POST \/logout$/, ["wsgiref"], "Content-Length with 204: RFC 9110 §8.6"],
  ["Flask", /^GET \/file If-Modified-Since$/, ["wsgiref"], "304 with Content-Length: 0: RFC 9110 §8.6"],
  ["Django", /^HEAD /, names, "they send the body to HEAD: RFC 9110 §9.3.2"],
];

/** A request, as the list above and failures name it. */
function named({ method = "GET", path, headers = {} }: Question): string {
  return [method, path, ...Object.keys(headers).filter((name) => name.startsWith("If-"))].join(" ");
}

/** An answer without ports, secrets and moments. */
function settled(answer: Answer): object {
  const text = JSON.stringify(comparable(answer))
    .replaceAll(/127\.0\.0\.1:\d+/g, "HOST")
    .replaceAll(/\w{3}, \d\d[ -]\w{3}[ -]\d{4} \d\d:\d\d:\d\d GMT/g, "DATE")
    .replaceAll(/session=[\w.-]+/g, "session=SIGNED")
    .replaceAll(/(csrftoken=|csrfmiddlewaretoken\\" value=\\")\w+/g, "$1TOKEN")
    .replaceAll(/W?\/?\\"[0-9a-f]{32}\\"/g, "ETAG");
  return JSON.parse(text);
}

/** Allow lists the members of a set. */
const SAME_ORDER = { PYTHONHASHSEED: "0" };

interface Site {
  readonly title: string;
  readonly module: string;
  readonly app: string;
  readonly questions: readonly Question[];
  readonly env: (python: string) => Promise<DjangoData>;
}

async function makeFolder(): Promise<DjangoData> {
  const folder = mkdtempSync(join(tmpdir(), "wsgi-flask-"));
  const remove = async (): Promise<void> => rmSync(folder, { recursive: true });
  return { env: { WSGI_TEST_DATA: folder }, [Symbol.asyncDispose]: remove };
}

const sites: readonly Site[] = [
  { title: "Flask", module: "flask", app: "flask_app:app", questions: FLASK, env: makeFolder },
  { title: "Django", module: "django", app: "django_site:application", questions: DJANGO, env: makeDjangoData },
];

for (const { title, module, app, questions, env } of sites) {
  const python = pythonWith(module, "gunicorn", "waitress") ?? pythonWith(module);
  const present = names.filter((name) => python !== undefined && pythonWith(module, name) === python);
  describe.skipIf(!python)(
    titled(title, python, `no Python here has ${module}: apt-get install python3-${module}`),
    () => {
      let data: DjangoData;
      let ours: ServedPython;
      const peers = new Map<string, Peer>();

      beforeAll(async () => {
        data = await env(python as string);
        const start = async (name: string): Promise<unknown> =>
          peers.set(name, await Peer.start(name, python as string, app, { ...data.env, ...SAME_ORDER }));
        const options = { app, python: python as string, threads: 2, env: { ...data.env, ...SAME_ORDER } };
        [ours] = await Promise.all([ServedPython.start({ python: options }), ...present.map(start)]);
      }, 60_000);
      afterAll(async () => {
        await Promise.all([ours, ...peers.values()].map((end) => end?.[Symbol.asyncDispose]()));
        await data?.[Symbol.asyncDispose]();
      });

      test.each(present)("is answered as by %s", async (name) => {
        const port = (peers.get(name) as Peer).port;
        const isExplained = (what: string): boolean =>
          DIFFERENT.some(([where, pattern, who]) => where === title && who.includes(name) && pattern.test(what));
        for (const question of questions) {
          const what = named(question);
          if (isExplained(what)) continue;
          const [mine, theirs] = await Promise.all([ask(ours.port, question), ask(port, question)]);
          expect.soft({ what, ...settled(mine) }).toEqual({ what, ...settled(theirs) });
        }
      });
    },
  );
}
