import type { Application, Environ, StartResponse } from "@wsgi/core";
import { describe, expect, test } from "vitest";
import { type Answer, answerIn } from "../../core/test/support/answers.ts";
import { VALIDATION_RULES, type ValidationCode, ValidationError, validator } from "../src/index.ts";
import { ask, serveIt } from "./support/ask.ts";

/** An environ that breaks no rule. */
function goodEnviron(): Record<string, unknown> {
  const input = {
    read: async () => Buffer.from("body"),
    readline: async () => Buffer.alloc(0),
    readlines: async () => [],
    async *[Symbol.asyncIterator]() {},
  };
  return {
    ...{
      REQUEST_METHOD: "GET",
      SCRIPT_NAME: "",
      PATH_INFO: "/",
      SERVER_NAME: "a",
      SERVER_PORT: "80",
      SERVER_PROTOCOL: "HTTP/1.1",
    },
    ...{ "wsgi.version": [1, 0], "wsgi.url_scheme": "http", "wsgi.input": input },
    ...{ "wsgi.errors": { write() {}, writelines() {}, flush() {} } },
    ...{ "wsgi.multithread": false, "wsgi.multiprocess": false, "wsgi.run_once": false },
  };
}

const write = async (): Promise<void> => {};
const good: Application = (_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["Hello"];
};

type Any = (...args: unknown[]) => unknown;

/** Calls a validated application as a server would, and iterates its body. */
async function call(
  application: unknown,
  environ: unknown = goodEnviron(),
  startResponse: unknown = () => write,
): Promise<unknown> {
  const body = await (validator(application as Application) as Any)(environ, startResponse);
  if (typeof body === "object") for await (const _ of body as AsyncIterable<unknown>);
  (body as { close?: () => void } | undefined)?.close?.();
  return body;
}

/** A server whose environ differs. */
const from = (change: Record<string, unknown>) => () => call(good, { ...goodEnviron(), ...change });

/** An application that does this before it answers well. */
const doing = (act: (environ: Environ, startResponse: StartResponse) => unknown) => () =>
  call(async (environ: Environ, startResponse: StartResponse) => {
    await act(environ, startResponse);
    return good(environ, startResponse);
  });

const starting =
  (...given: unknown[]) =>
  () =>
    call((_environ: Environ, startResponse: Any) => {
      startResponse(...given);
      return ["x"];
    });

const giving =
  (make: () => unknown, headers: unknown[] = []) =>
  () =>
    call((_environ: Environ, startResponse: Any) => {
      startResponse("200 OK", headers);
      return make();
    });

const without = (key: string): Record<string, unknown> => {
  const environ = goodEnviron();
  delete environ[key];
  return environ;
};

const input = (change: object): Record<string, unknown> => ({
  "wsgi.input": { ...(goodEnviron()["wsgi.input"] as object), ...change },
});
const reading = (environ: Environ, startResponse: StartResponse): unknown =>
  environ["wsgi.input"].read(2).then(() => good(environ, startResponse));
function* generated(): Generator<string> {
  yield "x";
}
async function bodyOf(make: () => unknown): Promise<{ close(): unknown; [Symbol.iterator](): Iterator<unknown> }> {
  return (await (
    validator(((_environ: Environ, startResponse: Any) => {
      startResponse("200 OK", []);
      return make();
    }) as unknown as Application) as Any
  )(goodEnviron(), () => write)) as never;
}

/** For every rule, ways to break it. */
const VIOLATIONS: Record<ValidationCode, (() => unknown)[]> = {
  ENVIRON_TYPE: [() => call(good, null), () => call(good, []), () => call(good, "x")],
  ARGUMENTS: [() => (validator(good) as Any)(goodEnviron()), () => (validator(good) as Any)(goodEnviron(), write, 1), () => call(good, goodEnviron(), 1)],
  ENVIRON_MISSING: ["REQUEST_METHOD", "PATH_INFO", "SERVER_NAME", "wsgi.input", "wsgi.version", "wsgi.run_once"].map((key) => () => call(good, without(key))),
  ENVIRON_STRING: [from({ SERVER_PORT: 80 }), from({ HTTP_X: ["a"] }), from({ CONTENT_LENGTH: 5 })],
  ENVIRON_FORBIDDEN: [from({ HTTP_CONTENT_TYPE: "a/b" }), from({ HTTP_CONTENT_LENGTH: "1" })],
  ENVIRON_METHOD: [from({ REQUEST_METHOD: "" }), from({ REQUEST_METHOD: "GE T" })],
  ENVIRON_SCRIPT_NAME: [from({ SCRIPT_NAME: "/" }), from({ SCRIPT_NAME: "api" })],
  ENVIRON_PATH_INFO: [from({ PATH_INFO: "x" }), from({ PATH_INFO: "*" })],
  ENVIRON_PATHS: [from({ PATH_INFO: "" })],
  ENVIRON_CONTENT_LENGTH: [from({ CONTENT_LENGTH: "-1" }), from({ CONTENT_LENGTH: "1.5" })],
  ENVIRON_VERSION: [from({ "wsgi.version": [1, 1] }), from({ "wsgi.version": "1.0" })],
  ENVIRON_SCHEME: [from({ "wsgi.url_scheme": "HTTP" })],
  ENVIRON_FLAGS: [from({ "wsgi.multithread": 0 }), from({ "wsgi.run_once": "" })],
  INPUT_METHODS: [from(input({ readline: undefined })), from(input({ [Symbol.asyncIterator]: 1 })), from({ "wsgi.input": "x" })],
  INPUT_RESULT: [() => "x", async () => "x", async () => Buffer.alloc(3)].map((read) => () => call(reading, { ...goodEnviron(), ...input({ read }) })),
  ERRORS_METHODS: [from({ "wsgi.errors": { write() {}, flush() {} } }), from({ "wsgi.errors": {} })],
  BODY_AFTER_CLOSE: [async () => { const body = await bodyOf(generated); body.close(); body[Symbol.iterator]().next(); }],
  BODY_CLOSED_TWICE: [async () => { const body = await bodyOf(generated); body.close(); body.close(); }],
  APPLICATION_TYPE: [() => validator({ fetch() {} } as unknown as Application), () => validator(undefined as unknown as Application)],
  INPUT_ARGUMENTS: [doing((e) => (e["wsgi.input"].read as Any)(1, 2)), doing((e) => (e["wsgi.input"].read as Any)("5")), doing((e) => e["wsgi.input"].readline(1.5))],
  ERRORS_TEXT: [doing((e) => (e["wsgi.errors"].write as Any)(Buffer.from("x"))), doing((e) => e["wsgi.errors"].writelines("x")), doing((e) => e["wsgi.errors"].writelines([1] as never))],
  START_ARGUMENTS: [starting("200 OK"), starting("200 OK", [], undefined, 1)],
  STATUS: [starting(200, []), starting("200", []), starting("2000 OK", []), starting("200 OK\r\nX: y", []), starting("OK", [])],
  STATUS_INTERIM: [starting("100 Continue", []), starting("103 Early Hints", [])],
  HEADERS: [starting("200 OK", {}), starting("200 OK", null), starting("200 OK", [["a"]]), starting("200 OK", ["a: b"]), starting("200 OK", [[1, "a"]])],
  HEADER_NAME: [starting("200 OK", [["a b", ""]]), starting("200 OK", [["", ""]]), starting("200 OK", [["a:", ""]])],
  HEADER_STATUS: [starting("200 OK", [["Status", "200 OK"]])],
  HEADER_VALUE: [starting("200 OK", [["a", 1]]), starting("200 OK", [["a", "b\r\nc"]]), starting("200 OK", [["a", "€"]])],
  HEADER_HOP_BY_HOP: ["Transfer-Encoding: chunked", "Connection: keep-alive", "Keep-Alive: 5", "Upgrade: x", "TE: x", "Trailer: x"].map((line) => starting("200 OK", [line.split(": ")])),
  CONTENT_LENGTH: [starting("200 OK", [["Content-Length", "1.0"]]), starting("200 OK", [["Content-Length", "1"], ["content-length", "1"]]), starting("204 No Content", [["Content-Length", "0"]])],
  CONTENT_TYPE: [starting("204 No Content", [["Content-Type", "a/b"]]), starting("304 Not Modified", [["Content-Type", "a/b"]])],
  STARTED_TWICE: [doing((_e, start) => start("200 OK", [])), doing((_e, start) => start("200 OK", []) && start("500 Oops", [], null))],
  EXC_INFO: [starting("200 OK", [], "an error"), starting("200 OK", [], [1, 2, 3])],
  NOT_STARTED: [() => call(() => ["x"]), () => call(() => []), () => call(generated), () => call(async function* () { yield "x"; })],
  WRITE_ARGUMENTS: [doing((_e, start) => (start("200 OK", []) as Any)()), doing((_e, start) => (start("200 OK", []) as Any)(1)), doing((_e, start) => (start("200 OK", []) as Any)("a", "b"))],
  WRITE_AFTER_END: [() => { let late: Any = () => {}; return call((_e: Environ, start: StartResponse) => { late = start("200 OK", []) as Any; return []; }).then(() => late("x")); }],
  BODY: [giving(() => undefined), giving(() => null), giving(() => 1), giving(() => ({}))],
  ITEM: [giving(() => [1]), giving(() => [null]), giving(function* () { yield ["x"]; }), giving(async function* () { yield 1; })],
  TOO_LONG: [giving(() => ["ab"], [["Content-Length", "1"]]), giving(function* () { yield "a"; yield "b"; }, [["Content-Length", "1"]])],
  TOO_SHORT: [giving(() => ["a"], [["Content-Length", "2"]]), giving(generated, [["Content-Length", "2"]])],
}; // biome-ignore format: a table

describe.each(Object.entries(VIOLATIONS))("%s", (code, ways) => {
  test.each(ways.map((way) => [way]))("is thrown, %#", async (way) => {
    const { party, section } = VALIDATION_RULES[code as ValidationCode];
    const error = await (async () => await way())().then(() => undefined, (thrown: unknown) => thrown); // biome-ignore format: short
    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({ code, party, section, message: expect.stringContaining(section) });
  });
});

describe("what breaks no rule goes through unchanged:", () => {
  test.each([
    ["a list", good, "Hello"],
    ["text", (e: Environ, s: StartResponse) => { good(e, s); return "text"; }, "text"],
    ["a generator that starts late", function* (_e: Environ, s: StartResponse) { s("200 OK", []); yield ""; yield "late"; }, "late"],
    ["an empty item before the start", function* (_e: Environ, s: StartResponse) { yield ""; s("200 OK", []); yield "x"; }, "x"],
    ["an async application", async (e: Environ, s: StartResponse) => good(e, s), "Hello"],
    ["a web stream", (e: Environ, s: StartResponse) => { good(e, s); return new Blob(["stream"]).stream(); }, "stream"],
    ["write()", async (e: Environ, s: StartResponse) => { const w = s("200 OK", []); await w("one "); void e; return ["two"]; }, "one two"],
    ["excInfo", (_e: Environ, s: StartResponse) => { s("200 OK", []); s("500 Oops", [], new Error("x")); return ["x"]; }, "x"],
    ["a file", (e: Environ, s: StartResponse) => { s("200 OK", []); return e["wsgi.file_wrapper"](import.meta.filename); }, undefined],
    ["Connection: close", (_e: Environ, s: StartResponse) => { s("200 OK", [["Connection", "close"]]); return ["x"]; }, "x"],
    ["204", (_e: Environ, s: StartResponse) => { s("204 No Content", []); return []; }, ""],
    ["reading", async (e: Environ, s: StartResponse) => { s("200 OK", []); const i = e["wsgi.input"]; return [await i.read(), String(await i.readlines()), String(e["wsgi.signal"].aborted)]; }, "false"],
  ] as [string, Application, string | undefined][])("%s", async (_title, application, body) => {
    const answer: Answer = await ask(await serveIt(validator(application)), "/");
    expect(answer.complete).toBe(true);
    if (body !== undefined) expect(answer.body).toBe(body);
    else expect(Number(answer.header("content-length"))).toBeGreaterThan(1000); // the server knows its file again
  }); // biome-ignore format: a table

  test.each(["HEAD /", "OPTIONS *", "CONNECT a:1", "POST /x%2F?y"])("the server's environ of %s", async (line) => {
    const [method = "", target = ""] = line.split(" ");
    expect((await ask(await serveIt(validator(good)), target, method)).status).toBe(200);
  });

  test("an upgrade", async () => {
    const application: Application = (environ, startResponse) => {
      startResponse("101 Switching Protocols", [["Upgrade", "x"], ["Connection", "upgrade"]]); // biome-ignore format: short
      environ["wsgi.input"].getSocket().end("taken");
      return [];
    };
    const client = await (await serveIt(validator(application))).connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    expect(await client.end()).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\ntaken$/);
  });
});

test("a body is closed once, and its generator returns, when the client leaves", async () => {
  const log: string[] = [];
  let told = (): void => {};
  const closed = new Promise<void>((resolve) => {
    told = resolve;
  });
  const body = {
    async *[Symbol.asyncIterator]() {
      yield "first";
      await new Promise(() => {});
    },
    close: () => {
      log.push("closed");
      told();
    },
  };
  const application: Application = (_environ, startResponse) => {
    startResponse("200 OK", []);
    return body;
  };
  const served = await serveIt(validator(application));
  const client = await served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.receive("first");
  client.reset();
  await closed;
  await served.exchange();
  expect([log, served.log.join("\n").includes("ValidationError")]).toEqual([["closed"], false]);
});

test("a fault of an application is a 500, and the log names the rule", async () => {
  const served = await serveIt(validator(() => ["x"]));
  const client = await served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(answerIn(await client.end()).status).toBe(500);
  await served.logged(
    /ValidationError: application: startResponse is called before .* \(PEP 3333 "The start_response\(\) Callable"\): an item came first/,
  );
});
