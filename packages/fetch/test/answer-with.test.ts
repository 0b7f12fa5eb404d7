// A request that a handler hands on to an application.

import { defineWebSocketHandler, H3 } from "h3";
import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { useFastGlobals } from "../src/fast-globals.ts";
import type { HandlerContext } from "../src/index.ts";
import { request, serveFetch } from "./support/serve-fetch.ts";

type Handed = Parameters<HandlerContext["answerWith"]>[0];

/** Takes the connection over and says hello on it. */
const upgrading: Handed = (environ, startResponse) => {
  startResponse("101 Switching Protocols", [["Connection", "upgrade"], ["Upgrade", "hello"]]);
  environ["eventlet.input"].getSocket().end(`hello ${environ.PATH_INFO}`);
  return [];
}; // biome-ignore format: short
const plain: Handed = (environ, startResponse) => {
  startResponse("404 Not Here", [["Content-Type", "text/plain"]]);
  return [`no ${environ.PATH_INFO}`];
};
const UPGRADE = "GET /chat HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: hello\r\n\r\n";

async function ask(port: number, text: string): Promise<string> {
  const client = await Client.connect(port);
  client.send(text);
  return await client.end();
}

describe("answerWith()", () => {
  test("has an application answer, which may take the connection over", async () => {
    const { port } = await serveFetch((_request, { answerWith }) => answerWith(upgrading));
    expect(await ask(port, UPGRADE)).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n[\s\S]*\r\n\r\nhello \/chat$/);
  });

  test("its answer is the response, and nothing of the Response that stands for it", async () => {
    const { port } = await serveFetch(async (_request, { answerWith }) => answerWith(plain));
    const answer = await ask(port, request("GET /x"));
    expect(answer).toMatch(/^HTTP\/1\.1 404 Not Here\r\n[\s\S]*\r\n\r\nno \/x$/);
    expect(answer).not.toMatch(/x-answered-by/i);
  });

  test.each([false, true])("in Hono, where middleware adds headers and makes other Responses (fast globals: %s)", async (isFast) => {
    if (isFast) useFastGlobals();
    const app = new Hono<{ Bindings: HandlerContext }>();
    app.use(async (c, next) => {
      await next();
      c.header("X-Added", "1");
      c.res = new Response(c.res.body, c.res);
      c.header("Set-Cookie", "a=b");
    });
    app.get("/chat", (c) => c.env.answerWith(upgrading));
    const { port } = await serveFetch(app);
    const answer = await ask(port, UPGRADE);
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).toMatch(/\r\nx-added: 1\r\n/i);
    expect(answer).toMatch(/\r\nset-cookie: a=b\r\n/i);
    expect(answer).toMatch(/hello \/chat$/);
  }); // biome-ignore format: short

  test("a handler that answers otherwise after all is heard", async () => {
    const { port } = await serveFetch((_request, { answerWith }) => {
      answerWith(upgrading);
      return new Response("not today", { status: 503 });
    });
    expect(await ask(port, request("GET /"))).toMatch(/^HTTP\/1\.1 503 [\s\S]*not today$/);
  });

  test("a marked Response that was kept is no application's answer to another request", async () => {
    let kept: Response | undefined;
    const { port } = await serveFetch((_request, { answerWith }) => {
      kept ??= answerWith(plain);
      return kept.clone();
    });
    expect(await ask(port, request("GET /x"))).toMatch(/no \/x$/);
    expect(await ask(port, request("GET /y"))).toMatch(/^HTTP\/1\.1 200 OK\r\n(?!.*no \/y)/s);
  });

  test("refuses what is no application", async () => {
    const { port, logged } = await serveFetch((_request, { answerWith }) => answerWith({} as never));
    expect(await ask(port, request("GET /"))).toMatch(/^HTTP\/1\.1 500 /);
    await logged(/FetchError: an application is a function/);
  });
});

test.each([
  ["that says nothing", {}, "websocket"],
  ["that wants another protocol", { upgrade: "h2c" }, "h2c"],
  ["with a connection to be closed", { connection: "close" }, "websocket"],
])("a 426 %s names its protocol", async (_title, headers, protocol) => {
  const { port } = await serveFetch(() => new Response("upgrade, please", { status: 426, headers }));
  const answer = await ask(port, request("GET /"));
  expect(answer).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
  expect(answer).toMatch(new RegExp(`\r\nupgrade: ${protocol}\r\n`, "i"));
  expect(answer).toMatch(/upgrade, please$/);
});

test("H3's handler of WebSockets says to others what it wants", async () => {
  const app = new H3();
  app.get(
    "/",
    defineWebSocketHandler(() => ({})),
  );
  const { port } = await serveFetch(app);
  expect(await ask(port, request("GET /"))).toMatch(/^HTTP\/1\.1 426 [\s\S]*\r\nupgrade: websocket\r\n/i);
});
