import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, answerIn, askNext } from "../../core/test/support/answers.ts";
import { Client } from "../../core/test/support/client.ts";
import { findPython } from "../src/find-python.ts";
import { type ServedPython, startPython } from "./support/python-server.ts";

const run = promisify(execFile);

const SOURCE = `
import sys

UNCHECKED = ["unended", "a_list", "a_tuple", "huge_errors", "huge_traceback", "held_exact", "ascii_text", "text", "buffers", "nothing", "number", "bare_bytes", "late_start", "no_start", "twice",
             "bad_status", "bad_header", "bad_value", "beyond_latin", "nul", "line_break", "unpack", "many", "hop", "own_list",
             "short", "long", "longer_later", "exact", "exact_then_more", "mixed", "generator_start", "big_minimum", "string_body", "latin"]
PLAIN = [("Content-Type", "text/plain")]

def ok(start_response, *headers):
    return start_response("200 OK", PLAIN + list(headers))

def a_list(environ, start_response):
    ok(start_response)
    return [b"one ", b"", b"two"]

def a_tuple(environ, start_response):
    ok(start_response)
    return (b"one ", b"two")

def empty_list(environ, start_response):
    ok(start_response)
    return []

def a_generator(environ, start_response):
    ok(start_response)
    yield b""
    yield b"one "
    yield b""
    yield b"two"

def generator_start(environ, start_response):
    ok(start_response)  # inside the generator: only now
    yield b"one"

def empty_generator(environ, start_response):
    ok(start_response)
    yield b""

class Closing:
    """As werkzeug's ClosingIterator."""
    def __init__(self, environ, items, fails=False):
        self.environ, self.items, self.fails = environ, iter(items), fails
    def __iter__(self):
        return self
    def __next__(self):
        return next(self.items)
    def close(self):
        self.environ["wsgi.errors"].write("closed %s\\n" % self.environ["QUERY_STRING"])
        if self.fails:
            raise RuntimeError("close fails")

def closing(environ, start_response):
    ok(start_response)
    return Closing(environ, [b"one ", b"two"])

def close_fails(environ, start_response):
    ok(start_response)
    return Closing(environ, [b"one ", b"two"], True)

def close_fails_whole(environ, start_response):
    ok(start_response, ("Content-Length", "7"))
    return Closing(environ, [b"one two"], True)

def file_like(environ, start_response):
    ok(start_response)
    import io
    return environ["wsgi.file_wrapper"](io.BytesIO(b"one two"))

def own_list(environ, start_response):
    class List(list):
        pass
    ok(start_response)
    return List([b"one ", b"two"])

def ascii_text(environ, start_response):
    ok(start_response)
    return ["one ", "two"]

def string_body(environ, start_response):
    ok(start_response)
    return "one two"

def text(environ, start_response):
    ok(start_response)
    return ["gr\\u00fcn"]

def buffers(environ, start_response):
    ok(start_response)
    return iter([bytearray(b"one "), memoryview(b"two")])

def nothing(environ, start_response):
    ok(start_response)

def number(environ, start_response):
    ok(start_response)
    return [1]

def bare_bytes(environ, start_response):
    ok(start_response)
    return b"one two"

def late_start(environ, start_response):
    yield b""
    ok(start_response)
    yield b"one two"

def no_start(environ, start_response):
    return [b"one"]

def twice(environ, start_response):
    ok(start_response)
    ok(start_response)
    return []

def bad_status(environ, start_response):
    start_response(200, PLAIN)
    return []

def bad_header(environ, start_response):
    ok(start_response, ("X-Number", 5))
    return []

def bad_value(environ, start_response):
    ok(start_response, (b"X-Bytes", "5"))
    return []

def beyond_latin(environ, start_response):
    ok(start_response, ("X-Name", "\\u20ac"))
    return []

def latin(environ, start_response):
    start_response("200 Gr\\u00fcn", PLAIN + [("X-Name", "gr\\u00fcn")])
    return [b"one"]

def nul(environ, start_response):
    ok(start_response, ("X-Name", "a\\0b"))
    return []

def line_break(environ, start_response):
    ok(start_response, ("X-Name", "a\\r\\nSet-Cookie: b"))
    return []

def unpack(environ, start_response):
    start_response("200 OK", [("X-Name",)])
    return []

def many(environ, start_response):
    ok(start_response, *[("X-Many", str(i)) for i in range(66000)])
    return []

def hop(environ, start_response):
    ok(start_response, ("Transfer-Encoding", "chunked"))
    return [b"one"]

def short(environ, start_response):
    ok(start_response, ("Content-Length", "10"))
    return iter([b"one ", b"two"])

def long(environ, start_response):
    ok(start_response, ("Content-Length", "5"))
    return [b"one ", b"two"]

def longer_later(environ, start_response):
    ok(start_response, ("Content-Length", "5"))
    return iter([b"one ", b"two", b"three"])

def exact(environ, start_response):
    ok(start_response, ("Content-Length", "7"))
    yield b"one two"
    environ["wsgi.errors"].write("went on %s\\n" % environ["QUERY_STRING"])

def exact_then_more(environ, start_response):
    ok(start_response, ("Content-Length", "7"))
    yield b"one two"
    yield b"three"

def big_minimum(environ, start_response):
    environ["eventlet.minimum_write_chunk_size"] = 4
    ok(start_response)
    return iter([b"a", b"b", b"c", b"d", b"e", b"", b"f"])

def hundred_pieces(environ, start_response):
    ok(start_response)
    return iter([b"x" * 10] * 100)

def writes(environ, start_response):
    write = ok(start_response)
    write(b"one ")
    write(b"two")
    return []

def mixed(environ, start_response):
    write = ok(start_response)
    write(b"one ")
    write(b"")
    write(bytearray(b"two "))
    return [b"three ", b"four"]

def write_generator(environ, start_response):
    write = ok(start_response)
    write(b"one ")
    def rest():
        yield b"two"
    return rest()

def write_large(environ, start_response):
    write = ok(start_response)
    write(b"a" * 100000)
    write(b"b" * 300000)
    return [b"c" * 700000]

def large(environ, start_response):
    ok(start_response)
    return [b"x" * 65537]

def no_content(environ, start_response):
    start_response("204 No Content", [])
    return []

def not_modified(environ, start_response):
    start_response("304 Not Modified", [("ETag", '"a"')])
    return []

def head_generator(environ, start_response):
    ok(start_response, ("Content-Length", "1000000"))
    return Closing(environ, [b"x" * 1000] * (0 if environ["REQUEST_METHOD"] == "HEAD" else 1000))

def exc_info_before(environ, start_response):
    ok(start_response, ("X-First", "1"))
    try:
        raise ValueError("before")
    except ValueError:
        start_response("500 Mended", [("Content-Type", "text/plain")], sys.exc_info())
    return [b"mended"]

def exc_info_after(environ, start_response):
    ok(start_response)
    yield b"one "
    try:
        raise ValueError("too late")
    except ValueError:
        start_response("500 Not sent", [("Content-Type", "text/plain")], sys.exc_info())
    yield b"never"

def exc_info_first(environ, start_response):
    try:
        raise ValueError("at once")
    except ValueError:
        start_response("500 First", [("Content-Type", "text/plain")], sys.exc_info())
    return [b"first"]

def prints(environ, start_response):
    print("a line of", environ["QUERY_STRING"], file=environ["wsgi.errors"])
    environ["wsgi.errors"].writelines(["two ", "parts\\n"])
    environ["wsgi.errors"].write("gr\\u00fcn \\udc80 no end")
    environ["wsgi.errors"].flush()
    ok(start_response)
    return [b"printed"]

def unended(environ, start_response):
    environ["wsgi.errors"].write("no line end")
    ok(start_response)
    return [b"done"]

def unended_generator(environ, start_response):
    environ["wsgi.errors"].write("none here")
    ok(start_response)
    yield b"done"

def huge_errors(environ, start_response):
    environ["wsgi.errors"].write("x" * (80 * 1024 * 1024))
    environ["wsgi.errors"].write("the end\\n")
    ok(start_response)
    return [b"written"]

def huge_traceback(environ, start_response):
    raise ValueError("first" + "x" * (80 * 1024 * 1024) + "last")

def held_exact(environ, start_response):
    environ["eventlet.minimum_write_chunk_size"] = 100
    ok(start_response, ("Content-Length", "4"))
    return iter([b"ab", b"cdef"])
`;

describe("responses", () => {
  let served: ServedPython;
  beforeAll(async () => {
    served = await startPython(SOURCE, { threads: 2 });
  });
  afterAll(() => served.close());

  async function get(path: string, method = "GET", version = "1.1"): Promise<Answer> {
    const client = await Client.connect(served.port);
    client.send(`${method} ${path} HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);
    return answerIn(await client.end(), method);
  }

  test.each([
    ["a_list", "7", undefined],
    ["a_tuple", "7", undefined],
    ["a_generator", undefined, ["one ", "two"]],
    ["generator_start", undefined, ["one"]],
    ["closing", undefined, ["one ", "two"]],
    ["file_like", undefined, ["one two"]],
    ["own_list", undefined, ["one ", "two"]],
    ["ascii_text", "7", undefined],
    ["buffers", undefined, ["one ", "two"]],
    ["late_start", undefined, ["one two"]],
    ["writes", undefined, ["one ", "two"]],
    ["write_generator", undefined, ["one ", "two"]],
    ["mixed", undefined, ["one ", "two ", "three ", "four"]],
    ["big_minimum", undefined, ["abcd", "ef"]],
    ["exact", "7", undefined],
  ])("sends %s", async (name, length, chunks) => {
    const answer = await get(`/${name}`);
    expect(answer, served.log.text).toMatchObject({ status: 200, complete: true });
    expect(answer.header("Content-Length")).toBe(length);
    expect(answer.header("Content-Type")).toBe("text/plain");
    if (chunks === undefined) expect(answer.body).toBe("one two");
    else expect(answer.body).toBe(chunks.join(""));
  });

  test("does not join the items of an iterator", async () => {
    const { chunks } = await get("/a_generator");
    expect(chunks).toEqual(["one ", "two"]);
  });

  test.each(["empty_list", "empty_generator"])("sends %s", async (name) => {
    expect(await get(`/${name}`)).toMatchObject({ status: 200, body: "", complete: true });
  });

  test("sends large bodies whole", async () => {
    expect((await get("/large")).body).toBe("x".repeat(65537));
    const parts = ["a".repeat(100000), "b".repeat(300000), "c".repeat(700000)];
    expect((await get("/write_large")).body).toBe(parts.join(""));
    expect((await get("/hundred_pieces", "GET", "1.0")).body).toBe("x".repeat(1000));
  });

  test.each([
    ["no_content", 204],
    ["not_modified", 304],
  ])("sends %s without a body", async (name, status) => {
    expect(await get(`/${name}`)).toMatchObject({ status, body: "", chunks: undefined });
  });

  test("answers HEAD with the head of GET", async () => {
    const client = await Client.connect(served.port);
    for (const name of ["a_list", "closing", "exact", "large", "no_content", "head_generator", "writes"]) {
      const get = await askNext(client, `GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const head = await askNext(client, `HEAD /${name} HTTP/1.1\r\nHost: a\r\n\r\n`, "HEAD");
      expect(head.status).toBe(get.status);
      expect(head.header("Content-Length")).toBe(get.header("Content-Length"));
      expect(head.body).toBe("");
    }
  });

  test("closes what has close(), after HEAD too", async () => {
    await get("/closing?of-get");
    await served.log.logged(/^closed of-get$/m);
    await get("/closing?of-head", "HEAD");
    await served.log.logged(/^closed of-head$/m);
  });

  test("runs a generator on after a complete body", async () => {
    await get("/exact?first");
    await served.log.logged(/^went on first$/m);
    expect((await get("/exact_then_more")).body).toBe("one two");
  });

  test("cuts a body that is longer than it said", async () => {
    for (const name of ["long", "longer_later"]) {
      const answer = await get(`/${name}`);
      expect(answer).toMatchObject({ status: 200, body: "one t", complete: true });
    }
    expect(await get("/held_exact")).toMatchObject({ status: 200, body: "abcd", complete: true });
    await served.log.logged(/longer than its Content-Length/);
  });

  test("breaks off a body that is shorter than it said", async () => {
    expect(await get("/short")).toMatchObject({ status: 200, body: "one two", complete: false });
    await served.log.logged(/3 bytes are missing/);
  });

  test.each([
    ["text", /TypeError: a body is bytes: encode 'grün' to bytes first/],
    ["nothing", /TypeError: the application returned None: expected an iterable of bytes/],
    ["number", /TypeError: a body is an iterable of bytes, but an item is 1/],
    ["bare_bytes", /TypeError: a body is an iterable of bytes, but an item is 111/],
    ["no_start", /AssertionError: start_response\(\) must be called before/],
    ["twice", /AssertionError: start_response\(\) was called twice without exc_info/],
    ["bad_status", /TypeError: the status must be a str such as '200 OK', not 200/],
    ["bad_header", /TypeError: status and headers are str of latin-1 characters, got 5/],
    ["bad_value", /TypeError: status and headers are str of latin-1 characters, got b'X-Bytes'/],
    ["beyond_latin", /TypeError: status and headers are str of latin-1 characters, got '€'/],
    ["nul", /ValueError: status and headers cannot hold a NUL/],
    ["unpack", /ValueError: not enough values to unpack/],
    ["many", /struct\.error|at most 65535 headers/],
    ["line_break", /X-Name/],
    ["hop", /Transfer-Encoding/i],
  ])("answers 500 to %s, and says what is wrong", async (name, pattern) => {
    const { length } = served.log.text;
    expect(await get(`/${name}`)).toMatchObject({ status: 500, body: "" });
    await served.log.logged(pattern);
    expect(served.log.text.slice(length)).toMatch(pattern);
    expect((await get("/a_list")).body).toBe("one two");
  });

  test("has latin-1 in status and headers", async () => {
    const answer = await get("/latin");
    expect(answer.statusLine).toBe("HTTP/1.1 200 Gr\u00fcn");
    expect(answer.header("X-Name")).toBe("gr\u00fcn");
  });

  test("has exc_info replace a head that was not sent", async () => {
    const answer = await get("/exc_info_before");
    expect(answer).toMatchObject({ status: 500, statusLine: "HTTP/1.1 500 Mended", body: "mended" });
    expect(answer.header("X-First")).toBeUndefined();
    expect((await get("/exc_info_first")).statusLine).toBe("HTTP/1.1 500 First");
  });

  test("raises exc_info again when the head was sent", async () => {
    expect(await get("/exc_info_after")).toMatchObject({ status: 200, body: "one ", complete: false });
    await served.log.logged(/exc_info_after\n[\s\S]*ValueError: too late/);
  });

  test("logs what close() raises, after a complete response", async () => {
    expect(await get("/close_fails_whole")).toMatchObject({ status: 200, body: "one two", complete: true });
    await served.log.logged(/RuntimeError: close fails/);
    expect(await get("/close_fails")).toMatchObject({ status: 200, body: "one two", complete: false });
  });

  test("writes wsgi.errors to the server's log, whole lines at a time", async () => {
    const lines: string[] = [];
    const write = served.log.write;
    served.log.write = (text: string) => {
      lines.push(text);
      write.call(served.log, text);
    };
    await get("/prints?this");
    served.log.write = write;
    expect(lines).toEqual(expect.arrayContaining(["a line of this\n", "two parts\n", "grün \\udc80 no end"]));
  });

  test("writes what has no line end when the response is over", async () => {
    await get("/unended");
    await served.log.logged(/no line endGET \/unended/);
    await get("/unended_generator");
    await served.log.logged(/none hereGET \/unended_generator/);
  });

  test("survives an application that writes more to its log than a frame holds", async () => {
    const { length } = served.log.text;
    expect((await get("/huge_errors")).body).toBe("written");
    expect(served.log.text.slice(length)).toMatch(/^x+the end\n/);
    served.log.text = served.log.text.slice(0, length);
    expect((await get("/huge_traceback")).status).toBe(500);
    expect(served.log.text.slice(length)).toMatch(/ValueError: first[x\s.]*last\n/);
    expect(served.log.text.length - length).toBeLessThan(2 * 1024 * 1024);
    expect(served.python.processes).toMatchObject([{ state: "ready" }]);
  });

  test("sends bodies to curl and http.client", async () => {
    const { stdout } = await run("curl", ["-s", "-i", "--http1.1", `${served.url}/closing`]);
    expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\none two$/);
    const program = `
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
for name in ["a_list", "a_generator", "no_content", "closing", "writes"]:
    connection.request("GET", "/" + name)
    response = connection.getresponse()
    print(response.status, response.read().decode())
`;
    const python = findPython(undefined, served.folder.path).path;
    const printed = await run(python, ["-c", program, String(served.port)]);
    expect(printed.stdout).toBe("200 one two\n200 one two\n204 \n200 one two\n200 one two\n");
  });

  test("leaves no iterator unclosed", () => {
    expect(served.log.text).not.toMatch(/garbage collected without being closed/);
  });
});
