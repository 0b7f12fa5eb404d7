// The laws of a response's head, for whatever an application passes to startResponse: status, headers and excInfo of any type and
// any characters. Values in; what a client gets out is one response, found by a parser that shares nothing with the server's:
//
//   1. a call is taken, or throws a UsageError (or the excInfo it was given, once it is too late);
//   2. what is taken comes out as exactly one head with those fields, in their order, and nothing else but the server's own;
//   3. no character of a value ends a line, a head or a body: responses are never split;
//   4. the body is what the application returned, to the byte, and the connection carries the next request or says that it will not.

import fc from "fast-check";
import { type Application, type Header, type Server, server, UsageError } from "../../src/index.ts";
import { PushedListener } from "../wire/lines.ts";

const NASTY = [
  "\r\n",
  "\r",
  "\n",
  "\r\n\r\n",
  "\0",
  "\x0b",
  "\x0c",
  "\x1b",
  "\x7f",
  "\x85",
  "\xa0",
  "\u2028",
  "\u010a",
  "\u560a\u560d",
  "\ud800",
  ":",
  " ",
  "\t",
  ",",
  ";",
];
const WORDS = [
  "200 OK",
  "HTTP/1.1 200 OK\r\n\r\n",
  "Set-Cookie",
  "Content-Length",
  "Transfer-Encoding",
  "Connection",
  "close",
  "upgrade",
  "Date",
  "chunked",
  "0",
  "5",
  "x",
  "X-A",
  "text/plain",
  "204",
  "304",
  "101",
  "999",
  "100",
];
const piece = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.constantFrom(...WORDS),
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.string({ maxLength: 6 }),
);
const text = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(""));
const notText = fc.constantFrom<unknown>(
  undefined,
  null,
  5,
  200n,
  true,
  {},
  [],
  ["x"],
  Buffer.from("x"),
  Symbol("s"),
  new String("x"),
  () => "x",
);

const GOOD_STATUSES = [
  "200 OK",
  "200",
  "204 No Content",
  "205 Reset",
  "304 Not Modified",
  "404 caf\xe9",
  "500 \t",
  "999 x",
  "426 Upgrade Required",
];
const status = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<unknown>(...GOOD_STATUSES) },
  { weight: 1, arbitrary: text },
  { weight: 1, arbitrary: notText },
);
const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom<unknown>(
      "X-A",
      "x-b",
      "set-cookie",
      "Content-Type",
      "DATE",
      "Content-Length",
      "Connection",
      "Transfer-Encoding",
      "Upgrade",
      "TE",
      "server",
    ),
  },
  { weight: 1, arbitrary: text },
  { weight: 1, arbitrary: notText },
);
const value = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>(
      "",
      "a",
      "a b",
      " a ",
      "\ta",
      "5",
      "0",
      "close",
      "caf\xe9",
      "a, b",
      "Thu, 01 Jan 1970 00:00:00 GMT",
    ),
  },
  { weight: 2, arbitrary: text },
  { weight: 1, arbitrary: notText },
);
const pair = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(name, value) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: fc.oneof(notText, fc.array(value, { maxLength: 3 })) },
);
const headers = fc.oneof(
  { weight: 12, arbitrary: fc.array(pair, { maxLength: 4 }) as fc.Arbitrary<unknown> },
  {
    weight: 1,
    arbitrary: fc.array(fc.tuple(fc.constant("X-A"), fc.constant("b")), { maxLength: 3 }).map((list) => new Map(list)),
  },
  { weight: 1, arbitrary: notText },
);
const call = fc.record({
  status,
  headers,
  excInfo: fc.constantFrom<unknown>(undefined, null, new Error("an application's"), "text"),
});

/** What an application does: some calls of startResponse, a body, and perhaps one more call when the head has gone. */
export const behaviours = fc.record({
  calls: fc.array(call, { minLength: 1, maxLength: 3 }),
  items: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }),
  method: fc.constantFrom("GET", "GET", "HEAD", "POST"),
  version: fc.constantFrom("1.1", "1.1", "1.0"),
  asks: fc.constantFrom("", "Connection: keep-alive\r\n", "Connection: close\r\n"),
  isLate: fc.boolean(),
});
export type Behaviour = typeof behaviours extends fc.Arbitrary<infer T> ? T : never;

/** What was taken of the calls, and what was thrown that may not be. */
interface Outcome {
  taken: { status: string; headers: Header[] } | undefined;
  readonly wrong: unknown[];
}

/** A server whose application does as it is told. */
export class ResponseLaws {
  readonly #listener = new PushedListener();
  readonly #server: Server;
  #behaviour: Behaviour | undefined;
  #outcome: Outcome = { taken: undefined, wrong: [] };

  constructor() {
    this.#server = server(this.#listener, this.#application, {
      logOutput: false,
      ...{ headTimeout: 0, capitalizeResponseHeaders: false },
    });
  }

  close(): Promise<unknown> {
    return this.#server.close({ timeout: 0 });
  }

  /** @throws {Error} naming the law that is broken */
  async check(behaviour: Behaviour): Promise<void> {
    await this.#server.ready;
    this.#behaviour = behaviour;
    this.#outcome = { taken: undefined, wrong: [] };
    const line = this.#listener.connect();
    const gone = new Promise((resolve) => line.once("close", resolve));
    await line.send(Buffer.from(`${behaviour.method} / HTTP/${behaviour.version}\r\nHost: a\r\n${behaviour.asks}\r\n`));
    line.push(null);
    await gone;
    const { taken, wrong } = this.#outcome;
    if (wrong.length > 0)
      throw new Error(`a call threw what is neither a UsageError nor its excInfo: ${String(wrong[0])}`);
    checkResponse(line.received, taken, behaviour);
  }

  readonly #application: Application = (_environ, startResponse) => {
    const { calls, items, isLate } = this.#behaviour as Behaviour;
    const outcome = this.#outcome;
    const attempt = ({ status, headers, excInfo }: Behaviour["calls"][number]): void => {
      try {
        startResponse(status as string, headers as Header[], excInfo);
        outcome.taken = { status: status as string, headers: [...(headers as Header[])] };
      } catch (error) {
        if (!(error instanceof UsageError) && error !== excInfo) outcome.wrong.push(error);
      }
    };
    for (const one of calls) attempt(one);
    if (!isLate) return items;
    const { taken } = outcome;
    return (function* (): Generator<Uint8Array> {
      yield* items;
      for (const one of calls) attempt(one); // nothing of it may come out once a byte has gone
      if (items.some(({ length }) => length > 0)) outcome.taken = taken;
    })();
  };
}

const OWN =
  /^(?:Date: [\x20-\x7e]+|Content-Length: \d+|Transfer-Encoding: chunked|Connection: (?:close|keep-alive|upgrade|upgrade, close)|Keep-Alive: timeout=\d+)$/;

/** Takes a response apart at its CRLFs, and nowhere else. */
function checkResponse(received: string, taken: Outcome["taken"], behaviour: Behaviour): void {
  const end = received.indexOf("\r\n\r\n");
  const [startLine = "", ...lines] = received.slice(0, end).split("\r\n");
  const fail = (law: string): never => {
    throw new Error(`${law}: ${JSON.stringify(received)} for ${JSON.stringify(taken)}`);
  };
  if (end < 0 || /[\r\n\0]/.test([startLine, ...lines].join(""))) fail("a head has no line ends but its own");
  if (taken === undefined) {
    if (!/^HTTP\/1\.1 500 /.test(startLine)) fail("a response that was never started is a 500");
    return;
  }
  // A start with upgrade or a body shorter than it said breaks off; the head is the same.
  const { status } = taken;
  if (startLine !== `HTTP/1.1 ${status.length === 3 ? `${status} ` : status}`)
    fail("the status line is the application's");
  const given = taken.headers
    .filter(([name]) => !/^(content-length|connection)$/i.test(name))
    .map(([name, text]) => `${name}: ${text}`);
  const own = lines.slice(given.length);
  if (lines.slice(0, given.length).join("\r\n") !== given.join("\r\n"))
    fail("the fields are the application's, in their order");
  if (!own.every((line) => OWN.test(line)) || new Set(own.map((line) => line.split(":")[0])).size < own.length) {
    fail("what is added is the server's");
  }
  checkBody(received.slice(end + 4), own, status, behaviour, fail);
}

function checkBody(
  rest: string,
  own: readonly string[],
  status: string,
  { method, items }: Behaviour,
  fail: (law: string) => never,
): void {
  const body = Buffer.concat(items).toString("latin1");
  const code = Number.parseInt(status, 10);
  const isBodiless = method === "HEAD" || code === 204 || code === 304 || code === 101;
  const length = own.map((line) => /^Content-Length: (\d+)$/.exec(line)?.[1]).find((digits) => digits !== undefined);
  if (isBodiless) {
    if (rest !== "") fail("there is no body");
  } else if (own.includes("Transfer-Encoding: chunked")) {
    const chunks = [...rest.matchAll(/([0-9a-f]+)\r\n/g)];
    const data = unchunk(rest);
    if (chunks.length === 0 || data !== body) fail("the chunks are the body");
  } else if (code === 205) {
    if (rest !== "" || length !== "0") fail("a 205 has no body");
  } else if (length !== undefined) {
    if (rest !== body.slice(0, Number(length))) fail("the body is the application's, cut at its length");
  } else if (rest !== body) fail("the body is the application's");
}

/** The data of chunks, to the last one; undefined when they are not whole or something follows. */
function unchunk(text: string): string | undefined {
  let data = "";
  for (let at = 0; ; ) {
    const line = /^([0-9a-f]+)\r\n/.exec(text.slice(at));
    if (line === null) return undefined;
    const size = Number.parseInt(line[1] as string, 16);
    const start = at + line[0].length;
    if (text.slice(start + size, start + size + 2) !== "\r\n") return undefined;
    if (size === 0) return start + 2 === text.length ? data : undefined;
    data += text.slice(start, start + size);
    at = start + size + 2;
  }
}
