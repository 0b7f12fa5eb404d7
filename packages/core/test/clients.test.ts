// The server before clients that others wrote: curl, Python's http.client, fetch, and node:http with an agent.

import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Application, Item } from "../src/index.ts";
import { serve } from "./support/serve.ts";
import { curl, hasCurl, hasPython, python } from "./support/tools.ts";

/** Answers by the path: what each client is tried with. */
const application: Application = async (environ, startResponse) => {
  const input = environ["wsgi.input"];
  switch (environ.PATH_INFO) {
    case "/echo": {
      const body = await input.read();
      startResponse("200 OK", [["X-Trailers", JSON.stringify(input.trailers)]]);
      return [body];
    }
    case "/refuse":
      startResponse("401 Unauthorized", []);
      return ["no"];
    case "/stream":
      startResponse("200 OK", []);
      return (async function* (): AsyncGenerator<Item> {
        for (let i = 0; i < 3; i++) yield `${i};`;
      })();
    case "/break":
      startResponse("200 OK", []);
      return (async function* (): AsyncGenerator<Item> {
        yield "begun";
        throw new Error("broken on purpose");
      })();
    case "/short":
      startResponse("200 OK", [["Content-Length", "10"]]);
      return ["begun"];
    case "/hints":
      environ["wsgi.early_hints"]?.([["Link", "</a.css>"]]);
      startResponse("200 OK", []);
      return ["hinted"];
    default:
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [`${environ.REQUEST_METHOD} ${environ.SERVER_PROTOCOL} ${environ.REMOTE_PORT}`];
  }
};

describe.skipIf(!hasCurl)("curl", () => {
  let folder: string;
  let upload: string;
  const body = "0123456789".repeat(50_000);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "wsgi-"));
    upload = join(folder, "upload");
    await writeFile(upload, body);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("gets two pages over one connection", async () => {
    const { url } = await serve(application);
    const { code, stdout } = await curl("-w", " %{num_connects}\n", `${url}/1`, `${url}/2`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^GET HTTP\/1\.1 (\d+) 1\nGET HTTP\/1\.1 \1 0\n$/);
  });

  test("asks for a head", async () => {
    const { url } = await serve(application);
    const { code, stdout } = await curl("-I", `${url}/`);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nContent-Length: \d+\r\nDate: .* GMT\r\n\r\n$/,
    );
  });

  test("gets pages over HTTP/1.0", async () => {
    const { url } = await serve(application);
    expect(await curl("-0", `${url}/stream`)).toMatchObject({ code: 0, stdout: "0;1;2;" });
    expect((await curl("-0", `${url}/`)).stdout).toMatch(/^GET HTTP\/1\.0 /);
  });

  test.each([
    ["with a length", []],
    ["in chunks", ["-H", "Transfer-Encoding: chunked"]],
  ])("waits for 100 Continue before it uploads %s", async (_name, args) => {
    const { url } = await serve(application);
    // It would wait longer than the test for a 100 that does not come.
    const expecting = ["-H", "Expect: 100-continue", "--expect100-timeout", "60", "-v"];
    const result = await curl(...expecting, ...args, "-T", upload, `${url}/echo`);
    expect(result.code).toBe(0);
    expect(result.stdout === body).toBe(true);
    expect(result.stderr).toMatch(/< HTTP\/1\.1 100 Continue.*< HTTP\/1\.1 200 OK/s);
  });

  test("does not upload what is refused without reading", async () => {
    const { url, exchange } = await serve(application);
    const result = await curl(
      "-v",
      "-H",
      "Expect: 100-continue",
      "--expect100-timeout",
      "60",
      "-T",
      upload,
      `${url}/refuse`,
    );
    expect(result).toMatchObject({ code: 0, stdout: "no" });
    expect(result.stderr).not.toContain("100 Continue");
    expect(result.stderr).toMatch(/< Connection: close/);
    expect((await exchange()).bytesReceived).toBeLessThan(1000);
  });

  test.each([
    ["chunked", ["/break"], 18],
    ["with a length", ["/short"], 18],
    ["that ends with the connection", ["/break", "-0"], 56],
  ])("tells that a body %s broke off", async (_name, [path, ...args], code) => {
    const { url } = await serve(application);
    expect(await curl(...args, `${url}${path}`)).toMatchObject({ code, stdout: "begun" });
  });
});

describe.skipIf(!hasPython)("Python's http.client", () => {
  test("sends several requests over one connection", async () => {
    const { port, server } = await serve(application);
    const { stdout, stderr } = await python(
      port,
      `
import http.client
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
def ask(*args, **kwargs):
    connection.request(*args, **kwargs)
    response = connection.getresponse()
    print(response.status, response.version, response.getheader("Content-Length"), response.read())
ask("PUT", "/echo", body=b"Hello")
ask("POST", "/echo", body=iter([b"Hel", b"lo"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
ask("POST", "/refuse", body=b"not read")
ask("HEAD", "/stream")
ask("GET", "/stream")
`,
    );
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toEqual([
      "200 11 5 b'Hello'",
      "200 11 5 b'Hello'",
      "401 11 2 b'no'",
      "200 11 None b''",
      "200 11 None b'0;1;2;'",
    ]);
    expect(server.counters.accepted).toBe(1);
  });

  test("tells that a body broke off", async () => {
    const { port } = await serve(application);
    const { stdout, stderr } = await python(
      port,
      `
import http.client
for path, version in ("/break", 11), ("/short", 11), ("/break", 10):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection._http_vsn, connection._http_vsn_str = version, "HTTP/1.%d" % (version - 10)
    connection.request("GET", path)
    try:
        print(connection.getresponse().read())
    except Exception as error:
        print(type(error).__name__)
`,
    );
    expect(stderr).toBe("");
    expect(stdout).toBe("IncompleteRead\nIncompleteRead\nConnectionResetError\n");
  });
});

describe("fetch", () => {
  test("sends many requests at a time", async () => {
    const { url, server } = await serve(application);
    const bodies = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const response = await fetch(`${url}/echo`, { method: "POST", body: `number ${i}` });
        return await response.text();
      }),
    );
    expect(bodies).toEqual(Array.from({ length: 50 }, (_, i) => `number ${i}`));
    expect(server.counters.requests).toBe(50);
  });

  test("streams a body both ways", async () => {
    const { url } = await serve(application);
    const body = new Blob(["Hel", "lo"]).stream();
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    expect(await (await fetch(`${url}/echo`, init)).text()).toBe("Hello");
    expect(await (await fetch(`${url}/stream`)).text()).toBe("0;1;2;");
  });

  test("tells that a body broke off", async () => {
    const { url } = await serve(application);
    for (const path of ["/break", "/short"]) {
      const response = await fetch(url + path);
      await expect(response.text()).rejects.toThrow("terminated");
    }
  });
});

describe("node:http", () => {
  /** One request; resolves with its response and the text of the body. */
  async function ask(options: http.RequestOptions, send?: (request: http.ClientRequest) => void) {
    const request = http.request(options);
    if (send === undefined) request.end();
    else send(request);
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    response.setEncoding("utf8");
    let text = "";
    for await (const piece of response) text += piece;
    return { response, text, reused: request.reusedSocket };
  }

  function keepAliveAgent(): http.Agent {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    return agent;
  }

  test("reuses the connection of a keep-alive agent, and heeds the announced timeout", async () => {
    const { port } = await serve(application, { keepalive: 5 });
    const agent = keepAliveAgent();
    const first = await ask({ port, agent, path: "/" });
    expect(first.reused).toBe(false);
    expect(first.response.headers).toMatchObject({ connection: "keep-alive", "keep-alive": "timeout=5" });
    const second = await ask({ port, agent, path: "/" });
    expect(second).toMatchObject({ text: first.text, reused: true });
  });

  test("opens a new connection after Connection: close", async () => {
    const { port } = await serve(application, { keepalive: false });
    const agent = keepAliveAgent();
    const first = await ask({ port, agent, path: "/" });
    expect(first.response.headers.connection).toBe("close");
    const second = await ask({ port, agent, path: "/" });
    expect(second.reused).toBe(false);
    expect(second.text).not.toBe(first.text);
  });

  test("sends the body after 100 Continue, with trailers", async () => {
    const { port } = await serve(application);
    const { text, response } = await ask(
      { port, method: "POST", path: "/echo", headers: { Expect: "100-continue", Trailer: "X-Sum" } },
      (request) => {
        request.on("continue", () => {
          request.write("Hello");
          request.addTrailers({ "X-Sum": "1" });
          request.end();
        });
        request.flushHeaders();
      },
    );
    expect(text).toBe("Hello");
    expect(response.headers["x-trailers"]).toBe('[["X-Sum","1"]]');
  });

  test("is told of early hints", async () => {
    const { port } = await serve(application);
    const hints: unknown[] = [];
    const { text } = await ask({ port, path: "/hints" }, (request) => {
      request.on("information", ({ statusCode, headers }) => hints.push([statusCode, headers.link]));
      request.end();
    });
    expect(text).toBe("hinted");
    expect(hints).toEqual([[103, "</a.css>"]]);
  });
});
