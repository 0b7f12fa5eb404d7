// Runs a listener on node:http and on this server, behind the same client of node:http, and tells what each of them let be seen.

import http, { type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { listen, server } from "@wsgi/core";
import { onTestFinished } from "vitest";
import { fromNodeListener } from "../../src/index.ts";

export type Tell = (what: string) => void;

/** A listener that says what it sees. */
export type TellingListener = (request: IncomingMessage, response: ServerResponse, tell: Tell) => unknown;

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  /** The body: written in pieces, or by a function that has the request. */
  readonly body?: string | readonly string[] | ((request: http.ClientRequest) => void);
  /** The client leaves when this much of the body has come; 0: when the head has. */
  readonly leaveAfter?: number;
  /** The client leaves when the listener has told this. */
  readonly leaveWhen?: string;
}

export interface Seen {
  /** `200 OK`, or what the client's error was. */
  readonly status: string;
  /** Without those that each server decides for itself. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
  /** Whether the client got all of it. */
  readonly complete: boolean;
  /** Interim responses. */
  readonly interim: readonly string[];
  /** What the listener told, in its order. */
  readonly told: readonly string[];
}

/** Tells every event of both messages. */
export function tellEvents(request: IncomingMessage, response: ServerResponse, tell: Tell): void {
  for (const name of ["aborted", "end", "close"]) request.on(name, () => tell(`req ${name}`));
  request.on("error", (error: NodeJS.ErrnoException) => tell(`req error ${error.code}`));
  for (const name of ["prefinish", "finish", "close"]) response.on(name, () => tell(`res ${name}`));
  response.on("error", (error: NodeJS.ErrnoException) => tell(`res error ${error.code}`));
}

/** What a client sees of both servers: node:http first. */
export async function both(listener: TellingListener, ask: Ask = {}): Promise<[node: Seen, ours: Seen]> {
  return [await onNode(listener, ask), await onOurs(listener, ask)];
}

export async function onNode(listener: TellingListener, ask: Ask): Promise<Seen> {
  const notes = new Notes();
  const running = http.createServer((request, response) => {
    void listener(request, response, notes.tell);
    notes.watch(request, response);
  });
  const port = await listening(running);
  return await seen(port, ask, notes);
}

export async function onOurs(listener: TellingListener, ask: Ask): Promise<Seen> {
  const notes = new Notes();
  const call: RequestListener = (request, response) => {
    const result = listener(request, response, notes.tell);
    notes.watch(request, response);
    return result as undefined;
  };
  return await seen(await serveOurs(call), ask, notes);
}

/** Serves a listener by this server until the test ends. */
export async function serveOurs(
  listener: RequestListener | Server,
  log: (line: string) => void = () => {},
): Promise<number> {
  const running = server(listen(["127.0.0.1", 0]), fromNodeListener(listener), { log: { info: log, debug: log } });
  onTestFinished(async () => {
    await running.close({ timeout: 0 });
  });
  await running.ready;
  return running.addresses[0]?.port as number;
}

export async function listening(running: Server): Promise<number> {
  await new Promise<void>((resolve) => running.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    running.closeAllConnections();
    running.close();
  });
  return (running.address() as AddressInfo).port;
}

class Notes {
  readonly lines: string[] = [];
  /** Resolves when both messages have closed, and what was due after that has happened. */
  readonly closed: Promise<void>;
  #resolve!: () => void;
  #waiting = new Map<string, () => void>();
  #open = 0;

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#resolve = () => setImmediate(() => setImmediate(resolve));
    });
  }

  readonly tell: Tell = (what) => {
    this.lines.push(what);
    this.#waiting.get(what)?.();
  };

  watch(request: IncomingMessage, response: ServerResponse): void {
    for (const message of [request, response]) {
      if (message.closed) continue;
      this.#open++;
      message.once("close", () => {
        if (--this.#open === 0) this.#resolve();
      });
    }
  }

  when(what: string, call: () => void): void {
    if (this.lines.includes(what)) call();
    else this.#waiting.set(what, call);
  }
}

const OWN = new Set(["date", "connection", "keep-alive"]);

async function seen(port: number, ask: Ask, notes: Notes): Promise<Seen> {
  const interim: string[] = [];
  const { method = "GET", path = "/", headers = {}, body } = ask;
  const request = http.request({ port, host: "127.0.0.1", method, path, headers, agent: false });
  request.on("information", ({ statusCode, headers: hints }) => interim.push(`${statusCode} ${JSON.stringify(hints)}`));
  request.on("continue", () => interim.push("100"));
  const answered = new Promise<Omit<Seen, "told" | "interim">>((resolve) => {
    request.once("error", (error: NodeJS.ErrnoException) =>
      resolve({ status: `error ${error.code}`, headers: {}, body: "", complete: false }),
    );
    request.once("response", (response) => {
      let text = "";
      response.on("data", (bytes) => {
        text += bytes.toString("latin1");
        if (ask.leaveAfter !== undefined && text.length >= ask.leaveAfter) request.destroy();
      });
      response.on("error", () => {});
      response.once("close", () => {
        const shown = Object.entries(response.headers).filter(([name]) => !OWN.has(name));
        resolve({
          status: `${response.statusCode} ${response.statusMessage}`,
          headers: Object.fromEntries(shown) as Seen["headers"],
          body: text,
          complete: response.complete,
        });
      });
    });
  });
  if (ask.leaveWhen !== undefined) notes.when(ask.leaveWhen, () => request.destroy());
  if (typeof body === "function") body(request);
  else {
    for (const piece of typeof body === "string" ? [body] : (body ?? [])) request.write(piece);
    request.end();
  }
  onTestFinished(() => void request.destroy());
  const answer = await answered;
  await notes.closed;
  return { ...answer, interim, told: notes.lines };
}
