// The code of the documentation: all of it is typechecked, and every program in it runs and does what the text says.

import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { Client } from "../packages/core/test/support/client.ts";
import { pythonWith } from "../packages/python/test/frameworks/support/pythons.ts";
import type { Authority } from "../packages/tls/test/support/authority.ts";
import { frame, request } from "../packages/websocket/test/support/raw.ts";
import { connectSecurely, curlSecurely, writeCertificates, writeOwn } from "./support/certificates.ts";
import { compile, findCodeBlocks, writeCodeBlocks } from "./support/code-blocks.ts";
import { curl, Program } from "./support/program.ts";

const blocks = findCodeBlocks([
  ...["README.md", "packages/core/README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"],
  ...["packages/posthooks/README.md", "packages/tls/README.md", "packages/cli/README.md"],
  ...["packages/node/README.md", "packages/websocket/README.md"],
  ...["packages/middleware/README.md", "packages/fetch/README.md", "packages/python/README.md"],
  ...["options", "environ", "errors", "extensions", "listeners", "differences"].map((n) => `docs/${n}.md`),
  ...["migrating-from-eventlet", "migrating-python"].map((n) => `docs/${n}.md`),
]);
const PYTHON_README = join(import.meta.dirname, "../packages/python/README.md");
const folder = writeCodeBlocks(blocks);
const freePorts = join(folder, "free-ports.js");

/** What the compiler says. */
let faults: string;
/** Who has signed the certificates that the programs show. */
let authority: Authority;

beforeAll(async () => {
  faults = await compile(folder);
  authority = await writeCertificates(folder);
  const [, shop = ""] = /```python\n(# shop\.py\n[\s\S]*?)```/.exec(readFileSync(PYTHON_README, "utf8")) ?? [];
  writeFileSync(join(folder, "shop.py"), shop);
}, 60_000);

interface Running {
  readonly program: Program;
  readonly port: number;
  readonly url: string;
  readonly file: string;
}

async function sayHello({ url }: Running): Promise<void> {
  expect(await curl(url)).toBe("Hello, World!\r\n");
}

async function sayHelloSecurely({ port, url }: Running): Promise<void> {
  expect(await curlSecurely(folder, port)).toBe("Hello, World! This is https.\r\n");
  expect(await curl(url)).toContain("Say https://");
}

/** What each program does, in the order of the pages. */
const programs: [title: string, check: (running: Running) => Promise<void>][] = [
  ["README.md: wsgi", sayHello],
  ["README.md: HTTPS", sayHelloSecurely],
  [
    "README.md: The environ",
    async ({ url }) => {
      const response = await fetch(url, { method: "POST", body: "{}", headers: { "content-type": "text/json" } });
      expect([response.headers.get("content-type"), await response.text()]).toEqual(["text/json", "{}"]);
      expect((await fetch(url, { method: "POST", body: "x".repeat(1_000_001) })).status).toBe(413);
    },
  ],
  ["README.md: Extensions", sayHello],
  ["packages/core/README.md: @wsgi/core", sayHello],
  ["packages/core/README.md: @wsgi/core", sayHello],
  [
    "packages/core/README.md: `server(listeners, application, options?)`",
    async ({ url, program }) => {
      const [, path = ""] = await program.prints(/\[\/run\/app\.sock is (.+)\]/);
      await program.prints(/^http:\/\/127\.0\.0\.1:\d+ and http:\/run\/app\.sock$/m);
      expect(await curl(url)).toBe("Hello, 127.0.0.1\r\n");
      expect(await curl("--unix-socket", join(folder, path), "http://localhost/")).toBe("Hello, unix\r\n");
      program.kill("SIGTERM");
      expect(await program.exit).toEqual({ code: 0, signal: null });
      expect(program.stdout).toMatch(/^closed, 0 connections cut$/m);
    },
  ],
  [
    "packages/core/README.md: Applications",
    async ({ url, port, program }) => {
      expect(await curl(url)).toBe("3\n2\n1\n");
      const client = await Client.connect(port);
      client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await client.receive("3\n");
      client.leave();
      await program.logs(/"GET \/ HTTP\/1\.1" 200 [24] /);
      expect(program.stderr).not.toMatch(/failed/);
    },
  ],
  [
    "packages/core/README.md: `write`",
    async ({ url }) => expect(await curl(url)).toBe("line 1\nline 2\nline 3\nend\n"),
  ],
  [
    "packages/core/README.md: Reading the body",
    async ({ url }) => expect(await curl("--data-binary", "one\ntwo\nthree", url)).toBe("2 lines, 13 bytes\r\n"),
  ],
  [
    "packages/core/README.md: Files",
    async ({ url, file }) => {
      const response = await fetch(url);
      const text = readFileSync(file, "utf8");
      expect(response.headers.get("content-length")).toBe(String(text.length));
      expect(await response.text()).toBe(text);
    },
  ],
  [
    "packages/core/README.md: Upgrades",
    async ({ port }) => {
      const client = await Client.connect(port);
      client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\nread ahead, ");
      await client.receive(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nREAD AHEAD, $/);
      client.send("and after");
      await client.receive("AND AFTER");
      client.finish();
      await client.end();
      const plain = await Client.connect(port);
      plain.send("GET / HTTP/1.0\r\n\r\n");
      expect(await plain.end()).toMatch(/^HTTP\/1\.1 426 .*\r\n(.+\r\n)*Upgrade: shout\r\n/);
    },
  ],
  [
    "packages/core/README.md: Extensions",
    async ({ url, program }) => {
      expect(await curl(`${url}slow`)).toBe("That took a while.\r\n");
      await program.prints(/^GET \/slow HTTP\/1\.1 took \d+ ms$/m);
    },
  ],
  [
    "packages/posthooks/README.md: @wsgi/posthooks",
    async (running) => {
      await sayHello(running);
      await running.program.prints(/^Hook called: [\s\S]+ arg1 arg2 3 4$/m);
    },
  ],
  [
    "packages/posthooks/README.md: The receipt",
    async ({ url, port, program }) => {
      expect(await curl("--output", "/dev/null", "--write-out", "%{size_download}", url)).toBe("100000000");
      await program.prints(/^somebody: 100000000 bytes in \d+ ms, completed$/m);
      const client = await Client.connect(port);
      client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await client.receive("\r\n\r\n");
      client.reset();
      await program.prints(/^somebody: \d{1,8} bytes in \d+ ms, left in response-body$/m);
    },
  ],
  ["packages/tls/README.md: @wsgi/tls", sayHelloSecurely],
  [
    "packages/tls/README.md: A certificate",
    async ({ port }) => expect(await curl("--insecure", `https://localhost:${port}/`)).toBe("Hello, World!\r\n"),
  ],
  [
    "packages/tls/README.md: Several certificates",
    async ({ port }) => {
      for (const host of ["localhost", "shop.example", "www.example.com"]) {
        expect(await curlSecurely(folder, port, host)).toBe(`This is ${host}.\r\n`);
      }
      await expect(curlSecurely(folder, port, "example.com")).rejects.toMatchObject({ code: 60 }); // the default one
    },
  ],
  [
    "packages/tls/README.md: Several certificates",
    async ({ port }) => {
      expect(await curlSecurely(folder, port)).toBe("This is localhost.\r\n");
      const tenant = { servername: "alice.localhost", rejectUnauthorized: false };
      const shown = async (): Promise<string> =>
        (await connectSecurely(folder, port, tenant)).getPeerCertificate().fingerprint256;
      const first = await connectSecurely(folder, port, tenant);
      expect(first.getPeerCertificate().subject.CN).toBe("alice.localhost");
      expect(await shown()).toBe(first.getPeerCertificate().fingerprint256);
    },
  ],
  [
    "packages/tls/README.md: Certificates of clients",
    async ({ port }) => {
      const alice = ["--cert", join(folder, "alice.crt"), "--key", join(folder, "alice.key")];
      expect(await curlSecurely(folder, port, "localhost", ...alice)).toBe("You are CN=alice,O=Example.\r\n");
      await expect(curlSecurely(folder, port)).rejects.toThrow(/alert|certificate required/i);
    },
  ],
  [
    "packages/tls/README.md: Renewals",
    async ({ port, program }) => {
      expect(await curlSecurely(folder, port)).toMatch(/^The certificate ends on \w{3} \w{3} \d\d \d{4}\.\r\n$/);
      const open = await connectSecurely(folder, port);
      await writeOwn(folder, authority);
      program.kill("SIGHUP");
      await program.prints(/^1 new, 0 bad$/m);
      await program.logs(/new connections use \S*cert\.crt as it is now$/m);
      const renewed = await connectSecurely(folder, port);
      expect(renewed.getPeerCertificate().serialNumber).not.toBe(open.getPeerCertificate().serialNumber);
      writeFileSync(join(folder, "private.key"), (await authority.issue()).key);
      program.kill("SIGHUP");
      await program.prints(/^0 new, 1 bad$/m);
      await program.logs(/do not belong together: .*What was loaded before stays in use$/m);
      await writeOwn(folder, authority);
    },
  ],
  [
    "packages/tls/README.md: Sessions and several processes",
    async ({ port }) => {
      let session: Buffer | undefined;
      const met = new Map<string, boolean>();
      while (met.size < 2) {
        const socket = await connectSecurely(folder, port, { maxVersion: "TLSv1.2", session });
        const resumed = socket.isSessionReused();
        session ??= socket.getSession();
        socket.setEncoding("latin1").write("GET / HTTP/1.0\r\n\r\n");
        const [, id = ""] = /from process (\d+)/.exec((await socket.toArray()).join("")) ?? [];
        if (!met.has(id)) met.set(id, resumed);
      }
      expect([...met.values()]).toEqual([false, true]);
    },
  ],
  [
    "packages/node/README.md: @wsgi/node",
    async ({ url }) => {
      const response = await fetch(url);
      expect([response.headers.get("x-powered-by"), response.status]).toEqual(["Express", 200]);
      expect(await response.text()).toMatch(/^Hello, \S+!\r\n$/);
    },
  ],
  [
    "packages/node/README.md: `fromNodeListener(listener, options?)`",
    async ({ url, port }) => {
      expect(await curl(`${url}page?q`)).toBe("GET /page?q over http\r\n");
      const client = await Client.connect(port);
      client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: hello\r\n\r\n");
      expect(await client.end()).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nhello$/);
    },
  ],
  [
    "packages/websocket/README.md: @wsgi/websocket",
    async ({ port }) => {
      const client = await Client.connect(port);
      client.send(request());
      await client.receive(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n/);
      client.send(frame({ opcode: 1, payload: "hello" }));
      await client.receive(/\x81\x05hello$/);
    },
  ],
  [
    "packages/websocket/README.md: The handler",
    async ({ url, port }) => {
      expect(await curl(url)).toContain('new WebSocket("/chat")');
      const client = await Client.connect(port);
      client.send(request({ Origin: "http://localhost:8090" }, "GET /chat HTTP/1.1"));
      await client.receive(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n/);
      client.send(frame({ opcode: 1, payload: "hello" }));
      await client.receive(`${client.socket.localPort}: hello`);
      const stranger = await Client.connect(port);
      stranger.send(request({ Origin: "http://evil.example" }, "GET /chat HTTP/1.1"));
      await stranger.receive(/^HTTP\/1\.1 403 /);
    },
  ],
  [
    "packages/middleware/README.md: @wsgi/middleware",
    async ({ url }) => {
      expect(await curl(`${url}api/users`)).toBe("api: /api and /users\r\n");
      expect(await curl(`${url}apis`)).toBe("site:  and /apis\r\n");
    },
  ],
  [
    "packages/fetch/README.md: @wsgi/fetch",
    async ({ url }) => expect(await curl("--data", "x", `${url}a?b`)).toBe("POST /a\r\n"),
  ],
  ["packages/python/README.md: @wsgi/python", async ({ url }) => expect(await curl(url)).toBe("Hello from Python\r\n")],
  ["docs/environ.md: Keys of your own", async ({ url }) => expect(await curl(`${url}é`)).toBe("example: GET /é\r\n")],
  [
    "docs/errors.md: ListenError",
    async (running) => {
      await sayHello(running);
      const taken = net.createServer();
      await new Promise<void>((resolve) => taken.listen(0, resolve));
      onTestFinished(() => void taken.close());
      const env = { WSGI_TEST_PORT: String((taken.address() as net.AddressInfo).port) };
      const second = new Program(running.file, { preload: [freePorts], cwd: folder, env });
      expect(await second.exit).toEqual({ code: 1, signal: null });
      expect(second.stderr).toMatch(/^The port is taken\. Is another server running\?$/m);
    },
  ],
  [
    "docs/extensions.md: An example: request ids and totals",
    async ({ url, program }) => {
      expect(JSON.parse(await curl("--header", "X-Request-ID: 42", url))).toMatchObject({ id: "42", responses: 0 });
      expect(await curl("--header", "X-Request-ID: 43", `${url}error`)).toBe("");
      await program.logs(/^request 43: Error: asked for$/m);
      expect(JSON.parse(await curl(url))).toMatchObject({ id: expect.stringMatching(/^[\da-f-]{36}$/), responses: 2 });
      program.kill("SIGTERM");
      expect(await program.exit).toEqual({ code: 0, signal: null });
      expect(program.stdout).toMatch(/^served 3 responses, 0 of them unfinished$/m);
    },
  ],
  [
    "docs/listeners.md: An example: so many connections from one address",
    async ({ url, port, program }) => {
      const first = await Client.connect(port);
      const second = await Client.connect(port);
      second.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await second.receive("This is connection 2 of 127.0.0.1.\r\n");
      expect(await (await Client.connect(port)).end()).toBe("");
      await program.logs(/^turned \S*127\.0\.0\.1 away: it has 2 connections$/m);
      first.leave();
      await expect.poll(() => curl("--ipv4", url).catch(() => "")).toBe("This is connection 2 of 127.0.0.1.\r\n");
    },
  ],
  [
    "docs/migrating-from-eventlet.md: Migrating from eventlet",
    async (running) => {
      await sayHello(running);
      expect(await curl(`${running.url}elsewhere`)).toBe("Not Found\r\n");
    },
  ],
  ["docs/migrating-from-eventlet.md: TLS", sayHelloSecurely],
  ["docs/migrating-from-eventlet.md: Options", async ({ url }) => expect(await curl(url)).toBe("No hurry.\r\n")],
];

test("is well typed", () => {
  expect(faults).toBe("");
});

const found = blocks.filter((block) => block.isProgram);

test("has a check here for every program", () => {
  expect(found.map((block) => block.title)).toEqual(programs.map(([title]) => title));
});

/** Programs of Python are left out where there is none. */
const runnable = found
  .map((block, i) => ({ ...block, check: programs[i]?.[1] }))
  .filter(({ title }) => pythonWith("sys") !== undefined || !title.startsWith("packages/python/"));

test.each(runnable)("runs: $title, line $line", async ({ name, ending, check }) => {
  const file = join(folder, `${name}.${ending === "ts" ? "js" : ending}`);
  const program = new Program(file, { preload: [freePorts], cwd: folder });
  const [, port = ""] = await program.prints(/^\[8090 is (\d+)\]$/m);
  await check?.({ program, port: Number(port), url: `http://localhost:${port}/`, file });
});
