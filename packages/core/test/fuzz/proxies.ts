// nginx and HAProxy in front of a server, as child processes that others wrote: they listen on a unix socket in a folder of their
// own, keep connections to the server open and share them among clients, and give every request that they forward an id, which
// nobody else can give. Knows how each is configured; what is asked of them is behind-laws.ts's business.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a request was given by the proxy, as a header of the request and of its response. */
export const ID = "X-Front";

export type ProxyKind = "nginx" | "haproxy";

export const isInstalled = (kind: ProxyKind): boolean => spawnSync(kind, ["-v"]).status === 0;

const CONFIGS: Readonly<Record<ProxyKind, (folder: string, port: number) => string>> = {
  nginx: (folder, port) => `
    daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/errors;
    events { worker_connections 1024; }
    http {
      log_format ids '$request_id'; access_log ${folder}/ids ids;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f;
      uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      upstream behind { server 127.0.0.1:${port}; keepalive 4; }
      server {
        listen unix:${folder}/front.sock;
        location / {
          proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
          proxy_request_buffering off; proxy_next_upstream off; proxy_set_header Host $http_host;
          proxy_set_header ${ID} $request_id; add_header ${ID} $request_id always;
        }
      }
    }`,
  haproxy: (folder, port) => `
global
  log stdout format raw local0
defaults
  mode http
  timeout connect 5s
  timeout client 1s
  timeout server 2s
  retries 0
frontend front
  bind unix@${folder}/front.sock mode 666
  log global
  log-format "%ID"
  unique-id-format %{+X}o\\ %pid-%rt-%Ts
  http-request del-header ${ID}
  http-request set-header ${ID} %[unique-id]
  http-after-response set-header ${ID} %[unique-id]
  default_backend behind
backend behind
  http-reuse always
  server one 127.0.0.1:${port}
`,
};

export class FrontProxy {
  /** The path of the socket that clients connect to. */
  readonly socket: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  #printed = "";

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.socket = join(folder, "front.sock");
    this.#child = child;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#printed += text;
    });
  }

  /** Starts one in front of the server on this port, and waits until it listens. */
  static async start(kind: ProxyKind, port: number): Promise<FrontProxy> {
    const folder = mkdtempSync(join(tmpdir(), "wsgi-front-"));
    chmodSync(folder, 0o755);
    const file = join(folder, "config");
    writeFileSync(file, CONFIGS[kind](folder, port));
    const isRoot = process.getuid?.() === 0;
    const args =
      kind === "nginx" ? ["-c", file, "-e", "stderr", ...(isRoot ? ["-g", "user root;"] : [])] : ["-db", "-f", file];
    const ids = openSync(join(folder, "ids"), "a"); // HAProxy's log goes to stdout, and to a pipe that is full it is lost
    const proxy = new FrontProxy(folder, spawn(kind, args, { stdio: ["ignore", ids, "pipe"] }));
    closeSync(ids);
    const ended = once(proxy.#child, "exit");
    while (!existsSync(proxy.socket)) {
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5))]);
      if (proxy.#child.exitCode !== null) throw new Error(`${kind} ended: ${proxy.#printed}`);
    }
    return proxy;
  }

  /** The ids of the requests that it has logged. */
  get ids(): string[] {
    return readFileSync(join(this.#folder, "ids"), "utf8").split("\n").slice(0, -1);
  }

  async stop(): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, "exit") : undefined;
    this.#child.kill("SIGTERM");
    await ended;
    rmSync(this.#folder, { recursive: true });
  }
}
