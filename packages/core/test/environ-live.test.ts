// The environ as an application sees it when a request came over a real socket.

import { describe, expect, test } from "vitest";
import { type Environ, type Listener, listen, type Options, server } from "../src/index.ts";
import { askNext } from "./support/answers.ts";
import { Client } from "./support/client.ts";
import { serve } from "./support/serve.ts";
import { get, post, request } from "./wire/wire.ts";

/** The environ of one request, the port it went to and the port it came from. */
async function seen(
  bytes: Uint8Array,
  options: Options = {},
  use: (environ: Environ) => unknown = () => {},
): Promise<{ environ: Environ; port: number; clientPort: number; used: unknown; log: string[] }> {
  const environs: Environ[] = [];
  let used: unknown;
  const served = await serve(async (environ, startResponse) => {
    environs.push(environ);
    used = await use(environ);
    startResponse("200 OK", []);
    return [];
  }, options);
  const client = await served.connect();
  client.send(bytes);
  await client.receive("\r\n\r\n");
  expect(environs, served.log.join("\n")).toHaveLength(1);
  const clientPort = client.socket.localPort as number;
  return { environ: environs[0] as Environ, port: served.port, clientPort, used, log: served.log };
}

test("has every key of the reference, and no other", async () => {
  const bytes = request(
    "POST /a%20b/%C3%A9?q=%20&r HTTP/1.1",
    "Content-Type: text/x",
    "Content-Length: 0",
    "X-One:  1 ",
  );
  const { environ, port, clientPort } = await seen(bytes);
  expect({ ...environ }).toEqual({
    REQUEST_METHOD: "POST",
    SCRIPT_NAME: "",
    RAW_PATH_INFO: "/a%20b/%C3%A9",
    PATH_INFO: "/a b/é",
    QUERY_STRING: "q=%20&r",
    CONTENT_TYPE: "text/x",
    CONTENT_LENGTH: "0",
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_NAME: "127.0.0.1",
    SERVER_PORT: String(port),
    REMOTE_ADDR: "127.0.0.1",
    REMOTE_PORT: String(clientPort),
    GATEWAY_INTERFACE: "CGI/1.1",
    HTTP_HOST: "a",
    HTTP_X_ONE: "1",
    headers_raw: [
      ["Host", "a"],
      ["Content-Type", "text/x"],
      ["Content-Length", "0"],
      ["X-One", "1"],
    ],
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": "http",
    "wsgi.input": expect.objectContaining({ read: expect.any(Function) }),
    "wsgi.errors": expect.objectContaining({ write: expect.any(Function), flush: expect.any(Function) }),
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    "wsgi.file_wrapper": expect.any(Function),
    "wsgi.early_hints": expect.any(Function),
    "wsgi.signal": expect.any(AbortSignal),
    "eventlet.input": environ["wsgi.input"],
    "eventlet.set_idle": expect.any(Function),
    "eventlet.minimum_write_chunk_size": 4096,
  });
  expect(Object.getPrototypeOf(environ)).toBe(Object.prototype);
});

test("leaves out what a bare request does not have", async () => {
  const { environ } = await seen(request("GET / HTTP/1.1"));
  for (const key of ["QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "HTTPS", "HTTP_CONTENT_LENGTH"]) {
    expect(environ).not.toHaveProperty([key]);
  }
});

test("has an empty QUERY_STRING after a bare question mark", async () => {
  expect((await seen(request("GET /? HTTP/1.1"))).environ.QUERY_STRING).toBe("");
});

test("tells the protocol of the request, not of the server", async () => {
  const { environ } = await seen(request("GET / HTTP/1.0"));
  expect(environ.SERVER_PROTOCOL).toBe("HTTP/1.0");
  expect(environ).not.toHaveProperty(["wsgi.early_hints"]);
  expect((await seen(get(), { maxHttpVersion: "HTTP/1.0" })).environ.SERVER_PROTOCOL).toBe("HTTP/1.1");
});

test.each([
  ["/%41", "/A"],
  ["/%2F%2f", "///"],
  ["/%25", "/%"],
  ["/%E2%82%AC", "/€"],
  ["/%FF", "/\ufffd"],
])("keeps RAW_PATH_INFO %s and decodes PATH_INFO", async (raw, path) => {
  const { environ } = await seen(request(`GET ${raw} HTTP/1.1`));
  expect([environ.RAW_PATH_INFO, environ.PATH_INFO]).toEqual([raw, path]);
});

test("joins repeated fields with commas and cookies with semicolons", async () => {
  const { environ } = await seen(get("X-A: 1", "Cookie: a=1", "x-a: 2, 3", "Cookie: b=2", "X-A:"));
  expect(environ["HTTP_X_A"]).toBe("1,2, 3,");
  expect(environ.HTTP_COOKIE).toBe("a=1; b=2");
});

test("keeps headers_raw as they were sent, repeated ones and their case", async () => {
  const { environ } = await seen(get("x-ONE:\t1 \t", "X-one: 2", "X_One: 3", "Latin: \xe9"));
  expect(environ.headers_raw).toEqual([
    ["Host", "a"],
    ["x-ONE", "1"],
    ["X-one", "2"],
    ["X_One", "3"],
    ["Latin", "\xe9"],
  ]);
});

test("never lets a name with an underscore meet one with a hyphen", async () => {
  const { environ } = await seen(get("X_Forwarded_For: forged", "Content_Length: 5", "X-Real-IP: 1"));
  expect(environ).not.toHaveProperty("HTTP_X_FORWARDED_FOR");
  expect(environ).not.toHaveProperty("CONTENT_LENGTH");
  expect(environ).not.toHaveProperty("HTTP_CONTENT_LENGTH");
  expect(environ["HTTP_X_REAL_IP"]).toBe("1");
});

test("takes the host and the path of an absolute target", async () => {
  const { environ } = await seen(request("GET http://b:81/c?d HTTP/1.1"));
  expect(environ).toMatchObject({ HTTP_HOST: "b:81", PATH_INFO: "/c", RAW_PATH_INFO: "/c", QUERY_STRING: "d" });
});

test("names the peers of a listener on all interfaces in plain IPv4", async () => {
  const environs: Environ[] = [];
  await using running = server(
    listen(["", 0]),
    (environ, startResponse) => {
      environs.push(environ);
      startResponse("200 OK", [["Connection", "close"]]);
      return [];
    },
    { logOutput: false },
  );
  await running.ready;
  const client = await Client.connect(running.addresses[0]?.port as number);
  client.send(get());
  await client.end();
  client.leave();
  expect(environs[0]).toMatchObject({ REMOTE_ADDR: "127.0.0.1", SERVER_NAME: "127.0.0.1" });
});

test("is secure behind a secure listener", async () => {
  const plain = listen(["127.0.0.1", 0]);
  const secure = {
    scheme: "https" as const,
    ready: plain.ready,
    served: false,
    accept: plain.accept.bind(plain),
    close: plain.close.bind(plain),
  };
  const environs: Environ[] = [];
  await using running = server(
    secure,
    (environ, startResponse) => {
      environs.push(environ);
      startResponse("200 OK", [["Connection", "close"]]);
      return [];
    },
    { logOutput: false },
  );
  await running.ready;
  const client = await Client.connect(running.addresses[0]?.port as number);
  client.send(get());
  await client.end();
  client.leave();
  expect(environs[0]).toMatchObject({ "wsgi.url_scheme": "https", HTTPS: "on" });
});

test("has what its listener tells of the connection, whatever the environ option says", async () => {
  const inner = listen(["127.0.0.1", 0]);
  const listener: Listener = {
    scheme: "http",
    ready: inner.ready,
    served: false,
    accept: (handlers) =>
      inner.accept({
        ...handlers,
        onConnection: (socket) => handlers.onConnection(socket, [["SSL_PROTOCOL", "TLSv1.3"]]),
      }),
    close: () => inner.close(),
  };
  const served = await serve(
    (environ, startResponse) => {
      startResponse("200 OK", []);
      return [String(environ["SSL_PROTOCOL"])];
    },
    { environ: { SSL_PROTOCOL: "none" } },
    listener,
  );
  const client = await served.connect();
  expect((await askNext(client, get())).body).toBe("TLSv1.3");
  expect((await askNext(client, get())).body).toBe("TLSv1.3");
});

test("is a new object for each request of a connection", async () => {
  const environs: Environ[] = [];
  const served = await serve((environ, startResponse) => {
    environs.push(environ);
    environ["mine"] = environ.PATH_INFO;
    startResponse("200 OK", []);
    return [];
  });
  const client = await served.connect();
  await askNext(client, request("GET /1 HTTP/1.1", "X-One: 1"));
  await askNext(client, request("GET /2 HTTP/1.1"));
  expect(environs.map((environ) => environ["mine"])).toEqual(["/1", "/2"]);
  expect(environs[1]).not.toHaveProperty("HTTP_X_ONE");
  expect(environs[1]?.["wsgi.input"]).not.toBe(environs[0]?.["wsgi.input"]);
});

test("reports what applications write to wsgi.errors to the log", async () => {
  const { log } = await seen(get(), {}, (environ) => environ["wsgi.errors"].write("from the application\n"));
  expect(log).toContain("from the application");
});

test("takes minimumChunkSize for eventlet.minimum_write_chunk_size", async () => {
  const { environ } = await seen(get(), { minimumChunkSize: 7 });
  expect(environ["eventlet.minimum_write_chunk_size"]).toBe(7);
});

test("keeps eventlet.input when wsgi.input is replaced", async () => {
  const { used } = await seen(post(["Content-Length: 5"], "Hello"), {}, async (environ) => {
    environ["wsgi.input"] = { read: () => Promise.reject(new Error("not this one")) } as never;
    return String(await environ["eventlet.input"].read());
  });
  expect(used).toBe("Hello");
});

test("keeps a working wsgi.signal when wsgi.input is replaced, and in a copy", async () => {
  const fired: AbortSignal[] = [];
  const served = await serve(async (environ, startResponse) => {
    environ["wsgi.input"] = null as never;
    const copy = { ...environ };
    startResponse("200 OK", [])("begun");
    await new Promise((resolve) => copy["wsgi.signal"].addEventListener("abort", resolve));
    fired.push(copy["wsgi.signal"], environ["wsgi.signal"]);
    return [];
  });
  const client = await served.connect();
  client.send(get());
  await client.receive("begun");
  client.leave();
  await served.exchange();
  expect(fired).toHaveLength(2);
  expect(fired[0]).toBe(fired[1]);
  expect(fired[0]?.aborted).toBe(true);
});

test("lets an application put a signal of its own into wsgi.signal", async () => {
  const own = new AbortController().signal;
  const { environ } = await seen(get(), {}, (one) => {
    one["wsgi.signal"] = own;
  });
  expect(environ["wsgi.signal"]).toBe(own);
  expect({ ...environ }["wsgi.signal"]).toBe(own);
});

test("shows an extension the environ complete and with the keys of the one before it", async () => {
  const keys: unknown[] = [];
  const { environ } = await seen(get("X-One: 1"), {
    extensions: [
      {
        name: "queue",
        onEnviron: (one) => {
          one["eventlet.posthooks"] = [];
        },
      },
      { name: "reader", onEnviron: (one) => keys.push(one["eventlet.posthooks"], one["HTTP_X_ONE"]) },
    ],
  });
  expect(keys).toEqual([[], "1"]);
  expect(environ["eventlet.posthooks"]).toEqual([]);
});

describe("the environ option", () => {
  test("adds its keys to every request", async () => {
    const shared = { list: [] };
    const { environ } = await seen(get(), { environ: { "app.config": shared, REMOTE_USER: "me" } });
    expect(environ["app.config"]).toBe(shared);
    expect(environ["REMOTE_USER"]).toBe("me");
  });

  test.each([
    ["wsgi.multiprocess", true],
    ["wsgi.multithread", true],
    ["wsgi.run_once", true],
    ["wsgi.version", [1, 1]],
    ["wsgi.url_scheme", "https"],
    ["HTTPS", "on"],
    ["wsgi.errors", { write: () => {} }],
    ["wsgi.file_wrapper", undefined],
    ["eventlet.minimum_write_chunk_size", 0],
  ])("replaces the server's own base key %s", async (key, value) => {
    const { environ } = await seen(get(), { environ: { [key]: value } });
    expect(environ[key]).toBe(value);
  });

  test.each([
    ["REQUEST_METHOD", "POST"],
    ["SCRIPT_NAME", ""],
    ["RAW_PATH_INFO", "/p"],
    ["PATH_INFO", "/p"],
    ["QUERY_STRING", "q"],
    ["CONTENT_TYPE", "text/x"],
    ["CONTENT_LENGTH", "0"],
    ["SERVER_PROTOCOL", "HTTP/1.1"],
    ["SERVER_NAME", "127.0.0.1"],
    ["REMOTE_ADDR", "127.0.0.1"],
    ["GATEWAY_INTERFACE", "CGI/1.1"],
    ["HTTP_HOST", "a"],
    ["HTTP_X_A", "1,2"],
    ["HTTP_COOKIE", "a=1; b=2"],
    ["HTTP_ACCEPT", "x"],
  ])("never replaces the request's key %s", async (key, value) => {
    const fields = ["X-A: 1", "X-A: 2", "Cookie: a=1", "Cookie: b=2", "Accept: x", "Content-Type: text/x"];
    const bytes = request("POST /p?q HTTP/1.1", ...fields, "Content-Length: 0");
    const { environ } = await seen(bytes, { environ: { [key]: "forged" } });
    expect(environ[key]).toBe(value);
  });

  test.each(["wsgi.input", "eventlet.input", "wsgi.signal", "eventlet.set_idle", "headers_raw", "REMOTE_PORT"])(
    "never replaces the request's object %s",
    async (key) => {
      const { environ } = await seen(get(), { environ: { [key]: "forged" } });
      expect(environ[key]).not.toBe("forged");
      expect(environ[key]).toBeDefined();
    },
  );

  test("never makes up the body, the query or the early hints of a request", async () => {
    const forged = { CONTENT_LENGTH: "5", CONTENT_TYPE: "x", QUERY_STRING: "q", "wsgi.early_hints": () => {} };
    const { environ } = await seen(request("GET / HTTP/1.0"), { environ: forged });
    for (const key of Object.keys(forged)) expect(environ).not.toHaveProperty([key]);
  });

  test("gives its headers to requests that lack them", async () => {
    const { environ } = await seen(get(), { environ: { HTTP_X_A: "given" } });
    expect(environ["HTTP_X_A"]).toBe("given");
  });
});
