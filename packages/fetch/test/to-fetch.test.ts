// Applications as Fetch handlers, without a socket.

import type { Application, Environ, Header, StartResponse } from "@wsgi/core";
import { describe, expect, test } from "vitest";
import { deferred } from "../../core/test/support/deferred.ts";
import { knownResponse } from "../src/fast-response.ts";
import { fromFetch, type ToFetchOptions, toFetch } from "../src/index.ts";

const TEXT: readonly Header[] = [["Content-Type", "text/plain"]];

function ask(
  application: Application,
  init: RequestInit & { url?: string } = {},
  options: ToFetchOptions = {},
): Promise<Response> {
  return toFetch(application, { throwErrors: true, ...options })(new Request(init.url ?? "http://a.example/", init));
}

/** Answers with a body, however it is made. */
const giving =
  (make: () => unknown, headers = TEXT, status = "200 OK"): Application =>
  (_environ, startResponse) => {
    startResponse(status, headers);
    return make() as never;
  };

async function environFor(init: RequestInit & { url?: string } = {}, options: ToFetchOptions = {}): Promise<Environ> {
  let seen: Environ | undefined;
  const application: Application = (environ, startResponse) => {
    seen = environ;
    return giving(() => [])(environ, startResponse);
  };
  await ask(application, init, options);
  return seen as Environ;
}

describe("the environ", () => {
  test("has every key of PEP 3333 and the core's", async () => {
    const url = "https://u.example:8443/caf%C3%A9%2Fx?a=b&c#frag";
    const headers = { "content-type": "a/b", "content-length": "2", "x-a": "1", x_b: "2", cookie: "c=d" };
    const environ = await environFor({ url, method: "PUT", body: "xy", headers });
    expect(environ).toMatchObject({
      ...{
        REQUEST_METHOD: "PUT",
        SCRIPT_NAME: "",
        PATH_INFO: "/café/x",
        RAW_PATH_INFO: "/caf%C3%A9%2Fx",
        QUERY_STRING: "a=b&c",
      },
      ...{
        SERVER_NAME: "u.example",
        SERVER_PORT: "8443",
        SERVER_PROTOCOL: "HTTP/1.1",
        HTTPS: "on",
        HTTP_HOST: "u.example:8443",
      },
      ...{
        CONTENT_TYPE: "a/b",
        CONTENT_LENGTH: "2",
        HTTP_X_A: "1",
        HTTP_COOKIE: "c=d",
        REMOTE_ADDR: "",
        REMOTE_PORT: "",
      },
      ...{ "wsgi.version": [1, 0], "wsgi.url_scheme": "https", "wsgi.multithread": false, "wsgi.run_once": false },
    });
    expect(environ).not.toHaveProperty("HTTP_X_B");
    expect(environ).not.toHaveProperty("HTTP_CONTENT_TYPE");
    expect(environ).not.toHaveProperty(["wsgi.early_hints"]);
    expect(environ["fetch.request"]).toBeInstanceOf(Request);
    expect(environ.headers_raw).toContainEqual(["x_b", "2"]);
  });

  test.each([
    ["http://a.example/", "a.example", "80", "/"],
    ["https://a.example", "a.example", "443", "/"],
    ["http://[::1]:81/x", "::1", "81", "/x"],
    ["http://[::1]/", "::1", "80", "/"],
    ["http://a/%ff%", "a", "80", "/\ufffd%"],
  ])("of %s", async (url, name, port, path) => {
    const environ = await environFor({ url });
    expect([environ.SERVER_NAME, environ.SERVER_PORT, environ.PATH_INFO, environ.QUERY_STRING]).toEqual([
      name,
      port,
      path,
      undefined,
    ]);
  });

  test("says that a body without a length is chunked, so that applications read it", async () => {
    expect(await environFor({ method: "POST", body: "x" })).toMatchObject({ HTTP_TRANSFER_ENCODING: "chunked" });
    expect(await environFor()).not.toHaveProperty("HTTP_TRANSFER_ENCODING");
  });

  test("has the keys of the option, made of what the runtime gives", async () => {
    expect(await environFor({}, { environ: { REMOTE_ADDR: "192.0.2.1" } })).toMatchObject({ REMOTE_ADDR: "192.0.2.1" });
    let seen: unknown;
    const application: Application = (environ, startResponse) => {
      seen = environ["x.key"];
      return giving(() => [])(environ, startResponse);
    };
    await toFetch<[string]>(application, { environ: (request, key) => ({ "x.key": `${request.method} ${key}` }) })(
      new Request("http://a"),
      "k",
    );
    expect(seen).toBe("GET k");
  });

  test("has a signal that fires with the Request's, and when the response is cancelled", async () => {
    const leaving = new AbortController();
    const environ = await environFor({ signal: leaving.signal });
    const { "wsgi.signal": signal } = environ;
    leaving.abort(new Error("left"));
    expect([signal.aborted, (signal.reason as Error).message, { ...environ }["wsgi.signal"]]).toEqual([
      true,
      "left",
      signal,
    ]);
    let other: AbortSignal | undefined;
    const response = await ask((inner, startResponse) => {
      other = inner["wsgi.signal"];
      return giving(async function* () { yield "x"; yield "y"; })(inner, startResponse); // biome-ignore format: short
    });
    await response.body?.cancel("enough");
    expect([other?.aborted, other?.reason]).toEqual([true, "enough"]);
  });
});

describe("wsgi.input", () => {
  const body = (): ReadableStream => new Blob(["one\ntw", "o\n", "three"]).stream();
  const read = async (use: (input: Environ["wsgi.input"]) => unknown): Promise<unknown> => {
    let result: unknown;
    const application: Application = async (environ, startResponse) => {
      result = await use(environ["wsgi.input"]);
      return giving(() => [])(environ, startResponse);
    };
    await ask(application, { method: "POST", body: body() as never, duplex: "half" } as RequestInit);
    return result;
  };

  test.each([
    ["read()", (i) => i.read(), "one\ntwo\nthree"],
    ["read(-1)", (i) => i.read(-1), "one\ntwo\nthree"],
    ["read(5)", (i) => i.read(5), "one\nt"],
    ["read(0)", (i) => i.read(0), ""],
    ["readline()", (i) => i.readline(), "one\n"],
    ["readline(2)", (i) => i.readline(2), "on"],
  ] as [string, (input: Environ["wsgi.input"]) => Promise<Uint8Array>, string][])(
    "%s",
    async (_title, use, expected) => {
      expect(String(await read(use))).toBe(expected);
    },
  );

  test("read1(), readlines(), iteration, discard()", async () => {
    expect(String(await read((i) => i.read1(2)))).toBe("on");
    expect(String(await read((i) => i.readlines()))).toBe("one\n,two\n,three");
    expect(String(await read((i) => i.readlines(4)))).toBe("one\n");
    const lines: string[] = [];
    await read(async (i) => {
      for await (const line of i) lines.push(String(line));
    });
    expect(lines).toEqual(["one\n", "two\n", "three"]);
    expect(String(await read((i) => i.discard().then(() => i.read())))).toBe("");
  });

  test("refuses wrong sizes, a second read at the same time, and its socket", async () => {
    await expect(read((i) => i.read(1.5))).rejects.toThrow(expect.objectContaining({ code: "BAD_READ_SIZE" }));
    await expect(read((i) => Promise.all([i.read(), i.read()]))).rejects.toThrow(
      expect.objectContaining({ code: "READ_IN_PROGRESS" }),
    );
    await expect(read((i) => i.getSocket())).rejects.toThrow(expect.objectContaining({ code: "CANNOT_UPGRADE" }));
  });
});

describe("a body", () => {
  const kinds: [string, () => unknown, string | null][] = [
    ["text", () => "é", "2"],
    ["bytes", () => Buffer.from("é"), "2"],
    ["a list", () => ["a", Buffer.from("b")], "2"],
    ["an empty list", () => [], "0"],
    ["a promise", async () => "é", "2"],
    ["a generator", function* () { yield "a"; yield ""; yield Buffer.from("b"); }, null],
    ["an async generator", async function* () { yield ""; yield "a"; yield "b"; }, null],
    ["a stream", () => new Blob(["ab"]).stream(), null],
    ["nothing of a generator", function* () {}, null],
  ]; // biome-ignore format: a table
  test.each(kinds)("of %s", async (title, make, length) => {
    const response = await ask(giving(make));
    const text = title.startsWith("nothing")
      ? ""
      : title.startsWith("an empty")
        ? ""
        : /text|bytes|promise/.test(title)
          ? "é"
          : "ab";
    expect([response.headers.get("content-length"), response.headers.get("content-type")]).toEqual([
      length,
      "text/plain",
    ]);
    expect(await response.text()).toBe(text);
  });

  test("gets no type that the application did not give", async () => {
    expect((await ask(giving(() => "x", []))).headers.has("content-type")).toBe(false);
  });

  test.each(["204 No Content", "304 Not Modified", "205 Reset Content"])(
    "is dropped with %s, and with HEAD",
    async (status) => {
      const response = await ask(giving(() => "x", [], status));
      expect([response.status, response.statusText, response.body]).toEqual([
        Number.parseInt(status, 10),
        status.slice(4),
        null,
      ]);
      const head = await ask(
        giving(() => "Hello"),
        { method: "HEAD" },
      );
      expect([head.body, head.headers.get("content-length")]).toEqual([null, "5"]);
    },
  );

  test("is pulled as the client reads, and closed when it has ended, failed or is not wanted", async () => {
    const log: string[] = [];
    const body = {
      *[Symbol.iterator]() {
        try {
          for (let n = 0; ; n++) {
            log.push(`item ${n}`);
            yield "x";
          }
        } finally {
          log.push("returned");
        }
      },
      close: () => log.push("closed"),
    };
    const response = await ask(giving(() => body));
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.read();
    expect(log).toEqual(["item 0", "item 1"]);
    await reader?.cancel();
    expect(log).toEqual(["item 0", "item 1", "returned", "closed"]);
  });

  test("is as long as its Content-Length: cut, or an error", async () => {
    const of = (length: string): readonly Header[] => [["Content-Length", length]];
    expect(await (await ask(giving(() => ["abc"], of("2")))).text()).toBe("ab");
    const errors: string[] = [];
    const short = await ask(
      giving(() => ["abc"], of("4")),
      {},
      { log: (text) => errors.push(text) },
    );
    await expect(short.text()).rejects.toThrow();
    expect(errors.join()).toMatch(/1 bytes are missing/);
  });

  test("that fails midway fails for the reader, and is logged", async () => {
    const errors: string[] = [];
    const failing = async function* (): AsyncGenerator<string> {
      yield "a";
      throw new Error("meant");
    };
    const response = await ask(giving(failing), {}, { log: (text) => errors.push(text) });
    await expect(response.text()).rejects.toThrow("meant");
    expect(errors.join()).toMatch(/the application failed: Error: meant/);
  });
});

describe("write()", () => {
  test("begins the response, keeps the order, and waits for the reader", async () => {
    const log: string[] = [];
    const response = await ask(async (_environ, startResponse) => {
      const write = startResponse("200 OK", TEXT);
      await write("one ");
      await write("two ");
      log.push("two was taken");
      return ["three"];
    });
    expect(log).toEqual([]);
    expect(await response.text()).toBe("one two three");
    expect(log).toEqual(["two was taken"]);
  });

  test("without waiting, from a synchronous application", async () => {
    const application: Application = (_environ, startResponse) => {
      void startResponse("200 OK", TEXT)("one ");
      return ["two"];
    };
    expect(await (await ask(application)).text()).toBe("one two");
  });

  test("an application that fails after it makes the body fail", async () => {
    const application: Application = async (_environ, startResponse) => {
      await startResponse("200 OK", TEXT)("one ");
      throw new Error("meant");
    };
    await expect((await ask(application, {}, { log: () => {} })).text()).rejects.toThrow("meant");
  });
});

describe("startResponse", () => {
  const start =
    (...given: unknown[]): Application =>
    (_environ, startResponse) => {
      (startResponse as (...given: unknown[]) => unknown)(...given);
      return [];
    };
  test.each([
    ["BAD_STATUS", start(200, [])],
    ["BAD_STATUS", start("200", []), "fine"],
    ["BAD_STATUS", start("101 Switching Protocols", [])],
    ["BAD_STATUS", start("600 Beyond", [])],
    ["BAD_HEADERS", start("200 OK", {})],
    ["BAD_HEADERS", start("200 OK", [["a"]])],
    ["BAD_HEADER_NAME", start("200 OK", [["a b", "c"]])],
    ["BAD_HEADER_VALUE", start("200 OK", [["a", "b\r\nc: d"]])],
    ["BAD_HEADER_VALUE", start("200 OK", [["a", 1]])],
    ["HOP_BY_HOP_HEADER", start("200 OK", [["Transfer-Encoding", "chunked"]])],
    ["HOP_BY_HOP_HEADER", start("200 OK", [["Connection", "close"]]), "fine"],
    ["BAD_CONTENT_LENGTH_HEADER", start("200 OK", [["Content-Length", "-1"]])],
    ["BAD_CONTENT_LENGTH_HEADER", start("200 OK", [["Content-Length", "0"], ["content-length", "0"]])],
    ["NO_RESPONSE", () => []],
    ["BAD_BODY", giving(() => 1)],
    ["BAD_BODY", giving(() => [1])],
    ["RESPONSE_ALREADY_STARTED", (_environ: Environ, startResponse: StartResponse) => { startResponse("200 OK", []); startResponse("200 OK", []); return []; }],
  ] as [string, Application, string?][])("%s, %#", async (code, application, fine) => {
    const asked = ask(application);
    if (fine === undefined) await expect(asked).rejects.toThrow(expect.objectContaining({ name: "FetchError", code }));
    else expect((await asked).status).toBe(200);
  }); // biome-ignore format: a table

  test("may be called again with excInfo, until the head is out", async () => {
    const again: Application = (_environ, startResponse) => {
      startResponse("200 OK", []);
      startResponse("500 Oops", [], new Error("first"));
      return ["x"];
    };
    expect((await ask(again)).statusText).toBe("Oops");
    const late = async function* (_environ: Environ, startResponse: StartResponse): AsyncGenerator<string> {
      startResponse("200 OK", []);
      yield "x";
      startResponse("500 Oops", [], new Error("late"));
    };
    await expect((await ask(late as Application, {}, { log: () => {} })).text()).rejects.toThrow("late");
  });

  test("is called by a generator at its first item", async () => {
    const generator = function* (_environ: Environ, startResponse: StartResponse): Generator<string> {
      startResponse("201 Created", TEXT);
      yield "x";
    };
    const response = await ask(generator);
    expect([response.status, await response.text()]).toEqual([201, "x"]);
  });
});

describe("errors", () => {
  const failing: Application = () => {
    throw new Error("meant");
  };

  test("are answered with 500 and logged, or thrown", async () => {
    const lines: string[] = [];
    const response = await ask(failing, {}, { throwErrors: false, log: (text) => lines.push(text) });
    expect([response.status, response.body, lines.join()]).toEqual([500, null, expect.stringMatching(/Error: meant/)]);
    await expect(ask(failing)).rejects.toThrow("meant");
  });

  test("are written to wsgi.errors by applications", async () => {
    const lines: string[] = [];
    const application: Application = (environ, startResponse) => {
      environ["wsgi.errors"].write("one\n");
      environ["wsgi.errors"].writelines(["two", "\n"]);
      environ["wsgi.errors"].flush();
      return giving(() => [])(environ, startResponse);
    };
    await ask(application, {}, { log: (text) => lines.push(text) });
    expect(lines).toEqual(["one", "two"]);
  });

  test.each([
    ["BAD_APPLICATION", { fetch() {} }, {}],
    ["BAD_OPTION", failing, { log: "x" }],
    ["BAD_OPTION", failing, { environ: null }],
  ])("%s at once, %#", (code, application, options) => {
    expect(() => toFetch(application as Application, options as unknown as ToFetchOptions)).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

test("wsgi.file_wrapper reads what can be read, and closes it", async () => {
  const closed = deferred();
  const pieces = ["a", "b"];
  const file = { read: () => pieces.shift() ?? "", close: closed.resolve };
  const application: Application = (environ, startResponse) => {
    startResponse("200 OK", TEXT);
    return environ["wsgi.file_wrapper"](file as never);
  };
  expect(await (await ask(application)).text()).toBe("ab");
  await closed.promise;
});

test("there and back again: a Fetch handler as an application as a Fetch handler", async () => {
  const handler = toFetch(
    fromFetch(async (request) => new Response(`${request.method} ${request.url} ${await request.text()}`)),
  );
  const response = await handler(new Request("http://a.example/x?y", { method: "POST", body: "body" }));
  expect([await response.text(), response.headers.get("content-type")]).toEqual([
    "POST http://a.example/x?y body",
    "text/plain;charset=UTF-8",
  ]);
});

describe("a Response with a whole body", () => {
  const light = giving(() => ["x"]);
  const CASES: readonly [string, Application, string?][] = [
    ["a text with a type", light],
    ["a text without a type", giving(() => "x", [])],
    ["a text beyond ASCII", giving(() => ["é", "\ud800"])],
    ["bytes", giving(() => [new Uint8Array([0xff]), "x"])],
    ["nothing", giving(() => [])],
    ["headers in capitals, white space around a value", giving(() => "x", [["X-A", " 1 "], ["Set-Cookie", "a"], ["Set-Cookie", "b"]])],
    ["its length declared", giving(() => "x", [["Content-Length", "1"]])],
    ["HEAD", light, "HEAD"],
    ["204", giving(() => [], TEXT, "204 No Content")],
    ["a reason of its own", giving(() => "x", TEXT, "299 Fine")],
    ["no reason", giving(() => "x", TEXT, "404")],
  ]; // biome-ignore format: a table
  const facts = async (response: Response): Promise<unknown> => {
    const { status, statusText, headers, bodyUsed, body } = response.clone();
    const bytes = Buffer.from(await response.arrayBuffer()).toString("hex");
    return { status, statusText, headers: [...headers], bodyUsed, hasBody: body !== null, bytes };
  };

  test.each(CASES)("is a light one that is like the runtime's: %s", async (_title, application, method = "GET") => {
    const isLight = await ask(application, { method });
    class Other extends Response {}
    const { Response: own } = globalThis;
    globalThis.Response = Other as never; // whose it is then is not ours to say
    const other = await ask(application, { method }).finally(() => {
      globalThis.Response = own;
    });
    expect([isLight instanceof Other, other instanceof Other, isLight instanceof Response]).toEqual([false, true, true]);
    const names = [...(knownResponse(isLight)?.headers ?? [["Is none", ""]])].map(([name]) => name);
    expect(names).toEqual(names.map((name) => name.toLowerCase()));
    expect(await facts(isLight)).toEqual(await facts(other));
  }); // biome-ignore format: short

  test("passes through a handler of this package without being read", async () => {
    const [there] = await Promise.all([ask(fromFetch(toFetch(giving(() => "x", TEXT, "299 Fine"))))]);
    expect([there.status, there.statusText, await there.text()]).toEqual([299, "Fine", "x"]);
  });
});
