// The same listeners on node:http and on this server: a client must not see the difference, nor the listener, but where it
// says why.

import { finished, pipeline, Readable } from "node:stream";
import { expect, test } from "vitest";
import { type Ask, both, onOurs, type Seen, type TellingListener, tellEvents } from "./support/both.ts";

interface Case {
  readonly listener: TellingListener;
  readonly ask?: Ask;
  /** What is seen here and not there, and why that is right. */
  readonly ours?: Partial<Seen>;
  readonly because?: string;
}

/** The code of what is thrown. */
function codeOf(call: () => unknown): string {
  try {
    call();
    return "nothing";
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code ?? error);
  }
}

const REQUEST_FIRST =
  "an answer that comes later goes to the server in a turn of its own; the request closes meanwhile";

const post = (body: NonNullable<Ask["body"]>, headers: Record<string, string> = {}): Ask => ({
  method: "POST",
  headers,
  body,
});

const cases: Readonly<Record<string, Case>> = {
  "an end with text": { listener: (_req, res) => res.end("Hello") },
  "an end without anything": { listener: (_req, res) => res.end() },
  "an end with bytes": { listener: (_req, res) => res.end(Buffer.from([0, 255, 128])) },
  "an end with an encoding": { listener: (_req, res) => res.end("48656c6c6f", "hex") },
  "an end with latin-1 text": { listener: (_req, res) => res.end("é", "latin1") },
  "an end with text beyond ASCII": { listener: (_req, res) => res.end("é€") },
  "an end with a callback": {
    listener: (_req, res, tell) => {
      tellEvents(_req, res, tell);
      res.end("Hello", () => tell("callback"));
    },
  },
  "a second end with a callback": {
    listener: (_req, res, tell) => {
      res.end("Hello");
      res.end(() => tell("second callback"));
    },
  },
  "several writes": {
    listener: (_req, res) => {
      res.write("one");
      res.write("two", "utf8");
      res.end("three");
    },
  },
  "writes with callbacks": {
    listener: (_req, res, tell) => {
      res.write("one", () => tell("one"));
      res.write("two", "utf8", () => tell("two"));
      res.end("three", () => tell("three"));
    },
  },
  "writes over time": {
    listener: (_req, res) => {
      res.write("one");
      setTimeout(() => res.end("two"), 1);
    },
  },
  "a large body at once": { listener: (_req, res) => res.end("x".repeat(1_000_000)) },
  "a stream that is piped": {
    listener: (_req, res) => Readable.from(Array.from({ length: 100 }, () => "y".repeat(10_000))).pipe(res),
  },
  "a declared length": {
    listener: (_req, res) => {
      res.setHeader("Content-Length", 5);
      res.write("He");
      res.end("llo");
    },
  },
  "headers of every kind": {
    listener: (_req, res, tell) => {
      res.setHeader("X-Text", "text");
      res.setHeader("X-Number", 5);
      res.setHeader("Set-Cookie", ["a=1", "b=2"]);
      res.setHeader("X-List", ["one", "two"]);
      res.appendHeader("X-List", "three");
      res.setHeader("X-Gone", "1");
      res.removeHeader("x-gone");
      tell(`${res.getHeader("x-list")} ${res.hasHeader("X-Number")} ${res.hasHeader("X-Gone")}`);
      tell(JSON.stringify(res.getHeaderNames()));
      tell(JSON.stringify(res.getHeaders()));
      res.end();
    },
  },
  "setHeaders with a Map": { listener: (_req, res) => res.setHeaders(new Map([["x-one", "1"]])).end() },
  "writeHead with an object": {
    listener: (_req, res) => res.writeHead(201, { "X-One": 1, "Set-Cookie": ["a", "b"] }).end("made"),
  },
  "writeHead with a reason": { listener: (_req, res) => res.writeHead(299, "Well Done", { "X-One": "1" }).end() },
  "writeHead with a flat list": {
    listener: (_req, res) => res.writeHead(200, ["X-One", "1", "X-One", "2", "Content-Type", "text/x"]).end(),
  },
  "writeHead with a list of pairs": {
    listener: (_req, res) =>
      res
        .writeHead(200, [
          ["X-One", "1"],
          ["X-One", "2"],
        ] as never)
        .end(),
  },
  "writeHead over headers that were set": {
    listener: (_req, res) => {
      res.setHeader("X-One", "1");
      res.setHeader("X-Two", "2");
      res.writeHead(200, { "X-One": "new" }).end();
    },
  },
  "an unknown status": { listener: (_req, res) => res.writeHead(799).end() },
  "statusCode and statusMessage": {
    listener: (_req, res) => {
      res.statusCode = 404;
      res.statusMessage = "Nowhere";
      res.end("no");
    },
  },
  "204 with a body": { listener: (_req, res) => res.writeHead(204).end("dropped") },
  "304 with an ETag": { listener: (_req, res) => res.writeHead(304, { ETag: '"x"' }).end() },
  "a Transfer-Encoding of the listener": {
    listener: (_req, res) => {
      res.setHeader("Transfer-Encoding", "chunked");
      res.write("one");
      res.end("two");
    },
  },
  "Transfer-Encoding with a whole body": {
    listener: (_req, res) => {
      res.setHeader("Transfer-Encoding", "chunked");
      res.end("one");
    },
  },
  "hop-by-hop headers": {
    listener: (_req, res) => res.writeHead(200, { "Keep-Alive": "timeout=5", Connection: "keep-alive" }).end("x"),
  },
  "the answer to HEAD": {
    listener: (_req, res) => res.end("Hello"),
    ask: { method: "HEAD" },
    ours: { headers: { "content-length": "5" } },
    because: "RFC 9110 §9.3.2: the fields that GET would get, and the length is known",
  },
  "the answer to HEAD, with its length": {
    listener: (_req, res) => res.setHeader("Content-Length", 5).end("Hello"),
    ask: { method: "HEAD" },
  },
  "the answer to HEAD, in pieces": {
    listener: (_req, res) => {
      res.write("Hello");
      res.end();
    },
    ask: { method: "HEAD" },
  },
  "the answer to HEAD, without a body": { listener: (_req, res) => res.end(), ask: { method: "HEAD" } },
  "headers, looked up": {
    listener: (_req, res, tell) => {
      res.setHeader("X-One", ["1", "2"]).appendHeader("X-Two", "a").appendHeader("X-Two", "b").setHeader("Gone", "1");
      res.removeHeader("gone");
      tell(JSON.stringify([res.getHeader("x-one"), res.getHeaderNames(), res.hasHeader("GONE"), res.getHeaders()]));
      res.flushHeaders();
      tell(JSON.stringify([res.headersSent, res.getHeader("x-two"), codeOf(() => res.appendHeader("X-Two", "c"))]));
      res.end();
    },
  },
  "cork() and uncork()": {
    listener: (_req, res, tell) => {
      res.cork();
      res.write("one");
      res.write("two");
      tell(`${res.writableCorked}`);
      res.uncork();
      tell(`${res.writableCorked}`);
      res.end("three");
    },
  },
  "empty writes": {
    listener: (_req, res, tell) => {
      tell(`${res.write("")} ${res.headersSent}`);
      res.write(Buffer.alloc(0), () => tell("written"));
      res.end("x");
    },
  },
  "finished() of a response": {
    listener: (_req, res, tell) => {
      finished(res, (error) => tell(`finished ${error?.code}`));
      res.end("x");
    },
  },
  "pipeline() into a response": {
    listener: (_req, res, tell) => {
      pipeline(Readable.from(["one", "two"]), res, (error) => tell(`done ${error?.code}`));
    },
  },
  "pipeline() of a source that fails": {
    listener: (_req, res, tell) => {
      const source = async function* (): AsyncGenerator<string> {
        yield "one";
        throw Object.assign(new Error("on purpose"), { code: "ON_PURPOSE" });
      };
      pipeline(Readable.from(source()), res, (error) => tell(`done ${error?.code}`));
    },
    ask: { path: "/fails" },
  },
  "pipeline() through the request and back": {
    listener: (req, res, tell) => {
      pipeline(req, res, (error) => tell(`done ${error?.code}`));
    },
    ask: post(["x".repeat(70_000), "y"]),
  },
  "the flags of a response": {
    listener: (_req, res, tell) => {
      const flags = (): void =>
        tell(`${res.headersSent} ${res.writableEnded} ${res.finished} ${res.writable} ${res.destroyed}`);
      flags();
      res.on("finish", () => tell(`finished ${res.writableFinished} ${res.socket === null}`));
      res.on("close", () => tell(`closed ${res.destroyed} ${res.closed}`));
      res.write("x");
      flags();
      res.end();
      flags();
    },
  },
  "a listener's mistakes": {
    listener: (_req, res, tell) => {
      tell(codeOf(() => res.writeHead(1000)));
      tell(codeOf(() => res.setHeader("bad name", "x")));
      tell(codeOf(() => res.setHeader("X", "a\r\nb")));
      tell(codeOf(() => res.setHeader("X", undefined as never)));
      tell(codeOf(() => res.writeHead(200, { "bad name": "x" })));
      tell(codeOf(() => res.writeHead(200, { X: "a\nb" })));
      tell(codeOf(() => res.write(null)));
      tell(codeOf(() => res.write(5 as never)));
      res.end("fine");
      tell(codeOf(() => res.writeHead(200)));
      tell(codeOf(() => res.setHeader("X", "late")));
      tell(codeOf(() => res.removeHeader("X")));
    },
  },
  "a bad reason": {
    listener: (_req, res, tell) => {
      tell(codeOf(() => res.writeHead(200, "a\r\nb")));
      res.statusMessage = "";
      res.end();
    },
  },
  "a write after the end": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      res.end("done");
      tell(String(res.write("late", (error) => tell(`written ${(error as NodeJS.ErrnoException).code}`))));
    },
  },
  "strictContentLength, kept": {
    listener: (_req, res) => {
      res.strictContentLength = true;
      res.writeHead(200, { "Content-Length": 5 });
      res.write("He");
      res.end("llo");
    },
  },
  "strictContentLength, broken": {
    listener: (_req, res, tell) => {
      res.strictContentLength = true;
      res.writeHead(200, { "Content-Length": 5 });
      tell(codeOf(() => res.write("too much")));
      tell(codeOf(() => res.end("few")));
      res.strictContentLength = false;
      res.end("Hello");
    },
  },
  "early hints": {
    listener: (_req, res, tell) => {
      res.writeEarlyHints({ link: ["</a>; rel=preload", "</b>; rel=preload"], "x-one": "1" }, () => tell("hinted"));
      res.end("x");
    },
  },
  "Expect, and a listener that reads": {
    listener: (req, res) => {
      let text = "";
      req.on("data", (bytes) => (text += bytes)).on("end", () => res.end(text));
    },
    ask: post((request) => request.once("continue", () => request.end("Hello")).flushHeaders(), {
      Expect: "100-continue",
    }),
  },
  "a socket's facts": {
    listener: (req, res, tell) => {
      const { socket } = req;
      tell(`${socket.remoteAddress} ${socket.remoteFamily} ${socket.localAddress} ${typeof socket.remotePort}`);
      tell(
        `${socket.destroyed} ${socket.readable} ${socket.writable} ${socket === res.socket} ${socket === req.connection}`,
      );
      tell(String("encrypted" in socket));
      res.end();
    },
  },
  "the request line": {
    listener: (req, res, tell) => {
      tell(`${req.method} ${req.url} ${req.httpVersion} ${req.httpVersionMajor} ${req.httpVersionMinor}`);
      res.end();
    },
    ask: { method: "PURGE", path: "/a%20b/%C3%A9?q=1&q=2" },
  },
  "headers that came": {
    listener: (req, res, tell) => {
      const { connection: _connection, host: _host, ...headers } = req.headers;
      tell(JSON.stringify(headers));
      tell(JSON.stringify({ ...req.headersDistinct, connection: 0, host: 0 }));
      tell(JSON.stringify(req.rawHeaders.filter((text) => !/close|127|host|connection/i.test(text))));
      res.end();
    },
    ask: {
      headers: {
        "X-Twice": ["one", "two"],
        Cookie: ["a=1", "b=2"],
        Referer: ["first", "second"],
        "Set-Cookie": ["a", "b"],
        x_under: "1",
      },
    },
  },
  "a body by 'data'": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      let text = "";
      req.setEncoding("utf8").on("data", (piece) => (text += piece));
      req.on("end", () => {
        tell(`complete ${req.complete}`);
        res.end(text);
      });
    },
    ask: post(["Hé", "llo"], { "Transfer-Encoding": "chunked" }),
    ours: { told: ["req end", "complete true", "res prefinish", "req close", "res finish", "res close"] },
    because: REQUEST_FIRST,
  },
  "a body by iteration": {
    listener: async (req, res) => {
      let text = "";
      for await (const piece of req) text += piece;
      res.end(text);
    },
    ask: post("Hello", { "Content-Length": "5" }),
  },
  "a body that is piped back": {
    listener: (req, res) => req.pipe(res),
    ask: post(["x".repeat(100_000), "y".repeat(200_000)]),
  },
  "a body that is decoded over the borders of its pieces": {
    listener: (req, res, tell) => {
      req.setEncoding("utf8");
      req.on("data", (text) => tell(String(text.includes("\ufffd")))).on("end", () => res.end());
      req.on("end", () => tell(`${req.readableEnded} ${req.readableFlowing} ${req.readable}`));
    },
    ask: post((request) => request.end(Buffer.from("\u20ac".repeat(3)))),
  },
  "a body that is paused, put back and resumed": {
    listener: (req, res) => {
      let text = "";
      req.once("data", (bytes) => {
        req.pause();
        req.unshift(bytes);
        setImmediate(() => req.on("data", (more) => (text += more)).resume());
      });
      req.on("end", () => res.end(text));
    },
    ask: post("Hello", { "Content-Length": "5" }),
  },
  "a body by web stream": {
    listener: async (req, res) => {
      let text = "";
      for await (const piece of Readable.toWeb(req)) text += Buffer.from(piece);
      res.end(text);
    },
    ask: post(["Hello, ", "web"]),
  },
  "headers that came twice, distinct": {
    listener: (req, res) =>
      res.end(
        JSON.stringify([req.headersDistinct["x-a"], req.headers["set-cookie"], req.headers["host"] !== undefined]),
      ),
    ask: { headers: { "X-A": ["1", "2"], "Set-Cookie": ["a", "b"] } },
  },
  "a body by 'readable'": {
    listener: (req, res) => {
      let text = "";
      req.on("readable", () => {
        for (let bytes = req.read(); bytes !== null; bytes = req.read()) text += bytes;
      });
      req.on("end", () => res.end(text));
    },
    ask: post("Hello"),
  },
  "a body that nobody reads": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      res.end("no, thanks");
    },
    ask: post("Hello", { "Content-Length": "5" }),
  },
  "a body that goes on after the answer": {
    listener: (req, res, tell) => {
      let length = 0;
      req.on("data", (bytes) => {
        length += bytes.length;
      });
      req.on("end", () => tell(`${length} bytes`));
      res.end("already");
    },
    ask: post(
      (request) => {
        request.write("x".repeat(100_000));
        request.once("response", () => request.end("y".repeat(100_000)));
      },
      { Connection: "keep-alive" },
    ),
  },
  trailers: {
    listener: (req, res, tell) => {
      req.resume().on("end", () => {
        tell(JSON.stringify(req.trailers));
        tell(JSON.stringify(req.rawTrailers));
        res.end();
      });
    },
    ask: post(
      (request) => {
        request.write("x");
        request.addTrailers({ "X-Sum": "1" });
        request.end();
      },
      { Trailer: "X-Sum" },
    ),
  },
  "the events of a GET": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      res.end("x");
    },
  },
  "the events of a GET that is answered later": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      setImmediate(() => res.end("x"));
    },
  },
  "the events of a GET that was consumed": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      req.resume();
      req.on("end", () => res.end("x"));
    },
    ours: { told: ["req end", "res prefinish", "req close", "res finish", "res close"] },
    because: REQUEST_FIRST,
  },
  "a client that leaves before the answer": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      tell("called");
      res.on("close", () => {
        tell(`${req.aborted} ${req.destroyed} ${res.destroyed} ${res.writableEnded}`);
        res.write("late", (error) => tell(`written ${(error as NodeJS.ErrnoException).code}`));
      });
    },
    ask: { leaveWhen: "called" },
  },
  "a client that leaves inside the answer": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      res.write("begun");
    },
    ask: { leaveAfter: 1 },
  },
  "a client that leaves inside the body": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      req.on("data", () => tell("data"));
    },
    ask: { ...post((request) => void request.write("Hello"), { "Content-Length": "10" }), leaveWhen: "data" },
  },
  "a client that leaves while the body is iterated": {
    listener: async (req, res, tell) => {
      tellEvents(req, res, tell);
      try {
        for await (const _piece of req) tell("data");
      } catch (error) {
        tell(`iteration ${(error as NodeJS.ErrnoException).code}`);
      }
    },
    ask: { ...post((request) => void request.write("Hello"), { "Content-Length": "10" }), leaveWhen: "data" },
  },
  "res.destroy() before the head": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      res.destroy();
      tell(`${res.destroyed} ${res.headersSent}`);
    },
  },
  "res.destroy() inside the body": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      res.write("begun", () => res.destroy(new Error("on purpose")));
    },
  },
  "req.destroy()": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      req.destroy();
    },
  },
  "req.socket.destroy()": {
    listener: (req, res, tell) => {
      tellEvents(req, res, tell);
      req.socket.destroy();
    },
  },
};

/**
 * How the end of a body is found is each server's business: one that is complete when its head goes out has a Content-Length here,
 * where Node frames it in a chunk if `writeHead` was called before `end`. That a length is right the client has checked.
 */
function unframed(seen: Seen, method = "GET"): Seen {
  if (method === "HEAD") return seen;
  const { "transfer-encoding": _te, "content-length": _cl, ...headers } = seen.headers;
  return { ...seen, headers };
}

/** Whether a request without a body ends before its response is closed, or right after, differs between versions of Node. */
function inEitherOrder(seen: Seen): Seen {
  const told = [...seen.told];
  const at = told.indexOf("res close");
  if (told[at + 1] === "req end") told.splice(at, 2, "req end", "res close");
  return { ...seen, told };
}

test.each(Object.entries(cases))("%s", async (_name, { listener, ask = {}, ours = {}, because = "" }) => {
  const [there, here] = (await both(listener, ask)).map((seen) => inEitherOrder(unframed(seen, ask.method))) as [
    Seen,
    Seen,
  ];
  expect(here).toEqual({ ...there, ...ours });
  if (Object.keys(ours).length === 0) return;
  expect(because).not.toBe("");
  expect(there).not.toMatchObject(ours); // else there is nothing to explain
});

test("a body that ends while it is corked is whole, which node:http of Node 24 breaks", async () => {
  const corked: TellingListener = (_req, res) => {
    res.cork();
    res.write("one");
    res.end("two");
  };
  expect(await onOurs(corked, {})).toMatchObject({ status: "200 OK", body: "onetwo", complete: true });
});
