// Clients that mean harm, slowly: heads, bodies and readers that never come to an end, by the hundred. Each attack is ended by the
// server with the right answer, a normal client is served meanwhile, and nothing is left behind. Real sockets, short limits;
// what the same attacks do to latency is measured by `pnpm run attacks` and told in docs/hardening.md.

import { describe, expect, test } from "vitest";
import type { Application, Options } from "../src/index.ts";
import { answersIn, askNext } from "./support/answers.ts";
import { Client } from "./support/client.ts";
import { MemoryListener } from "./support/listeners.ts";
import { type Served, serve } from "./support/serve.ts";
import { until } from "./support/until.ts";
import { get, lines, post, request } from "./wire/wire.ts";

const LARGE = Buffer.alloc(8 * 1024 * 1024, "x");

/** What the attacks and the normal client ask for. */
const application: Application = async (environ, startResponse) => {
  if (environ.PATH_INFO === "/read") await environ["wsgi.input"].read();
  startResponse("200 OK", []);
  return environ.PATH_INFO === "/large" ? LARGE : [environ.PATH_INFO];
};

const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

/** Opens so many connections and does the same with each. */
function attackers(served: Served, count: number, act: (client: Client) => void): Promise<Client[]> {
  const one = async (): Promise<Client> => {
    const client = await Client.connect(served.port);
    act(client);
    return client;
  };
  return Promise.all(Array.from({ length: count }, one));
}

/** Asks again and again on one connection until a condition holds; every answer is looked at. */
async function servedUntil(served: Served, isOver: () => boolean): Promise<void> {
  const normal = await served.connect();
  let count = 0;
  do {
    expect((await askNext(normal, request(`GET /${count} HTTP/1.1`))).body).toBe(`/${count}`);
    count++;
    await new Promise((resolve) => setTimeout(resolve, 5));
  } while (!isOver());
  normal.leave();
}

/** Nothing is left of anybody. */
async function expectNothingLeft(served: Served, before: number): Promise<void> {
  await until(() => served.server.counters.connections === 0);
  expect(served.server.counters).toMatchObject({ connections: 0, idle: 0, active: 0, waiting: 0 });
  await until(() => sockets() <= before);
}

interface Attack {
  readonly name: string;
  readonly options: Options;
  readonly act: (client: Client) => void;
  /** What every attacker has received when it is over. */
  readonly answer: RegExp;
}

const OFF: Options = { headTimeout: 0, socketTimeout: 0, minimumDataRate: 0, lingerTimeout: 0.2, accessLog: false };

const ATTACKS: readonly Attack[] = [
  {
    name: "that connect and say nothing",
    options: { ...OFF, headTimeout: 0.4 },
    act: () => {},
    answer: /^$/,
  },
  {
    name: "that begin a head and do not end it",
    options: { ...OFF, headTimeout: 0.4 },
    act: (client) => client.send("GET / HTTP/1.1\r\nHost: a\r\nX-a: "),
    answer: /^HTTP\/1\.1 408 /,
  },
  {
    name: "that send an empty line and wait",
    options: { ...OFF, headTimeout: 0.4, keepalive: 0.4 },
    act: (client) => client.send("\r\n"),
    answer: /^$/,
  },
  {
    name: "that send a field now and then",
    options: { ...OFF, headTimeout: 0.4 },
    act: (client) => {
      client.send("GET / HTTP/1.1\r\n");
      const drip = setInterval(() => client.socket.writable && client.send("X: y\r\n"), 50);
      client.socket.once("end", () => clearInterval(drip)).once("close", () => clearInterval(drip));
    },
    answer: /^HTTP\/1\.1 408 /,
  },
  {
    name: "that promise a body and do not send it",
    options: { ...OFF, socketTimeout: 0.4 },
    act: (client) => client.send(post(["Content-Length: 100"]).toString("latin1").replace("/", "/read")),
    answer: /^HTTP\/1\.1 408 /,
  },
  {
    name: "that ask whether to go on, and do not",
    options: { ...OFF, socketTimeout: 0.4 },
    act: (client) => client.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"),
    answer: /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 408 /,
  },
  {
    name: "that send chunks of a byte, too slowly",
    options: { ...OFF, minimumDataRate: 2000, dataRateGrace: 0.3 },
    act: (client) => {
      client.send("POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      const drip = setInterval(() => client.socket.writable && client.send("1;x\r\nx\r\n"), 50);
      client.socket.once("end", () => clearInterval(drip)).once("close", () => clearInterval(drip));
    },
    answer: /^HTTP\/1\.1 408 /,
  },
  {
    name: "whose body nobody reads",
    options: { ...OFF, socketTimeout: 0.4 },
    act: (client) => client.send(post(["Content-Length: 100"])),
    answer: /^HTTP\/1\.1 200 /,
  },
  {
    name: "that ask for much and read nothing",
    options: { ...OFF, socketTimeout: 0.4 },
    act: (client) => {
      client.send(request("GET /large HTTP/1.1"));
      client.socket.pause();
    },
    answer: /^HTTP\/1\.1 200 /,
  },
];

describe("a hundred clients", () => {
  test.each(ATTACKS.map((attack) => [attack.name, attack] as const))(
    "%s are ended",
    async (_, { options, act, answer }) => {
      const before = sockets();
      const served = await serve(application, options);
      const clients = await attackers(served, 100, act);
      await servedUntil(served, () => served.server.counters.accepted > 100 && served.server.counters.connections <= 1);
      for (const client of clients) {
        client.socket.resume();
        expect(await client.end()).toMatch(answer);
        client.leave();
      }
      await expectNothingLeft(served, before + 1);
    },
  );

  test("that read nothing cost no more than what is allowed to be unsent", async () => {
    let produced = 0;
    const endless: Application = (_environ, startResponse) => {
      startResponse("200 OK", []);
      return (function* (): Generator<Buffer> {
        for (;;) {
          produced += 16 * 1024;
          yield LARGE.subarray(0, 16 * 1024);
        }
      })();
    };
    const served = await serve(endless, { ...OFF, socketTimeout: 0.4 });
    const clients = await attackers(served, 20, (client) => {
      client.socket.pause();
      client.send(get());
    });
    await until(() => served.exchanges.length === 20);
    const taken = served.exchanges.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
    expect(produced - taken).toBeLessThan(20 * 4 * 64 * 1024);
    for (const client of clients) client.leave();
  });
});

test("a thousand clients that connect and reset leave nothing behind", async () => {
  const before = sockets();
  const served = await serve(application, { ...OFF, maxSize: 100 });
  for (let round = 0; round < 10; round++) {
    await attackers(served, 100, (client) => {
      if (round % 2 === 0) client.send(round % 4 === 0 ? get() : "GET / HT");
      client.reset();
    });
  }
  await servedUntil(served, () => served.server.counters.waiting === 0);
  await expectNothingLeft(served, before + 1);
});

test("a pipeline that is not read does not run on", async () => {
  let requests = 0;
  const served = await serve(
    (_environ, startResponse) => {
      requests++;
      startResponse("200 OK", []);
      return LARGE.subarray(0, 16 * 1024);
    },
    { ...OFF, socketTimeout: 0.4 },
  );
  const client = await served.connect();
  client.socket.pause();
  client.send(Buffer.concat(new Array<Buffer>(10_000).fill(get())));
  await until(() => served.server.counters.connections === 1);
  await until(() => served.server.counters.connections === 0); // it was cut: it took nothing
  expect(requests).toBeLessThan(2000);
});

describe("a pipeline of 10,000 requests", () => {
  const kinds: [string, Application][] = [
    [
      "answered at once",
      (_environ, startResponse) => {
        startResponse("200 OK", []);
        return "x";
      },
    ],
    [
      "answered by promises",
      async (_environ, startResponse) => {
        startResponse("200 OK", []);
        return "x";
      },
    ],
  ];
  test.each(kinds)("%s does not keep others waiting, and all of it is answered", async (_, answer) => {
    const order: string[] = [];
    const served = await serve(
      (environ, startResponse) => {
        order.push(environ.PATH_INFO);
        return answer(environ, startResponse);
      },
      { accessLog: false },
    );
    const [greedy, normal] = [await served.connect(), await served.connect()];
    await Promise.all([askNext(greedy, get()), askNext(normal, get())]);
    greedy.send(Buffer.concat(new Array<Buffer>(10_000).fill(get())));
    greedy.send(request("GET /last HTTP/1.1", "Connection: close"));
    normal.send(request("GET /normal HTTP/1.1"));
    const all = await greedy.end();
    expect(order.indexOf("/normal")).toBeLessThan(500);
    expect(order).toHaveLength(10_004);
    expect(order.at(-1)).toBe("/last");
    expect(answersIn(all.slice(-500).replace(/^[\s\S]*?(?=HTTP)/, "")).at(-1)?.body).toBe("x");
  });

  test("is answered also when its client has closed its side behind it", async () => {
    const served = await serve(application, { accessLog: false });
    const greedy = await served.connect();
    greedy.socket.end(Buffer.concat([...new Array<Buffer>(3000).fill(get()), request("GET /last HTTP/1.1")]));
    expect(await greedy.end()).toMatch(/\r\n\r\n\/last$/);
    expect(served.exchanges).toHaveLength(3001);
  });

  test("that has begun to be answered is answered when the server closes", async () => {
    const served = await serve(application, { accessLog: false });
    const greedy = await served.connect();
    greedy.send(Buffer.concat(new Array<Buffer>(1000).fill(get())));
    await served.exchange(0);
    const closed = served.server.close();
    const all = await greedy.end();
    expect(all).toMatch(/Connection: close\r\n\r\n\/$/); // the last answer says that it is the last
    greedy.leave();
    expect(await closed).toEqual({ cut: 0 });
  });
});

test("a body that is always there does not keep others waiting", async () => {
  const listener = new MemoryListener();
  let left = 0;
  await serve(
    (environ, startResponse) => {
      if (environ.PATH_INFO === "/normal") left = greedy.socket.readableLength;
      startResponse("200 OK", []);
      return ["hello"];
    },
    { accessLog: false, maxDiscardBytes: Number.POSITIVE_INFINITY },
    listener,
  );
  const read = Buffer.alloc(64 * 1024, "x"); // what the system gives at a time
  const greedy = listener.connect((socket) => {
    socket.push(post([`Content-Length: ${32 * read.length}`]));
    for (let i = 0; i < 32; i++) socket.push(read);
  });
  const normal = listener.connect((socket) => socket.push(request("GET /normal HTTP/1.1")));
  await until(() => normal.received.endsWith("hello"));
  expect(left).toBeGreaterThan(22 * read.length);
  greedy.send(request("GET /behind HTTP/1.1").toString());
  await until(() => greedy.received.split("hello").length === 3);
});

test("what claims to be compressed is not looked at", async () => {
  const served = await serve(async (environ, startResponse) => {
    const body = await environ["wsgi.input"].read();
    startResponse("200 OK", []);
    return [body];
  });
  const client = await served.connect();
  const garbage = "\x1f\x8b\x08\0garbage";
  const fields = ["Content-Encoding: gzip, deflate, br", `Content-Length: ${garbage.length}`];
  expect((await askNext(client, post(fields, garbage))).body).toBe(garbage);
  client.send(lines("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked", ""));
  expect(await client.end()).toMatch(/HTTP\/1\.1 501 /);
});
