// What a handler is given and what becomes of its connection, with the client of ws and with Node's own.

import { once } from "node:events";
import net from "node:net";
import { listen } from "@wsgi/core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { selfSigned, wrapSsl } from "../../tls/src/index.ts";
import { type ConnectedSocket, websocket } from "../src/index.ts";
import { frame, request } from "./support/raw.ts";
import { serve } from "./support/serve.ts";

/** Connects, and resolves when it is open. */
async function open(port: number, ...rest: unknown[]): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}/chat?room=1`, ...(rest as []));
  await once(client, "open");
  return client;
}

async function closing(client: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await once(client, "close")) as [number, Buffer];
  return [code, String(reason)];
}

const echo = async (ws: ConnectedSocket): Promise<void> => {
  for await (const message of ws) await ws.send(message);
};

test("gives the handler messages one by one, with wait()", async () => {
  const { port, exchange, logged } = await serve(
    websocket(async (ws, environ) => {
      expect(ws.environ).toBe(environ);
      expect(environ).toMatchObject({ PATH_INFO: "/chat", QUERY_STRING: "room=1" });
      for (;;) {
        const message = await ws.wait();
        if (message === undefined) break;
        await ws.send(
          typeof message === "string" ? `text ${message}` : Buffer.concat([Buffer.from("bytes "), message]),
        );
      }
    }),
  );
  const client = await open(port);
  client.send("one");
  expect(await once(client, "message")).toEqual([Buffer.from("text one"), false]);
  client.send(Buffer.from([1, 2]));
  expect(await once(client, "message")).toEqual([Buffer.from([...Buffer.from("bytes "), 1, 2]), true]);
  client.close(4000, "enough");
  expect(await closing(client)).toEqual([4000, "enough"]);
  expect(await exchange).toMatchObject({ status: 101, completed: true, error: undefined, disconnectPhase: undefined });
  await logged(/"GET \/chat\?room=1 HTTP\/1\.1" 101 0 /);
});

test("ends a loop when the client says close, not when its connection is gone", async () => {
  let ended!: () => void;
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const { port } = await serve(
    websocket(async (ws) => {
      for await (const _message of ws);
      ended();
    }),
  );
  const client = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void client.destroy());
  client.write(request());
  await once(client, "data");
  client.write(frame({ opcode: 8 }));
  await end;
});

test("keeps messages for a handler that is busy, and holds a client back that sends more", async () => {
  let release!: () => void;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const got: string[] = [];
  let paused!: () => boolean;
  const { port } = await serve(
    websocket(async (ws) => {
      paused = () => ws.isPaused;
      await released;
      for await (const message of ws) got.push(String(message));
    }),
  );
  const client = await open(port);
  for (let n = 0; n < 100; n++) client.send(`${n}`);
  await expect.poll(() => paused()).toBe(true);
  release();
  client.close();
  await closing(client);
  await expect.poll(() => got.length).toBe(100);
  expect(got).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`));
});

test("lets the handler listen to ws's own events, and stay when it returns", async () => {
  const { port } = await serve(
    websocket((ws) => {
      ws.on("message", (data) => ws.send(`heard ${data}`));
    }),
  );
  const client = await open(port);
  client.send("this");
  expect(String((await once(client, "message"))[0])).toBe("heard this");
  client.close();
  expect((await closing(client))[0]).toBe(1005);
});

test("closes with 1000 when the handler is done, with 1011 and a log line when it fails", async () => {
  const done = await serve(
    websocket(async (ws) => {
      await ws.send("bye");
    }),
  );
  const client = await open(done.port);
  expect(await closing(client)).toEqual([1000, ""]);

  const failing = await serve(
    websocket(async (ws) => {
      await ws.wait();
      throw new Error("on purpose");
    }),
  );
  const second = await open(failing.port);
  second.send("go");
  expect(await closing(second)).toEqual([1011, ""]);
  expect(await failing.logged(/on purpose/)).toMatch(/the application failed: Error: on purpose/);
  expect(await failing.exchange).toMatchObject({ status: 101, error: new Error("on purpose") });
  expect(failing.exchanges).toHaveLength(1);

  const throwing = await serve(
    websocket(() => {
      throw new Error("at once");
    }),
  );
  expect(await closing(new WebSocket(`ws://127.0.0.1:${throwing.port}`))).toEqual([1011, ""]);
});

test("says nothing of a handler whose client leaves while it sends", async () => {
  let ended!: (error: unknown) => void;
  const end = new Promise((resolve) => {
    ended = resolve;
  });
  const { port, exchange, log } = await serve(
    websocket(async (ws) => {
      try {
        for (;;) await ws.send("x".repeat(100_000));
      } catch (error) {
        ended(error);
        throw error;
      }
    }),
  );
  const client = await open(port);
  await once(client, "message");
  client.terminate();
  expect(await end).toBeInstanceOf(Error);
  await exchange;
  expect(log.filter((line) => line.includes("failed"))).toEqual([]);
});

test("waits in send() for a client that does not read", async () => {
  let sent = 0;
  const { port } = await serve(
    websocket(async (ws) => {
      for (; sent < 1000; sent++) await ws.send(Buffer.alloc(1_000_000));
    }),
  );
  const client = await open(port);
  client.pause();
  let last = -1;
  await expect
    .poll(() => {
      const isStill = sent === last;
      last = sent;
      return isStill;
    })
    .toBe(true);
  expect(sent).toBeLessThan(100);
  client.terminate();
});

test("cuts a client that answers no ping, and keeps one that does", async () => {
  const { port, exchange } = await serve(websocket(echo, { pingInterval: 0.05 }));
  const deaf = await open(port, { autoPong: false });
  const good = await open(port);
  expect(await closing(deaf)).toEqual([1006, ""]);
  expect(await exchange).toMatchObject({ status: 101 });
  good.send("still here");
  expect(String((await once(good, "message"))[0])).toBe("still here");
});

test("compresses when it is told to, and not otherwise", async () => {
  for (const perMessageDeflate of [true, false]) {
    const { port } = await serve(websocket(echo, { perMessageDeflate }));
    const client = await open(port);
    expect(client.extensions).toBe(perMessageDeflate ? "permessage-deflate" : "");
    client.send("x".repeat(10_000));
    expect(String((await once(client, "message"))[0])).toBe("x".repeat(10_000));
    client.terminate();
  }
});

test("gives up on a client that does not answer a close", async () => {
  const { port, exchange } = await serve(websocket(async () => {}, { closeTimeout: 0.05 }));
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  client.on("error", () => {});
  await once(client, "upgrade");
  client.pause();
  expect(await exchange).toMatchObject({ status: 101 });
  client.terminate();
});

describe("when the server closes", () => {
  let secure: Awaited<ReturnType<typeof selfSigned>>;
  beforeAll(async () => {
    secure = await selfSigned();
  });

  test.each(["ws", "wss"])("%s connections are closed with 1001 at once", async (scheme) => {
    const plain = listen(["127.0.0.1", 0]);
    const ends: unknown[] = [];
    const { port, server, log } = await serve(
      websocket(async (ws) => {
        ends.push(await ws.wait(), await ws.wait());
      }),
      scheme === "ws" ? plain : wrapSsl(plain, secure),
    );
    const client = new WebSocket(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
    await once(client, "open");
    client.send("one");
    await expect.poll(() => server.counters.active).toBe(1);
    const closed = closing(client);
    expect(await server.close({ timeout: 30 })).toEqual({ cut: 0 });
    expect(await closed).toEqual([1001, ""]);
    await expect.poll(() => ends).toEqual(["one", undefined]);
    expect(log.filter((line) => /failed/.test(line))).toEqual([]);
  });
});

const NodeWebSocket = (globalThis as { WebSocket?: new (url: string, protocols?: string[]) => EventTarget }).WebSocket;
if (NodeWebSocket === undefined) {
  console.warn(`${process.version} has no WebSocket of its own: the test with it is skipped`);
}

test.skipIf(NodeWebSocket === undefined)("serves the WebSocket of Node itself", async () => {
  const { port } = await serve(websocket(echo, { protocols: ["chat"] }));
  const client = new (NodeWebSocket as NonNullable<typeof NodeWebSocket>)(`ws://127.0.0.1:${port}`, ["chat"]);
  await once(client, "open");
  (client as unknown as { send(text: string): void }).send("hello");
  const [event] = (await once(client, "message")) as [MessageEvent];
  expect(event.data).toBe("hello");
  (client as unknown as { close(): void }).close();
  await once(client, "close");
});
