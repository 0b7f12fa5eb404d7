// How a server ends, as eventlet does it: accepting stops, idle connections close at once, the others after their current
// request; connections that eventlet.set_idle flagged count as idle.

import { describe, expect, onTestFinished, test } from "vitest";
import { type Application, listen, server } from "../src/index.ts";
import { answerIn, answersIn, askNext } from "./support/answers.ts";
import { Client } from "./support/client.ts";
import { deferred } from "./support/deferred.ts";
import { serve } from "./support/serve.ts";
import { until } from "./support/until.ts";
import { get, post, request } from "./wire/wire.ts";

const hello: Application = (_environ, startResponse) => {
  startResponse("200 OK", []);
  return ["Hello"];
};

/** An application that waits to be told before it answers. */
function waiting(): { application: Application; answer: () => void; called: Promise<void> } {
  const called = deferred();
  const told = deferred();
  const application: Application = async (environ, startResponse) => {
    called.resolve();
    await told.promise;
    return hello(environ, startResponse);
  };
  return { application, answer: () => told.resolve(), called: called.promise };
}

describe("close()", () => {
  test("closes connections that idle between requests at once", async () => {
    const served = await serve(hello);
    const [used, unused] = await Promise.all([served.connect(), served.connect()]);
    for (let i = 0; i < 3; i++) await askNext(used, get());
    await until(() => served.server.counters.idle === 2);
    const closed = served.server.close();
    expect(answersIn(await used.end())).toHaveLength(3);
    expect(await unused.end()).toBe("");
    used.leave();
    unused.leave();
    expect(await closed).toEqual({ cut: 0 });
    expect(served.server.counters).toMatchObject({ connections: 0, idle: 0, active: 0 });
    expect(await served.logged(/wsgi exited/)).toBe(`(${process.pid}) wsgi exited, 3 requests served`);
  });

  test("sends what an idle connection has still to take", async () => {
    let calls = 0;
    const served = await serve((_environ, startResponse) => {
      calls++;
      startResponse("200 OK", []);
      return ["x".repeat(60_000)];
    });
    const client = await served.connect();
    client.socket.pause();
    client.send(Buffer.concat(new Array(500).fill(get())));
    await until(() => calls > 0 && served.server.counters.idle === 1); // it is given no more than it takes
    expect(calls).toBeLessThan(500);
    const closed = served.server.close();
    await served.logged(/wsgi exiting/);
    client.socket.resume();
    const answers = answersIn(await client.end());
    expect(answers.every(({ complete }) => complete)).toBe(true);
    expect(answers).toHaveLength(calls);
    client.leave();
    expect(await closed).toEqual({ cut: 0 });
  });

  test("accepts no more connections", async () => {
    const { application, answer, called } = waiting();
    const served = await serve(application);
    const client = await served.connect();
    client.send(get());
    await called;
    const closed = served.server.close();
    await served.logged(/wsgi exiting/);
    await expect(Client.connect(served.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    answer();
    await client.end();
    client.leave();
    await closed;
  });

  test("lets an active request finish, with Connection: close, and reads no other one", async () => {
    const { application, answer, called } = waiting();
    const served = await serve(application);
    const client = await served.connect();
    client.send(Buffer.concat([get("Connection: keep-alive"), get()]));
    await called;
    let isClosed = false;
    const closed = served.server.close().then((report) => {
      isClosed = true;
      return report;
    });
    const idle = await served.logged(/wsgi exiting/);
    expect(idle).toContain(String(process.pid));
    answer();
    const response = answerIn(await client.end());
    expect(response).toMatchObject({ status: 200, body: "Hello", complete: true });
    expect(response.header("connection")).toBe("close");
    expect(isClosed).toBe(false);
    client.leave();
    expect(await closed).toEqual({ cut: 0 });
    expect(served.exchanges).toHaveLength(1);
    expect(served.exchanges[0]?.completed).toBe(true);
  });

  test("lets a response finish whose head was sent before", async () => {
    const told = deferred();
    const served = await serve((_environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* () {
        yield "begun";
        await told.promise;
        yield " and done";
      })();
    });
    const client = await served.connect();
    client.send(get());
    await client.receive("begun");
    const closed = served.server.close();
    await served.logged(/wsgi exiting/);
    told.resolve();
    expect(answerIn(await client.end())).toMatchObject({ body: "begun and done", complete: true });
    client.leave();
    expect(await closed).toEqual({ cut: 0 });
  });

  test("lets a request whose body still comes finish", async () => {
    const served = await serve(async (environ, startResponse) => {
      const body = environ["wsgi.input"].read();
      environ["wsgi.early_hints"]?.([["X-Called", "1"]]);
      startResponse("200 OK", []);
      return [await body];
    });
    const client = await served.connect();
    client.send(post(["Content-Length: 5"]));
    await client.receive("X-Called: 1\r\n\r\n");
    const closed = served.server.close();
    await served.logged(/wsgi exiting/);
    client.send("Hello");
    const [, answer] = answersIn(await client.end());
    expect(answer).toMatchObject({ body: "Hello", complete: true });
    client.leave();
    await closed;
  });

  test("cuts what is left when its time is up, and says so", async () => {
    const { application, called } = waiting();
    const served = await serve(application);
    const client = await served.connect();
    client.send(get());
    await called;
    expect(await served.server.close({ timeout: 0.02 })).toEqual({ cut: 1 });
    expect(await client.end()).toBe("");
    expect(await served.logged(/wsgi exited/)).toMatch(/1 connections cut/);
    expect(await served.exchange()).toMatchObject({ completed: false, status: 0 });
  });

  test("takes its time from shutdownTimeout", async () => {
    const { application, called } = waiting();
    const served = await serve(application, { shutdownTimeout: 0.02 });
    const client = await served.connect();
    client.send(get());
    await called;
    expect(await served.server.close()).toEqual({ cut: 1 });
  });

  test("is the same for every caller", async () => {
    const served = await serve(hello);
    const { server: running } = served;
    const reports = await Promise.all([
      running.close(),
      running.close(),
      running.closed,
      running[Symbol.asyncDispose](),
    ]);
    expect(reports).toEqual([{ cut: 0 }, { cut: 0 }, { cut: 0 }, undefined]);
    expect(served.log.filter((line) => line.includes("wsgi exiting"))).toHaveLength(1);
    expect(served.log.filter((line) => line.includes("wsgi exited"))).toHaveLength(1);
  });
});

describe("eventlet.set_idle", () => {
  test("has a connection closed at once though its request is active, and tells the application", async () => {
    const ends: string[] = [];
    const served = await serve((environ, startResponse) => {
      startResponse("200 OK", []);
      environ["eventlet.set_idle"]();
      environ["wsgi.signal"].addEventListener("abort", () => ends.push("signal"));
      return (async function* () {
        try {
          yield "waiting for news";
          await new Promise((resolve) => environ["wsgi.signal"].addEventListener("abort", resolve));
        } finally {
          ends.push("closed");
        }
      })();
    });
    const client = await served.connect();
    client.send(get());
    await client.receive("waiting for news");
    expect(served.server.counters).toMatchObject({ active: 1 });
    expect(await served.server.close()).toEqual({ cut: 0 });
    expect(answerIn(await client.end()).complete).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toEqual(["signal", "closed"]);
    expect(await served.exchange()).toMatchObject({ completed: false, bodyBytes: 16 });
  });

  test("changes nothing while the server runs", async () => {
    const served = await serve(
      (environ, startResponse) => {
        environ["eventlet.set_idle"]();
        return hello(environ, startResponse);
      },
      { keepalive: 5 },
    );
    const client = await served.connect();
    expect((await askNext(client, get())).header("connection")).toBeUndefined();
    expect((await askNext(client, get())).body).toBe("Hello");
  });

  test("flags its own request, not those that follow", async () => {
    const setIdles: (() => void)[] = [];
    const { application, answer, called } = waiting();
    const served = await serve((environ, startResponse) => {
      setIdles.push(environ["eventlet.set_idle"]);
      if (environ.PATH_INFO === "/next") return application(environ, startResponse);
      environ["eventlet.set_idle"]();
      return hello(environ, startResponse);
    });
    const client = await served.connect();
    await askNext(client, get());
    client.send(request("GET /next HTTP/1.1"));
    await called;
    setIdles[0]?.();
    const closed = served.server.close();
    await served.logged(/wsgi exiting/);
    answer();
    expect(answersIn(await client.end()).map(({ complete }) => complete)).toEqual([true, true]);
    client.leave();
    await closed;
  });
});

describe("the server ends the same way", () => {
  test("when its listener is closed from outside", async () => {
    const { application, answer, called } = waiting();
    const listener = listen(["127.0.0.1", 0]);
    const running = server(listener, application, { logOutput: false });
    onTestFinished(async () => void (await running.close({ timeout: 0 })));
    await running.ready;
    const port = running.addresses[0]?.port as number;
    const [active, idle] = await Promise.all([Client.connect(port), Client.connect(port)]);
    active.send(get());
    await called;
    await listener.close();
    expect(await idle.end()).toBe("");
    idle.leave();
    answer();
    const response = answerIn(await active.end());
    expect(response).toMatchObject({ body: "Hello", complete: true });
    expect(response.header("connection")).toBe("close");
    active.leave();
    expect(await running.closed).toEqual({ cut: 0 });
  });

  test("when its signal fires", async () => {
    const controller = new AbortController();
    const { application, answer, called } = waiting();
    const served = await serve(application, { signal: controller.signal });
    const client = await served.connect();
    client.send(get());
    await called;
    controller.abort();
    await served.logged(/wsgi exiting/);
    answer();
    expect(answerIn(await client.end()).header("connection")).toBe("close");
    client.leave();
    expect(await served.server.closed).toEqual({ cut: 0 });
  });

  test("when its signal had fired before it began", async () => {
    const running = server(listen(["127.0.0.1", 0]), hello, { signal: AbortSignal.abort(), logOutput: false });
    expect(await running.closed).toEqual({ cut: 0 });
  });

  test("at the end of its scope", async () => {
    const ended: string[] = [];
    {
      await using running = server(listen(["127.0.0.1", 0]), hello, { logOutput: false });
      await running.ready;
      void running.closed.then(() => ended.push("closed"));
    }
    await Promise.resolve();
    expect(ended).toEqual(["closed"]);
  });
});
