import { postHooks } from "@wsgi/posthooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Extension } from "../../core/src/index.ts";
import { answerIn } from "../../core/test/support/answers.ts";
import { Client } from "../../core/test/support/client.ts";
import { GATE, Gate } from "./support/gate.ts";
import { type ServedPython, servePython, startPython } from "./support/python-server.ts";

/** Hooks write what they see to stderr, a JSON object a line. */
const SOURCE = `${GATE}
import json, os, sys, threading, time

UNCHECKED = ["file", "listed"]

def tell(environ, name, *, number=0):
    seen = {"name": name, "number": number, "path": environ["PATH_INFO"], "query": environ["QUERY_STRING"], "exchange": environ["wsgi.exchange"]}
    sys.stderr.write("hook %s\\n" % json.dumps(seen))

def add(environ, name, **kwargs):
    environ["eventlet.posthooks"].append((tell, (name,), kwargs))

def ok(start_response, *headers):
    return start_response("200 OK", [("Content-Type", "text/plain"), *headers])

def listed(environ, start_response):
    add(environ, "first", number=1)
    add(environ, "second", number=2)
    ok(start_response)
    return [b"one ", b"two"]

def generated(environ, start_response):
    add(environ, "before")
    ok(start_response, ("Content-Length", "7"))
    yield b"one "
    add(environ, "within")
    yield b"two"
    add(environ, "after")

class Body:
    def __init__(self, environ):
        self.environ = environ
        self.items = iter([b"one ", b"two"])
    def __iter__(self):
        return self
    def __next__(self):
        return next(self.items)
    def close(self):
        add(self.environ, "close")

def closed(environ, start_response):
    ok(start_response)
    return Body(environ)

def file(environ, start_response):
    add(environ, "file")
    ok(start_response)
    return environ["wsgi.file_wrapper"](open(__file__, "rb"))

def posted(environ, start_response):
    add(environ, "posted")
    environ["wsgi.input"].read(5)
    ok(start_response)
    return [b"thanks"]

def endless(environ, start_response):
    add(environ, "endless")
    ok(start_response)
    while True:
        yield b"x" * 10000

def broken(environ, start_response):
    add(environ, "broken")
    raise ValueError("on purpose")

def broken_later(environ, start_response):
    add(environ, "broken_later")
    ok(start_response)
    yield b"one "
    raise ValueError("later on purpose")

def fail(environ):
    raise ValueError("hook on purpose")

class Unshowable:
    def __repr__(self):
        raise RuntimeError("cannot be shown")
    def __call__(self, environ):
        raise ValueError("of the unshowable")

def failing(environ, start_response):
    environ["eventlet.posthooks"].append((fail, (), {}))
    environ["eventlet.posthooks"].append((sys.exit, (), {}))
    environ["eventlet.posthooks"].append("not a hook")
    environ["eventlet.posthooks"].append((Unshowable(), (), {}))
    add(environ, "survivor")
    ok(start_response)
    return []

def again(environ):
    add(environ, "added by a hook")

def adding(environ, start_response):
    environ["eventlet.posthooks"].append((again, (), {}))
    ok(start_response)
    return []

def replaced(environ, start_response):
    """The key changes hands when the response is over."""
    add(environ, "replaced")
    ok(start_response, ("Content-Length", "3"))
    yield b"one"
    del environ["eventlet.posthooks"]

def dying(environ, start_response):
    environ["eventlet.posthooks"].append((lambda environ: os._exit(7), (), {}))
    add(environ, "never")
    ok(start_response)
    return [b"last words"]

class GatedBody(Body):
    def close(self):
        gate("gated")
        add(self.environ, "behind the gate")

def gated(environ, start_response):
    ok(start_response)
    return GatedBody(environ)

def absent(environ, start_response):
    ok(start_response)
    return [repr("eventlet.posthooks" in environ).encode()]
`;

interface Told {
  readonly name: string;
  readonly number: number;
  readonly exchange: Record<string, unknown>;
}

/** What the hooks of a request told, once there are so many. */
async function told(served: ServedPython, query: string, count: number): Promise<Told[]> {
  const look = (): Told[] =>
    Array.from(served.log.text.matchAll(/^hook (.*)\n/gm), ([, text]) => JSON.parse(text as string)).filter(
      (hook) => hook.query === query,
    );
  await expect.poll(() => look().length, { timeout: 4000 }).toBeGreaterThanOrEqual(count);
  return look();
}

function withHooks(): Extension {
  return postHooks() as unknown as Extension;
}

describe.each([1, 3])("post hooks with %i threads", (threads) => {
  let served: ServedPython;
  beforeAll(async () => {
    served = await startPython(SOURCE, { threads, core: { extensions: [withHooks()] } });
  });
  afterAll(() => served.close());

  async function send(request: string, method = "GET"): Promise<ReturnType<typeof answerIn>> {
    const client = await Client.connect(served.port);
    client.send(request.replace("\r\n\r\n", "\r\nHost: a\r\nConnection: close\r\n\r\n"));
    return answerIn(await client.end(), method);
  }

  test("run in their order, with their arguments, after the response, with the receipt", async () => {
    expect((await send("GET /listed?a HTTP/1.1\r\n\r\n")).body).toBe("one two");
    const hooks = await told(served, "a", 2);
    expect(hooks.map(({ name, number }) => [name, number])).toEqual([
      ["first", 1],
      ["second", 2],
    ]);
    const { exchange } = hooks[0] as Told;
    expect(exchange).toMatchObject({
      request_line: "GET /listed?a HTTP/1.1",
      status: 200,
      body_bytes: 7,
      completed: true,
      disconnect_phase: null,
      error: null,
    });
    expect(exchange["headers"]).toContainEqual(["Content-Type", "text/plain"]);
    expect(exchange["total_bytes"]).toBeGreaterThan(7);
    expect(exchange["seconds"]).toBeGreaterThan(0);
    expect(exchange["seconds"]).toBeLessThan(30);
    expect(exchange["first_byte_seconds"]).toBeLessThanOrEqual(exchange["seconds"] as number);
  });

  test.each([
    ["generated", ["before", "within", "after"]],
    ["closed", ["close"]],
    ["file", ["file"]],
    ["adding", ["added by a hook"]],
    ["replaced", ["replaced"]],
  ])("run wherever they were added: %s", async (name, names) => {
    await send(`GET /${name}?${name} HTTP/1.1\r\n\r\n`);
    expect((await told(served, name, names.length)).map((hook) => hook.name)).toEqual(names);
  });

  test.each(["listed", "generated", "closed", "file"])("run after HEAD: %s", async (name) => {
    await send(`HEAD /${name}?head-${name} HTTP/1.1\r\n\r\n`, "HEAD");
    const [hook] = await told(served, `head-${name}`, 1);
    expect(hook?.exchange).toMatchObject({ status: 200, body_bytes: 0, completed: true });
  });

  test("are told of the bytes of the request", async () => {
    await send("POST /posted?p HTTP/1.1\r\nContent-Length: 5\r\n\r\n12345");
    const [hook] = await told(served, "p", 1);
    expect(hook?.exchange).toMatchObject({ status: 200, body_bytes: 6 });
    expect(hook?.exchange["bytes_received"]).toBeGreaterThan(5);
  });

  test("run when the client has left, and are told so", async () => {
    const client = await Client.connect(served.port);
    client.send("GET /endless?gone HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.receive("xxx");
    client.reset();
    const [hook] = await told(served, "gone", 1);
    expect(hook?.exchange).toMatchObject({ completed: false, disconnect_phase: "response-body" });
    expect(hook?.exchange["body_bytes"]).toBeGreaterThan(0);
  });

  test("run after an application that failed, and are told so", async () => {
    expect((await send("GET /broken?b HTTP/1.1\r\n\r\n")).status).toBe(500);
    const [hook] = await told(served, "b", 1);
    expect(hook?.exchange).toMatchObject({ status: 500, completed: true });
    expect(hook?.exchange["error"]).toMatch(/on purpose/);
    await send("GET /broken_later?bl HTTP/1.1\r\n\r\n");
    const [later] = await told(served, "bl", 1);
    expect(later?.exchange).toMatchObject({ status: 200, completed: false });
  });

  test("do not stop at one that fails; each is logged with its traceback", async () => {
    await send("GET /failing?f HTTP/1.1\r\n\r\n");
    await told(served, "f", 1);
    await served.log.logged(/ValueError: hook on purpose/);
    await served.log.logged(/SystemExit/);
    await served.log.logged(/'not a hook'/);
    await served.log.logged(/ValueError: of the unshowable/);
  });

  test("may end their process: it is replaced, and the rest is told of", async () => {
    expect((await send("GET /dying HTTP/1.1\r\n\r\n")).body).toBe("last words");
    await served.log.logged(/the Python process ended with code 7 while they ran/);
    expect((await send("GET /listed?after HTTP/1.1\r\n\r\n")).status).toBe(200);
    await told(served, "after", 2);
  });

  test("are not lost with a process that is replaced", async () => {
    const recycled = await servePython(SOURCE, { maxRequests: 1, threads, core: { extensions: [withHooks()] } });
    for (let i = 0; i < 5; i++) expect((await fetch(`${recycled.url}/listed?${i}`)).status).toBe(200);
    for (let i = 0; i < 5; i++) await told(recycled, String(i), 2);
    expect(recycled.log.text).not.toMatch(/ended before they ran/);
  });
});

test("hooks run that were added when the response was over: Python was still at work", async () => {
  const gate = await Gate.make();
  const served = await servePython(SOURCE, { env: gate.env, core: { extensions: [withHooks()] } });
  expect((await fetch(`${served.url}/gated?late`, { method: "HEAD" })).status).toBe(200);
  await gate.entered();
  await expect.poll(() => served.exchanges.length).toBe(1);
  gate.open();
  expect((await told(served, "late", 1))[0]?.name).toBe("behind the gate");
});

test("a process that is to end waits for the receipts of its hooks", async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const served = await servePython(SOURCE, {
    gracefulTimeout: 20,
    core: { extensions: [withHooks()] },
    around: (python) => (environ, startResponse) => {
      environ["eventlet.posthooks"].push([() => released]); // before those of Python
      return python(environ, startResponse);
    },
  });
  const before = served.python.processes[0]?.pid;
  await fetch(`${served.url}/listed?waiting`);
  await served.python.reload();
  expect(served.python.processes.find(({ pid }) => pid === before)).toMatchObject({ state: "draining" });
  release();
  await told(served, "waiting", 2);
  await expect.poll(() => served.python.processes.map(({ state }) => state)).toEqual(["ready"]);
});

test("there are no hooks without the extension", async () => {
  const served = await servePython(SOURCE);
  expect(await (await fetch(`${served.url}/absent`)).text()).toBe("False");
});
