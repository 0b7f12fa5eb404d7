// Applications as people write them with Express, Connect and Fastify, on this server: clients get what they get from node:http.

import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http, { createServer, type RequestListener, type Server } from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGzip } from "node:zlib";
import { type Application, listen, server } from "@wsgi/core";
import connect from "connect";
import express from "express";
import fastify from "fastify";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { environOf, fromNodeListener, NodeAdapterError } from "../src/index.ts";
import { listening, serveOurs } from "./support/both.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wsgi-node-"));
  await writeFile(join(folder, "page.html"), "<h1>Page</h1>");
  await writeFile(join(folder, "large.bin"), Buffer.alloc(1_000_000, "x"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What compression libraries do: `write` and `end` lead elsewhere, the head is decided late. */
const compressing: express.RequestHandler = (_request, response, next) => {
  const { write, end, writeHead } = response;
  const gzip = createGzip();
  gzip.on("data", (bytes) => Reflect.apply(write, response, [bytes]) || gzip.pause());
  gzip.on("end", () => Reflect.apply(end, response, []));
  response.on("drain", () => gzip.resume());
  response.writeHead = ((...args: unknown[]) => {
    response.setHeader("Content-Encoding", "gzip");
    response.removeHeader("Content-Length");
    return Reflect.apply(writeHead, response, args);
  }) as typeof writeHead;
  response.write = ((...args: unknown[]) => Reflect.apply(gzip.write, gzip, args)) as typeof write;
  response.end = ((...args: unknown[]) => {
    if (!response.headersSent) response.writeHead(response.statusCode);
    Reflect.apply(gzip.end, gzip, args);
    return response;
  }) as typeof end;
  next();
};

function application(): express.Express {
  const app = express();
  app.set("trust proxy", true);
  app.use("/static", express.static(folder));
  app.use(express.json({ limit: 1000 }), express.urlencoded({ extended: false }), express.raw());
  app.post("/echo", (request, response) => {
    response.json(Buffer.isBuffer(request.body) ? { raw: request.body.length } : request.body);
  });
  app.get("/cookie", (request, response) => {
    response.cookie("a", "1", { httpOnly: true }).cookie("b", "2").send(request.headers.cookie);
  });
  app.get("/redirect", (_request, response) => response.redirect("/static/page.html"));
  app.get("/proxy", (request, response) => {
    response.send(`${request.ip} ${request.protocol} ${request.hostname} ${request.secure} ${request.xhr}`);
  });
  app.get("/large", compressing, (_request, response) => {
    response.type("text/plain");
    for (let n = 0; n < 50; n++) response.write(`line ${n} `.repeat(1000));
    response.end();
  });
  app.get("/events", (request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream", Connection: "keep-alive" });
    response.flushHeaders();
    for (let n = 0; n < 3; n++) response.write(`data: ${n}\n\n`);
    setImmediate(() => response.end());
    request.on("close", () => {});
  });
  const router = express.Router();
  router.get("/:id", (request, response) => {
    response.json([request.params.id, request.baseUrl, request.url, request.originalUrl]);
  });
  app.use("/items", router);
  app.get("/async", async () => {
    throw Object.assign(new Error("teapot"), { status: 418 });
  });
  app.use(((error, _request, response, next) => {
    if (response.headersSent) return next(error);
    response.status(error.status ?? 500).json({ error: error.message });
  }) as express.ErrorRequestHandler);
  return app;
}

const requests: Readonly<Record<string, [path: string, options?: RequestInit]>> = {
  "a static page": ["/static/page.html"],
  "a static page that is known": [
    "/static/page.html",
    { headers: { "If-Modified-Since": new Date(Date.now() + 1e7).toUTCString() } },
  ],
  "a range": ["/static/large.bin", { headers: { Range: "bytes=10-19" } }],
  "a range beyond the end": ["/static/large.bin", { headers: { Range: "bytes=9999999-" } }],
  "a large file": ["/static/large.bin"],
  "the head of a file": ["/static/large.bin", { method: "HEAD" }],
  "what is not there": ["/nowhere"],
  json: ["/echo", { method: "POST", body: '{"a":[1]}', headers: { "Content-Type": "application/json" } }],
  "bad json": ["/echo", { method: "POST", body: "{", headers: { "Content-Type": "application/json" } }],
  "json that is too large": [
    "/echo",
    { method: "POST", body: JSON.stringify("x".repeat(100_000)), headers: { "Content-Type": "application/json" } },
  ],
  "a form": ["/echo", { method: "POST", body: new URLSearchParams({ a: "1", b: "é" }) }],
  bytes: [
    "/echo",
    { method: "POST", body: Buffer.alloc(50_000), headers: { "Content-Type": "application/octet-stream" } },
  ],
  cookies: ["/cookie", { headers: { Cookie: "c=3" } }],
  "a redirect": ["/redirect"],
  "a redirect that is not followed": ["/redirect", { redirect: "manual" }],
  "a proxy before it": [
    "/proxy",
    {
      headers: {
        "X-Forwarded-For": "192.0.2.1, 192.0.2.2",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "a.example",
      },
    },
  ],
  "a body that is compressed on its way": ["/large"],
  "server-sent events": ["/events"],
  "a router": ["/items/5?q=1"],
  "an async error": ["/async"],
  "the options of a route": ["/items/5", { method: "OPTIONS" }],
};

test.each(Object.entries(requests))("Express: %s", async (_name, [path, options]) => {
  const seen = async (port: number): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, options);
    const own = ["date", "connection", "keep-alive", "transfer-encoding"];
    const headers = [...response.headers].filter(([name]) => !own.includes(name));
    return { status: response.status, headers, text: await response.text() };
  };
  const there = await seen(await listening(createServer(application())));
  expect(await seen(await serveOurs(application()))).toEqual(there);
});

test("Connect: middleware, mounts and its error page", async () => {
  const app = connect();
  app.use("/a", (request, response) => response.end(`${request.originalUrl} ${request.url}`));
  app.use("/error", () => {
    throw new Error("on purpose");
  });
  const port = await serveOurs(app);
  const get = async (path: string): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, await response.text()];
  };
  expect(await get("/a/b?c")).toEqual([200, "/a/b?c /b?c"]);
  expect((await get("/none"))[0]).toBe(404);
  const error = await get("/error");
  expect(error).toEqual([500, expect.stringContaining("on purpose")]);
});

test.each(["app.routing", "serverFactory"])("Fastify by %s", async (way) => {
  let handler: RequestListener | undefined;
  const app = fastify(
    way === "serverFactory"
      ? {
          serverFactory: (given): Server => {
            handler = given;
            return createServer();
          },
        }
      : {},
  );
  app.post("/echo", async (request, reply) => reply.header("X-One", "1").send({ got: request.body, ip: request.ip }));
  onTestFinished(() => app.close());
  await app.ready();
  const port = await serveOurs(handler ?? (app.routing as RequestListener));
  const response = await fetch(`http://127.0.0.1:${port}/echo`, {
    method: "POST",
    body: '{"a":1}',
    headers: { "Content-Type": "application/json" },
  });
  expect([response.status, response.headers.get("x-one"), await response.json()]).toEqual([
    200,
    "1",
    { got: { a: 1 }, ip: "127.0.0.1" },
  ]);
});

describe("a listener that fails", () => {
  test.each<[string, RequestListener]>([
    [
      "at once",
      () => {
        throw new Error("on purpose");
      },
    ],
    ["later", (async () => Promise.reject(new Error("on purpose"))) as RequestListener],
  ])("%s is answered with 500, and logged", async (_when, listener) => {
    const log: string[] = [];
    const port = await serveOurs(listener, (line) => log.push(line));
    expect((await fetch(`http://127.0.0.1:${port}`)).status).toBe(500);
    expect(log.join()).toMatch(/the application failed: Error: on purpose/);
  });

  test("inside its response breaks it off", async () => {
    const port = await serveOurs((async (_request, response) => {
      response.write("begun");
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error("on purpose");
    }) as RequestListener);
    const response = await fetch(`http://127.0.0.1:${port}`);
    await expect(response.text()).rejects.toThrow();
  });

  test("after its response is logged", async () => {
    let told!: (line: string) => void;
    const line = new Promise<string>((resolve) => {
      told = resolve;
    });
    const port = await serveOurs(
      (async (_request, response) => {
        response.end("fine");
        await new Promise((resolve) => response.once("close", resolve));
        throw new Error("late");
      }) as RequestListener,
      (text) => text.includes("late") && told(text),
    );
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("fine");
    expect(await line).toMatch(/the listener failed after its response was over: Error: late/);
  });
});

test("a fault in a body is the request's error, or is answered by the server", async () => {
  const errors: unknown[] = [];
  const port = await serveOurs((request, response) => {
    request.resume();
    if (request.url === "/told") {
      request.on("error", (error) => {
        errors.push(error);
        response.writeHead(422).end("bad chunk");
      });
    }
  });
  const ask = async (path: string): Promise<string> => {
    const client = net.connect(port, "127.0.0.1");
    client.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`);
    return String(Buffer.concat(await client.toArray()));
  };
  expect(await ask("/told")).toMatch(/^HTTP\/1\.1 422 /);
  expect(errors).toEqual([expect.objectContaining({ name: "ProtocolError", status: 400 })]);
  expect(await ask("/untold")).toMatch(/^HTTP\/1\.1 400 /);
});

describe("upgrades", () => {
  const GET = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: shout\r\n\r\nearly";
  const shout = (_request: http.IncomingMessage, socket: import("node:stream").Duplex): void => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\n");
    socket.on("data", (bytes) => socket.end(String(bytes).toUpperCase()));
  };
  const ask = async (app: Application): Promise<string> => {
    const running = server(listen(["127.0.0.1", 0]), app, { logOutput: false });
    onTestFinished(async () => void (await running.close({ timeout: 0 })));
    await running.ready;
    const client = net.connect(running.addresses[0]?.port as number, "127.0.0.1");
    onTestFinished(() => void client.destroy());
    client.write(GET);
    let text = "";
    for await (const bytes of client) {
      text += bytes;
      if (/EARLY|plain/.test(text)) break;
    }
    return text;
  };

  test("go to onUpgrade, to an http.Server that listens for them, and else to the listener", async () => {
    const plain: RequestListener = (_request, response) => response.end("plain");
    expect(await ask(fromNodeListener(plain, { onUpgrade: shout }))).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nEARLY$/);
    expect(await ask(fromNodeListener(createServer(plain).on("upgrade", shout)))).toMatch(/EARLY$/);
    expect(await ask(fromNodeListener(createServer(plain)))).toMatch(/plain$/);
    expect(await ask(fromNodeListener(plain))).toMatch(/plain$/);
  });
});

test("the environ is at hand, and a mounted listener knows where it is", async () => {
  const listener = fromNodeListener((request: http.IncomingMessage, response: http.ServerResponse) => {
    const { baseUrl, originalUrl } = request as unknown as { baseUrl: string; originalUrl: string };
    response.end(JSON.stringify([request.url, baseUrl, originalUrl, environOf(request)?.PATH_INFO]));
  });
  const mount: Application = (environ, startResponse) => {
    environ.SCRIPT_NAME = "/café";
    environ.PATH_INFO = environ.PATH_INFO.slice("/café".length);
    return listener(environ, startResponse);
  };
  const running = server(listen(["127.0.0.1", 0]), mount, { logOutput: false });
  onTestFinished(async () => void (await running.close({ timeout: 0 })));
  await running.ready;
  const get = async (path: string): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${running.addresses[0]?.port}${path}`)).json();
  expect(await get("/caf%C3%A9/a%20b?q")).toEqual(["/a%20b?q", "/caf%C3%A9", "/caf%C3%A9/a%20b?q", "/a b"]);
  expect(await get("/caf%c3%a9")).toEqual(["/", "/caf%c3%a9", "/caf%c3%a9/", ""]);
});

test("a socket is one for a connection, and keeps its bytes for itself", async () => {
  const sockets: unknown[] = [];
  const port = await serveOurs((request, response) => {
    sockets.push(request.socket);
    const attempt = (call: () => unknown): string => {
      try {
        call();
        return "nothing";
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? "";
      }
    };
    response.end(
      [
        request.socket instanceof net.Socket,
        attempt(() => request.socket.write("x")),
        attempt(() => request.socket.on("data", () => {})),
        request.socket.setNoDelay(true) === request.socket,
      ].join(),
    );
  });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const get = (): Promise<string> =>
    new Promise((resolve) => {
      http.get({ port, host: "127.0.0.1", agent }, async (response) =>
        resolve(String(Buffer.concat(await response.toArray()))),
      );
    });
  const refused = "ERR_WSGI_NO_SOCKET_MANIPULATION";
  expect(await get()).toBe(`true,${refused},${refused},true`);
  await get();
  expect(sockets).toHaveLength(2);
  expect(sockets[0]).toBe(sockets[1]);
});

test("timeouts are told to the request, the response, or end the connection", async () => {
  const port = await serveOurs((request, response) => {
    if (request.url === "/told") response.setTimeout(5, () => response.end("timed out"));
    else request.setTimeout(5);
  });
  expect(await (await fetch(`http://127.0.0.1:${port}/told`)).text()).toBe("timed out");
  await expect(fetch(`http://127.0.0.1:${port}/untold`)).rejects.toThrow();
});

test("a timeout ends with its response, and 0 takes it back or does nothing", async () => {
  const port = await serveOurs((request, response) => {
    const counts = [0, 1000, 0, 1000].map((milliseconds) => {
      response.setTimeout(milliseconds);
      return request.socket.listenerCount("timeout");
    });
    response.end(counts.join());
  });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  for (let n = 0; n < 2; n++) {
    const [response] = (await once(http.get({ port, host: "127.0.0.1", agent }), "response")) as [http.IncomingMessage];
    expect(String(Buffer.concat(await response.toArray()))).toBe("0,1,0,1");
  }
});

test("backpressure holds a listener that minds it", async () => {
  let written = 0;
  const port = await serveOurs((_request, response) => {
    const piece = Buffer.alloc(100_000);
    const fill = (): void => {
      while (written < 200_000_000) {
        written += piece.length;
        if (!response.write(piece)) break;
      }
      response.once("drain", fill);
    };
    fill();
  });
  const client = net.connect(port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.once("data", () => client.pause());
  let last = -1;
  await expect
    .poll(() => {
      const isStill = written === last;
      last = written;
      return isStill;
    })
    .toBe(true);
  expect(written).toBeLessThan(50_000_000);
});

test.each<[unknown, unknown, string]>([
  [5, {}, "BAD_LISTENER"],
  [() => {}, { onUpgrade: 5 }, "BAD_OPTION"],
  [() => {}, { on_upgrade: () => {} }, "BAD_OPTION"],
  [() => {}, 5, "BAD_OPTION"],
])("fromNodeListener(%o, %o) is refused with %s", (listener, options, code) => {
  const call = (): unknown => fromNodeListener(listener as RequestListener, options as object);
  expect(call).toThrow(NodeAdapterError);
  expect(call).toThrow(expect.objectContaining({ code }));
});
