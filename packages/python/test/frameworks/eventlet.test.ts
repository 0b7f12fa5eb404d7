// Programs that were written for eventlet, as they are: those of its documentation, and others; with eventlet installed and without.
// And an application that uses all that eventlet gives, served by both servers.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ask, comparable } from "./support/ask.ts";
import { Peer } from "./support/peers.ts";
import { pythonWith, pythonWithout, titled, toStderr } from "./support/pythons.ts";
import { ServedPython, type ServeOptions } from "./support/serve-python.ts";
import { exchange, exchangeExpecting } from "./support/wire.ts";

const withEventlet = pythonWith("eventlet");
const withoutEventlet = pythonWithout("eventlet");
const NEED = "no Python here has eventlet: apt-get install python3-eventlet";

async function serve(options: ServeOptions): Promise<ServedPython> {
  const served = await ServedPython.start(options);
  onTestFinished(() => served[Symbol.asyncDispose]());
  return served;
}

const body = async (port: number, path = "/"): Promise<string> => String((await ask(port, { path })).body);

const interpreters = [
  ["with eventlet installed", withEventlet, NEED],
  ["without eventlet", withoutEventlet, "every Python here has eventlet"],
] as const;

for (const [title, python, need] of interpreters) {
  describe.skipIf(!python)(titled(title, python, need), () => {
    test("the first program of its documentation runs as it is", async () => {
      const { port } = await serve({ python: { app: "eventlet_hello.py", python } });
      const answer = await ask(port, { path: "/" });
      expect(comparable(answer)).toEqual({
        status: "200 OK",
        headers: [
          ["content-length", "15"],
          ["content-type", "text/plain"],
        ],
        body: "Hello, World!\r\n",
      });
    });

    test("the program with post hooks runs as it is: they run after the response, with its receipt", async () => {
      const served = await serve({ python: { app: "eventlet_posthooks.py", python: toStderr(python as string) } });
      expect(await body(served.port)).toBe("Hello, World!\r\n");
      const [called] = await served.logs(/^Hook called: .*$/m);
      expect(called).toMatch(/^Hook called: \{.*'PATH_INFO': '\/',.*\} arg1 arg2 3 4$/);
      expect(called).toMatch(/'wsgi\.exchange': \{.*'status': 200,.*'body_bytes': 15,.*'completed': True/);
      expect(served.log.indexOf('"GET / HTTP/1.1" 200 15')).toBeLessThan(served.log.indexOf("Hook called"));
    });

    test("a program with TLS, keys for the environ and something after its server", async () => {
      const served = await serve({ python: { app: "eventlet_secure.py", python } });
      await served.logs(/^wsgi: Python: eventlet\.wsgi\.server\(\): not used here, .*: keepalive$/m);
      expect(await body(served.port)).toBe("Hello, World! This is http, from eventlet.\r\n");
      expect(served.log).not.toContain("cleaned up");
      await served.application.close();
      expect(served.log).toContain("the program has cleaned up\n");
    });
  });
}

describe.skipIf(!withEventlet)(titled("compared with eventlet", withEventlet, NEED), () => {
  let ours: ServedPython;
  let theirs: Peer;
  const both = async <T>(request: (port: number) => Promise<T>): Promise<[T, T]> =>
    Promise.all([request(ours.port), request(theirs.port)]);

  beforeAll(async () => {
    const python = withEventlet as string;
    [ours, theirs] = await Promise.all([
      ServedPython.start({ python: { app: "eventlet_site:site", python } }),
      Peer.start("eventlet", python, "eventlet_site:site"),
    ]);
  }, 60_000);
  afterAll(() => Promise.all([ours?.[Symbol.asyncDispose](), theirs?.[Symbol.asyncDispose]()]));

  test.each([
    [
      "an environ",
      { path: "/keys/a%2Fb/%C3%BC%FF?q=%20&r", headers: { "X-Twice": "1", Cookie: "a=b; c=d", "Content-Type": "a/b" } },
    ],
    ["lines and pieces of a body", { path: "/pieces", method: "POST", body: "first\nsecond\nthird\nlast" }],
    ["an empty body", { path: "/lines", method: "POST", body: "" }],
    [
      "a body in chunks",
      { path: "/lines", method: "POST", body: "first\nsecond\nt", headers: { "Transfer-Encoding": "chunked" } },
    ],
    ["a response in pieces of text and bytes", { path: "/chunks" }],
    ["write()", { path: "/written" }],
    ["a page that is not there", { path: "/nowhere" }],
  ])("%s is the same", async (_, question) => {
    const [mine, other] = (await both((port) => ask(port, question))).map((answer) => {
      const { body: text, ...rest } = comparable(answer) as { body: string };
      // The ports differ, and with them the Host.
      return { ...rest, body: text.replaceAll(/127\.0\.0\.1:\d+/g, "HOST") };
    });
    expect(mine).toEqual(other);
  });

  test("post hooks have run when the next request comes", async () => {
    const request =
      "GET /hooked HTTP/1.1\r\nHost: a\r\n\r\nGET /hooks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    await both((port) => exchange(port, request));
    const [mine, other] = await both((port) => body(port, "/hooks"));
    expect(mine).toBe('[["/hooked", "one", {}], ["/hooked", "two", {"more": 2}]]');
    expect(mine).toBe(other);
  });

  test.each(["/hundred", "/sent_hundred"])("100 Continue has the headers that were set by %s", async (path) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n`;
    const [mine, other] = await both((port) => exchangeExpecting(port, head, "body"));
    const interim = (text: string): string[] => text.slice(0, text.indexOf("\r\n\r\n")).split("\r\n").sort();
    expect(interim(mine)).toEqual(interim(other));
    expect(mine).toMatch(/^HTTP\/1\.1 100 Continue\r\n[\s\S]+\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*"body"/);
  });

  test("what is different: lines of an iterated body, no body to HEAD, no traceback for the client", async () => {
    const [lines, whole] = await both((port) => ask(port, { path: "/iterated", method: "PUT", body: "one\ntwo" }));
    expect([String(lines.body), String(whole.body)]).toEqual(['["one\\n", "two"]', '["one\\ntwo"]']); // PEP 3333: lines
    const request = "HEAD /written HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const [mine, other] = await both((port) => exchange(port, request));
    expect([mine.endsWith("\r\n\r\n"), other.endsWith("hello world")]).toEqual([true, true]); // RFC 9110 §9.3.2: none
    const failures = await both((port) => ask(port, { path: "/failing" }));
    expect(failures.map(({ status }) => status)).toEqual([500, 500]);
    for (const failure of failures) expect(String(failure.body)).not.toContain("asked for");
  });
});
