import { createHash } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerIn, askNext } from "../../core/test/support/answers.ts";
import { Client } from "../../core/test/support/client.ts";
import { chance } from "./support/chance.ts";
import { type ServedPython, servePython, startPython } from "./support/python-server.ts";

/**
 * A model: the calls of a query are made of wsgi.input and of io.BytesIO with the same bytes, which the application knows as they
 * follow from the seed; the first difference is the answer.
 */
const SOURCE = `
import hashlib, io, json, time
from urllib.parse import parse_qs

def compare(environ, start_response):
    size, period, calls = json.loads(parse_qs(environ["QUERY_STRING"])["plan"][0])
    expected = io.BytesIO((b"a line of the body %d\\n\\n" % period * (size // 10 + 1))[:size])
    given = environ["eventlet.input"]
    if not isinstance(given, io.BytesIO):  # where a hint of readlines() is met exactly, these two differ
        expected = io.BufferedReader(expected)
    start_response("200 OK", [("Content-Type", "text/plain")])
    for position, (name, *args) in enumerate(calls):
        if name == "next":
            one, other = next(iter(given), b""), next(iter(expected), b"")
        else:
            one, other = getattr(given, name)(*args), getattr(expected, name)(*args)
        if one != other:
            return [("call %d, %s%r: %r instead of %r" % (position, name, args, one[:80], other[:80])).encode()]
    rest = given.read()
    return [b"same" if rest == expected.read() else b"the rest differs"]

def validated(environ, start_response):
    """The calls that the validator allows."""
    body = environ["wsgi.input"]
    seen = [body.read(3), body.readline(), *body.readlines(1), *body, body.read(10)]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"|".join(seen)]

def digest(environ, start_response):
    sha, count = hashlib.sha256(), 0
    while True:
        block = environ["wsgi.input"].read(65536)
        if not block:
            break
        count += len(block)
        sha.update(block)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d %s" % (count, sha.hexdigest().encode())]

def half(environ, start_response):
    """Reads a part; the rest is not wanted."""
    part = environ["wsgi.input"].read(10)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [part]

def ignore(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ignored"]

def stubborn(environ, start_response):
    """Answers although its body failed."""
    try:
        environ["wsgi.input"].read(-1)
    except OSError as error:
        environ["wsgi.errors"].write("gave up: %s %s\\n" % (type(error).__name__, error))
        start_response("422 Unreadable", [("Content-Type", "text/plain")])
        return [b"unreadable"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"all there"]
`;

/** The body of the model. */
function bodyOf(size: number, period: number): Buffer {
  return Buffer.alloc(size, `a line of the body ${period}\n\n`);
}

const TEXT = "Content-Type: text/plain\r\n";

describe("wsgi.input", () => {
  let served: ServedPython;
  let streaming: ServedPython;
  beforeAll(async () => {
    [served, streaming] = await Promise.all([startPython(SOURCE), startPython(SOURCE, { requestBuffer: 0 })]);
  });
  afterAll(() => Promise.all([served.close(), streaming.close()]));

  function fixed(target: string, body: string | Buffer, more = ""): string {
    const length = Buffer.byteLength(body);
    return `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n${TEXT}${more}\r\n${body.toString("latin1")}`;
  }
  function chunked(target: string, pieces: readonly string[]): string {
    const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("");
    return `POST ${target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${TEXT}\r\n${chunks}0\r\n\r\n`;
  }

  describe.each(["collected", "streamed"])("%s, against io.BytesIO", (kind) => {
    test("gives the same to random calls, for bodies of every size and framing", async () => {
      const { port } = kind === "collected" ? served : streaming;
      const client = await Client.connect(port);
      for (let seed = 0; seed < 60; seed++) {
        const { whole, pick } = chance(seed);
        const size = pick([0, 1, whole(0, 100), whole(0, 5000), whole(0, 70_000), 65_536, 300_000]);
        const period = whole(1, 99_999);
        const calls = Array.from({ length: whole(0, 25) }, () =>
          pick<readonly unknown[]>([
            ["read", pick([0, 1, whole(0, 50), whole(0, 100_000), -1])],
            ["read"],
            ["readline"],
            ["readline", pick([0, 1, whole(0, 60), -1])],
            ["readlines", whole(0, 200)],
            ["next"],
            ["next"],
            ["read", whole(1, 2000)],
          ]),
        ).filter(([name], i) => name !== "read" || i % 3 > 0 || size < 1000);
        const target = `/compare?plan=${encodeURIComponent(JSON.stringify([size, period, calls]))}`;
        const body = bodyOf(size, period);
        const text = body.toString("latin1");
        const at = whole(0, size);
        const request = pick([
          () => fixed(target, body),
          () =>
            chunked(
              target,
              [text.slice(0, at), text.slice(at)].filter((piece) => piece !== ""),
            ),
        ])();
        const cut = whole(0, request.length); // so that the body comes in two pieces, too
        client.send(request.slice(0, cut));
        const answer = await askNext(client, request.slice(cut));
        expect(`seed ${seed}: ${answer.body}`).toBe(`seed ${seed}: same`);
      }
    });

    test("passes the validator", async () => {
      const { url } = kind === "collected" ? served : streaming;
      const body = "first\nsecond\nthird\nfourth";
      const answer = await fetch(`${url}/validated`, { method: "POST", body, headers: { "Content-Type": "a/b" } });
      expect(await answer.text()).toBe("fir|st\n|second\n|third\n|fourth|");
    });

    test("is read by node:http, in chunks", async () => {
      const { url } = kind === "collected" ? served : streaming;
      const pieces = Array.from({ length: 40 }, (_, i) => Buffer.alloc(i * 997, `${i}`));
      const sent = request(`${url}/digest`, { method: "POST" });
      const answered = new Promise<string>((resolve, reject) => {
        sent.on("error", reject);
        sent.on("response", async (response) => resolve((await response.setEncoding("utf8").toArray()).join("")));
      });
      for (const piece of pieces) sent.write(piece);
      sent.end();
      const whole = Buffer.concat(pieces);
      expect(await answered).toBe(`${whole.length} ${createHash("sha256").update(whole).digest("hex")}`);
    });

    test("need not be read: the connection goes on", async () => {
      const { port } = kind === "collected" ? served : streaming;
      const client = await Client.connect(port);
      for (const target of ["/half", "/ignore", "/half"]) {
        const expected = target === "/half" ? "0123456789" : "ignored";
        expect((await askNext(client, fixed(target, "0123456789abcdef"))).body).toBe(expected);
        expect((await askNext(client, chunked(target, ["01234", "56789abcdef"]))).body).toBe(expected);
      }
    });

    test("answers 400 to a malformed chunk", async () => {
      const { port, log } = kind === "collected" ? served : streaming;
      const client = await Client.connect(port);
      client.send(`${chunked("/digest", ["abc"]).slice(0, -5)}zz\r\n`);
      expect(answerIn(await client.end()).status).toBe(400);
      expect(log.text).not.toMatch(/Traceback/); // it is the client's fault
    });

    test("ends with the client that leaves inside it", async () => {
      const { port, exchanges } = kind === "collected" ? served : streaming;
      const before = exchanges.length;
      const client = await Client.connect(port);
      await client.sendAll(fixed("/digest", "x".repeat(1000)).slice(0, -10));
      client.reset();
      await expect.poll(() => exchanges.length).toBe(before + 1);
      expect(exchanges[before]?.completed).toBe(false);
      expect(await (await fetch(`http://127.0.0.1:${port}/ignore`)).text()).toBe("ignored"); // its thread is free again
    });
  });

  test("fails in the application when the client leaves, which may go on", async () => {
    const client = await Client.connect(streaming.port);
    await client.sendAll(fixed("/stubborn", "x".repeat(1000)).slice(0, -10));
    client.finish(); // half closed: it can still read
    expect(answerIn(await client.end())).toMatchObject({ status: 422, body: "unreadable" });
    await streaming.log.logged(/gave up: ClientDisconnected/);
  });

  test("leaves the thread to others while a small body comes slowly", async () => {
    const slow = await Promise.all([1, 2, 3].map(() => Client.connect(served.port)));
    for (const client of slow) await client.sendAll(fixed("/digest", "slow".repeat(10)).slice(0, -4));
    expect(await (await fetch(`${served.url}/ignore`)).text()).toBe("ignored"); // of one thread, that is
    for (const client of slow) client.send("slow");
    for (const client of slow) await client.receive(/^40 /m);
  });

  test("waits for a body larger than the buffer in Python", async () => {
    const { port } = await servePython(SOURCE, { requestBuffer: 100, threads: 2 });
    const client = await Client.connect(port);
    await client.sendAll(fixed("/digest", "x".repeat(200)).slice(0, -1));
    const other = await Client.connect(port);
    expect((await askNext(other, fixed("/digest", "y".repeat(150)))).body).toMatch(/^150 /);
    client.send("x");
    await client.receive(/^200 /m);
  });
});
