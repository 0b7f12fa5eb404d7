// A Django project behind this server: forms, sessions, uploads, streams, files, static files, error pages, and its admin in a real
// browser. What other servers make of the same requests is compared in peers.test.ts.

import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Browser, chromium } from "../../../cli/test/support/browser.ts";
import { ask, cookies, header } from "./support/ask.ts";
import { type DjangoData, makeDjangoData } from "./support/django.ts";
import { pythonWith, titled } from "./support/pythons.ts";
import { ServedPython } from "./support/serve-python.ts";

const python = pythonWith("django");
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe.skipIf(!python)(titled("Django", python, "no Python here has django: apt-get install python3-django"), () => {
  let data: DjangoData;
  let served: ServedPython;
  const get = (path: string, headers: Record<string, string> = {}) => ask(served.port, { path, headers });
  const text = async (path: string): Promise<string> => String((await get(path)).body);

  beforeAll(async () => {
    data = await makeDjangoData(python as string);
    const options = { app: "django_site", python: python as string, threads: 2, workers: 2, env: data.env };
    served = await ServedPython.start({ python: options });
  }, 60_000);
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    await data?.[Symbol.asyncDispose]();
  });

  test("takes a form with its CSRF token, and keeps a session", async () => {
    const page = await get("/");
    const [, token = ""] = /name="csrfmiddlewaretoken" value="(\w+)"/.exec(String(page.body)) ?? [];
    const cookie = cookies(page);
    expect(cookie).toMatch(/^csrftoken=\w+$/);
    const send = (fields: Record<string, string>) =>
      ask(served.port, {
        method: "POST",
        path: "/",
        headers: { Cookie: cookie, "Content-Type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams(fields).toString(),
      });
    expect((await send({ name: "tea", cents: "250" })).status).toBe(403);
    expect(String((await send({ csrfmiddlewaretoken: token, name: "tea", cents: "none" })).body)).toContain(
      "whole number",
    );
    const added = await send({ csrfmiddlewaretoken: token, name: "Grüner <Tee>", cents: "250" });
    expect([added.status, header(added, "location")]).toEqual([302, "/"]);
    const after = await get("/", { Cookie: `${cookie}; ${cookies(added)}` });
    expect(String(after.body)).toMatch(/<li>Grüner &lt;Tee&gt;: 250<\/li>[\s\S]*added: 1,/);
  });

  test("takes uploads, those beyond its memory in files", async () => {
    const large = randomBytes(6_000_000);
    const form = new FormData();
    form.append("note", "ü");
    form.append("file", new File([large], "groß.bin"));
    form.append("file", new File(["small"], "small.txt"));
    const response = await fetch(`${served.url}/upload`, { method: "POST", body: form });
    expect(await response.json()).toEqual({
      files: [
        ["groß.bin", large.length, "TemporaryUploadedFile", sha256(large)],
        ["small.txt", 5, "TemporaryUploadedFile", sha256(Buffer.from("small"))],
      ],
      note: "ü",
    });
  });

  test("reads a body", async () => {
    const body = randomBytes(2_000_000);
    const answer = await ask(served.port, { method: "PUT", path: "/raw", body });
    expect(String(answer.body)).toBe(sha256(body));
  });

  test("says to HEAD what it says to GET, without the body that Django gives", async () => {
    const [whole, head] = [await get("/stream"), await ask(served.port, { method: "HEAD", path: "/stream" })];
    const names = ({ headers }: typeof head) => headers.map(([name]) => name).filter((n) => n !== "Transfer-Encoding");
    expect([head.status, head.body.length, names(head)]).toEqual([200, 0, names(whole)]);
  });

  test("streams", async () => {
    const answer = await get("/stream");
    expect(String(answer.body)).toBe("row 0, ü\nrow 1, ü\nrow 2, ü\n");
    expect(header(answer, "content-length")).toBeUndefined();
  });

  test("sends files", async () => {
    const answer = await get("/file");
    expect(answer.body.length).toBe(220_000);
    expect(header(answer, "content-length")).toBe("220000");
    expect(header(answer, "content-disposition")).toBe("attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt");
  });

  test("serves static files, and says when they have not changed", async () => {
    const style = await get("/static/admin/css/base.css");
    expect([style.status, header(style, "content-type")]).toEqual([200, "text/css"]);
    expect(style.body.length).toBe(Number(header(style, "content-length")));
    const same = await get("/static/admin/css/base.css", {
      "If-Modified-Since": header(style, "last-modified") as string,
    });
    expect([same.status, same.body.length]).toEqual([304, 0]);
    expect((await get("/static/admin/css/nothing.css")).status).toBe(404);
  });

  test("finds what the client said", async () => {
    const answer = await get("/about/a%2Fb/%E2%9C%93%20?x=%C3%BC&x=2", { "X-Forwarded-Proto": "https" });
    expect(JSON.parse(String(answer.body))).toEqual({
      path: "/about/a/b/✓ ",
      path_info: "/about/a/b/✓ ",
      method: "GET",
      encoding: null,
      rest: "a/b/✓ ",
      get: { x: ["ü", "2"] },
      host: `127.0.0.1:${served.port}`,
      secure: true,
    });
  });

  test("shows its own page for an error while it is developed, and logs the traceback", async () => {
    const answer = await get("/failing");
    expect(answer.status).toBe(500);
    expect(String(answer.body)).toContain("<title>RuntimeError\n          at /failing</title>");
    await served.logs(/Internal Server Error: \/failing\nTraceback[\s\S]*RuntimeError: asked for/);
    expect(await text("/nowhere")).toContain("Page not found");
  });

  describe.skipIf(chromium === undefined)(titled("in a browser", chromium, "there is no chromium here"), () => {
    test("the admin is logged into, adds something, and logs out", async () => {
      const browser = await Browser.start();
      await browser.open(`${served.url}/admin/`);
      expect(await browser.evaluate("document.title")).toContain("Log in");
      expect(await browser.evaluate("getComputedStyle(document.querySelector('#header')).backgroundColor")).not.toBe(
        "rgba(0, 0, 0, 0)", // its style sheet is there
      );
      /** What an expression of the page comes to, once the page is there. */
      const becomes = (expression: string) =>
        expect.poll(() => browser.evaluate(`document.readyState === "complete" && ${expression}`), { timeout: 15_000 });
      const submit = async (fields: Record<string, string>, title: RegExp): Promise<void> => {
        for (const [name, value] of Object.entries(fields)) {
          await becomes(`document.querySelector("[name=${name}]") !== null`).toBe(true);
          await browser.evaluate(`document.querySelector("[name=${name}]").value = ${JSON.stringify(value)}`);
        }
        await browser.evaluate("window.isBefore = true, document.querySelector('[type=submit]').click()");
        await becomes("window.isBefore === undefined && document.title").toMatch(title);
      };
      await submit({ username: "admin", password: "wrong" }, /Log in/);
      await submit({ username: "admin", password: "secret" }, /^Site administration/);
      await browser.open(`${served.url}/admin/shop/item/add/`);
      await submit({ name: "Brötchen ✓", cents: "40" }, /^Select item to change/);
      const added = /WELCOME, ADMIN[\s\S]*The item “Brötchen ✓” was added successfully/;
      await becomes("document.body.innerText").toMatch(added);
      await browser.open(`${served.url}/admin/logout/`);
      expect(await browser.text()).toContain("Thanks for spending some quality time");
      await browser.open(`${served.url}/admin/`);
      expect(await browser.evaluate("document.title")).toContain("Log in");
    });
  });
});
