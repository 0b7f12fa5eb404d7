// Runs wire cases against servers: bytes go in by a Line, and what the application saw and the client got comes out.

import {
  type Application,
  type Environ,
  type Exchange,
  listen,
  ProtocolError,
  type Server,
  server,
} from "../../src/index.ts";
import type { ParserLimits } from "../../src/request-parser.ts";
import { answersIn } from "../support/answers.ts";
import type { Message } from "./cases.ts";
import { type Line, PushedListener, patiently, WatchedListener } from "./lines.ts";
import { bytesOf, lines } from "./wire.ts";

/** A request as an application sees it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: string | undefined;
  readonly version: string;
  readonly host: string | undefined;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** What the application has read, as latin-1. */
  body: string;
  trailers: readonly (readonly [name: string, value: string])[] | undefined;
  /** The fault that ended the body. */
  fault: string | undefined;
}

/** A response as a client sees it. */
export interface Got {
  readonly status: number;
  readonly body: string;
  /** Whether the connection ends with it. */
  readonly closes: boolean;
  readonly complete: boolean;
}

export interface Outcome {
  /** What the application saw. */
  readonly seen: readonly Seen[];
  /** The request targets of the exchanges that were reported. */
  readonly targets: readonly string[];
  /** The final responses. */
  readonly got: readonly Got[];
  /** How often the client was told to continue. */
  readonly continues: number;
  /** How many exchanges were over before the follower was sent. */
  readonly answered: number;
  /** Whether the server closed the connection in order. */
  readonly closed: boolean;
}

/** What follows a row: it is answered when the row leaves the connection open, and never when it does not. */
export const FOLLOWER = bytesOf(lines("GET /follower?q HTTP/1.1", "Host: f", "Connection: close", ""));

export const follower: Seen = {
  ...{ method: "GET", path: "/follower", query: "q", version: "HTTP/1.1", host: "f", body: "", trailers: [] },
  fields: [
    ["Host", "f"],
    ["Connection", "close"],
  ],
  fault: undefined,
};

/** What comes before a row. */
export const LEADER = bytesOf(
  lines("POST /leader HTTP/1.1", "Host: l", "Transfer-Encoding: chunked", "", "3;x", "abc", "0", "T: u", ""),
);

export const leader: Seen = {
  ...{ method: "POST", path: "/leader", query: undefined, version: "HTTP/1.1", host: "l", body: "abc" },
  fields: [
    ["Host", "l"],
    ["Transfer-Encoding", "chunked"],
  ],
  trailers: [["T", "u"]],
  fault: undefined,
};

/** What an application sees of the message of a row. */
export function seenOf(message: Message): Seen {
  const { method, path, query, minorVersion, host, fields, body, trailers = [] } = message;
  return { method, path, query, version: `HTTP/1.${minorVersion}`, host, fields, body, trailers, fault: undefined };
}

/** Tells the test of a request. For applications. */
export function seenBy(environ: Environ): Seen {
  return (environ["test.witness"] as Witness).sees(environ);
}

/** Reads the body to its end, telling the test of every piece. For applications. */
export async function readBody(environ: Environ, seen: Seen): Promise<void> {
  const input = environ["wsgi.input"];
  try {
    for (let piece = await input.read1(); piece.length > 0; piece = await input.read1()) {
      seen.body += piece.toString("latin1");
    }
  } catch (error) {
    seen.fault = error instanceof ProtocolError ? error.code : String(error);
    throw error;
  }
  seen.trailers = input.trailers;
}

/** Reads the body to its end and sends it back. */
export const echo: Application = async (environ, startResponse) => {
  const seen = seenBy(environ);
  await readBody(environ, seen);
  startResponse("200 OK", [["Content-Type", "application/octet-stream"]]);
  return Buffer.from(seen.body, "latin1");
};

class Witness {
  readonly seen: Seen[] = [];
  readonly exchanges: Exchange[] = [];

  sees(environ: Environ): Seen {
    const seen: Seen = {
      method: environ.REQUEST_METHOD,
      path: environ.RAW_PATH_INFO,
      query: environ.QUERY_STRING,
      version: environ.SERVER_PROTOCOL,
      host: environ.HTTP_HOST,
      fields: environ.headers_raw,
      body: "",
      trailers: undefined,
      fault: undefined,
    };
    this.seen.push(seen);
    return seen;
  }
}

/** Servers for the cases: one for each set of limits, listening on TCP and on pushed connections. */
export class CaseServers {
  readonly #application: Application;
  readonly #servers = new Map<ParserLimits, CaseServer>();

  constructor(application: Application = echo) {
    this.#application = application;
  }

  /** The server with these limits. */
  with(limits: ParserLimits): CaseServer {
    let found = this.#servers.get(limits);
    if (found === undefined) {
      found = new CaseServer(this.#application, limits);
      this.#servers.set(limits, found);
    }
    return found;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((one) => one.server.close({ timeout: 0 })));
  }
}

export class CaseServer {
  readonly server: Server;
  readonly tcp = new WatchedListener(listen(["127.0.0.1", 0]));
  readonly pushed = new PushedListener();
  readonly #witnesses = new Map<string, Witness>();

  constructor(application: Application, limits: ParserLimits) {
    this.server = server([this.tcp, this.pushed], application, {
      ...limits,
      ...{ headTimeout: 0, socketTimeout: 0, minimumDataRate: 0, lingerTimeout: 60, maxSize: Infinity },
      log: { write: () => {} },
      extensions: [
        {
          name: "witness",
          onEnviron: (environ, { endpoints }) => {
            environ["test.witness"] = this.#witnesses.get(endpoints.remotePort);
          },
          onResponded: (exchange) => {
            this.#witnesses.get(exchange.endpoints.remotePort)?.exchanges.push(exchange);
          },
        },
      ],
    });
  }

  /**
   * Sends the pieces one by one, waits until `count` exchanges are over or the connection is, sends the follower, waits
   * for the end, sends the follower once more, and closes.
   */
  async run(line: Line, pieces: Iterable<Uint8Array>, count: number): Promise<Outcome> {
    const witness = new Witness();
    this.#witnesses.set(line.port, witness);
    const { seen, exchanges } = witness;
    for (const piece of pieces) await line.send(piece);
    const over = (): boolean => line.ended || line.broken;
    await patiently(() => exchanges.length >= count || over());
    const answered = exchanges.length;
    await line.send(FOLLOWER);
    await patiently(over);
    const closed = line.ended && !line.broken;
    await line.send(FOLLOWER);
    await line.close();
    this.#witnesses.delete(line.port);
    const answers = answersIn(line.received, ...seen.map(({ method }) => method));
    const finals = answers.filter(({ status }) => status >= 200);
    return {
      seen,
      targets: exchanges.map(({ requestLine }) => requestLine.split(" ")[1] as string),
      got: finals.map(({ status, body, complete, header }) => {
        return { status, body, closes: header("connection") === "close", complete };
      }),
      continues: answers.length - finals.length,
      answered,
      closed,
    };
  }
}
