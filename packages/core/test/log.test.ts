// Where the server's words go, and which ones: the log option, logOutput, wsgi.errors, and the lines about the server itself.

import { expect, onTestFinished, test, vi } from "vitest";
import { type Application, listen, type Options, server } from "../src/index.ts";
import { askNext } from "./support/answers.ts";
import { Client } from "./support/client.ts";
import { serve } from "./support/serve.ts";
import { until } from "./support/until.ts";
import { get } from "./wire/wire.ts";

const hello: Application = (_environ, startResponse) => {
  startResponse("200 OK", []);
  return ["Hello"];
};

const fails: Application = (environ) => {
  environ["wsgi.errors"].write("on the way\n");
  throw new Error("the application's own");
};

/** Serves one request from start to end. */
async function serveOnce(application: Application, options: Options): Promise<{ port: number; clientPort: number }> {
  const running = server(listen(["127.0.0.1", 0]), application, options);
  onTestFinished(async () => void (await running.close({ timeout: 0 })));
  await running.ready;
  const port = running.addresses[0]?.port as number;
  const client = await Client.connect(port);
  await askNext(client, get());
  const clientPort = client.socket.localPort as number;
  client.leave();
  await running.close();
  return { port, clientPort };
}

test("tells a logger of its life, its connections and its requests, each at its level", async () => {
  const lines: [level: string, line: string][] = [];
  const level = (name: string) => (line: string) => void lines.push([name, line]);
  const log = { info: level("info"), debug: level("debug"), warn: level("warn"), error: level("error") };
  const { port, clientPort } = await serveOnce(fails, { log, logFormat: "%(request_line)s" });
  const { pid } = process;
  expect(lines.map(([name, line]) => [name, line.replace(/\n.*/s, "")])).toEqual([
    ["info", `(${pid}) wsgi starting up on http://127.0.0.1:${port}`],
    ["debug", `(${pid}) accepted ('127.0.0.1', ${clientPort})`],
    ["info", "on the way"],
    ["error", `(${pid}) the application failed: Error: the application's own`],
    ["info", "GET / HTTP/1.1"],
    ["info", expect.stringMatching(/wsgi exiting$/)],
    ["info", `(${pid}) wsgi exited, 1 requests served`],
  ]);
  expect(lines[3]?.[1]).toContain("log.test.ts"); // the traceback
});

test("tells a logger without error and warn everything at info", async () => {
  const lines: string[] = [];
  await serveOnce(fails, { log: { info: (line) => lines.push(line), debug: () => {} } });
  expect(lines).toContainEqual(expect.stringContaining("the application failed: Error: the application's own"));
});

test("writes lines to a thing with write, without the debug ones", async () => {
  let text = "";
  const { port } = await serveOnce(fails, {
    log: { write: (piece: string) => (text += piece) },
    logFormat: "%(request_line)s",
  });
  const { pid } = process;
  const [start, onTheWay, failed, ...rest] = text.split("\n");
  expect(start).toBe(`(${pid}) wsgi starting up on http://127.0.0.1:${port}`);
  expect(onTheWay).toBe("on the way");
  expect(failed).toBe(`(${pid}) the application failed: Error: the application's own`);
  expect(rest.slice(-4)).toEqual([
    "GET / HTTP/1.1",
    expect.stringMatching(/wsgi exiting$/),
    `(${pid}) wsgi exited, 1 requests served`,
    "",
  ]);
  expect(text).not.toContain("accepted");
});

test("calls the methods of a log on the log", async () => {
  class Keeper {
    readonly lines: string[] = [];
    info(line: string): void {
      this.lines.push(line);
    }
    debug(line: string): void {
      this.lines.push(line);
    }
  }
  const log = new Keeper();
  await serveOnce(hello, { log });
  expect(log.lines).toContainEqual(expect.stringContaining("starting up"));
  expect(log.lines).toContainEqual(expect.stringContaining("accepted"));
});

test("writes to a thing with write and info but no debug as to a thing with write", async () => {
  const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => warnings.mockRestore());
  let text = "";
  await serveOnce(hello, { log: { info: "the name of a stream", write: (piece: string) => (text += piece) } as never });
  expect(text).toContain("wsgi starting up");
  expect(warnings).not.toHaveBeenCalled();
});

test("writes to stderr when no log is given", async () => {
  let text = "";
  const write = vi.spyOn(process.stderr, "write").mockImplementation((piece) => {
    text += piece;
    return true;
  });
  onTestFinished(() => write.mockRestore());
  await serveOnce(hello, { logFormat: "%(request_line)s" });
  await vi.waitUntil(() => text.includes("wsgi exited"));
  expect(text).toMatch(/^\(\d+\) wsgi starting up on http:\S+\nGET \/ HTTP\/1\.1\n.*wsgi exiting\n.*wsgi exited.*\n$/);
});

test("goes on serving when the log throws, and warns of it", async () => {
  const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => warnings.mockRestore());
  const log = {
    info: () => {
      throw new Error("disk full");
    },
    debug: () => {},
  };
  await serveOnce(hello, { log });
  expect(warnings).toHaveBeenCalledWith("the log threw: Error: disk full", expect.objectContaining({}));
});

test("with logOutput false says nothing to a log nor to stderr", async () => {
  const lines: unknown[] = [];
  const write = vi.spyOn(process.stderr, "write").mockImplementation((piece) => {
    lines.push(piece);
    return true;
  });
  onTestFinished(() => write.mockRestore());
  const keep = (line: string): void => void lines.push(line);
  await serveOnce(fails, { logOutput: false, log: { info: keep, debug: keep, error: keep } });
  await serveOnce(fails, { logOutput: false });
  await serveOnce(hello, { logFormat: "what comes after them" });
  await until(() => lines.length > 0);
  expect(lines.join("")).toMatch(/^\(\d+\) wsgi starting up on .*\n[\s\S]*what comes after them\n/);
  expect(lines.join("")).not.toContain("500");
});

test("logs at debug when an idle connection is timed out", async () => {
  const debug: string[] = [];
  const served = await serve(hello, {
    keepalive: 0.05,
    log: { info: () => {}, debug: (line) => debug.push(line) },
  });
  const client = await served.connect();
  await askNext(client, get());
  await client.end();
  expect(debug).toContainEqual(`(${process.pid}) timed out ('127.0.0.1', ${client.socket.localPort})`);
});

test("logs at debug when a connection that never sent a byte is timed out", async () => {
  const debug: string[] = [];
  const served = await serve(hello, {
    headTimeout: 0.05,
    log: { info: () => {}, debug: (line) => debug.push(line) },
  });
  const client = await served.connect();
  await client.end();
  expect(debug).toContainEqual(`(${process.pid}) timed out ('127.0.0.1', ${client.socket.localPort})`);
});

test("logs what it refuses, with the peer, the status and the reason", async () => {
  const served = await serve(hello);
  const client = await served.connect();
  client.send("GET / HTTP/1.1\r\n\r\n");
  await client.end();
  expect(await served.logged(/refused/)).toBe(
    `(${process.pid}) refused ('127.0.0.1', ${client.socket.localPort}) with 400 MISSING_HOST: an HTTP/1.1 request has no Host`,
  );
});

test("names every address of a server with several listeners", async () => {
  const lines: string[] = [];
  const listeners = [listen(["127.0.0.1", 0]), listen(["127.0.0.1", 0])];
  await using running = server(listeners, hello, { log: { info: (line) => lines.push(line), debug: () => {} } });
  await running.ready;
  expect(running.addresses).toHaveLength(2);
  expect(lines).toEqual(
    running.addresses.map(({ port }) => `(${process.pid}) wsgi starting up on http://127.0.0.1:${port}`),
  );
});

test("gives applications wsgi.errors, each text a record, one after the other", async () => {
  let text = "";
  await serveOnce(
    (environ, startResponse) => {
      const errors = environ["wsgi.errors"];
      errors.write("a\nb");
      errors.writelines(["c\n", "d\n"]);
      errors.flush();
      return hello(environ, startResponse);
    },
    { log: { write: (piece: string) => (text += piece) }, logFormat: "." },
  );
  expect(text).toContain("\na\n    bc\nd\n.\n");
});
