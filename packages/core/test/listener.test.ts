// Every form of address, bound for real; what is said of it; who gets its connections.

import { once } from "node:events";
import { existsSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type Environ,
  type ListenAddress,
  ListenError,
  type Listener,
  type ListenOptions,
  listen,
  server,
  UsageError,
} from "../src/index.ts";
import { SILENT } from "../src/log.ts";
import { startFixture } from "./support/child.ts";
import { Client } from "./support/client.ts";
import { deferred } from "./support/deferred.ts";

/** A folder of the test's own, for sockets. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "wsgi-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** Serves on the listener until the test ends; resolves when bound. */
async function serveOn(listener: Listener): Promise<{ environ: Promise<Environ> }> {
  const environ = deferred<Environ>();
  const running = server(
    listener,
    (came, startResponse) => {
      environ.resolve(came);
      startResponse("200 OK", []);
      return ["hello"];
    },
    { logOutput: false },
  );
  onTestFinished(async () => {
    await running.close({ timeout: 0 });
  });
  await running.ready;
  return { environ: environ.promise };
}

/** Connects, asks, and resolves with the answer. */
async function ask(options: net.NetConnectOpts): Promise<string> {
  const socket = net.connect(options);
  onTestFinished(() => {
    socket.destroy();
  });
  socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  let received = "";
  for await (const bytes of socket) received += bytes;
  return received;
}

describe("listen()", () => {
  test.each<[ListenAddress, ListenOptions, string[], RegExp]>([
    [["", 0], {}, ["127.0.0.1", "::1"], /^http:\/\/\[::\]:\d+$/],
    [0, {}, ["127.0.0.1", "::1"], /^http:\/\/\[::\]:\d+$/],
    ["0", {}, ["127.0.0.1", "::1"], /^http:\/\/\[::\]:\d+$/],
    [":0", {}, ["127.0.0.1", "::1"], /^http:\/\/\[::\]:\d+$/],
    [["127.0.0.1", 0], {}, ["127.0.0.1"], /^http:\/\/127\.0\.0\.1:\d+$/],
    ["127.0.0.1:0", {}, ["127.0.0.1"], /^http:\/\/127\.0\.0\.1:\d+$/],
    [["::1", 0], {}, ["::1"], /^http:\/\/\[::1\]:\d+$/],
    ["[::1]:0", {}, ["::1"], /^http:\/\/\[::1\]:\d+$/],
    [["", 0], { family: 4 }, ["127.0.0.1"], /^http:\/\/0\.0\.0\.0:\d+$/],
    [["", 0], { family: 6, ipv6Only: true }, ["::1"], /^http:\/\/\[::\]:\d+$/],
    ["[::]:0", { ipv6Only: true }, ["::1"], /^http:\/\/\[::\]:\d+$/],
    ["localhost:0", { family: 4 }, ["127.0.0.1"], /^http:\/\/localhost:\d+$/],
  ])("binds %j with %j", async (address, options, hosts, url) => {
    const listener = listen(address, options);
    await serveOn(listener);
    const bound = await listener.ready;
    expect(bound.kind).toBe("tcp");
    expect(bound.port).toBeGreaterThan(0);
    expect(bound.url).toMatch(url);
    for (const host of ["127.0.0.1", "::1"]) {
      const answer = ask({ host, port: bound.port });
      if (hosts.includes(host)) expect(await answer).toMatch(/hello$/);
      else await expect(answer).rejects.toMatchObject({ code: "ECONNREFUSED" });
    }
  });

  test("resolves a host name within the family asked for", async () => {
    const four = listen(["localhost", 0], { family: 4 });
    await serveOn(four);
    expect((await four.ready).host).toBe("127.0.0.1");
    const six = listen(["localhost", 0], { family: 6 });
    const outcome = await six.ready.then(
      ({ host }) => host,
      (error: unknown) => error,
    );
    await six.close();
    if (outcome instanceof ListenError)
      expect(outcome.code).toBe("ENOTFOUND"); // a machine whose localhost is IPv4 only
    else expect(outcome).toBe("::1");
  });

  test("names IPv4 peers of an IPv6 socket as IPv4", async () => {
    const listener = listen(["", 0]);
    const { environ } = await serveOn(listener);
    const { port } = await listener.ready;
    await ask({ host: "127.0.0.1", port });
    expect(await environ).toMatchObject({
      REMOTE_ADDR: "127.0.0.1",
      SERVER_NAME: "127.0.0.1",
      SERVER_PORT: String(port),
    });
  });

  test.skipIf(process.platform !== "linux")("binds an abstract unix socket", async () => {
    const name = `wsgi-${process.pid}-${performance.now()}`;
    const listener = listen(`unix:@${name}`);
    await serveOn(listener);
    expect(await listener.ready).toEqual({ kind: "unix", host: `@${name}`, port: 0, url: `http:@${name}` });
    expect(await ask({ path: `\0${name}` })).toMatch(/hello$/);
  });

  test("shares a port by reusePort where the system and Node can, and says so where not", async () => {
    const first = listen(["127.0.0.1", 0], { reusePort: true });
    const bound = await first.ready.catch((error: unknown) => error);
    onTestFinished(() => first.close());
    if (bound instanceof ListenError) {
      expect(bound.message).toMatch(/^cannot listen on 127\.0\.0\.1:0: .* \(ENOTSUP\)$/);
      return;
    }
    const second = listen(["127.0.0.1", (bound as { port: number }).port], { reusePort: true });
    await second.ready;
    await second.close();
  });

  test.each<[string, ListenAddress, ListenOptions]>([
    ["a port too high", 65536, {}],
    ["a negative port", -1, {}],
    ["a fraction of a port", 1.5, {}],
    ["a port that is text", ["a", "80"] as unknown as [string, number], {}],
    ["no port", "localhost", {}],
    ["an empty text", "", {}],
    ["IPv6 without brackets", "::1:80", {}],
    ["an open bracket", "[::1:80", {}],
    ["an empty unix path", "unix:", {}],
    ["an empty abstract name", "unix:@", {}],
    ["a unix path with a NUL", "unix:/a\0b", {}],
    ["a unix path too long", `unix:/${"x".repeat(107)}`, {}],
    ["a descriptor that is none", "fd://x", {}],
    ["nothing", undefined as unknown as string, {}],
    ["a family that is none", 0, { family: 5 as 4 }],
    ["a backlog of 0", 0, { backlog: 0 }],
    ["a reusePort that is no boolean", 0, { reusePort: 1 as unknown as boolean }],
    ["an ipv6Only that is no boolean", 0, { ipv6Only: 1 as unknown as boolean }],
    ["a mode for a TCP address", 0, { mode: 0o600 }],
    ["a mode out of range", "unix:/tmp/x", { mode: 0o1000 }],
  ])("refuses %s at once", (_what, address, options) => {
    expect(() => listen(address, options)).toThrow(UsageError);
  });
});

describe("a unix socket", () => {
  test.each(["unix:", "unix://"])("named by %s and its path serves, with an environ that says so", async (prefix) => {
    const path = join(folder(), "app.sock");
    const listener = listen(`${prefix}${path}`);
    const { environ } = await serveOn(listener);
    expect(await listener.ready).toEqual({ kind: "unix", host: path, port: 0, url: `http:${path}` });
    expect(await ask({ path })).toMatch(/hello$/);
    expect(await environ).toMatchObject({ REMOTE_ADDR: "unix", REMOTE_PORT: "", SERVER_NAME: "unix" });
  });

  test.each([0o600, 0o660, 0o666])("gets the permissions that were asked for: %o", async (mode) => {
    const path = join(folder(), "app.sock");
    await serveOn(listen(`unix:${path}`, { mode }));
    expect(statSync(path).mode & 0o777).toBe(mode);
  });

  test("is removed when the listener closes", async () => {
    const path = join(folder(), "app.sock");
    const listener = listen(`unix:${path}`);
    await listener.ready;
    expect(existsSync(path)).toBe(true);
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  test("replaces one whose server is gone", async () => {
    const directory = folder();
    const path = join(directory, "app.sock");
    const gone = net.createServer().listen(join(directory, "gone.sock"));
    await once(gone, "listening");
    renameSync(join(directory, "gone.sock"), path); // so that closing does not remove it
    gone.close();
    await once(gone, "close");
    expect(existsSync(path)).toBe(true);
    await serveOn(listen(`unix:${path}`));
    expect(await ask({ path })).toMatch(/hello$/);
  });

  test("leaves one whose server lives", async () => {
    const path = join(folder(), "app.sock");
    await serveOn(listen(`unix:${path}`));
    const second = listen(`unix:${path}`);
    await expect(second.ready).rejects.toMatchObject({ code: "EADDRINUSE" });
    await second.close();
    expect(await ask({ path })).toMatch(/hello$/);
  });
});

describe("a descriptor", () => {
  test("inherited from another process is served", async () => {
    const parent = net.createServer().listen(0, "127.0.0.1");
    onTestFinished(() => {
      parent.close();
    });
    await once(parent, "listening");
    const { port } = parent.address() as net.AddressInfo;
    const { fd } = (parent as unknown as { _handle: { fd: number } })._handle;
    const child = startFixture("serve-addresses.ts", ["fd://3"], { fd3: fd });
    expect(await child.ask()).toMatchObject({ addresses: [{ kind: "tcp", host: "127.0.0.1", port }] });
    parent.close(); // ours; the child's lives
    expect(await ask({ host: "127.0.0.1", port })).toMatch(/hello$/);
  });

  test("of a unix socket is served", async () => {
    const path = join(folder(), "app.sock");
    const parent = net.createServer().listen(path);
    onTestFinished(() => {
      parent.close();
    });
    await once(parent, "listening");
    const { fd } = (parent as unknown as { _handle: { fd: number } })._handle;
    const child = startFixture("serve-addresses.ts", ["fd://3"], { fd3: fd });
    expect(await child.ask()).toMatchObject({ addresses: [{ kind: "fd", port: 0, url: "http:fd://3" }] });
    const served: string[] = [];
    parent.on("connection", (socket) => {
      served.push("parent");
      socket.end();
    });
    while (served.length === 0) {
      const answer = await ask({ path });
      if (answer === "") continue;
      expect(answer).toMatch(/hello$/);
      break;
    }
  });
});

describe("a listener", () => {
  test("without a server ends the connections that waited for one when it closes", async () => {
    const listener = listen(["127.0.0.1", 0]);
    const { port } = await listener.ready;
    const client = await Client.connect(port);
    await new Promise((resolve) => setTimeout(resolve, 0));
    await listener.close();
    expect(await client.end()).toBe("");
    await expect(Client.connect(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("may be closed twice, and before it is bound", async () => {
    const listener = listen(["127.0.0.1", 0]);
    await Promise.all([listener.close(), listener.close()]);
    await listener.close();
    const { port } = await listener.ready;
    await expect(Client.connect(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("cannot be given to a server when it was closed: that would wait for ever", async () => {
    const listener = listen(["127.0.0.1", 0]);
    const closed = listener.close();
    const refused = expect.objectContaining({ code: "BAD_LISTENER", message: expect.stringContaining("was closed") });
    expect(() => server(listener, () => [])).toThrow(refused);
    await closed;
    expect(() => server(listener, () => [])).toThrow(refused);
  });

  test.each<[string, unknown, string]>([
    ["an option that is not known", { reuseport: true }, 'listen: there is no option "reuseport"'],
    ["null", null, "listen: expected an object of options, got null"],
    ["text where a number belongs", { backlog: "5" }, 'listen: backlog: expected a whole number above 0, got "5"'],
  ])("refuses %s", (_name, options, message) => {
    expect(() => listen(0, options as ListenOptions)).toThrow(
      expect.objectContaining({ code: "BAD_OPTION", message: expect.stringContaining(message) }),
    );
  });

  test("lets connections that it handed out live on when it closes", async () => {
    const listener = listen(["127.0.0.1", 0]);
    const sockets: net.Socket[] = [];
    listener.accept({
      logger: SILENT,
      onConnection: (socket) => sockets.push(socket as net.Socket),
      onClose: () => {},
      onError: () => {},
    });
    const { port } = await listener.ready;
    const client = await Client.connect(port);
    while (sockets.length === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    await listener.close();
    sockets[0]?.end("still alive");
    expect(await client.end()).toBe("still alive");
  });

  test("hands out sockets that nobody reads yet, and that may be half-closed", async () => {
    const listener = listen(["127.0.0.1", 0]);
    const handed = deferred<net.Socket>();
    listener.accept({
      logger: SILENT,
      onConnection: (socket) => handed.resolve(socket as net.Socket),
      onClose: () => {},
      onError: () => {},
    });
    const { port } = await listener.ready;
    const client = await Client.connect(port);
    client.send("early");
    const socket = await handed.promise;
    expect(socket.isPaused()).toBe(true);
    expect(socket.bytesRead).toBe(0);
    expect(socket.allowHalfOpen).toBe(true);
    socket.destroy();
    await listener.close();
  });
});
