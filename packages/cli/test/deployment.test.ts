// The files of examples/deploy at work: nginx and HAProxy in front of the command, where they are installed, and systemd's
// opinion of the units. Real requests; only addresses and paths are changed.

import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  folderWith,
  type RunningCommand,
  runCommand,
  type ServingCommand,
  serve,
  serving,
  startCommand,
} from "./support/command.ts";

const deploy = join(import.meta.dirname, "../../../examples/deploy");
const SIZE = 20_000_000;

/** Uploads are answered with their digest; /down is large; the peer's port tells one connection from another. */
const APPLICATION = `import { createHash } from "node:crypto";
const large = Buffer.alloc(${SIZE}, "x");
export default async (environ, startResponse) => {
  const hash = createHash("sha256");
  for (;;) {
    const piece = await environ["wsgi.input"].read(65536);
    if (piece.length === 0) break;
    hash.update(piece);
  }
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  if (environ.PATH_INFO === "/down") return [large];
  if (environ.PATH_INFO === "/up") return [hash.digest("hex")];
  return [JSON.stringify({ host: environ.HTTP_HOST, proto: environ.HTTP_X_FORWARDED_PROTO, peer: environ.REMOTE_PORT })];
};
`;

function isInstalled(...command: readonly [string, ...string[]]): boolean {
  try {
    execFileSync(command[0], command.slice(1), { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as net.AddressInfo;
  taken.close();
  await once(taken, "close");
  return port;
}

/** A file of examples/deploy with some of its text replaced, each piece exactly once. */
function adapted(name: string, changes: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(deploy, name), "utf8");
  for (const [from, to] of Object.entries(changes)) {
    expect(text.split(from).length, from).toBe(2);
    text = text.replace(from, to);
  }
  return text;
}

/** Starts a proxy and waits until its port answers; it ends with the test. */
async function startProxy(port: number, command: string, ...args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  await expect
    .poll(
      async () => {
        if (child.exitCode !== null) throw new Error(`${command} ended: ${output}`);
        const socket = net.connect(port, "127.0.0.1");
        const opened = await once(socket, "connect").then(
          () => true,
          () => false,
        );
        socket.destroy();
        return opened;
      },
      { timeout: 10_000 },
    )
    .toBe(true);
  return `http://127.0.0.1:${port}`;
}

async function nginx(backend: string): Promise<string> {
  const folder = folderWith();
  chmodSync(folder, 0o755);
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (it) => `${it}_temp_path ${folder}/${it};`,
  );
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    adapted("nginx.conf", {
      "/run/nginx.pid": `${folder}/pid`,
      "unix:/run/app/app.sock": backend,
      "listen 80;": `listen 127.0.0.1:${port};`,
      "http {": `http {\n  ${temporary.join("\n  ")}\n  access_log off;`,
      "worker_processes auto;": "worker_processes 1;",
    }),
  );
  const user = process.getuid?.() === 0 ? " user root;" : "";
  return await startProxy(port, "nginx", "-c", file, "-e", "stderr", "-g", `daemon off;${user}`);
}

async function haproxy(backend: string, admin: number): Promise<string> {
  const port = await freePort();
  const file = join(folderWith(), "haproxy.cfg");
  const text = adapted("haproxy.cfg", {
    "bind :80\n": `bind 127.0.0.1:${port}\n`,
    "server app1 127.0.0.1:8000 check port 9000": `server app1 ${backend} check addr 127.0.0.1 port ${admin}`,
  });
  writeFileSync(file, text);
  return await startProxy(port, "haproxy", "-db", "-f", file);
}

interface Response {
  readonly status: number;
  readonly body: Buffer;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

function ask(url: string, options: http.RequestOptions = {}, body?: Buffer): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent, ...options }, (response) => {
      buffer(response).then((bytes) => resolve({ status: response.statusCode ?? 0, body: bytes }), reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

type Front = (backend: string, admin: number) => Promise<string>;
interface Fronted {
  readonly running: ServingCommand;
  readonly url: string;
}

/** The command behind a proxy, on an address that the proxy writes as it does. */
async function behind(front: Front, kind: "tcp" | "unix", forProxy: (path: string) => string): Promise<Fronted> {
  const folder = folderWith();
  chmodSync(folder, 0o755);
  const bind = kind === "tcp" ? `127.0.0.1:${await freePort()}` : `unix:${folder}/app.sock`;
  const admin = await freePort();
  const args = ["-b", bind, "--socket-mode", "666", "-w", "2", "--admin", String(admin), "app.mjs"];
  const running = await serve(args, { "app.mjs": APPLICATION }, { cwd: folder });
  const url = await front(kind === "tcp" ? bind : forProxy(`${folder}/app.sock`), admin);
  await expect.poll(async () => (await ask(url)).status, { timeout: 10_000 }).toBe(200);
  return { running, url };
}

describe.each([
  ["nginx", isInstalled("nginx", "-v"), nginx, (path: string) => `unix:${path}`],
  ["haproxy", isInstalled("haproxy", "-v"), haproxy, (path: string) => `unix@${path}`],
] as const)("behind %s", (name, installed, front, forProxy) => {
  describe.skipIf(!installed).each(["tcp", "unix"] as const)("on a socket of the kind %s", (kind) => {
    test("requests come through, over connections that are kept", async () => {
      const { url, running } = await behind(front, kind, forProxy);
      const peers = new Set<string>();
      for (let i = 0; i < 30; i++) {
        const { status, body } = await ask(url, { headers: { "X-Forwarded-For": "192.0.2.7", Host: "shop.example" } });
        expect(status).toBe(200);
        const seen = JSON.parse(body.toString()) as { host: string; proto?: string; peer: string };
        expect(seen.host).toBe("shop.example");
        if (name === "nginx") expect(seen.proto).toBe("http");
        peers.add(seen.peer);
      }
      if (kind === "tcp") expect(peers.size).toBeLessThanOrEqual(4);
      await running.printed(/^192\.0\.2\.7, ?(127\.0\.0\.1|192\.0\.2\.7)\S* .*"GET \/ HTTP\/1\.1" 200 /m);
    });

    test("large bodies pass whole in both directions", async () => {
      const { url } = await behind(front, kind, forProxy);
      const body = randomBytes(SIZE);
      const up = await ask(`${url}/up`, { method: "POST" }, body);
      expect(up.body.toString()).toBe(createHash("sha256").update(body).digest("hex"));
      const down = await ask(`${url}/down`);
      expect(down.body.equals(Buffer.alloc(SIZE, "x"))).toBe(true);
    });

    test("nothing fails while the backend is reloaded under load", async () => {
      const { url, running } = await behind(front, kind, forProxy);
      let going = true;
      let answers = 0;
      const failures: string[] = [];
      const client = async (): Promise<void> => {
        while (going) {
          const { status, body } = await ask(url).catch((error) => ({ status: 0, body: Buffer.from(String(error)) }));
          if (status === 200) answers++;
          else failures.push(`${status} ${body.toString().slice(0, 200)}`);
        }
      };
      const clients = Array.from({ length: 4 }, client);
      for (let i = 0; i < 2; i++) {
        const { length } = running.output;
        running.kill("SIGHUP");
        await running.printed(/all workers are new/, length);
      }
      going = false;
      await Promise.all(clients);
      expect(failures).toEqual([]);
      expect(answers).toBeGreaterThan(50);
    });
  });
});

describe.skipIf(!isInstalled("systemd-analyze", "--version"))("systemd", () => {
  test("finds no fault in the units", () => {
    const folder = folderWith();
    // The program is not installed here: another one stands for it.
    const service = adapted("wsgi.service", { "/srv/app/node_modules/.bin/wsgi": process.execPath });
    writeFileSync(join(folder, "wsgi.service"), service);
    writeFileSync(join(folder, "wsgi.socket"), readFileSync(join(deploy, "wsgi.socket")));
    const units = ["wsgi.service", "wsgi.socket"].map((unit) => join(folder, unit));
    expect(execFileSync("systemd-analyze", ["verify", ...units], { encoding: "utf8" })).toBe("");
  });
});

test.skipIf(!isInstalled("systemd-socket-activate", "--version"))("the sockets of systemd are served", async () => {
  const port = await freePort();
  const cwd = folderWith({ "app.mjs": APPLICATION });
  const through = ["systemd-socket-activate", "-l", `127.0.0.1:${port}`, process.execPath];
  const running: RunningCommand = startCommand([join(import.meta.dirname, "../dist/wsgi.js"), "-w", "2", "app.mjs"], {
    cwd,
    through,
  });
  await running.printed(/Listening on/);
  const [{ status }] = await Promise.all([ask(`http://127.0.0.1:${port}/`), serving(running)]);
  expect(status).toBe(200);
  expect((await running.stop()).code).toBe(0);
});

test.skipIf(!isInstalled("python3", "-c", "import yaml"))(
  "deployment.yaml is good YAML, and says what Kubernetes reads",
  () => {
    const program = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))";
    const input = readFileSync(join(deploy, "deployment.yaml"));
    const text = execFileSync("python3", ["-c", program], { input, encoding: "utf8" });
    const { kind, spec } = JSON.parse(text) as { kind: string; spec: { template: { spec: { containers: object[] } } } };
    expect(kind).toBe("Deployment");
    expect(spec.template.spec.containers[0]).toMatchObject({
      readinessProbe: { httpGet: { path: "/ready", port: "admin" } },
      livenessProbe: { httpGet: { path: "/live", port: "admin" } },
    });
  },
);

test("the Dockerfile starts the command without a shell", async () => {
  const text = readFileSync(join(deploy, "Dockerfile"), "utf8");
  expect(text).toMatch(/^ENTRYPOINT \["node_modules\/\.bin\/wsgi"\]$/m);
  const [, cmd = ""] = /^CMD (\[.+\])$/m.exec(text) ?? [];
  expect((await runCommand(["--print-config", ...(JSON.parse(cmd) as string[])])).code).toBe(0);
});
