// startResponse, write() and what fails before and after the head is sent. PEP 3333 §"The start_response() Callable".

import { describe, expect, test } from "vitest";
import type { Application, Body, Item, StartResponse, Write } from "../src/index.ts";
import { answersIn, ask, askNext } from "./support/answers.ts";
import { serve } from "./support/serve.ts";
import { hasPython, python } from "./support/tools.ts";
import { get, request } from "./wire/wire.ts";

/** Asks once and expects a page for the error, its text in the log, and a connection that goes on. */
async function expectErrorPage(application: Application, logged: RegExp): Promise<void> {
  let fails = true;
  const served = await serve((environ, startResponse) => {
    if (fails) {
      fails = false;
      return application(environ, startResponse);
    }
    startResponse("200 OK", []);
    return ["fine"];
  });
  const client = await served.connect();
  const answer = await askNext(client, get());
  expect(answer.statusLine).toBe("HTTP/1.1 500 Internal Server Error");
  expect(answer.header("content-type")).toMatch(/^text\/plain/);
  expect(answer.body).toBe("");
  expect(await served.logged(/the application failed/)).toMatch(logged);
  expect((await askNext(client, get())).body).toBe("fine");
  expect(await served.exchange()).toMatchObject({ status: 500, completed: true });
  expect((await served.exchange()).error).not.toBe(undefined);
}

describe("an application that fails before its head is sent", () => {
  const started = (body: () => Body | Promise<Body>): Application => {
    return (_environ, startResponse) => {
      startResponse("200 OK", [["X-Forgotten", "1"]]);
      return body();
    };
  };
  const fail = (): never => {
    throw new Error("the application's own");
  };

  test.each<[string, Application]>([
    ["at once", fail],
    ["with a rejected promise", () => Promise.reject(new Error("the application's own"))],
    ["after startResponse", started(fail)],
    [
      "in a generator's first step",
      started(function* (): Generator<Item> {
        yield fail();
      }),
    ],
    [
      "in an async generator's first step",
      started(async function* (): AsyncGenerator<Item> {
        yield fail();
      }),
    ],
    [
      "in a generator after empty items",
      started(function* (): Generator<Item> {
        yield "";
        fail();
      }),
    ],
    [
      "in an async generator after empty items",
      started(async function* (): AsyncGenerator<Item> {
        yield "";
        fail();
      }),
    ],
    ["when its body is asked for an iterator", started(() => ({ [Symbol.iterator]: fail }))],
    ["when its body is asked for an async iterator", started(() => ({ [Symbol.asyncIterator]: fail }))],
  ])("is answered with an empty 500 page, and logged: %s", async (_name, application) => {
    await expectErrorPage(application, /Error: the application's own\n {4}at .*start-response\.test\.ts/);
  });

  test.each([["a string"], [undefined], [null], [0], [{ toString: () => "an object" }]])(
    "is answered when what it throws is no error: %s",
    async (thrown) => {
      await expectErrorPage(() => {
        throw thrown;
      }, /the application failed/);
    },
  );

  test("is answered with a page that carries the stack when debug is on", async () => {
    const served = await serve(fail, { debug: true });
    const answer = await askNext(await served.connect(), get());
    expect(answer.status).toBe(500);
    expect(answer.body).toMatch(/^Error: the application's own\n {4}at .*start-response\.test\.ts/);
    expect(answer.header("content-length")).toBe(String(answer.body.length));
  });

  test("is answered without a body for HEAD, with the page's length", async () => {
    const served = await serve(fail, { debug: true });
    const client = await served.connect();
    const answer = await askNext(client, request("HEAD / HTTP/1.1"), "HEAD");
    expect(answer.status).toBe(500);
    expect(Number(answer.header("content-length"))).toBeGreaterThan(0);
    expect((await askNext(client, get())).status).toBe(500);
  });

  test("sends none of the headers it asked for", async () => {
    const served = await serve(started(fail));
    expect((await askNext(await served.connect(), get())).header("x-forgotten")).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["a number", 5],
    ["a function", () => []],
    ["an object that is not iterable", {}],
    ["a list with a number", ["Hello", 5]],
    ["a list with null", [null]],
    ["a list of lists", [["Hello"]]],
    ["an ArrayBuffer", new ArrayBuffer(5)],
    ["a Set with a number", new Set([5])],
  ])("is answered so when its body is none: %s", async (_name, body) => {
    await expectErrorPage(
      started(() => body as Body),
      /UsageError: a body is a string, bytes, an iterable/,
    );
  });
});

describe("an application that fails after its head was sent", () => {
  const broken = (framing: string | undefined, body: (write: Write) => Body | Promise<Body>): Application => {
    return (_environ, startResponse) =>
      body(startResponse("200 OK", framing === undefined ? [] : [["Content-Length", framing]]));
  };
  const kinds: [string, (write: Write) => Body | Promise<Body>][] = [
    [
      "in a generator",
      function* (): Generator<Item> {
        yield "x".repeat(5000); // more than is joined
        throw new Error("too late");
      },
    ],
    [
      "in an async generator",
      async function* (): AsyncGenerator<Item> {
        yield "x".repeat(5000);
        throw new Error("too late");
      },
    ],
    [
      "after write()",
      async (write) => {
        await write("x".repeat(5000));
        throw new Error("too late");
      },
    ],
  ];

  test.each(kinds)("leaves out the last chunk, closes and logs: %s", async (_name, body) => {
    const served = await serve(broken(undefined, body), { debug: true });
    const client = await served.connect();
    client.send(Buffer.concat([get(), get()]));
    const answers = answersIn(await client.end());
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({ status: 200, body: "x".repeat(5000), complete: false });
    expect(await served.logged(/the application failed/)).toMatch(/Error: too late\n {4}at .*start-response\.test\.ts/);
    expect(await served.exchange()).toMatchObject({
      completed: false,
      bodyBytes: 5000,
      disconnectPhase: undefined,
      error: { message: "too late" },
    });
    expect(served.exchanges).toHaveLength(1);
  });

  test.each(kinds)("closes short of the Content-Length: %s", async (_name, body) => {
    const served = await serve(broken("6000", body));
    expect(await ask(served, get())).toMatchObject({ body: "x".repeat(5000), complete: false });
  });

  // Node's own client takes a reset that comes with data for an end.
  test.skipIf(!hasPython).each(kinds)(
    "resets the connection when only its end would end the body: %s",
    async (_name, body) => {
      const served = await serve(broken(undefined, body));
      const { stdout } = await python(
        served.port,
        `
import socket
client = socket.create_connection(("127.0.0.1", port), 20)
client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
try:
    while client.recv(65536): pass
    print("ended")
except ConnectionResetError:
    print("reset")
`,
      );
      expect(stdout).toBe("reset\n");
    },
  );
});

describe("startResponse", () => {
  test("is called before anything is sent", async () => {
    for (const body of [[], ["Hello"], "Hello", new Set(["Hello"])]) {
      await expectErrorPage(() => body, /UsageError: an application calls startResponse before it writes/);
    }
  });

  test.each<[string, (startResponse: StartResponse) => Body]>([
    [
      "a generator",
      function* (startResponse): Generator<Item> {
        startResponse("201 Created", [["X-Late", "1"]]);
        yield "Hello";
      },
    ],
    [
      "a generator that yields an empty string before it",
      function* (startResponse): Generator<Item> {
        yield "";
        startResponse("201 Created", [["X-Late", "1"]]);
        yield "Hello";
      },
    ],
    [
      "an async generator that yields an empty string before it",
      async function* (startResponse): AsyncGenerator<Item> {
        yield "";
        startResponse("201 Created", [["X-Late", "1"]]);
        yield "Hello";
      },
    ],
    [
      "an async generator",
      async function* (startResponse): AsyncGenerator<Item> {
        await new Promise((resolve) => setImmediate(resolve));
        startResponse("201 Created", [["X-Late", "1"]]);
        yield "Hello";
      },
    ],
  ])("may be called at the first step of the body: %s", async (_name, application) => {
    const served = await serve((_environ, startResponse) => application(startResponse));
    const client = await served.connect();
    for (const method of ["GET", "HEAD", "GET"]) {
      const answer = await askNext(client, request(`${method} / HTTP/1.1`), method);
      expect(answer).toMatchObject({ status: 201, body: method === "GET" ? "Hello" : "", complete: true });
      expect(answer.header("x-late")).toBe("1");
    }
  });

  test("may be called at the end of a body without items", async () => {
    const served = await serve((_environ, startResponse) => ({
      [Symbol.iterator]: () => ({
        next: () => {
          startResponse("404 Not Found", []);
          return { done: true as const, value: undefined };
        },
      }),
    }));
    expect((await askNext(await served.connect(), get())).status).toBe(404);
  });

  test("is a usage error the second time", async () => {
    await expectErrorPage((_environ, startResponse) => {
      startResponse("200 OK", []);
      startResponse("201 Created", []);
      return [];
    }, /UsageError: startResponse is called once, and again only with excInfo/);
  });

  test("leaves the first call in force when the second is a usage error that is caught", async () => {
    const served = await serve((_environ, startResponse) => {
      startResponse("200 OK", []);
      expect(() => startResponse("201 Created", [], null)).toThrow(
        expect.objectContaining({ code: "RESPONSE_ALREADY_STARTED" }),
      );
      return ["Hello"];
    });
    expect(await askNext(await served.connect(), get())).toMatchObject({ status: 200, body: "Hello" });
  });

  test("with excInfo replaces a head that was not sent", async () => {
    const served = await serve(function* (_environ, startResponse) {
      startResponse("200 OK", [
        ["X-First", "1"],
        ["Content-Length", "5"],
      ]);
      try {
        throw new Error("the application's own");
      } catch (error) {
        startResponse("503 Service Unavailable", [["X-Second", "2"]], error);
      }
      yield "sorry";
    });
    const answer = await askNext(await served.connect(), get());
    expect(answer).toMatchObject({ status: 503, body: "sorry", complete: true });
    expect(answer.header("x-first")).toBeUndefined();
    expect(answer.header("x-second")).toBe("2");
    expect(answer.header("content-length")).toBeUndefined();
  });

  test("with excInfo may be the first call", async () => {
    const served = await serve((_environ, startResponse) => {
      startResponse("500 Oh", [], new Error("the application's own"));
      return ["sorry"];
    });
    expect(await askNext(await served.connect(), get())).toMatchObject({
      statusLine: "HTTP/1.1 500 Oh",
      body: "sorry",
    });
  });

  test("with excInfo throws that again when the head was sent", async () => {
    const own = new Error("the application's own");
    const thrown: unknown[] = [];
    const served = await serve(async (_environ, startResponse) => {
      await startResponse("200 OK", [])("begun");
      try {
        startResponse("500 Oh", [], own);
      } catch (error) {
        thrown.push(error);
        throw error;
      }
      return [];
    });
    expect(await ask(served, get())).toMatchObject({ status: 200, body: "begun", complete: false });
    expect(thrown).toEqual([own]);
    expect(await served.logged(/the application's own/)).toContain("the application failed");
  });

  test("is a usage error after the response ended", async () => {
    const kept: StartResponse[] = [];
    const served = await serve((_environ, startResponse) => {
      kept.push(startResponse);
      startResponse("200 OK", []);
      return [];
    });
    await askNext(await served.connect(), get());
    expect(() => kept[0]?.("200 OK", [], new Error("late"))).toThrow(
      expect.objectContaining({ name: "UsageError", code: "RESPONSE_FINISHED" }),
    );
  });
});
