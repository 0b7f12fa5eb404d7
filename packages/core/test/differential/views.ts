// What two servers make of the same bytes: ours, and node:http with its strict default parser. Both get them by a pushed
// connection, in one piece, and stay connected; nothing here waits for the world, so a few turns later all is said.

import http from "node:http";
import { type Application, type Exchange, PROTOCOL_ERRORS, type Server, server } from "../../src/index.ts";
import { answersIn } from "../support/answers.ts";
import { PushedLine, PushedListener, turn } from "../wire/lines.ts";

type Fields = readonly (readonly [name: string, value: string])[];

/** A request as an application saw it. */
export interface Message {
  readonly method: string;
  target: string;
  /** `HTTP/1.0` or `HTTP/1.1`. */
  readonly version: string;
  readonly fields: Fields;
  /** As latin-1. */
  body: string;
  trailers: Fields;
  /** Whether the body came to its end. */
  complete: boolean;
  /** Bytes it took; known of our messages only. */
  bytes: number;
}

export interface View {
  readonly messages: readonly Message[];
  /** Whether the server waits for more, has closed the connection in order, or has refused what came. */
  readonly end: "waits" | "closes" | "refuses";
  /** Why it refused: one of our codes, or one of node's, or the status of an answer of node's. */
  readonly code: string | undefined;
}

/** A server that says what it saw of bytes. */
export interface Viewer {
  view(bytes: Uint8Array): Promise<View>;
  close(): Promise<void>;
}

const TURNS = 4;

async function converse(line: PushedLine, bytes: Uint8Array): Promise<void> {
  await line.send(bytes);
  for (let i = 1; i < TURNS; i++) await turn();
}

function viewOf(messages: readonly Message[], line: PushedLine, code: string | undefined): View {
  const end = code !== undefined ? "refuses" : line.ended || line.destroyed ? "closes" : "waits";
  return { messages, end, code };
}

// ---- ours ----------------------------------------------------------------------------------------------------------

class OurServer implements Viewer {
  readonly #listener = new PushedListener();
  readonly #server: Server;
  #messages: Message[] = [];
  #exchanges: Exchange[] = [];

  constructor() {
    const application: Application = async (environ, startResponse) => {
      const message: Message = {
        ...{
          method: environ.REQUEST_METHOD,
          target: "",
          version: environ.SERVER_PROTOCOL,
          fields: environ.headers_raw,
        },
        ...{ body: "", trailers: [], complete: false, bytes: 0 },
      };
      this.#messages.push(message);
      const input = environ["wsgi.input"];
      for (let piece = await input.read1(); piece.length > 0; piece = await input.read1()) {
        message.body += piece.toString("latin1");
      }
      message.trailers = input.trailers;
      message.complete = true;
      startResponse("200 OK", []);
      return "";
    };
    this.#server = server(this.#listener, application, {
      log: { write: () => {} },
      extensions: [{ name: "recorder", onResponded: (exchange) => void this.#exchanges.push(exchange) }],
    });
  }

  async view(bytes: Uint8Array): Promise<View> {
    this.#messages = [];
    this.#exchanges = [];
    const messages = this.#messages;
    const exchanges = this.#exchanges;
    const line = this.#listener.connect();
    await converse(line, bytes);
    const answers = answersIn(line.received, ...messages.map(({ method }) => method));
    const error = answers.find(({ status }) => status >= 400);
    const [code] = Object.entries(PROTOCOL_ERRORS).find(([, { text }]) => error?.body.startsWith(text) === true) ?? [];
    const view = viewOf(messages, line, error === undefined ? undefined : (code ?? String(error.status)));
    line.destroy();
    await line.close();
    messages.forEach((message, i) => {
      const { requestLine, bytesReceived } = exchanges[i] as Exchange;
      message.target = requestLine.split(" ")[1] as string;
      message.bytes = bytesReceived;
    });
    return view;
  }

  async close(): Promise<void> {
    await this.#server.close({ timeout: 0 });
  }
}

// ---- node:http -----------------------------------------------------------------------------------------------------

class NodeServer implements Viewer {
  readonly #server: http.Server;
  #messages: Message[] = [];
  #fault: string | undefined;

  constructor() {
    this.#server = http.createServer((request, response) => {
      const message = this.#sees(request);
      request.on("data", (piece: Buffer) => {
        message.body += piece.toString("latin1");
      });
      request.on("end", () => {
        message.trailers = pairs(request.rawTrailers);
        message.complete = true;
        response.setHeader("Content-Length", 0);
        response.end();
      });
      request.on("error", () => {});
    });
    this.#server.on("connect", (request, socket) => {
      this.#sees(request).complete = true;
      socket.end("HTTP/1.1 200 OK\r\n\r\n");
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException) => {
      this.#fault ??= error.code; // the connection stays, so that requests before the fault come to their end
    });
  }

  async view(bytes: Uint8Array): Promise<View> {
    this.#messages = [];
    this.#fault = undefined;
    const messages = this.#messages;
    const line = new PushedLine(1);
    this.#server.emit("connection", line);
    await converse(line, bytes);
    // What node answers itself (no Host, an unknown expectation) does not keep it from reading on; we look no further.
    const finals = line.received.match(/(?<=^HTTP\/1\.1 )(?!1)\d+/gm) ?? [];
    const refused = finals.findIndex((status) => status >= "400");
    const view =
      refused < 0 ? viewOf(messages, line, this.#fault) : viewOf(messages.slice(0, refused), line, finals[refused]);
    line.destroy();
    await line.close();
    return view;
  }

  async close(): Promise<void> {}

  #sees({ method = "", url = "", httpVersion, rawHeaders }: http.IncomingMessage): Message {
    const message: Message = {
      ...{ method, target: url, version: `HTTP/${httpVersion}`, fields: pairs(rawHeaders) },
      ...{ body: "", trailers: [], complete: false, bytes: 0 },
    };
    this.#messages.push(message);
    return message;
  }
}

function pairs(raw: readonly string[]): Fields {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] as string, raw[2 * i + 1] as string] as const);
}

export function ourServer(): Viewer {
  return new OurServer();
}

export function nodeServer(): Viewer {
  return new NodeServer();
}
