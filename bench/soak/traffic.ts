// The kinds of traffic of a soak, well-behaved clients first. Each function is one visit: it asks, checks the answer and counts.
// Random numbers and ports in; counts out, and a rejection when an answer is not what it had to be.

import { createHash } from "node:crypto";
import http from "node:http";
import https from "node:https";
import { ABORTED, BROKEN, count, FAILING, REFUSED, type Tally } from "./account.ts";
import type { Random } from "./random.ts";
import { RawClient } from "./raw-client.ts";

/** What a visit works with. */
export interface Visitor {
  readonly random: Random;
  readonly port: number;
  readonly tlsPort: number;
  /** Connections that are kept from visit to visit, until the next pause. */
  readonly agent: http.Agent;
  readonly sent: Tally;
  readonly whole: Tally;
  /** Bytes of the file. */
  readonly fileBytes: number;
}

export type Visit = (visitor: Visitor) => Promise<void>;

interface Reply {
  readonly status: number;
  readonly bytes: number;
  /** The first of them. */
  readonly text: string;
}

interface Asking {
  readonly method?: string;
  readonly secure?: boolean;
  /** Handed over piece by piece. */
  readonly body?: readonly Buffer[];
  readonly headers?: http.OutgoingHttpHeaders;
}

/** Asks through `node:http`; rejects when the answer does not come whole. */
function ask(visitor: Visitor, path: string, asking: Asking = {}): Promise<Reply> {
  const { method = "GET", secure = false, body = [], headers = {} } = asking;
  return new Promise((resolve, reject) => {
    const port = secure ? visitor.tlsPort : visitor.port;
    const options = { host: "127.0.0.1", port, path, method, headers, rejectUnauthorized: false };
    const request = secure
      ? https.request({ ...options, agent: false })
      : http.request({ ...options, agent: visitor.agent });
    request.on("response", (response) => {
      let [bytes, text] = [0, ""];
      response.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (text.length < 200) text += piece.toString("latin1", 0, 200);
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, bytes, text }));
    });
    request.on("error", reject);
    const send = (): void => {
      for (const piece of body) request.write(piece);
      request.end();
    };
    if (headers["Expect"] === undefined) send();
    else request.on("continue", send).flushHeaders();
  });
}

/** One request that must be answered whole, with this. */
async function expectAnswer(
  visitor: Visitor,
  kind: string,
  asking: Asking & { path: string },
  expected: Partial<Reply>,
): Promise<void> {
  count(visitor.sent, kind);
  const reply = await ask(visitor, asking.path, asking);
  for (const [name, value] of Object.entries({ status: 200, ...expected })) {
    const got = reply[name as keyof Reply];
    if (got !== value) throw new Error(`${asking.path}: expected ${name} ${value}, got ${got}`);
  }
  count(visitor.whole, kind);
}

function bodyOf({ random }: Visitor, most: number): Buffer[] {
  return Array.from({ length: random.between(1, 5) }, () =>
    Buffer.alloc(random.between(1, most), random.between(0, 255)),
  );
}

const digestOf = (body: readonly Buffer[]): string => createHash("sha1").update(Buffer.concat(body)).digest("hex");
const lengthOf = (body: readonly Buffer[]): string => String(Buffer.concat(body).length);

const small: Visit = (visitor) => {
  const path = `/small/${visitor.random.between(0, 1e6)}`;
  return expectAnswer(visitor, "small", { path }, { text: `<${path}>` });
};

const uploads =
  (kind: "upload" | "chunked" | "continued" | "discarded"): Visit =>
  (visitor) => {
    const body = bodyOf(visitor, kind === "discarded" ? 4000 : 60_000);
    const headers: http.OutgoingHttpHeaders =
      kind === "chunked" ? { "Transfer-Encoding": "chunked" } : { "Content-Length": lengthOf(body) };
    if (kind === "continued") headers["Expect"] = "100-continue";
    const text = kind === "discarded" ? "</discarded>" : digestOf(body);
    return expectAnswer(visitor, kind, { method: "POST", path: `/${kind}`, body, headers }, { text });
  };

const downloads =
  (kind: string, most: number): Visit =>
  (visitor) => {
    const bytes = visitor.random.between(1, most);
    return expectAnswer(visitor, kind, { path: `/${kind}/${bytes}` }, { bytes });
  };

const file: Visit = (visitor) => expectAnswer(visitor, "file", { path: "/file" }, { bytes: visitor.fileBytes });
const empty: Visit = (visitor) => expectAnswer(visitor, "empty", { path: "/empty" }, { status: 204, bytes: 0 });
const head: Visit = (visitor) => expectAnswer(visitor, "head", { method: "HEAD", path: "/head" }, { bytes: 0 });

/** With a handshake of its own. */
const secure: Visit = (visitor) => {
  const path = `/secure/${visitor.random.between(0, 1e6)}`;
  return expectAnswer(visitor, "secure", { path, secure: true }, { text: `<${path}>` });
};

const failing: Visit = (visitor) => {
  const path = `/${FAILING}/${visitor.random.between(0, 99)}`;
  return expectAnswer(visitor, FAILING, { path }, { status: 500, bytes: 0 });
};

/** Must not come whole. */
const broken: Visit = async (visitor) => {
  count(visitor.sent, BROKEN);
  const path = `/${BROKEN}/${visitor.random.between(1, 200_000)}`;
  const reply = await ask(visitor, path).catch(() => undefined);
  if (reply !== undefined) throw new Error(`${path}: an answer that was broken off came as if it were whole`);
};

const pipelined: Visit = async (visitor) => {
  const client = await RawClient.connect(visitor.port);
  const paths = Array.from({ length: visitor.random.between(2, 24) }, (_, index) => `/pipelined/${index}`);
  count(visitor.sent, "pipelined", paths.length);
  client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: soak\r\n\r\n`).join(""));
  const text = await client.until((received) => received.endsWith(`<${paths.at(-1)}>`));
  const answered = [...text.matchAll(/\r\n\r\n<(.*?)>/g)].map(([, path]) => path);
  if (answered.join() !== paths.join()) throw new Error(`pipelined: ${answered.join()} for ${paths.join()}`);
  count(visitor.whole, "pipelined", answered.length);
  await client.leave();
};

const old: Visit = async (visitor) => {
  const client = await RawClient.connect(visitor.port);
  count(visitor.sent, "old");
  client.send("GET /old HTTP/1.0\r\n\r\n");
  const text = await client.end();
  if (!text.endsWith("\r\n\r\n</old>")) throw new Error(`HTTP/1.0: ${text}`);
  count(visitor.whole, "old");
  await client.leave();
};

/** Takes what comes with breaks in between. */
const slow: Visit = async (visitor) => {
  const { random } = visitor;
  const client = await RawClient.connect(visitor.port);
  const bytes = random.between(100_000, 1_500_000);
  count(visitor.sent, "slow");
  client.send(`GET /slow/${bytes} HTTP/1.0\r\n\r\n`);
  for (let rounds = random.between(2, 6); rounds > 0; rounds--) {
    await client.stall(random.between(5, 60));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const text = await client.end();
  const length = text.length - text.indexOf("\r\n\r\n") - 4;
  if (length !== bytes) throw new Error(`slow: ${length} of ${bytes} bytes`);
  count(visitor.whole, "slow");
  await client.leave();
};

const upgrade: Visit = async (visitor) => {
  const client = await RawClient.connect(visitor.port);
  count(visitor.sent, "upgrade");
  client.send("GET /upgrade HTTP/1.1\r\nHost: soak\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nping");
  await client.until((received) => received.endsWith("\r\n\r\nping"));
  client.socket.end();
  await client.end();
  count(visitor.whole, "upgrade");
  await client.leave();
};

const refused: Visit = async (visitor) => {
  const client = await RawClient.connect(visitor.port);
  count(visitor.sent, REFUSED);
  client.send(
    visitor.random.pick(["GET / HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "\0\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"]),
  );
  const text = await client.end();
  if (!/^HTTP\/1\.1 (400|505) /.test(text)) throw new Error(`refused: ${text}`);
  await client.leave();
};

// ---- clients that leave in the middle --------------------------------------------------------------------------------

/** Sends any part of some requests, takes any part of the answers, and leaves in any way. */
const abort: Visit = async (visitor) => {
  const { random } = visitor;
  const isSecure = random.chance(0.2);
  const client = await (isSecure ? RawClient.connectSecurely(visitor.tlsPort) : RawClient.connect(visitor.port));
  const text = abortable(random);
  const cut = random.chance(0.6) ? text.length : random.between(0, text.length);
  const begun = text.slice(0, cut);
  count(visitor.sent, ABORTED, begun.split("\r\n\r\n").length - 1);
  client.send(begun);
  if (random.chance(0.7)) await client.stall(random.between(0, 15));
  if (isSecure || random.chance(0.5)) await client.leave();
  else await client.reset();
};

function abortable(random: Random): string {
  const host = "HTTP/1.1\r\nHost: soak\r\n";
  const amount = random.between(1, 2_000_000);
  switch (random.between(0, 4)) {
    case 0:
      return `GET /abort/stream/${amount} ${host}\r\n`;
    case 1:
      return `GET /abort/whole/${amount} ${host}\r\n`;
    case 2:
      return `GET /abort/wait/1 ${host}\r\n`;
    case 3:
      return `POST /abort/upload/1 ${host}Content-Length: 50000\r\n\r\n${"x".repeat(49_000)}`;
    default:
      return `GET /abort/whole/${random.between(1, 9999)} ${host}\r\n`.repeat(random.between(2, 30));
  }
}

/** Leaves before anything, or in the middle of a handshake. */
const knock: Visit = async ({ random, port, tlsPort }) => {
  const isSecure = random.chance(0.5);
  const client = await RawClient.connect(isSecure ? tlsPort : port);
  if (isSecure && random.chance(0.5)) client.send("\x16\x03\x01\x02\x00\x01");
  await client.stall(random.between(0, 5));
  await (random.chance(0.5) ? client.leave() : client.reset());
};

/** Every kind of visit, and how often it comes. */
export const VISITS: readonly (readonly [weight: number, visit: Visit])[] = [
  [20, small],
  [6, uploads("upload")],
  [6, uploads("chunked")],
  [2, uploads("continued")],
  [4, uploads("discarded")],
  [4, downloads("generator", 300_000)],
  [4, downloads("stream", 300_000)],
  [3, downloads("readable", 200_000)],
  [3, downloads("web", 200_000)],
  [3, downloads("write", 200_000)],
  [4, file],
  [2, empty],
  [2, head],
  [5, secure],
  [4, failing],
  [4, broken],
  [8, pipelined],
  [4, old],
  [2, slow],
  [3, upgrade],
  [3, refused],
  [10, abort],
  [3, knock],
];
