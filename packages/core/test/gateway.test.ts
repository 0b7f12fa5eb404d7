// An application on another server: a request in memory in, what that server is told out.

import { expect, test } from "vitest";
import {
  type Application,
  type Environ,
  type GatewayOptions,
  type GatewayRequest,
  type GatewayRun,
  gateway,
  type Item,
  UsageError,
} from "../src/index.ts";
import { deferred } from "./support/deferred.ts";
import { turn } from "./support/until.ts";

interface Told extends GatewayRun {
  /** Calls of the response in their order. */
  readonly calls: string[];
  readonly log: string[];
  /** Takes what was written, so that more may come. */
  take(): void;
}

const GET: GatewayRequest = {
  method: "GET",
  path: "/a%20b",
  query: "q=1",
  minorVersion: 1,
  host: "example.com",
  fields: [
    ["Host", "example.com"],
    ["X-Name", "value"],
    ["X_Name", "forged"],
  ],
  endpoints: {
    scheme: "https",
    serverName: "192.0.2.1",
    serverPort: "443",
    remoteAddress: "192.0.2.2",
    remotePort: "5000",
  },
  pull: async () => undefined,
};

function run(
  application: Application,
  request: Partial<GatewayRequest> = {},
  { isSlow = false, ...options }: GatewayOptions & { isSlow?: boolean } = {},
): Told {
  const calls: string[] = [];
  const log: string[] = [];
  const record = (line: string): void => void log.push(line);
  let waiting: (() => void)[] = [];
  const started = gateway(application, { log: { info: record, debug: record }, ...options })(
    { ...GET, ...request },
    {
      start: (status, reason, headers, length) =>
        calls.push(`${status} ${reason} ${JSON.stringify(headers)} ${length ?? "?"}`),
      write: (item: Item) => {
        calls.push(`write ${item}`);
        return !isSlow;
      },
      onceWritable: (callback) => waiting.push(callback),
      end: () => calls.push("end"),
      breakOff: () => calls.push("break off"),
    },
  );
  const take = (): void => {
    const callbacks = waiting;
    waiting = [];
    for (const callback of callbacks) callback();
  };
  return { ...started, calls, log, take };
}

const answering =
  (body: () => ReturnType<Application>, headers: [string, string][] = []): Application =>
  (_environ, startResponse) => {
    startResponse("200 OK", headers);
    return body();
  };

test("tells of a complete body at once, with its length", () => {
  const { calls } = run(answering(() => ["Hello, ", Buffer.from("World!")], [["X-One", "1"]]));
  expect(calls).toEqual(['200 OK [["X-One","1"]] 13', "write Hello, ", "write World!", "end"]);
});

test("gives the application the environ of every other server", () => {
  let seen!: Environ;
  run((environ, startResponse) => {
    seen = environ;
    return answering(() => [])(environ, startResponse);
  });
  expect(seen).toMatchObject({
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    PATH_INFO: "/a b",
    RAW_PATH_INFO: "/a%20b",
    QUERY_STRING: "q=1",
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_PORT: "443",
    HTTPS: "on",
    HTTP_HOST: "example.com",
    HTTP_X_NAME: "value",
    "wsgi.url_scheme": "https",
  });
  expect(seen).not.toHaveProperty(["wsgi.early_hints"]);
  expect(seen["wsgi.input"].connection).toBeUndefined();
});

test("mounts it where it is told to", () => {
  const { environ } = run(
    answering(() => []),
    { scriptName: "/caf%C3%A9", path: "/x%2Fy" },
  );
  expect(environ).toMatchObject({ SCRIPT_NAME: "/café", PATH_INFO: "/x/y", RAW_PATH_INFO: "/caf%C3%A9/x%2Fy" });
});

test("streams what comes bit by bit, at the client's pace", async () => {
  const given: string[] = [];
  const told = run(
    answering(async function* () {
      for (const item of ["one", "two"]) {
        given.push(item);
        yield item;
      }
    }),
    {},
    { isSlow: true },
  );
  await turn();
  expect(told.calls).toEqual(["200 OK [] ?", "write one"]);
  expect(given).toEqual(["one"]);
  told.take();
  await turn();
  expect(given).toEqual(["one", "two"]);
  told.take();
  await told.done;
  expect(told.calls.slice(2)).toEqual(["write two", "end"]);
});

test("sends the head with a first write of nothing", async () => {
  const told = run(async (_environ, startResponse) => {
    await startResponse("200 OK", [])("");
    expect(told.calls).toEqual(["200 OK [] ?"]);
    return [];
  });
  await told.done;
  expect(told.calls).toEqual(["200 OK [] ?", "end"]);
});

test.each<[string, string, string[], RegExp]>([
  ["cuts a body that is too long", "3", ['200 OK [["Content-Length","3"]] 3', "write Hel", "end"], /2 bytes longer/],
  [
    "breaks off one that is too short",
    "6",
    ['200 OK [["Content-Length","6"]] 6', "write Hello", "break off"],
    /1 bytes are missing/,
  ],
])("%s, and logs it", async (_what, length, calls, line) => {
  const told = run(answering(() => ["Hello"], [["Content-Length", length]]));
  await told.done;
  expect(told.calls).toEqual(calls);
  expect(told.log.join()).toMatch(line);
});

test.each<[string, string, string]>([
  ["HEAD", "200 OK", "200 OK [] 5"],
  ["GET", "304 Not Modified", "304 Not Modified [] ?"],
  ["GET", "204 No Content", "204 No Content [] ?"],
  ["GET", "205 Reset Content", "205 Reset Content [] 0"],
])("has no body for %s with %s", (method, status, head) => {
  const { calls } = run(
    (_environ, startResponse) => {
      startResponse(status, []);
      return ["Hello"];
    },
    { method },
  );
  expect(calls).toEqual([head, "end"]);
});

test("answers for an application that fails, and breaks off what it had begun", async () => {
  const failing = run(() => {
    throw new Error("on purpose");
  });
  expect(failing.calls).toEqual(['500 Internal Server Error [["Content-Type","text/plain; charset=utf-8"]] 0', "end"]);
  expect(failing.log.join()).toMatch(/the application failed: Error: on purpose/);

  const late = run(
    answering(async function* () {
      yield "begun";
      throw new Error("on purpose");
    }),
  );
  await late.done;
  expect(late.calls).toEqual(["200 OK [] ?", "write begun", "break off"]);
});

test("pulls the body when it is read, and not before", async () => {
  const pieces = [Buffer.from("one\ntw"), Buffer.alloc(0), Buffer.from("o\nthree")];
  let pulls = 0;
  const lines: string[] = [];
  const told = run(
    async (environ, startResponse) => {
      expect(pulls).toBe(0);
      for await (const line of environ["wsgi.input"]) lines.push(String(line));
      expect(environ["wsgi.input"].trailers).toEqual([["X-Sum", "1"]]);
      startResponse("200 OK", []);
      return [];
    },
    {
      pull: async () => pieces[pulls++],
      trailers: () => [["X-Sum", "1"]],
    },
  );
  await told.done;
  expect(lines).toEqual(["one\n", "two\n", "three"]);
  expect(told.log).toEqual([]);
});

test("cancelled, it rejects reads, fires the signal and closes the body", async () => {
  const closed = deferred();
  const gone = new Error("gone");
  const told = run(
    answering(() => ({
      async *[Symbol.asyncIterator]() {
        yield "begun";
        await new Promise(() => {});
      },
      close: closed.resolve,
    })),
    { pull: () => new Promise(() => {}) },
  );
  const input = told.environ["wsgi.input"];
  const read = input.read();
  await turn();
  told.cancel(gone);
  await expect(read).rejects.toBe(gone);
  expect(told.environ["wsgi.signal"].reason).toBe(gone);
  await closed.promise;
  await told.done;
  told.cancel(new Error("again"));
  expect(told.calls).toEqual(["200 OK [] ?", "write begun"]);
  expect(told.log).toEqual([]);
});

test("sends interim responses where the other server can", async () => {
  const interim: unknown[] = [];
  const told = run(
    (environ, startResponse) => {
      environ["wsgi.early_hints"]?.([["Link", "</a>"]]);
      environ["wsgi.input"].sendHundredContinueResponse();
      startResponse("200 OK", []);
      return [];
    },
    { sendEarlyHints: (headers) => interim.push(headers), sendContinue: () => interim.push(100) },
  );
  await told.done;
  expect(interim).toEqual([[["Link", "</a>"]], 100]);
  expect(() => run(answering(() => [])).environ["wsgi.input"].sendHundredContinueResponse()).toThrow(
    expect.objectContaining({ code: "INTERIM_TOO_LATE" }),
  );
});

test("gives no socket away where there is none, and one only for a 101", () => {
  const attempt = (status: string, request: Partial<GatewayRequest> = {}): unknown => {
    let thrown: unknown;
    run((environ, startResponse) => {
      startResponse(status, []);
      try {
        environ["wsgi.input"].getSocket();
      } catch (error) {
        thrown = error;
      }
      return [];
    }, request);
    return thrown;
  };
  const started: unknown[] = [];
  const takeSocket: GatewayRequest["takeSocket"] = (start) => {
    started.push(start?.statusLine);
    return undefined as never;
  };
  expect(attempt("101 Switching Protocols")).toMatchObject({ code: "CANNOT_UPGRADE" });
  expect(attempt("200 OK", { takeSocket })).toMatchObject({ code: "CANNOT_UPGRADE" });
  expect(attempt("101 Switching Protocols", { takeSocket })).toBeUndefined();
  expect(started).toEqual(["101 Switching Protocols"]);
});

test.each<[unknown, unknown, string]>([
  [5, {}, "got 5"],
  [() => [], { keepalive: 5 }, "keepalive is for server(); this is another server"],
  [() => [], { debug: 5 }, "debug: expected true or false, got 5"],
])("gateway(%o, %o) is refused", (application, options, text) => {
  const call = (): unknown => gateway(application as Application, options as GatewayOptions);
  expect(call).toThrow(UsageError);
  expect(call).toThrow(text);
});
