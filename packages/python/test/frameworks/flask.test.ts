// A Flask application behind this server: what its framework promises holds, piece by piece. What other servers make of the same
// requests is compared in flask.peers.test.ts.

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Application } from "@wsgi/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, cookies, header } from "./support/ask.ts";
import { pythonWith, titled } from "./support/pythons.ts";
import { ServedPython } from "./support/serve-python.ts";

const python = pythonWith("flask");
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Mounts an application under a path, as PEP 3333 has it; other paths go to it as they are. */
const mounted =
  (prefix: string) =>
  (application: Application): Application =>
  (environ, startResponse) => {
    if (environ.PATH_INFO.startsWith(`${prefix}/`)) {
      environ.SCRIPT_NAME += prefix;
      environ.PATH_INFO = environ.PATH_INFO.slice(prefix.length);
    }
    return application(environ, startResponse);
  };

describe.skipIf(!python)(titled("Flask", python, "no Python here has flask: apt-get install python3-flask"), () => {
  const data = mkdtempSync(join(tmpdir(), "wsgi-flask-"));
  let served: ServedPython;
  const get = (path: string, headers: Record<string, string> = {}) => ask(served.port, { path, headers });

  beforeAll(async () => {
    served = await ServedPython.start({
      python: { app: "flask_app:app", python: python as string, threads: 2, env: { WSGI_TEST_DATA: data } },
      wrap: mounted("/möunt"),
    });
  }, 60_000);
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    rmSync(data, { recursive: true });
  });

  test("renders, and says JSON with text of every script", async () => {
    expect(String((await get("/?name=%3Cb%3E%C3%BC")).body)).toBe("<p>Hello, &lt;b&gt;ü!</p>");
    const answer = await get("/json");
    expect(header(answer, "content-type")).toBe("application/json");
    expect(JSON.parse(String(answer.body))).toEqual({ text: "Grüße – ✓", list: [1, 2.5, null, true] });
    const response = await fetch(`${served.url}/json`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ a: ["✓"] }),
    });
    expect(await response.json()).toEqual({ a: ["✓"] });
  });

  test("finds paths, queries and repeated headers in the request", async () => {
    const answer = await get("/request/a%2Fb/%E2%9C%93%20c?x=1&x=%FC&y", { "X-Twice": "one", "User-Agent": "test" });
    expect(JSON.parse(String(answer.body))).toMatchObject({
      rest: "a/b/✓ c",
      path: "/request/a/b/✓ c",
      args: { x: ["1", "�"], y: [""] },
      remote_addr: "127.0.0.1",
      scheme: "http",
      host: `127.0.0.1:${served.port}`,
      agent: "test",
      x: ["one"],
    });
  });

  test("has an environ that Werkzeug understands", async () => {
    const environ = JSON.parse(String((await get("/environ?q=1")).body));
    expect(environ).toMatchObject({
      REQUEST_METHOD: "GET",
      PATH_INFO: "/environ",
      QUERY_STRING: "q=1",
      SERVER_PROTOCOL: "HTTP/1.1",
      "wsgi.url_scheme": "http",
    });
    expect(environ["wsgi.input_terminated"]).toContain("bool");
  });

  test("keeps a session in a signed cookie", async () => {
    const login = await ask(served.port, {
      method: "POST",
      path: "/login",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: "user=J%C3%BCrgen",
    });
    expect([login.status, header(login, "location")]).toEqual([303, "/me"]);
    const cookie = cookies(login);
    expect(JSON.parse(String((await get("/me", { Cookie: cookie })).body))).toEqual({ user: "Jürgen" });
    expect(JSON.parse(String((await get("/me", { Cookie: `${cookie}x` })).body))).toEqual({ user: null });
    const logout = await ask(served.port, { method: "POST", path: "/logout", headers: { Cookie: cookie } });
    expect([logout.status, cookies(logout), logout.body.length]).toEqual([204, "session=", 0]);
  });

  test("sets several cookies", async () => {
    const answer = await get("/cookies");
    expect(answer.headers.filter(([name]) => name === "Set-Cookie")).toHaveLength(2);
    expect(cookies(answer)).toMatch(/^one=1; two=/);
  });

  test("takes uploads of several files, one of them large", async () => {
    const large = randomBytes(20 * 1024 * 1024 + 13);
    const form = new FormData();
    form.append("comment", "Grüße");
    form.append("file", new File([large], "groß.bin", { type: "application/x-large" }));
    form.append("file", new File(["small"], "small.txt", { type: "text/plain" }));
    const response = await fetch(`${served.url}/upload`, { method: "POST", body: form });
    expect(await response.json()).toEqual({
      files: [
        { name: "groß.bin", type: "application/x-large", size: large.length, sha256: sha256(large) },
        { name: "small.txt", type: "text/plain", size: 5, sha256: sha256(Buffer.from("small")) },
      ],
      form: { comment: "Grüße" },
    });
  });

  test.each(["length", "chunked"])("reads an upload of %s while it answers", async (kind) => {
    const large = randomBytes(3 * 1024 * 1024);
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < large.length; at += 100_000) controller.enqueue(large.subarray(at, at + 100_000));
        controller.close();
      },
    });
    const body = kind === "length" ? large : stream;
    const response = await fetch(`${served.url}/raw`, { method: "POST", body, duplex: "half" } as RequestInit);
    const lines = (await response.text()).trim().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[3]).toBe(`${large.length} ${sha256(large)}`);
  });

  test("refuses an upload beyond MAX_CONTENT_LENGTH", async () => {
    const answer = await ask(served.port, {
      method: "POST",
      path: "/upload",
      headers: { "Content-Type": "multipart/form-data; boundary=x" },
      body: Buffer.alloc(32_000_001),
    });
    expect(answer.status).toBe(413);
  });

  test("asks for no body that the application does not read", async () => {
    const socket = net.connect(served.port, "127.0.0.1");
    socket.write("POST /ignored HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100000000\r\n\r\n");
    const [piece] = (await once(socket, "data")) as [Buffer];
    expect(String(piece)).toMatch(/^HTTP\/1\.1 403 [\s\S]*^Connection: close\r$/m);
    socket.destroy();
  });

  test("answers an upload that it does not read, and then the next request of the connection", async () => {
    const request = "POST /ignored HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n";
    const socket = net.connect(served.port, "127.0.0.1");
    socket.end(`${request}${"x".repeat(70_000)}GET /json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    let text = "";
    for await (const piece of socket) text += piece;
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 403", "HTTP/1.1 200"]);
  });

  test("streams: an item goes out before the next is made", async () => {
    const response = await fetch(`${served.url}/gated/test`);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("data: first\n\n");
    expect(String((await get("/open/test")).body)).toBe("opened"); // by the other thread
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("data: second\n\n");
    expect((await reader.read()).done).toBe(true);
  });

  test("keeps the request for a stream with its context", async () => {
    expect(String((await get("/stream/3?word=w%C3%B6rd")).body)).toBe("wörd 0\nwörd 1\nwörd 2\n");
    expect(String((await get("/stream/5000")).body).split("\n")).toHaveLength(5001);
  });

  test("ends a stream whose client leaves: generator, call_on_close and teardown run", async () => {
    const socket = net.connect(served.port, "127.0.0.1");
    socket.write("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(socket, "data");
    socket.resetAndDestroy();
    await served.logs(/endless: the generator was closed/);
    await served.logs(/endless: call_on_close/);
    await expect.poll(async () => String((await get("/torn-down")).body)).toMatch(/"\/endless /);
    expect(served.log).not.toMatch(/Traceback[\s\S]*endless/);
  });

  test("sends files whole, in ranges, or not at all", async () => {
    const whole = await get("/file");
    expect([whole.status, whole.body.length, header(whole, "content-length")]).toEqual([200, 220_000, "220000"]);
    expect(header(whole, "last-modified")).toBe("Tue, 14 Nov 2023 22:13:20 GMT");
    const etag = header(whole, "etag") as string;
    const part = await get("/file", { Range: "bytes=11-21" });
    expect([part.status, header(part, "content-range"), String(part.body)]).toEqual([
      206,
      "bytes 11-21/220000",
      "line 00001\n",
    ]);
    const tail = await get("/file", { Range: "bytes=-11", "If-Range": etag });
    expect([tail.status, String(tail.body)]).toEqual([206, "line 19999\n"]);
    const far = await get("/file", { Range: "bytes=900000-" });
    expect(far.status).toBe(416);
    for (const condition of [{ "If-None-Match": etag }, { "If-Modified-Since": "Wed, 15 Nov 2023 00:00:00 GMT" }]) {
      const same = await get("/file", condition);
      expect([same.status, same.body.length, header(same, "content-length")]).toEqual([304, 0, undefined]);
    }
    const head = await ask(served.port, { method: "HEAD", path: "/file" });
    expect([head.status, header(head, "content-length"), head.body.length]).toEqual([200, "220000", 0]);
  });

  test("sends files under names of every script, and from memory", async () => {
    const download = await get("/download");
    expect(header(download, "content-disposition")).toContain("filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt");
    expect(download.body.length).toBe(220_000);
    expect(String((await get("/memory")).body)).toBe("from memory");
  });

  test("handles errors as the application says", async () => {
    expect(JSON.parse(String((await get("/nowhere")).body))).toEqual({ error: "nothing at /nowhere" });
    expect((await get("/tea")).status).toBe(418);
    expect([(await get("/abort/403")).status, (await get("/abort/503")).status]).toEqual([403, 503]);
    const wrong = await ask(served.port, { method: "DELETE", path: "/json" });
    expect([wrong.status, header(wrong, "allow")?.split(", ").sort()]).toEqual([
      405,
      ["GET", "HEAD", "OPTIONS", "POST"],
    ]);
  });

  test("shows no traceback to the client, and logs it", async () => {
    const answer = await get("/error");
    expect([answer.status, header(answer, "x-after")]).toEqual([500, "after_request"]);
    expect(String(answer.body)).not.toMatch(/Traceback|asked for/);
    await served.logs(/Exception on \/error \[GET\]\n +Traceback[\s\S]*\n +RuntimeError: asked for – ✗\n/);
  });

  test("breaks a stream off that fails", async () => {
    await expect(get("/error-in-stream")).rejects.toThrow(/aborted|ECONNRESET|socket hang up/);
    await served.logs(/RuntimeError: in the middle/);
  });

  test("logs what is logged, also what is not ASCII", async () => {
    await get("/log");
    await served.logs(/ERROR in flask_app: logged: ü ✓\n/);
    await served.logs(/^logged by another$/m);
    await served.logs(/^written to wsgi\.errors$/m);
  });

  test("knows where it is mounted", async () => {
    const about = JSON.parse(String((await get("/m%C3%B6unt/request/x")).body));
    expect(about).toMatchObject({ path: "/request/x", script_root: "/möunt" });
    const broken = JSON.parse(String((await get("/m%C3%B6unt/request/%FF")).body));
    expect(broken).toMatchObject({ rest: "�", script_root: "/möunt" });
    const basket = JSON.parse(String((await get("/m%C3%B6unt/shop/basket/b")).body));
    expect(encodeURI(decodeURI(basket.here))).toBe("/m%C3%B6unt/shop/basket/b");
    const login = await ask(served.port, {
      method: "POST",
      path: "/m%C3%B6unt/login",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: "user=a",
    });
    expect(encodeURI(decodeURI(header(login, "location") as string))).toBe("/m%C3%B6unt/me");
  });
});
