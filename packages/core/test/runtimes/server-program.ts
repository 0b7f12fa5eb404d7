// A server of the built core for a program on another runtime to examine: this file runs there (`bun`, `deno run -A`), so
// it may use nothing but what every runtime has. Asked by lines of JSON on standard input, answers by lines on standard
// output; knows nothing of what the answers should be.
//
//   server-program.ts <file of the built core>

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type * as Core from "../../src/index.ts";
import type { Application, Environ, Options, Server } from "../../src/index.ts";
import type { Seen } from "../wire/live.ts";

const core: typeof Core = await import(pathToFileURL(process.argv[2] as string).href);
const { listen, server, ProtocolError } = core;

/** What happened on one connection of a client. */
interface Record {
  readonly seen: Seen[];
  readonly targets: string[];
}

const records = new Map<string, Record>();
const servers: Server[] = [];

function tell(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** @param line the ports of server and client: a client may have the same one towards several servers */
function recordOf(line: string): Record {
  const found = records.get(line) ?? { seen: [], targets: [] };
  records.set(line, found);
  return found;
}

async function readBody(environ: Environ, seen: Seen): Promise<void> {
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

const echo: Application = async (environ, startResponse) => {
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
  recordOf(`${environ.SERVER_PORT}:${environ.REMOTE_PORT}`).seen.push(seen);
  await readBody(environ, seen);
  startResponse("200 OK", [["Content-Type", "application/octet-stream"]]);
  return Buffer.from(seen.body, "latin1");
};

const PIECE = Buffer.alloc(64 * 1024, "0123456789abcdef");

const behaviours: { readonly [path: string]: Application } = {
  "/hello": (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["Hello, ", "World!"];
  },
  "/large": (_environ, startResponse) => {
    startResponse("200 OK", []);
    return (async function* () {
      for (let i = 0; i < 256; i++) yield PIECE;
    })();
  },
  "/upload": async (environ, startResponse) => {
    const hash = createHash("sha1");
    const input = environ["wsgi.input"];
    for (let piece = await input.read1(); piece.length > 0; piece = await input.read1()) hash.update(piece);
    startResponse("200 OK", []);
    return hash.digest("hex");
  },
  "/endless": (_environ, startResponse) => {
    startResponse("200 OK", []);
    let pieces = 0;
    return (async function* () {
      try {
        for (; pieces < 4096; pieces++) {
          yield PIECE;
          if (pieces % 16 === 0) tell({ event: "pieces", value: pieces });
        }
      } finally {
        tell({ event: "endless ended", value: pieces });
      }
    })();
  },
  "/wait": async (environ, startResponse) => {
    const { signal } = environ["wsgi.input"];
    const left = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    tell({ event: "waits" });
    await left;
    tell({ event: "left" });
    startResponse("200 OK", []);
    return [];
  },
  "/later": async (_environ, startResponse) => {
    tell({ event: "began" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    startResponse("200 OK", []);
    return "late";
  },
  "/short": (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Length", "100"]]);
    return ["short"];
  },
  "/breaks": (_environ, startResponse) => {
    startResponse("200 OK", []);
    return (async function* () {
      yield "some";
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw new Error("asked for");
    })();
  },
  "/hints": (environ, startResponse) => {
    environ["wsgi.early_hints"]?.([["Link", "</a.css>; rel=preload"]]);
    startResponse("200 OK", []);
    return ["hinted"];
  },
  "/upgrade": (environ, startResponse) => {
    startResponse("101 Switching Protocols", [
      ["Connection", "Upgrade"],
      ["Upgrade", "echo"],
    ]);
    const socket = environ["wsgi.input"].getSocket();
    socket.on("data", (bytes) => socket.write(`<${bytes}>`));
    socket.on("end", () => socket.end());
    return [];
  },
  "/file": (environ, startResponse) => {
    startResponse("200 OK", []);
    return environ["wsgi.file_wrapper"](process.argv[1] as string);
  },
  "/peer": (environ, startResponse) => {
    startResponse("200 OK", []);
    const { REMOTE_ADDR, REMOTE_PORT, SERVER_PORT } = environ;
    return JSON.stringify({ REMOTE_ADDR, REMOTE_PORT, SERVER_PORT });
  },
};

const behave: Application = (environ, startResponse) =>
  (behaviours[environ.PATH_INFO] as Application)(environ, startResponse);

const ASKED: { readonly [ask: string]: (argument: never) => unknown } = {
  /** Starts a server; infinite limits come as null. */
  async serve({ address, application, options }: { address: string; application: string; options: Options }) {
    const given = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, value ?? Infinity]));
    const running = server(listen(address), application === "echo" ? echo : behave, {
      log: { write: (text) => tell({ event: "log", value: text }) },
      ...given,
      extensions: [
        {
          name: "witness",
          onResponded: ({ endpoints, requestLine, completed }) => {
            const line = `${endpoints.serverPort}:${endpoints.remotePort}`;
            recordOf(line).targets.push(requestLine.split(" ")[1] as string);
            tell({ event: "exchange", line, value: completed });
          },
        },
      ],
    });
    await running.ready;
    return { index: servers.push(running) - 1, port: running.addresses[0]?.port };
  },
  look: (line: string): Record => recordOf(line),
  take(line: string): Record {
    const found = recordOf(line);
    records.delete(line);
    return found;
  },
  async close(index: number) {
    await servers[index]?.close({ timeout: 5 });
    return servers[index]?.counters;
  },
  exit() {
    setTimeout(() => process.exit(0), 10);
  },
};

createInterface({ input: process.stdin }).on("line", async (line) => {
  const { id, ask, argument } = JSON.parse(line) as { id: number; ask: string; argument: never };
  try {
    tell({ id, answer: await ASKED[ask]?.(argument) });
  } catch (error) {
    tell({ id, error: String(error) });
  }
});
tell({ event: "ready", value: process.versions });
