import { appendFileSync, readdirSync, readlinkSync, truncateSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, answerIn } from "../../core/test/support/answers.ts";
import { Client } from "../../core/test/support/client.ts";
import { type ServedPython, startPython } from "./support/python-server.ts";

/** `wsgi.file_wrapper` says in the log when Python reads a file itself, and when it is closed. */
const SOURCE = `
import gzip, io, os, pathlib, sys, tempfile

worker = sys.modules["_wsgi_worker.file_wrapper"]
read_block = worker.FileWrapper.__next__

def read_and_tell(wrapper):
    sys.stderr.write("read in Python\\n")
    return read_block(wrapper)

worker.FileWrapper.__next__ = read_and_tell

def send(environ, start_response, file, *headers):
    wrapper = environ["wsgi.file_wrapper"](file, 1000)
    close = wrapper.close
    def tell():
        environ["wsgi.errors"].write("closed %s\\n" % environ["QUERY_STRING"])
        close()
    wrapper.close = tell
    start_response("200 OK", [("Content-Type", "text/plain"), *headers])
    return wrapper

NAMES = ["plain", "unbuffered", "by_path_object", "by_bytes", "by_descriptor", "at_offset", "at_end", "behind_end", "with_length", "part",
         "temporary", "named_temporary", "deleted", "unflushed", "compressed", "in_memory", "spooled", "text", "from_proc", "from_pipe",
         "large", "large_slow", "unopened", "another", "beside_write", "closed_already", "moved"]
UNCHECKED = NAMES

def numbers(count):
    return "".join("%09d\\n" % i for i in range(count)).encode()

with open("numbers", "wb") as f:
    f.write(numbers(500))
with open("large", "wb") as f:
    f.write(b"x" * (8 * 1024 * 1024))
with gzip.open("numbers.gz", "wb") as f:
    f.write(numbers(500))

def plain(environ, start_response):
    return send(environ, start_response, open("numbers", "rb"))

def unbuffered(environ, start_response):
    return send(environ, start_response, open("numbers", "rb", buffering=0))

def by_path_object(environ, start_response):
    return send(environ, start_response, pathlib.Path("numbers").open("rb"))

def by_bytes(environ, start_response):
    return send(environ, start_response, open(b"numbers", "rb"))

def by_descriptor(environ, start_response):
    return send(environ, start_response, os.fdopen(os.open("numbers", os.O_RDONLY), "rb"))

def at_offset(environ, start_response):
    file = open("numbers", "rb")
    file.read(10)
    return send(environ, start_response, file)

def at_end(environ, start_response):
    file = open("numbers", "rb")
    file.read()
    return send(environ, start_response, file)

def behind_end(environ, start_response):
    file = open("numbers", "rb")
    file.seek(10000)
    return send(environ, start_response, file)

def with_length(environ, start_response):
    return send(environ, start_response, open("numbers", "rb"), ("content-length", "5000"))

def part(environ, start_response):
    file = open("numbers", "rb")
    file.seek(20)
    return send(environ, start_response, file, ("Content-Length", "10"))

def filled(file):
    file.write(numbers(500))
    file.seek(0)
    return file

def temporary(environ, start_response):
    return send(environ, start_response, filled(tempfile.TemporaryFile()))

def named_temporary(environ, start_response):
    return send(environ, start_response, filled(tempfile.NamedTemporaryFile()))

def deleted(environ, start_response):
    with open("gone", "wb") as f:
        f.write(numbers(500))
    file = open("gone", "rb")
    os.remove("gone")
    return send(environ, start_response, file)

def moved(environ, start_response):
    with open("before", "wb") as f:
        f.write(numbers(500))
    file = open("before", "rb")
    os.rename("before", "after")
    with open("before", "wb") as f:
        f.write(b"another file under its name")
    return send(environ, start_response, file)

def unflushed(environ, start_response):
    file = open("fresh", "w+b")
    file.write(numbers(500)[:10])
    file.seek(0)
    file.read(0)
    file.seek(10)
    file.write(numbers(500)[10:])
    file.seek(0)
    return send(environ, start_response, file)

def compressed(environ, start_response):
    return send(environ, start_response, gzip.open("numbers.gz", "rb"))

def in_memory(environ, start_response):
    return send(environ, start_response, io.BytesIO(numbers(500)))

def spooled(environ, start_response):
    return send(environ, start_response, filled(tempfile.SpooledTemporaryFile()))

def text(environ, start_response):
    return send(environ, start_response, open("numbers", "r"))

def from_proc(environ, start_response):
    return send(environ, start_response, open("/proc/self/status", "rb"))

def from_pipe(environ, start_response):
    reading, writing = os.pipe()
    os.write(writing, numbers(500))
    os.close(writing)
    return send(environ, start_response, os.fdopen(reading, "rb"))

def large(environ, start_response):
    return send(environ, start_response, open("large", "rb"))

def change_place(wrapper, **changes):
    place = wrapper.place()
    place.update(changes)
    wrapper.place = lambda: place
    return wrapper

def unopened(environ, start_response):
    wrapper = send(environ, start_response, open("numbers", "rb"))
    return change_place(wrapper, paths=["/nowhere", "/", "/dev/zero"])

def another(environ, start_response):
    wrapper = send(environ, start_response, open("numbers", "rb"))
    return change_place(wrapper, paths=[os.path.abspath("large")])

def beside_write(environ, start_response):
    wrapper = environ["wsgi.file_wrapper"](open("numbers", "rb"))
    start_response("200 OK", [("Content-Type", "text/plain")])(numbers(1))
    return wrapper

def closed_already(environ, start_response):
    file = open("numbers", "rb")
    wrapper = send(environ, start_response, file)
    file.close()
    return wrapper
`;

function numbers(count: number): string {
  return Array.from({ length: count }, (_, i) => `${String(i).padStart(9, "0")}\n`).join("");
}

/** Open files of a process below a folder. */
function openFiles(pid: number | "self", folder: string): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // closed meanwhile
    }
  });
}

describe("wsgi.file_wrapper", () => {
  let served: ServedPython;
  beforeAll(async () => {
    served = await startPython(SOURCE);
  });
  afterAll(() => served.close());

  async function get(path: string, method = "GET"): Promise<Answer & { readInPython: boolean; said: string }> {
    const { length } = served.log.text;
    const client = await Client.connect(served.port);
    client.send(`${method} ${path}?${length} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const answer = answerIn(await client.end(), method);
    await served.log.logged(new RegExp(`closed ${length}\n`));
    const said = served.log.text.slice(length);
    return { ...answer, said, readInPython: said.includes("read in Python") };
  }

  const ALL = numbers(500);

  test.each([
    ["plain", ALL],
    ["unbuffered", ALL],
    ["by_path_object", ALL],
    ["by_bytes", ALL],
    ["by_descriptor", ALL],
    ["at_offset", ALL.slice(10)],
    ["with_length", ALL],
    ["part", ALL.slice(20, 30)],
    ["temporary", ALL],
    ["named_temporary", ALL],
    ["deleted", ALL],
    ["moved", ALL],
    ["unflushed", ALL],
  ])("sends a file past Python: %s", async (name, body) => {
    const answer = await get(`/${name}`);
    expect(answer, served.log.text).toMatchObject({ status: 200, complete: true, readInPython: false });
    expect(answer.body).toBe(body);
    expect(answer.header("Content-Length")).toBe(String(body.length));
    expect(answer.said).not.toMatch(/longer than|Traceback/);
  });

  test.each([
    ["compressed", ALL],
    ["in_memory", ALL],
    ["spooled", ALL],
    ["text", ALL],
    ["from_pipe", ALL],
    ["unopened", ALL],
    ["another", ALL],
  ])("sends what is no plain file, or cannot be opened, block by block: %s", async (name, body) => {
    const answer = await get(`/${name}`);
    expect(answer, served.log.text).toMatchObject({ status: 200, complete: true, readInPython: true });
    expect(answer.body).toBe(body);
    expect(answer.header("Content-Length")).toBeUndefined();
  });

  test.each(["at_end", "behind_end"])("sends nothing when nothing is left: %s", async (name) => {
    expect(await get(`/${name}`)).toMatchObject({ status: 200, complete: true, body: "" });
  });

  test("sends a file of /proc, which says that it is empty", async () => {
    const answer = await get("/from_proc");
    expect(answer.body).toContain(`Pid:\t${served.python.processes[0]?.pid}\n`);
  });

  test("answers 500 to a file that is closed", async () => {
    expect(await get("/closed_already")).toMatchObject({ status: 500 });
  });

  test("sends what was written before the file", async () => {
    const body = await (await fetch(`${served.url}/beside_write`)).text();
    expect(body).toBe(numbers(1) + ALL);
  });

  test("answers HEAD with the length, and closes the file", async () => {
    const answer = await get("/large", "HEAD");
    expect(answer.header("Content-Length")).toBe(String(8 * 1024 * 1024));
    await expect.poll(() => openFiles("self", served.folder.path)).toEqual([]);
  });

  test("sends as much as it announced of a file that grows", async () => {
    const { length } = served.log.text;
    const client = await Client.connect(served.port);
    client.socket.pause();
    client.send(`GET /large?${length} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    await served.log.logged(new RegExp(`closed ${length}\n`));
    appendFileSync(`${served.folder.path}/large`, "more");
    client.socket.resume();
    const answer = answerIn(await client.end());
    truncateSync(`${served.folder.path}/large`, 8 * 1024 * 1024);
    expect(answer.complete).toBe(true);
    expect(answer.body).toBe("x".repeat(8 * 1024 * 1024));
    expect(served.log.text.slice(length)).not.toMatch(/longer than/);
  });

  test("breaks off when a file shrinks", async () => {
    const { length } = served.log.text;
    const client = await Client.connect(served.port);
    client.socket.pause();
    client.send(`GET /large?${length} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    await served.log.logged(new RegExp(`closed ${length}\n`));
    truncateSync(`${served.folder.path}/large`, 10);
    client.socket.resume();
    expect(answerIn(await client.end()).complete).toBe(false);
    await served.log.logged(/bytes are missing/);
    truncateSync(`${served.folder.path}/large`, 8 * 1024 * 1024);
  });

  test("leaves no file open, in either process, when clients leave", async () => {
    const { length } = served.log.text;
    for (let i = 0; i < 5; i++) {
      const client = await Client.connect(served.port);
      client.send(`GET /large?${length} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await client.receive("\r\n\r\n");
      client.reset();
    }
    const pid = served.python.processes[0]?.pid as number;
    await expect.poll(() => openFiles("self", served.folder.path)).toEqual([]);
    await expect.poll(() => openFiles(pid, served.folder.path)).toEqual([]);
    expect((await get("/plain")).body).toBe(ALL);
  });
});
