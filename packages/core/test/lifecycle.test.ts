// A server from its start to its end: ready, addresses, counters, close, closed.

import { getEventListeners } from "node:events";
import net from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Listener, listen, server, UsageError } from "../src/index.ts";
import { Client } from "./support/client.ts";
import { deferred } from "./support/deferred.ts";
import { MemoryListener } from "./support/listeners.ts";
import { serve } from "./support/serve.ts";
import { turn, until } from "./support/until.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const SILENT = { logOutput: false };

const hello = (_environ: unknown, startResponse: (status: string, headers: []) => unknown): string[] => {
  startResponse("200 OK", []);
  return ["hello"];
};

/** An application that answers when told to, and how to know that it was called. */
function held() {
  const called = deferred();
  const mayAnswer = deferred();
  const application = async (
    _environ: unknown,
    startResponse: (status: string, headers: []) => unknown,
  ): Promise<string[]> => {
    called.resolve();
    await mayAnswer.promise;
    return hello(undefined, startResponse);
  };
  return { application, called: called.promise, answer: () => mayAnswer.resolve() };
}

describe("the start", () => {
  test("serves connections that came before server() was called", async () => {
    const listener = listen(["127.0.0.1", 0]);
    const { port } = await listener.ready;
    const early = [await Client.connect(port), await Client.connect(port)];
    for (const client of early) client.send(GET);
    await turn();
    await using running = server(listener, hello, SILENT);
    for (const client of early) await client.receive(/hello$/);
    expect(running.counters).toMatchObject({ accepted: 2, requests: 2 });
    for (const client of early) client.leave();
  });

  test("outlives a client that gives up before server() was called", async () => {
    const listener = listen(["127.0.0.1", 0]);
    const { port } = await listener.ready;
    (await Client.connect(port)).reset();
    const patient = await Client.connect(port);
    await turn();
    await using running = server(listener, hello, SILENT);
    patient.send(GET);
    await patient.receive(/hello$/);
    patient.leave();
    await until(() => running.counters.connections === 0);
  });

  test("tells its addresses once it is ready", async () => {
    const listeners = [listen(["127.0.0.1", 0]), listen("[::1]:0")];
    await using running = server(listeners, hello, SILENT);
    expect(running.addresses).toEqual([]);
    await running.ready;
    expect(running.addresses).toEqual(await Promise.all(listeners.map(({ ready }) => ready)));
    expect(running.addresses.map(({ host }) => host)).toEqual(["127.0.0.1", "::1"]);
    for (const { url } of running.addresses) expect(await (await fetch(url)).text()).toBe("hello");
  });

  test("says where it listens", async () => {
    const served = await serve(hello);
    await served.logged(new RegExp(`^\\(${process.pid}\\) wsgi starting up on http://127.0.0.1:${served.port}$`));
  });

  test("refuses a listener that has a server", async () => {
    const listener = listen(["127.0.0.1", 0]);
    await using running = server(listener, hello, SILENT);
    expect(() => server(listener, hello, SILENT)).toThrow(UsageError);
    await running.ready;
    expect(await (await fetch(running.addresses[0]?.url as string)).text()).toBe("hello");
  });

  test.each<[string, (used: Listener, fresh: Listener) => Listener[]]>([
    ["another of which has a server", (used, fresh) => [fresh, used]],
    ["that is given twice", (_used, fresh) => [fresh, fresh]],
  ])("leaves a listener as it was when it refuses a list %s", async (_what, listOf) => {
    const used = listen(["127.0.0.1", 0]);
    const fresh = listen(["127.0.0.1", 0]);
    await using _first = server(used, hello, SILENT);
    expect(() => server(listOf(used, fresh), hello, SILENT)).toThrow(UsageError);
    await using second = server(fresh, hello, SILENT);
    await second.ready;
    expect(await (await fetch(second.addresses[0]?.url as string)).text()).toBe("hello");
  });

  test.each<[string, unknown, unknown]>([
    ["no listener", [], hello],
    ["no list of listeners", [undefined], hello],
    ["something else for a listener", {}, hello],
    ["no application", new MemoryListener(), undefined],
  ])("refuses %s", (_what, listeners, application) => {
    expect(() => server(listeners as Listener[], application as typeof hello, SILENT)).toThrow(UsageError);
  });
});

describe("counters", () => {
  test("tell what is alive", async () => {
    const { application, called, answer } = held();
    const served = await serve(application);
    expect(served.server.counters).toEqual({
      connections: 0,
      idle: 0,
      active: 0,
      waiting: 0,
      accepted: 0,
      requests: 0,
    });
    const idle = await served.connect();
    const active = await served.connect();
    const partial = await served.connect();
    partial.send("GET");
    active.send(GET);
    await called;
    await until(() => served.server.counters.idle === 1);
    expect(served.server.counters).toEqual({
      connections: 3,
      idle: 1,
      active: 1,
      waiting: 0,
      accepted: 3,
      requests: 0,
    });
    answer();
    await active.receive("hello");
    expect(served.server.counters).toMatchObject({ connections: 3, idle: 2, active: 0, requests: 1 });
    for (const client of [idle, active, partial]) client.leave();
    await until(() => served.server.counters.connections === 0);
    expect(served.server.counters).toMatchObject({ idle: 0, active: 0, accepted: 3, requests: 1 });
  });

  test("go back to 0 after 2,000 connections that were opened and reset", async () => {
    const served = await serve(hello);
    const openAndReset = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const socket = net.connect(served.port, "127.0.0.1", () => {
          if (text !== "") socket.write(text);
          socket.resetAndDestroy();
          resolve();
        });
        socket.once("error", reject);
      });
    for (let opened = 100; opened <= 2000; opened += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, k) => openAndReset(["", "GET", GET][k % 3] as string)));
      await until(() => served.server.counters.accepted === opened); // the system's queue is shorter than 2,000
    }
    await until(() => served.server.counters.connections === 0);
    expect(served.server.counters).toMatchObject({ idle: 0, active: 0, waiting: 0 });
    const next = await served.connect();
    next.send(GET);
    await next.receive(/hello$/);
  });
});

test("looks at the clock only while it has connections", async () => {
  const started = vi.spyOn(globalThis, "setInterval");
  const stopped = vi.spyOn(globalThis, "clearInterval");
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  const served = await serve(hello);
  expect(started).not.toHaveBeenCalled();
  for (let i = 1; i <= 2; i++) {
    const clients = [await served.connect(), await served.connect()];
    await until(() => served.server.counters.connections === 2);
    expect(started).toHaveBeenCalledTimes(i);
    for (const client of clients) client.leave();
    await until(() => served.server.counters.connections === 0);
    expect(stopped).toHaveBeenCalledWith(started.mock.results.at(-1)?.value);
  }
});

describe("close()", () => {
  test("stops accepting, and resolves closed and itself with what was cut", async () => {
    const served = await serve(hello);
    const report = await served.server.close();
    expect(report).toEqual({ cut: 0 });
    expect(await served.server.closed).toBe(report);
    await expect(served.connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(served.log.at(-2)).toBe(`(${process.pid}) wsgi exiting`);
    expect(served.log.at(-1)).toBe(`(${process.pid}) wsgi exited, 0 requests served`);
  });

  test("may be called again, and again when it is over", async () => {
    const served = await serve(hello);
    const first = served.server.close();
    const second = served.server.close({ timeout: 1 });
    expect(await second).toBe(await first);
    expect(await served.server.close({ timeout: 0 })).toBe(await first);
    expect(served.log.filter((line) => line.includes("wsgi exited"))).toHaveLength(1);
  });

  test("while the listeners bind ends them too", async () => {
    const listener = listen(["127.0.0.1", 0]);
    const running = server(listener, hello, SILENT);
    const closing = running.close();
    await running.ready;
    const { port } = await listener.ready;
    expect(await closing).toEqual({ cut: 0 });
    await expect(Client.connect(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test.each([Number.NaN, -1, "1" as unknown as number])("refuses a timeout of %s", async (timeout) => {
    const served = await serve(hello);
    expect(() => served.server.close({ timeout })).toThrow(/close: timeout: expected a number of seconds/);
    const client = await served.connect();
    client.send(GET);
    await client.receive("hello");
  });

  test("is what await using does", async () => {
    const listener = listen(["127.0.0.1", 0]);
    let closed = false;
    {
      await using running = server(listener, hello, SILENT);
      await running.ready;
      void running.closed.then(() => {
        closed = true;
      });
    }
    expect(closed).toBe(true);
  });

  test("is what the signal option does, then or before", async () => {
    const controller = new AbortController();
    const served = await serve(hello, { signal: controller.signal });
    const client = await served.connect();
    client.send(GET);
    await client.receive("hello");
    controller.abort();
    await client.end();
    client.finish();
    expect(await served.server.closed).toEqual({ cut: 0 });
    const late = await serve(hello, { signal: controller.signal });
    expect(await late.server.closed).toEqual({ cut: 0 });
  });

  test("lets go of the signal", async () => {
    const controller = new AbortController();
    const served = await serve(hello, { signal: controller.signal });
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    await served.server.close();
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  test("is what happens when the listener is closed from outside", async () => {
    const listener = listen(["127.0.0.1", 0]);
    const running = server(listener, hello, SILENT);
    await running.ready;
    const client = await Client.connect(running.addresses[0]?.port as number);
    client.send(GET);
    await client.receive("hello");
    await listener.close();
    await client.end();
    client.finish();
    expect(await running.closed).toEqual({ cut: 0 });
  });

  test("closes the other listeners when one is closed from outside", async () => {
    const listeners = [listen(["127.0.0.1", 0]), listen(["127.0.0.1", 0])];
    const running = server(listeners, hello, SILENT);
    await running.ready;
    await listeners[0]?.close();
    await running.closed;
    await expect(Client.connect(running.addresses[1]?.port as number)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("a listener that still makes connections ready when the server closes", () => {
  /** Closes when told to. */
  class BusyListener extends MemoryListener {
    readonly done = deferred();
    signal: AbortSignal | undefined;

    override async close(signal?: AbortSignal): Promise<void> {
      this.signal = signal;
      await this.done.promise;
      await super.close();
    }
  }

  test("has them answered once, and none after it has closed", async () => {
    const listener = new BusyListener();
    const served = await serve(hello, {}, listener);
    const closed = served.server.close();
    await until(() => listener.signal !== undefined);
    const peer = listener.connect();
    peer.send(GET);
    await until(() => /connection: close/i.test(peer.received));
    peer.finish();
    listener.done.resolve();
    expect(await closed).toEqual({ cut: 0 });
    expect(served.server.counters.accepted).toBe(1);
    const late = listener.connect();
    late.send(GET);
    await until(() => late.socket.destroyed);
    expect(late.received).toBe("");
  });

  test("is not waited for after the deadline, which it is told of", async () => {
    const listener = new BusyListener();
    const served = await serve(hello, {}, listener);
    expect(await served.server.close({ timeout: 0.05 })).toEqual({ cut: 0 });
    expect(listener.signal?.aborted).toBe(true);
  });
});

test("tells the log when accepting fails, and goes on", async () => {
  const listener = new MemoryListener();
  const served = await serve(hello, {}, listener);
  listener.failAccept(new Error("accept EMFILE"));
  await served.logged(/accepting connections failed: accept EMFILE/);
  const peer = listener.connect();
  peer.send(GET);
  await until(() => peer.received.endsWith("hello"));
  peer.finish();
});
