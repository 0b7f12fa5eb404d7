import { execFile } from "node:child_process";
import { request } from "node:http";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { type ServedPython, startPython } from "./support/python-server.ts";

const SOURCE = `
HEADERS = [("X-One", "1"), ("X-Two", "gr\\u00fcn")]

def ok(start_response):
    return start_response("200 OK", [("Content-Type", "text/plain")])

def read(environ, start_response):
    body = environ["wsgi.input"].read(5)
    ok(start_response)
    return [body]

def ignore(environ, start_response):
    ok(start_response)
    return [b"ignored"]

def prepared(environ, start_response):
    environ["eventlet.input"].set_hundred_continue_response_headers(HEADERS)
    return read(environ, start_response)

def explicit(environ, start_response):
    environ["eventlet.input"].set_hundred_continue_response_headers(HEADERS[:1])
    environ["eventlet.input"].send_hundred_continue_response()
    try:
        environ["eventlet.input"].send_hundred_continue_response()
    except ValueError as error:
        environ["wsgi.errors"].write("second: %s\\n" % error)
    return read(environ, start_response)

def answered(environ, start_response):
    ok(start_response)
    yield b"first "
    yield environ["wsgi.input"].read(5)

def unasked(environ, start_response):
    try:
        environ["eventlet.input"].send_hundred_continue_response()
    except ValueError as error:
        return [*read(environ, start_response), str(error)[:12].encode()]

def hints(environ, start_response):
    send = environ.get("wsgi.early_hints")
    if send is None:
        ok(start_response)
        return [b"none"]
    send([("Link", "</style.css>; rel=preload")])
    send([("Link", "</script.js>; rel=preload"), ("X-More", "1")])
    ok(start_response)
    return [b"hinted"]

def late_hints(environ, start_response):
    ok(start_response)
    yield b"one "
    try:
        environ["wsgi.early_hints"]([("Link", "</a>")])
    except ValueError as error:
        yield str(error).encode()

def bad_hints(environ, start_response):
    environ["wsgi.early_hints"]([("Link", "a\\r\\nb")])
    ok(start_response)
    return [b"went on"]
`;

/** So that all that Python says meanwhile comes in one piece. */
function beBusy(): void {
  const until = performance.now() + 100;
  while (performance.now() < until);
}

describe("interim responses", () => {
  let served: ServedPython;
  beforeAll(async () => {
    served = await startPython(SOURCE, {
      around: (python) => (environ, startResponse) => {
        if (environ.QUERY_STRING === "busy") setImmediate(() => setImmediate(beBusy));
        return python(environ, startResponse);
      },
    });
  });
  afterAll(() => served.close());

  /** Sends a head that expects 100; the body once that has come, when there is one to come. */
  async function post(target: string, version = "1.1", waits = true): Promise<string> {
    const client = await Client.connect(served.port);
    const head = `POST ${target} HTTP/${version}\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n`;
    client.send(`${head}${version === "1.0" ? "" : "Connection: close\r\n"}\r\n`);
    if (waits) await client.receive("\r\n\r\n");
    client.send("12345");
    return client.end();
  }

  test("100 Continue is sent by the first read", async () => {
    expect(await post("/read")).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*\r\n12345\r\n0\r\n\r\n$/,
    );
  });

  test("100 Continue is not sent without a read", async () => {
    expect(await post("/ignore")).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nignored\r\n0\r\n\r\n$/);
  });

  test("100 Continue has the headers that were prepared", async () => {
    expect(await post("/prepared")).toMatch(
      /^HTTP\/1\.1 100 Continue\r\nX-One: 1\r\nX-Two: gr\u00fcn\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
    );
  });

  test("100 Continue is sent when that is asked for, once", async () => {
    const text = await post("/explicit");
    expect(text).toMatch(
      /^HTTP\/1\.1 100 Continue\r\nX-One: 1\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*\r\n12345\r\n0\r\n\r\n$/,
    );
    expect(text.match(/100 Continue/g)).toHaveLength(1);
    await served.log.logged(/^second: 100 Continue goes to clients that wait for it, once, before the response$/m);
  });

  test("100 Continue is not sent after the response has begun; the body can be read", async () => {
    for (const target of ["/answered", "/answered?busy"]) {
      const text = await post(target);
      expect(text).not.toMatch(/100 Continue/);
      expect(text).toMatch(/first [\s\S]*12345/);
    }
  });

  test("100 Continue is not sent to those that do not wait", async () => {
    const answer = await fetch(`${served.url}/unasked`, { method: "POST", body: "12345" });
    expect(await answer.text()).toBe("12345100 Continue");
    expect(await post("/read", "1.0", false)).toMatch(/^HTTP\/1\.[01] 200 OK\r\n[\s\S]*12345$/);
  });

  test("100 Continue is what curl waits for", async () => {
    const body = "x".repeat(2_000_000);
    const curl = [
      "-s",
      "-v",
      "--http1.1",
      "-H",
      "Expect: 100-continue",
      "--expect100-timeout",
      "20",
      "--data-binary",
      "@-",
    ];
    const running = promisify(execFile)("curl", [...curl, `${served.url}/prepared`]);
    running.child.stdin?.on("error", () => {}).end(body);
    const { stdout, stderr } = await running;
    expect(stdout).toBe("xxxxx");
    expect(stderr).toMatch(/< HTTP\/1\.1 100 Continue/);
  });

  test("103 Early Hints come before the response", async () => {
    const hints: unknown[] = [];
    const sent = request(`${served.url}/hints`);
    sent.on("information", ({ statusCode, headers }) => hints.push([statusCode, headers]));
    const body = await new Promise((resolve) => {
      sent.on("response", async (response) => resolve((await response.setEncoding("utf8").toArray()).join("")));
      sent.end();
    });
    expect(body).toBe("hinted");
    expect(hints).toEqual([
      [103, { link: "</style.css>; rel=preload" }],
      [103, { link: "</script.js>; rel=preload", "x-more": "1" }],
    ]);
  });

  test("103 Early Hints are not there for HTTP/1.0, and not after the head", async () => {
    const client = await Client.connect(served.port);
    client.send("GET /hints HTTP/1.0\r\n\r\n");
    expect(await client.end()).toMatch(/^HTTP\/1\.[01] 200 OK\r\n[\s\S]*none$/);
    const late = await (await fetch(`${served.url}/late_hints`)).text();
    expect(late).toBe("one 103 Early Hints go out before the response");
  });

  test("103 Early Hints that cannot be sent are logged, and the request goes on", async () => {
    expect(await (await fetch(`${served.url}/bad_hints`)).text()).toBe("went on");
    await served.log.logged(/an interim response was not sent: /);
  });
});
