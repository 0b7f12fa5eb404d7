// The table of the suite: every row with its entrants, its load and what is promised. A new row is added here and nowhere else:
// the report makes a section of it by itself, and a chart of lines of one with `scaling`. Knows no numbers measured.

import { cpus } from "node:os";
import type { Header } from "@wsgi/core";
import * as who from "./contestants.ts";
import { drip } from "./drip.ts";
import { idle } from "./idle.ts";
import type { Load } from "./load-types.ts";
import type { Target } from "./results.ts";
import type { Entrant, Row } from "./row.ts";
import { FILE_SIZE, ITEMS, LARGE, type Settings, type Workload } from "./servers/workload.ts";
import { importOfCore, minifiedCore, untilFirstAnswer, withoutSocket } from "./start.ts";
import { download, manyChunks, upload } from "./transfer.ts";
import { underLoad } from "./under-load.ts";

const OURS = "@wsgi/core";
const NODE = "node:http";
const ADAPTED = "@wsgi/node";
const FETCH = "@wsgi/fetch";
const FAST_FETCH = "@wsgi/fetch, fast globals";
const FLOOR = "bare socket";
const SECURE = "@wsgi/tls";
const NODE_SECURE = "node:https";
const COMMAND = "wsgi";
const PYTHON = "@wsgi/python";

/** What a browser sends with a request that it makes for a page. */
const BROWSER: readonly Header[] = [
  ["Host", "app.example.com"],
  ["Connection", "keep-alive"],
  ["Cache-Control", "max-age=0"],
  ["Upgrade-Insecure-Requests", "1"],
  [
    "User-Agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  ],
  ["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"],
  ["Sec-Fetch-Site", "same-origin"],
  ["Sec-Fetch-Mode", "navigate"],
  ["Referer", "https://app.example.com/orders?page=2"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Accept-Language", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"],
  [
    "Cookie",
    "session=4f1d2a9b7c3e8f60a1b2c3d4e5f60718; theme=dark; consent=necessary%2Cstatistics; _ga=GA1.1.1234567890",
  ],
];

const KIBIBYTE = "x".repeat(1024);

/** The same load on ours and on node:http. */
function pair(workload: Workload, load: Partial<Load> = {}, settings: Settings = {}): Entrant[] {
  return [underLoad(OURS, who.wsgi(workload, settings), load), underLoad(NODE, who.nodeHttp(workload, settings), load)];
}

/** Loads that grow, on ours and on node:http. */
function growing(
  workload: Workload,
  xs: readonly number[],
  load: (x: number) => Partial<Load>,
  { perUnit = false, ...settings }: Settings & { perUnit?: boolean } = {},
): Entrant[] {
  return xs.flatMap((x) => [
    underLoad(`${OURS}, ${x}`, who.wsgi(workload, settings), load(x), { series: OURS, x, perUnit }),
    underLoad(`${NODE}, ${x}`, who.nodeHttp(workload, settings), load(x), { series: NODE, x, perUnit }),
  ]);
}

function faster(atLeast: number, over: string, of = OURS): Target {
  return { metric: "rate", of, over, atLeast };
}

/** A unit costs no more at the end of a scale than before it: the whole grows linearly. */
function linear(of: string, over: string): Target {
  return { metric: "unitCost", of, over, atMost: 1.2 };
}

const requests: readonly Row[] = [
  {
    name: "hello",
    title: "Hello world",
    about: "Over 64 connections that are kept. gunicorn closes each after its answer, uWSGI serves one until it ends.",
    entrants: [
      underLoad(OURS, who.wsgi("hello")),
      underLoad(FLOOR, who.bareSocket()),
      underLoad(NODE, who.nodeHttp("hello")),
      underLoad("Fastify", who.fastify),
      underLoad("Hono", who.hono),
      underLoad("Bun.serve", who.bun),
      underLoad("Deno.serve", who.deno),
      underLoad("eventlet", who.eventlet),
      underLoad("gunicorn", who.gunicorn),
      underLoad("waitress", who.waitress),
      underLoad("uWSGI", who.uwsgi),
    ],
    targets: [
      ...[faster(3, NODE), faster(0.95, FLOOR), faster(1, "Bun.serve"), faster(3, "Fastify")],
      ...[faster(12, "eventlet"), faster(12, "gunicorn")],
    ],
  },
  {
    name: "browser",
    title: "A browser's request",
    about: "Hello world with the 12 headers that a browser sends, cookies and a query.",
    entrants: pair("hello", { headers: BROWSER, path: "/orders/2024?page=2&sort=-date&q=blue%20shoes" }),
    targets: [faster(2.5, NODE)],
  },
  {
    name: "post",
    title: "POST of 1 KiB",
    about: "The body is read whole and sent back.",
    entrants: pair("echo", { method: "POST", body: KIBIBYTE, answer: KIBIBYTE }),
    targets: [faster(2.5, NODE)],
  },
  {
    name: "upload",
    title: "Upload of 100 MiB",
    about:
      "Chunked, over one connection, 64 KiB in a chunk. The application counts the bytes. A server that keeps a body whole grows by more than 100 MiB.",
    entrants: [upload(OURS, who.wsgi("upload")), upload(NODE, who.nodeHttp("upload"))],
    targets: [
      { metric: "throughput", of: OURS, over: NODE, atLeast: 1 },
      { metric: "peak", of: OURS, atMost: 96 },
    ],
  },
  {
    name: "download",
    title: "Download of 100 MiB",
    about:
      "Chunked, over one connection, 64 KiB in an item. A server that keeps a body whole grows by more than 100 MiB.",
    entrants: [download(OURS, who.wsgi("download")), download(NODE, who.nodeHttp("download"))],
    targets: [
      { metric: "throughput", of: OURS, over: NODE, atLeast: 1 },
      { metric: "peak", of: OURS, atMost: 96 },
    ],
  },
  {
    name: "large",
    title: "A response of 64 KiB",
    about: "One string.",
    entrants: pair("large", { answer: LARGE }),
    targets: [faster(1.3, NODE)],
  },
  {
    name: "stream",
    title: "A response of 100 items",
    about: "Yielded by an async generator, and sent chunked.",
    entrants: pair("items", { answer: ITEMS.join("") }),
    targets: [faster(1.5, NODE)],
  },
  {
    name: "pipelined",
    title: "Requests by 16",
    about: "Hello world, 16 requests sent at once on each connection.",
    entrants: pair("hello", { pipelined: 16 }),
    targets: [faster(6, NODE)],
  },
  {
    name: "connect",
    title: "A connection for each request",
    about: "Hello world with Connection: close.",
    entrants: pair("hello", { reconnect: true }),
    targets: [faster(1.2, NODE)],
  },
  {
    name: "file",
    title: "A file of 1 MiB",
    about: "By wsgi.file_wrapper, against createReadStream and pipe.",
    entrants: pair("file", { answer: FILE_SIZE }),
    targets: [faster(1.2, NODE)],
  },
];

function overTls(full: boolean): Entrant[] {
  const settings = { tls: { full } };
  const load = { scheme: "https", reconnect: full } as const;
  return [
    underLoad(SECURE, who.wsgi("hello", settings), load),
    underLoad(NODE_SECURE, who.nodeHttp("hello", settings), load),
    underLoad(FLOOR, who.bareSocket(settings), load),
  ];
}

const secure: readonly Row[] = [
  {
    name: "tls",
    title: "Hello world over TLS",
    about: "64 connections that are kept; a P-256 certificate.",
    entrants: overTls(false),
    targets: [faster(2, NODE_SECURE, SECURE)],
  },
  {
    name: "handshake",
    title: "Full TLS handshakes",
    about: "A connection for each request, and no session is resumed.",
    entrants: overTls(true),
    targets: [faster(1, NODE_SECURE, SECURE)],
  },
];

const many = { connections: 12_000 };

const connections: readonly Row[] = [
  {
    name: "connections",
    title: "Connections",
    about: "Hello world over connections that are all busy.",
    entrants: growing("hello", [1, 16, 64, 256, 1000], (x) => ({ connections: x }), many),
    targets: [
      faster(0.85, `${OURS}, 64`, `${OURS}, 1000`),
      { metric: "p99", of: `${OURS}, 1000`, over: `${NODE}, 1000`, atMost: 1 },
    ],
    scaling: { x: "connections", metric: "rate" },
    maxRounds: 3,
  },
  {
    name: "crowd",
    title: "10,000 connections",
    about: "All of them busy, beside our own figure at 64.",
    entrants: [
      underLoad(`${OURS}, 64`, who.wsgi("hello", many)),
      underLoad(`${OURS}, 10000`, who.wsgi("hello", many), { connections: 10_000 }),
      underLoad(`${NODE}, 10000`, who.nodeHttp("hello", many), { connections: 10_000 }),
    ],
    targets: [
      faster(0.85, `${OURS}, 64`, `${OURS}, 10000`),
      { metric: "p99", of: `${OURS}, 10000`, over: `${NODE}, 10000`, atMost: 1 },
    ],
    openFiles: 11_000,
    maxRounds: 3,
    minSeconds: 4,
  },
  {
    name: "idle",
    title: "Memory of an idle connection",
    about: "10,000 connections that have had one answer and are kept; garbage is collected before memory is read.",
    entrants: [
      idle(OURS, who.forMemory("wsgi.ts", many), 10_000),
      idle(NODE, who.forMemory("node-http.ts", many), 10_000),
    ],
    targets: [{ metric: "memory", of: OURS, over: NODE, atMost: 0.75 }],
    openFiles: 11_000,
    maxRounds: 3,
  },
];

const LOGGED = "access log on";
const UNLOGGED = "access log off";

const parts: readonly Row[] = [
  {
    name: "log",
    title: "The access log",
    about: "Hello world, a line for each request on stderr, which is a file.",
    entrants: [
      underLoad(LOGGED, who.wsgi("hello", { accessLog: true })),
      underLoad(UNLOGGED, who.wsgi("hello", { accessLog: false })),
    ],
    targets: [faster(0.9, UNLOGGED, LOGGED)],
  },
  {
    name: "posthooks",
    title: "Post hooks",
    about: "Hello world with @wsgi/posthooks and one program for all.",
    entrants: [
      underLoad("without the extension", who.withPostHooks("without")),
      underLoad("no hook", who.withPostHooks("unused")),
      underLoad("one hook a request", who.withPostHooks("used")),
    ],
    targets: [
      faster(0.97, "without the extension", "no hook"),
      faster(0.9, "without the extension", "one hook a request"),
    ],
  },
  {
    name: "express",
    title: "Express",
    about: "Hello world on Express, its headers as they are by default; on this server through @wsgi/node.",
    entrants: [underLoad(ADAPTED, who.express(ADAPTED)), underLoad(NODE, who.express(NODE))],
    targets: [faster(1, NODE, ADAPTED)],
  },
  {
    name: "hono",
    title: "Hono",
    about:
      "Hello world on Hono; on this server through @wsgi/fetch, with the runtime's Request and Response, and with light ones in their place. A plain application on this server is the floor under both.",
    entrants: [
      underLoad(OURS, who.wsgi("hello")),
      underLoad(FETCH, who.honoHere("own")),
      underLoad(FAST_FETCH, who.honoHere("fast")),
      underLoad("@hono/node-server", who.hono),
    ],
    targets: [faster(1.5, "@hono/node-server", FAST_FETCH)],
  },
  {
    name: "to-fetch",
    title: "Without a socket",
    about:
      "Hello world as a function, its text read: an application by toFetch of @wsgi/fetch, and Hono's app.request. Nothing global is replaced.",
    entrants: [withoutSocket(FETCH, "wsgi"), withoutSocket("Hono", "hono")],
    targets: [faster(1, "Hono", FETCH)],
  },
  {
    name: "import",
    title: "Loading the core",
    about: "The built file, into a new process.",
    entrants: [importOfCore("import", "import"), importOfCore("require", "require")],
    targets: [{ metric: "time", of: "import", atMost: 15 }],
  },
  {
    name: "size",
    title: "The size of the core",
    about: "The built module, minified, not compressed.",
    entrants: [minifiedCore(OURS)],
    targets: [{ metric: "size", of: OURS, atMost: 40 }],
    maxRounds: 1,
  },
];

/** One, two, and as many as there are cores. */
const WORKERS = [...new Set([1, 2, cpus().length])];
const workersNamed = (count: number): string => (count === 1 ? "1 worker" : `${count} workers`);

const QUIET = ["--access-log", "off"] as const;

const commands: readonly Row[] = [
  {
    name: "workers",
    title: "Workers of the command",
    about: "An application that costs 1 ms of processor time; servers and client share all cores.",
    entrants: WORKERS.map((count) =>
      underLoad(
        workersNamed(count),
        who.command("busy.mjs", ["--workers", `${count}`, ...QUIET], true),
        { answer: "done\r\n", connections: 32 },
        { series: COMMAND, x: count },
      ),
    ),
    targets: [faster(1.8, workersNamed(1), workersNamed(2))],
    scaling: { x: "workers", metric: "rate" },
  },
  {
    name: "start",
    title: "The command's start",
    about: "From the start of the process to the first answer, against a program that does nothing else on node:http.",
    entrants: [untilFirstAnswer(COMMAND, who.command("hello.mjs", [], true)), untilFirstAnswer(NODE, who.bareProgram)],
    targets: [{ metric: "time", of: COMMAND, over: NODE, atMost: 2 }],
  },
  {
    name: "log-file",
    title: "The command's access log",
    about: "Hello world, a line for each request to a file.",
    entrants: [
      underLoad(LOGGED, who.command("hello.mjs", ["--access-log", "access.log"])),
      underLoad(UNLOGGED, who.command("hello.mjs", QUIET)),
    ],
    targets: [faster(0.9, UNLOGGED, LOGGED)],
  },
];

const fields = (count: number): Header[] =>
  Array.from({ length: count - 1 }, (_, n) => [`X-Field-${n}`, `value of field ${n}`] as const);
const bodyOf = (kibibytes: number): Partial<Load> => {
  const body = KIBIBYTE.repeat(kibibytes);
  return { method: "POST", body, answer: body };
};
/** A head of so many KiB. */
const headOfKibibytes = (size: number): Header[] =>
  Array.from({ length: size - 1 }, (_, n) => [`X-Field-${n}`, "x".repeat(1009)] as const);

const scales: readonly Row[] = [
  {
    name: "fields",
    title: "Header fields",
    about: "Hello world with up to 100 fields in the head, of some 30 bytes each.",
    entrants: growing("hello", [1, 10, 25, 50, 100], (x) => ({ headers: fields(x) }), { perUnit: true }),
    targets: [linear(`${OURS}, 100`, `${OURS}, 50`)],
    scaling: { x: "header fields", metric: "rate" },
    maxRounds: 3,
  },
  {
    name: "bodies",
    title: "Sizes of bodies",
    about: "POST of 1 KiB to 1 MiB; the body is read whole and sent back.",
    entrants: growing("echo", [1, 16, 128, 1024], bodyOf, { perUnit: true }),
    targets: [linear(`${OURS}, 1024`, `${OURS}, 128`)],
    scaling: { x: "KiB of a body", metric: "throughput", y: "bytes of bodies a second, both ways" },
    maxRounds: 3,
  },
  {
    name: "heads",
    title: "Large heads",
    about: "Heads up to the limit of 64 KiB, in fields of 1 KiB. node:http takes 16 KiB by default.",
    entrants: [8, 16, 32, 63].map((x) =>
      underLoad(
        `${x} KiB`,
        who.wsgi("hello"),
        { headers: headOfKibibytes(x), connections: 16 },
        { series: OURS, x, perUnit: true },
      ),
    ),
    targets: [linear("63 KiB", "32 KiB")],
    scaling: { x: "KiB of the head", metric: "unitCost", y: "processor time a KiB" },
    maxRounds: 3,
  },
  {
    name: "drip",
    title: "A byte at a time",
    about: "Heads that arrive byte by byte, on 16 connections in turn.",
    entrants: [256, 1024, 4096, 16_384].map((x) => drip(`${x} bytes`, who.wsgi("hello"), x, OURS)),
    targets: [linear("16384 bytes", "4096 bytes")],
    scaling: { x: "bytes of the head", metric: "unitCost", y: "processor time a byte" },
    maxRounds: 3,
  },
  {
    name: "chunks",
    title: "A million chunks",
    about: "Chunked bodies, one byte in each chunk.",
    entrants: [10_000, 100_000, 1_000_000].flatMap((x) => [
      manyChunks(`${OURS}, ${x}`, who.wsgi("upload"), x, OURS),
      manyChunks(`${NODE}, ${x}`, who.nodeHttp("upload"), x, NODE),
    ]),
    targets: [linear(`${OURS}, 1000000`, `${OURS}, 100000`)],
    scaling: { x: "chunks of a body", metric: "unitCost", y: "processor time a chunk" },
    maxRounds: 3,
  },
];

const PYTHON_KIBIBYTES = 10 * 1024;

/** Few connections and much on each. */
function inPythonAnd(other: "gunicorn", module: who.PythonModule, load: Partial<Load>): Entrant[] {
  return [
    underLoad(PYTHON, who.python(module), { connections: 4, ...load }),
    underLoad(other, who.gunicornWith(module), { connections: 4, ...load }),
  ];
}

const inPython: readonly Row[] = [
  {
    name: "python",
    title: "Hello world in Python",
    about: "A Python application, this server and its Python process on one core, as all others are.",
    entrants: [
      underLoad(PYTHON, who.python("application")),
      underLoad("gunicorn", who.gunicorn),
      underLoad("waitress", who.waitress),
      underLoad("eventlet", who.eventlet),
      underLoad("uWSGI", who.uwsgi),
    ],
    targets: [
      ...[faster(3, "gunicorn", PYTHON), faster(2.5, "waitress", PYTHON), faster(2.5, "eventlet", PYTHON)],
      faster(1.1, "uWSGI", PYTHON),
    ],
  },
  {
    name: "python-cores",
    title: "Hello world in Python on two cores",
    about: "The load takes its share of the two cores too.",
    entrants: [
      underLoad(PYTHON, who.python("application")),
      underLoad(`${PYTHON}, two cores`, who.python("application", { wholeMachine: true })),
    ],
    targets: [faster(1.5, PYTHON, `${PYTHON}, two cores`)],
  },
  {
    name: "flask",
    title: "Flask",
    about: "Hello world by Flask.",
    entrants: [
      underLoad(PYTHON, who.python("flask_application")),
      underLoad("gunicorn", who.gunicornWith("flask_application")),
    ],
    targets: [faster(1.5, "gunicorn", PYTHON)],
  },
  {
    name: "python-threads",
    title: "Eight threads that wait",
    about: "A Python application that sleeps for 50 ms, in 8 threads, with 8 connections.",
    entrants: [
      underLoad(PYTHON, who.python("sleeper", { threads: 8 }), { connections: 8 }),
      underLoad("gunicorn", who.gunicornWith("sleeper", 8), { connections: 8 }),
    ],
    targets: [{ metric: "p99", of: PYTHON, over: "gunicorn", atMost: 1 }],
  },
  {
    name: "python-upload",
    title: "Upload of 10 MiB to Python",
    about: "Over 4 connections; the application reads blocks of 64 KiB and answers with their sum.",
    entrants: inPythonAnd("gunicorn", "transfer", {
      method: "POST",
      body: KIBIBYTE.repeat(PYTHON_KIBIBYTES),
      answer: String(PYTHON_KIBIBYTES * 1024),
    }),
    targets: [faster(1, "gunicorn", PYTHON)],
    maxRounds: 5,
  },
  {
    name: "python-download",
    title: "Download of 10 MiB from Python",
    about: "Over 4 connections; the application yields blocks of 64 KiB, with their length in the head.",
    entrants: inPythonAnd("gunicorn", "transfer", { answer: PYTHON_KIBIBYTES * 1024 }),
    targets: [faster(1, "gunicorn", PYTHON)],
    maxRounds: 5,
  },
];

export const ROWS: readonly Row[] = [
  ...requests,
  ...secure,
  ...connections,
  ...parts,
  ...commands,
  ...inPython,
  ...scales,
];
