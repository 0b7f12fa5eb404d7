// Addresses: every kind that can be listened on, what is inherited from who started the command, what the process id file
// and the rights of files are, and one line on what cannot be bound.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import net from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { hasPython } from "../../core/test/support/tools.ts";
import { adminAddress, bindAddresses } from "../src/bind-address.ts";
import {
  answering,
  COMMAND,
  type Ended,
  folderWith,
  HELLO,
  runCommand,
  serve,
  serving,
  startCommand,
  textOf,
} from "./support/command.ts";

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === "::1");

describe("the addresses of settings", () => {
  const addressesOf = (bind: readonly string[], port?: number, env: NodeJS.ProcessEnv = {}): unknown =>
    bindAddresses({ bind, port }, env, 42);

  it("are this machine's port 8000 when nothing is said, and every interface with a port", () => {
    expect(addressesOf([])).toEqual([{ address: "127.0.0.1:8000", plain: false }]);
    expect(addressesOf([], 80)).toEqual([{ address: ":80", plain: false }]);
  });

  it("are those of --bind, before a port and before systemd's", () => {
    const env = { LISTEN_FDS: "1", LISTEN_PID: "42" };
    expect(addressesOf([":1", "http://127.0.0.1:2/", "https://:3", "http://unix:/a"], 80, env)).toEqual([
      { address: ":1", plain: false },
      { address: "127.0.0.1:2", plain: true },
      { address: ":3", plain: false },
      { address: "unix:/a", plain: true },
    ]);
  });

  it("are systemd's when they are for this process", () => {
    const all = [
      { address: "fd://3", plain: false },
      { address: "fd://4", plain: false },
    ];
    expect(addressesOf([], 80, { LISTEN_FDS: "2", LISTEN_PID: "42" })).toEqual(all);
    expect(addressesOf([], 80, { LISTEN_FDS: "2", LISTEN_PID: "43" })).toEqual([{ address: ":80", plain: false }]);
    expect(() => addressesOf([], 80, { LISTEN_FDS: "two", LISTEN_PID: "42" })).toThrow(
      "LISTEN_FDS: expected how many sockets there are, got two",
    );
  });

  it.each(["127.0.0.1", "foo:bar", ":70000", "[::1:80", "unix:", "fd://x", "http://", "ftp://a:1"])(
    "are not %s",
    (text) => {
      expect(() => addressesOf([text])).toThrow(
        `--bind: expected an address such as 127.0.0.1:8000, [::1]:8000, :8000, unix:/run/app.sock or fd://3, got "${text}"`,
      );
    },
  );

  it("of --admin are of this machine only when they are a bare port", () => {
    expect(["9000", ":9000", "unix:/a"].map(adminAddress)).toEqual(["127.0.0.1:9000", ":9000", "unix:/a"]);
    expect(() => adminAddress("nine")).toThrow(/^--admin: expected an address such as .*, got "nine"$/);
  });
});

describe("the command listens on", () => {
  it("several addresses at once", async () => {
    const { urls, folder } = await serve(["-b", "127.0.0.1:0", "-b", "127.0.0.1:0", "-b", "unix:a.sock", "app.mjs"]);
    expect(urls).toHaveLength(3);
    expect(new Set(urls).size).toBe(3);
    for (const url of urls.slice(0, 2)) expect(await textOf(url)).toBe("hello");
    expect(await overUnix(join(folder, "a.sock"))).toContain("hello");
  });

  it.runIf(hasIpv6)("an address of IPv6", async () => {
    const { url } = await serve(["-b", "[::1]:0", "app.mjs"]);
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect(await textOf(url)).toBe("hello");
  });

  it.each([
    [["-p", "0"], {}],
    [[], { PORT: "0" }],
    [["-w", "1"], { PORT: "0" }],
  ] as const)("every interface with %j %j", async (args, env) => {
    const cwd = folderWith({ "app.mjs": HELLO });
    const { url } = await serving(startCommand([...args, "app.mjs"], { cwd, env }));
    const { port, hostname } = new URL(url);
    expect(["[::]", "0.0.0.0"]).toContain(hostname);
    expect(await textOf(`http://127.0.0.1:${port}`)).toBe("hello");
  });

  it.each([[[]], [["-w", "1"]]])(
    "a unix socket with the mode that is asked for, and takes it away at the end, with %j",
    async (more) => {
      const command = await serve(["-b", "unix:a.sock", "--socket-mode", "0606", "app.mjs", ...more]);
      const path = join(command.folder, "a.sock");
      expect(statSync(path).mode & 0o777).toBe(0o606);
      expect(await overUnix(path)).toContain("hello");
      expect((await command.stop()).code).toBe(0);
      expect(existsSync(path)).toBe(false);
    },
  );

  it.each([[[]], [["-w", "1"]]])("a descriptor that it inherits, with %j", async (more) => {
    const parent = await listening();
    const { _handle: handle } = parent as unknown as { _handle: { fd: number } };
    const cwd = folderWith({ "app.mjs": HELLO });
    const command = startCommand(["-b", "fd://3", "app.mjs", ...more], {
      cwd,
      stdio: ["ignore", "pipe", "pipe", handle.fd],
    });
    await serving(command);
    const { port } = parent.address() as net.AddressInfo;
    parent.close(); // what is left of the socket is the command's
    expect(await textOf(`http://127.0.0.1:${port}`)).toBe("hello");
  });

  it.runIf(hasPython).each([[[]], [["-w", "1"]]])("the sockets of systemd, with %j", async (more) => {
    const systemd = `
import os, socket, sys
for fd in (3, 4):
    s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
    print("port", s.getsockname()[1], flush=True)
    os.dup2(s.fileno(), fd) if s.fileno() != fd else os.set_inheritable(fd, True)
    s.detach()
os.environ.update(LISTEN_FDS="2", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1], sys.argv[1:])`;
    const through = ["python3", "-c", systemd, process.execPath, COMMAND];
    const command = startCommand(["app.mjs", ...more], { cwd: folderWith({ "app.mjs": HELLO }), through });
    await serving(command);
    const ports = [...command.stdout.matchAll(/^port (\d+)$/gm)].map(([, port]) => port);
    expect(ports).toHaveLength(2);
    for (const port of ports) expect(await textOf(`http://127.0.0.1:${port}`)).toBe("hello");
  });
});

describe("an address that cannot be had", () => {
  async function faultOf(...args: readonly string[]): Promise<string> {
    const cwd = folderWith({ "app.mjs": HELLO });
    mkdirSync(join(cwd, "folder"));
    const ended: Ended = await runCommand([...args, "app.mjs"], { cwd });
    expect([ended.code, ended.stdout]).toEqual([1, ""]);
    return ended.stderr;
  }

  it.each([[[]], [["-w", "1"]]])("is in use, with %j", async (more) => {
    const { port } = (await listening()).address() as net.AddressInfo;
    expect(await faultOf("-b", `127.0.0.1:${port}`, ...more)).toBe(
      `wsgi: cannot listen on 127.0.0.1:${port}: something else listens there already (EADDRINUSE)\n`,
    );
  });

  it.each([
    [
      "unix:no/such/a.sock",
      /^wsgi: cannot listen on unix:no\/such\/a\.sock: the directory .*no\/such does not exist \(E\w+\)\n$/,
    ],
    ["unix:folder", /^wsgi: cannot listen on unix:folder: [^\n]*\n$/],
    [
      "fd://77",
      /^wsgi: cannot listen on fd:\/\/77: the descriptor is not a listening socket, or not open \(EINVAL\)\n$/,
    ],
    ["fd://1", /^wsgi: cannot listen on fd:\/\/1: [^\n]*\n$/],
    [
      "no.such.host.invalid:0",
      /^wsgi: cannot listen on no\.such\.host\.invalid:0: the host name is not known \(E\w+\)\n$/,
    ],
    ["192.0.2.1:0", /^wsgi: cannot listen on 192\.0\.2\.1:0: [^\n]*\(EADDRNOTAVAIL\)\n$/],
    ["foo:bar", /^wsgi: --bind: expected an address such as [^\n]*, got "foo:bar"\n$/],
  ])("is %s", async (address, message) => {
    expect(await faultOf("-b", address)).toMatch(message);
    // Which socket listens, only listening shows: a worker says it in its own words.
    if (address !== "fd://1") expect(await faultOf("-b", address, "-w", "1")).toMatch(message);
  });

  it("leaves no file of the sockets before it", async () => {
    const cwd = folderWith({ "app.mjs": HELLO, "bad.mjs": "throw 1" });
    expect((await runCommand(["-b", "unix:a.sock", "-b", "fd://77", "app.mjs"], { cwd })).code).toBe(1);
    expect((await runCommand(["-b", "unix:a.sock", "bad.mjs"], { cwd })).code).toBe(1);
    expect(existsSync(join(cwd, "a.sock"))).toBe(false);
  });

  it("is the one of the admin server", async () => {
    const { port } = (await listening()).address() as net.AddressInfo;
    const fault = await faultOf("-b", "127.0.0.1:0", "--admin", String(port));
    expect(fault).toMatch(new RegExp(`wsgi: cannot listen on 127\\.0\\.0\\.1:${port}: something else`));
    expect(await faultOf("-b", "127.0.0.1:0", "--admin", "nine")).toMatch(/^wsgi: --admin: expected [^\n]*\n$/);
  });
});

describe("--pid", () => {
  it("is written while the command runs", async () => {
    const command = await serve(["--pid", "my.pid", "app.mjs"]);
    const path = join(command.folder, "my.pid");
    expect(readFileSync(path, "utf8")).toBe(`${command.pid}\n`);
    await command.stop();
    expect(existsSync(path)).toBe(false);
  });

  it("is taken away when the application cannot be loaded", async () => {
    const cwd = folderWith({ "app.mjs": "throw 1" });
    expect((await runCommand(["--pid", "my.pid", "-b", "127.0.0.1:0", "app.mjs"], { cwd })).code).toBe(1);
    expect(existsSync(join(cwd, "my.pid"))).toBe(false);
  });

  it("stays the one of the command that runs when a second one cannot begin", async () => {
    const first = await serve(["--pid", "my.pid", "app.mjs"]);
    const { port } = new URL(first.url);
    const second = await runCommand(["--pid", "my.pid", "-b", `127.0.0.1:${port}`, "app.mjs"], { cwd: first.folder });
    expect(second.code).toBe(1);
    expect(readFileSync(join(first.folder, "my.pid"), "utf8")).toBe(`${first.pid}\n`);
  });

  it("that a dead one left, or that holds nonsense, is replaced", async () => {
    const dead = spawnSync(process.execPath, ["--version"]).pid;
    for (const text of [`${dead}\n`, "nonsense"]) {
      const command = await serve(["--pid", "my.pid", "app.mjs"], { "app.mjs": HELLO, "my.pid": text });
      expect(readFileSync(join(command.folder, "my.pid"), "utf8")).toBe(`${command.pid}\n`);
      expect((await command.stop()).code).toBe(0);
      expect(existsSync(join(command.folder, "my.pid"))).toBe(false);
    }
  });

  it("that somebody took away does not matter at the end", async () => {
    const app = HELLO.replace("export", 'import { rmSync } from "node:fs"; rmSync("my.pid");\nexport');
    const command = await serve(["--pid", "my.pid", "app.mjs"], { "app.mjs": app });
    expect(await command.stop()).toMatchObject({ code: 0, stderr: expect.not.stringContaining("ENOENT") });
  });

  it("that cannot be written is told", async () => {
    const { code, stderr } = await runCommand(["--pid", "no/such/my.pid", "app.mjs"], { cwd: folderWith() });
    expect(stderr).toMatch(/^wsgi: --pid: cannot write no\/such\/my\.pid: ENOENT[^\n]*\n$/);
    expect(code).toBe(1);
  });
});

describe("--umask", () => {
  it.each([[[]], [["-w", "1"]]])("is what new files lack, with %j", async (more) => {
    const app = `import { writeFileSync } from "node:fs";\nwriteFileSync("made", "");\n${answering("process.umask()")}`;
    const command = await serve(["--umask", "026", "app.mjs", ...more], { "app.mjs": app });
    expect(await textOf(command.url)).toBe(String(0o26));
    expect(statSync(join(command.folder, "made")).mode & 0o777).toBe(0o640);
  });
});

/** A TCP server of somebody else, on a free port. */
async function listening(): Promise<net.Server> {
  const server = net.createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function overUnix(path: string): Promise<string> {
  const client = await Client.connect(path);
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  return await client.end();
}
