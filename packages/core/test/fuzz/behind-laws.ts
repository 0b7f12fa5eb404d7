// The laws of a server behind a proxy that keeps connections to it and shares them among clients: where the two of them read the
// same bytes in two ways, one client's bytes become another one's request. Mutated requests in; a BrokenLaw out, when
//
//   1. a request is seen behind that has no id of the proxy, or more than one: the proxy did not send it as a request;
//   2. two requests have the same id, or one that the proxy never logged: there are more behind than in front;
//   3. a response comes back for another request than the one it answers;
//   4. the method or target that is answered was not among what this client sent (but for a `/` that a proxy puts before a query).

import net from "node:net";
import { type Application, listen, type Server, server } from "../../src/index.ts";
import { BrokenLaw } from "./parser-laws.ts";
import { FrontProxy, ID, type ProxyKind } from "./proxies.ts";
import type { Random } from "./random.ts";

/** What ends a connection that was not ended by what is before it. */
const LAST = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
/** How long a client waits for more, milliseconds: it only ends what is stuck, nothing is judged by it. */
const PATIENCE = 60;
const CLIENTS = 64;

export interface Tally {
  /** Connections of clients. */
  clients: number;
  /** Requests in front, those that the proxy refused too. */
  front: number;
  /** Requests behind, those that were refused there left out. */
  behind: number;
  /** What the proxy passed on and the server refused. */
  refused: number;
}

export class BehindLaws {
  readonly tally: Tally = { clients: 0, front: 0, behind: 0, refused: 0 };
  readonly #seen: { readonly ids: readonly string[]; readonly target: string }[] = [];
  readonly #server: Server;
  readonly #proxy: Promise<FrontProxy>;

  constructor(kind: ProxyKind) {
    this.#server = server(listen(["127.0.0.1", 0]), this.#application, {
      log: { write: (text) => this.#count(text) },
      accessLog: false,
    });
    this.#proxy = this.#server.ready.then(() => FrontProxy.start(kind, this.#server.addresses[0]?.port as number));
  }

  /** Sends each text on a connection of its own, some at a time. @throws {BrokenLaw} */
  async check(texts: readonly string[], random: Random): Promise<void> {
    const { socket } = await this.#proxy;
    const waiting = [...texts];
    const client = async (): Promise<void> => {
      for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
        const received = await converse(socket, Buffer.from(text + LAST, "latin1"), random.below(text.length));
        this.tally.clients++;
        checkAnswers(text + LAST, received);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  }

  /** Compares what was seen on both sides. @throws {BrokenLaw} */
  async compare(): Promise<void> {
    const proxy = await this.#proxy;
    for (const { ids, target } of this.#seen) {
      if (ids.length !== 1) throw new BrokenLaw("what is seen behind was a request in front", Buffer.from(target), ids);
    }
    const behind = this.#seen.map(({ ids }) => ids[0] as string);
    if (new Set(behind).size < behind.length)
      throw new BrokenLaw("a request in front is one behind", Buffer.from(""), behind.length);
    let front = new Set(proxy.ids);
    for (
      const end = Date.now() + 30_000;
      Date.now() < end && behind.some((id) => !front.has(id));
      front = new Set(proxy.ids)
    ) {
      await new Promise((resolve) => setTimeout(resolve, 20)); // a request is logged when it is over
    }
    const unknown = this.#seen.filter(({ ids }) => !front.has(ids[0] as string));
    if (unknown.length > 0)
      throw new BrokenLaw("what is seen behind was logged in front", Buffer.from(""), unknown.slice(0, 5));
    Object.assign(this.tally, { front: front.size, behind: behind.length });
  }

  async close(): Promise<void> {
    await (await this.#proxy).stop();
    await this.#server.close({ timeout: 0 });
  }

  #count(text: string): void {
    if (text.includes(") refused (")) this.tally.refused++;
  }

  readonly #application: Application = async (environ, startResponse) => {
    const { RAW_PATH_INFO: path, QUERY_STRING: query } = environ;
    const ids = environ.headers_raw
      .filter(([name]) => name.toLowerCase() === ID.toLowerCase())
      .map(([, value]) => value);
    const target = query === undefined ? path : `${path}?${query}`;
    this.#seen.push({ ids, target });
    await environ["wsgi.input"].discard();
    startResponse("200 OK", [
      ["X-Behind", ids.join()],
      ["X-Target", target],
      ["X-Method", environ.REQUEST_METHOD],
    ]);
    return ["hello"];
  };
}

/** Each response's id is that of the request it answers, and its target one that was sent. */
function checkAnswers(sent: string, received: string): void {
  for (const [head] of received.matchAll(/^HTTP\/1\.1 200[\s\S]*?\r\n\r\n/gm)) {
    const value = (name: string): string | undefined => new RegExp(`^${name}: (.*)\\r$`, "im").exec(head)?.[1];
    const [front, behind, target, method] = [value(ID), value("X-Behind"), value("X-Target"), value("X-Method")];
    if (front === undefined || front !== behind)
      throw new BrokenLaw("a response is of its request", Buffer.from(sent, "latin1"), head);
    if (![" ", "\t"].some((blank) => sent.includes(`${method}${blank}`)))
      throw new BrokenLaw("a method was sent", Buffer.from(sent, "latin1"), head);
    if (target === undefined || !sent.includes(target.slice(1)))
      throw new BrokenLaw("a target was sent", Buffer.from(sent, "latin1"), head);
  }
}

/** Sends bytes in two pieces; what came back until the other side closed, or said no more. */
function converse(path: string, bytes: Buffer, cut: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    let received = "";
    socket.setEncoding("latin1").on("data", (text) => {
      received += text;
    });
    socket.setTimeout(PATIENCE, () => socket.destroy());
    socket.on("error", () => {}); // what the proxy does with a bad request is its own affair
    socket.on("close", () => resolve(received));
    socket.write(bytes.subarray(0, cut));
    setImmediate(() => socket.destroyed || socket.write(bytes.subarray(cut)));
  });
}
