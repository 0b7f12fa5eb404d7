// The laws of a whole server, tried on one input: bytes go in over a connection in memory, and the application, the client and the
// log must agree with what the parser alone makes of them:
//
//   1. the application sees the requests that the parser finds, in their order, and not one more;
//   2. the client gets one response for each, that a parser of its own reads to the end, and one refusal where there is a fault;
//   3. nothing behind a fault, or behind a request that ends the connection, reaches the application;
//   4. every write to the log is whole lines of printable characters, and there is one line for each request;
//   5. the connection ends, and nothing is left of it.

import { isDeepStrictEqual } from "node:util";
import { type Application, ClientDisconnected, ProtocolError, type Server, server } from "../../src/index.ts";
import type { ParserLimits } from "../../src/request-parser.ts";
import { answersIn } from "../support/answers.ts";
import { turn } from "../support/until.ts";
import { cutAt, type Transcript, transcript } from "../wire/drive.ts";
import { DEFAULT_LIMITS, SMALL_LIMITS } from "../wire/limits.ts";
import { PushedListener } from "../wire/lines.ts";
import { BrokenLaw } from "./parser-laws.ts";
import type { Random } from "./random.ts";

/** A request as the application sees it. */
interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: string | undefined;
  readonly host: string | undefined;
  body: string;
}

const BODILESS = /^(HEAD|CONNECT)$/;

export class ConnectionLaws {
  readonly #servers = [DEFAULT_LIMITS, SMALL_LIMITS].map((limits) => new Echo(limits));

  /** @throws {BrokenLaw} */
  async check(bytes: Buffer, random: Random): Promise<string> {
    const echo = random.pick(this.#servers);
    const cuts = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1));
    const understood = transcript([bytes], echo.limits);
    const expected = expectedOf(understood);
    const got = await echo.converse(cutAt(bytes, cuts));
    const broken = (law: string): BrokenLaw => new BrokenLaw(law, bytes, { cuts, limits: echo.limits, expected, got });
    if (!isDeepStrictEqual(got.seen, expected.seen)) throw broken("the application sees what the parser finds");
    if (got.log.some((text) => !/^(?:[\x20-\x7e…]+\n)+$/.test(text))) throw broken("a write to the log is whole lines");
    const lines = got.log.flatMap((text) => text.split("\n")).filter((line) => line.startsWith("192.0.2.2 "));
    if (lines.length !== expected.seen.length + Number(expected.isUnfinished))
      throw broken("there is one line in the access log for each request");
    if (echo.server.counters.connections > 0) throw broken("nothing is left of a connection");
    checkAnswers(got, expected, broken);
    return `${expected.seen.length} ${understood.fault?.code} ${expected.refusal}`;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((echo) => echo.server.close({ timeout: 0 })));
  }
}

interface Expected {
  readonly seen: readonly Seen[];
  /** The status of the one answer that is no echo. */
  readonly refusal: number | undefined;
  /** Whether there is one more, whose body the application cannot read to its end. */
  readonly isUnfinished: boolean;
}

/** What comes of what the parser finds; a client that says so, and CONNECT, end the connection. */
function expectedOf({ messages, unfinishedBody, fault }: Transcript): Expected {
  const seen: Seen[] = [];
  for (const { method, path, query, host, body, keepAlive } of messages) {
    seen.push({ method, path, query, host, body });
    if (!keepAlive || method === "CONNECT") return { seen, refusal: undefined, isUnfinished: false };
  }
  return { seen, refusal: fault?.status, isUnfinished: unfinishedBody !== undefined };
}

function checkAnswers({ received, methods }: Got, expected: Expected, broken: (law: string) => BrokenLaw): void {
  const { seen, refusal, isUnfinished } = expected;
  const finals = answersOf(received, methods, broken).filter(({ status }) => status >= 200);
  for (const [i, { method, body: sent }] of seen.entries()) {
    const answer = finals[i];
    const isEcho = answer?.status === 200 && answer.complete && answer.body === (BODILESS.test(method) ? "" : sent);
    if (!isEcho) throw broken("an answer is its request's");
  }
  const last = finals[seen.length];
  if (refusal !== undefined && (last?.status !== refusal || !last.complete)) throw broken("a fault is answered");
  const most = seen.length + Number(refusal !== undefined || isUnfinished); // who leaves inside a body may get an answer
  if (finals.length > most) throw broken("there is one answer for each request");
}

function answersOf(
  received: string,
  methods: readonly string[],
  broken: (law: string) => BrokenLaw,
): ReturnType<typeof answersIn> {
  try {
    return answersIn(received, ...methods);
  } catch (error) {
    throw broken(`what the client gets are responses: ${error}`);
  }
}

interface Got {
  readonly seen: readonly Seen[];
  /** Of all requests that the application was called for, those too whose bodies could not be read. */
  readonly methods: readonly string[];
  readonly log: readonly string[];
  readonly received: string;
}

/** A server that sends bodies back. */
class Echo {
  readonly limits: ParserLimits;
  readonly server: Server;
  readonly #listener = new PushedListener();
  #seen: Seen[] = [];
  #methods: string[] = [];
  #log: string[] = [];

  constructor(limits: ParserLimits) {
    this.limits = limits;
    const off = { headTimeout: 0, socketTimeout: 0, minimumDataRate: 0 };
    this.server = server(this.#listener, this.#application, {
      ...limits,
      ...off,
      log: { write: (text) => this.#log.push(text) },
    });
    this.#log = []; // what it says at its start
  }

  /** Sends the pieces, one in each turn of the event loop, closes, and waits for the end. */
  async converse(pieces: readonly Uint8Array[]): Promise<Got> {
    await this.server.ready;
    this.#seen = [];
    this.#methods = [];
    this.#log = [];
    const line = this.#listener.connect();
    const gone = new Promise((resolve) => line.once("close", resolve));
    for (const piece of pieces) await line.send(piece);
    if (!line.destroyed) line.push(null);
    await gone;
    await turn(); // which ends with its lines of the log
    return { seen: this.#seen, methods: this.#methods, log: this.#log, received: line.received };
  }

  readonly #application: Application = async (environ, startResponse) => {
    const { REQUEST_METHOD: method, RAW_PATH_INFO: path, QUERY_STRING: query, HTTP_HOST: host } = environ;
    const seen: Seen = { method, path, query, host, body: "" };
    this.#seen.push(seen);
    this.#methods.push(method);
    const input = environ["wsgi.input"];
    const pieces: string[] = [];
    try {
      for (let piece = await input.read1(); piece.length > 0; piece = await input.read1())
        pieces.push(piece.toString("latin1"));
    } catch (error) {
      // The request is one that the parser did not finish: not one of its messages.
      this.#seen.pop();
      if (!(error instanceof ProtocolError || error instanceof ClientDisconnected))
        throw new Error("of no kind", { cause: error });
      throw error;
    }
    seen.body = pieces.join("");
    startResponse("200 OK", []);
    return Buffer.from(seen.body, "latin1");
  };
}
