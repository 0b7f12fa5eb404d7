// What workers have in common for TLS, seen by clients that do not know which of them they come to: one certificate, and
// sessions that any of them resumes; while workers are replaced, crash, or a new program takes over.

import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { dirname, join } from "node:path";
import tls from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { TlsSecretsKeeper, ticketKeysOf } from "../src/tls-secrets.ts";
import { COMMAND, type Files, folderWith, type ServingCommand, serve } from "./support/command.ts";
import { takeOver } from "./support/takeover.ts";
import { answeringVersion, ended, eventually, served, servedCount } from "./support/workers.ts";

const APP: Files = { "app.mjs": answeringVersion("app") };

interface Visit {
  readonly body: string;
  readonly resumed: boolean;
  /** Of the certificate; undefined when a session was resumed, which shows none. */
  readonly fingerprint: string | undefined;
  /** To begin another connection with. */
  readonly session: Buffer;
}

/** One connection with one request that keeps its worker busy for a moment, so that the next client comes to another one. */
async function visit(url: string, maxVersion: tls.SecureVersion, session?: Buffer): Promise<Visit> {
  const { port } = new URL(url);
  const more = session === undefined ? {} : { session };
  const socket = tls.connect({ port: Number(port), rejectUnauthorized: false, maxVersion, ...more });
  let last = session ?? Buffer.alloc(0);
  socket.on("session", (fresh: Buffer) => {
    last = fresh;
  });
  let text = "";
  socket.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await once(socket, "secureConnect");
  const fingerprint = socket.getPeerX509Certificate()?.fingerprint256;
  const resumed = socket.isSessionReused();
  socket.write("GET /busy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await once(socket, "close");
  return { body: text.split("\r\n\r\n")[1] as string, resumed, fingerprint, session: last };
}

/** Visits until so many workers have answered. */
async function visitAll(url: string, version: tls.SecureVersion, workers: number, session?: Buffer): Promise<Visit[]> {
  const visits: Visit[] = [];
  await eventually(async () => {
    visits.push(...(await Promise.all(Array.from({ length: 12 }, () => visit(url, version, session)))));
    return new Set(visits.map(({ body }) => body)).size >= workers;
  });
  return visits;
}

function run(...args: string[]): Promise<ServingCommand> {
  return serve(["--access-log", "off", "--self-signed", ...args, "app.mjs"], APP);
}

describe.each<tls.SecureVersion>(["TLSv1.2", "TLSv1.3"])("%s", (version) => {
  test("every worker shows the same certificate and resumes the sessions of the others", async () => {
    const { url } = await run("-w", "2");
    const first = await visit(url, version);
    expect(first.resumed).toBe(false);
    const visits = await visitAll(url, version, 2, first.session);
    expect(visits.filter(({ resumed }) => !resumed)).toEqual([]);
    const strangers = await visitAll(url, version, 2);
    expect(new Set(strangers.map(({ fingerprint }) => fingerprint))).toEqual(new Set([first.fingerprint]));
  });
});

const REPLACED: [string, (command: ServingCommand) => Promise<unknown>][] = [
  [
    "a rolling reload",
    async (command) => {
      command.kill("SIGHUP");
      await command.printed(/all workers are new/);
      await ended(...served(command).slice(0, 1));
    },
  ],
  [
    "a crash",
    async (command) => {
      const [worker] = served(command);
      process.kill(worker as number, "SIGKILL");
      await servedCount(command, 2);
    },
  ],
  [
    "a takeover",
    async (command) => {
      await takeOver(command);
      await ended(command.pid);
    },
  ],
];

test.each(REPLACED)("sessions and the certificate outlive %s", async (_what, happens) => {
  const command = await run("-w", "1");
  const before = await visit(command.url, "TLSv1.3");
  await happens(command);
  const after = await visit(command.url, "TLSv1.3", before.session);
  expect(after.body).not.toBe(before.body); // it is another process
  expect(after.resumed).toBe(true);
  expect((await visit(command.url, "TLSv1.3")).fingerprint).toBe(before.fingerprint);
});

test("keys that a user gives are the ones in use, in every process", async () => {
  const config = `export default { ticketKeys: Buffer.from("${randomBytes(48).toString("base64")}", "base64") };`;
  const files = { ...APP, "wsgi.config.mjs": config };
  const [one, other] = await Promise.all([
    serve(["--self-signed", "-w", "1", "app.mjs"], files),
    serve(["--self-signed", "app.mjs"], files), // one process, and another certificate: a ticket does not care
  ]);
  const { session } = await visit(one.url, "TLSv1.3");
  expect((await visit(other.url, "TLSv1.3", session)).resumed).toBe(true);
});

test("secrets are in no command line and in no environment", async () => {
  const command = await run("-w", "1");
  const [worker] = served(command);
  for (const pid of [command.pid, worker as number]) {
    const seen = ["cmdline", "environ"].map((name) => readFileSync(`/proc/${pid}/${name}`, "latin1")).join("\n");
    expect(seen).not.toMatch(/PRIVATE KEY|ticketKeys|[A-Za-z0-9+/]{64}/);
  }
});

test("a worker takes new keys of tickets while it serves", async () => {
  const keeper = new TlsSecretsKeeper();
  const { worker, url } = await startWorker(keeper);
  const { session } = await visit(url, "TLSv1.3");
  expect((await visit(url, "TLSv1.3", session)).resumed).toBe(true);
  worker.send({ type: "secrets", secrets: new TlsSecretsKeeper().current });
  await eventually(async () => !(await visit(url, "TLSv1.3", session)).resumed);
  worker.send({ type: "secrets", secrets: keeper.current });
  await eventually(async () => (await visit(url, "TLSv1.3", session)).resumed);
});

/** A worker whose supervisor is this test. */
async function startWorker(keeper: TlsSecretsKeeper): Promise<{ worker: ChildProcess; url: string }> {
  await keeper.prepare({ selfSigned: true });
  const cwd = folderWith(APP);
  writeFileSync(join(cwd, "wsgi.config.json"), '{ "accessLog": "off", "errorLog": "off", "selfSigned": true }');
  const holder = net.createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as net.AddressInfo;
  const { fd } = (holder as unknown as { _handle: { fd: number } })._handle;
  const worker = fork(join(dirname(COMMAND), "worker.js"), [], {
    cwd,
    stdio: ["ignore", "ignore", "inherit", "ipc", fd],
  });
  onTestFinished(async () => {
    worker.kill("SIGKILL");
    await once(worker, "exit");
  });
  holder.close();
  const assignment = { args: ["app.mjs"], reload: false, sockets: [{ fd: 4, plain: false }], secrets: keeper.current };
  worker.send({ type: "begin", assignment });
  await once(worker, "message"); // it serves
  return { worker, url: `https://127.0.0.1:${port}` };
}

describe("the keeper", () => {
  test("makes 48 bytes, others each time, and one certificate when it is asked for", async () => {
    const keeper = new TlsSecretsKeeper();
    expect(ticketKeysOf(keeper.current)).toHaveLength(48);
    expect(ticketKeysOf(keeper.current)).not.toEqual(ticketKeysOf(new TlsSecretsKeeper().current));
    await keeper.prepare({ selfSigned: false });
    expect(keeper.current.selfSigned).toBeUndefined();
    await keeper.prepare({ selfSigned: true });
    const { selfSigned } = keeper.current;
    await keeper.prepare({ selfSigned: true });
    expect(keeper.current.selfSigned).toBe(selfSigned);
    expect(selfSigned?.key).toContain("PRIVATE KEY");
  });

  test("goes on with what it inherits, and makes a new certificate in place of an old one", async () => {
    const first = new TlsSecretsKeeper();
    await first.prepare({ selfSigned: true });
    const { selfSigned } = first.current as { selfSigned: { cert: string; key: string; madeAt: number } };
    const heir = new TlsSecretsKeeper(first.current);
    await heir.prepare({ selfSigned: true });
    expect(heir.current).toEqual(first.current);
    const days = (count: number): number => count * 24 * 60 * 60 * 1000;
    const late = new TlsSecretsKeeper({
      ...first.current,
      selfSigned: { ...selfSigned, madeAt: selfSigned.madeAt - days(16) },
    });
    await late.prepare({ selfSigned: true });
    expect(late.current.selfSigned?.cert).not.toBe(selfSigned.cert);
    expect(late.current.ticketKeys).toBe(first.current.ticketKeys);
  });

  test("replaces keys of tickets when they are old, again and again, and tells", async () => {
    const keeper = new TlsSecretsKeeper(undefined, 5);
    onTestFinished(() => keeper.close());
    const seen = new Set([keeper.current.ticketKeys]);
    await new Promise<void>((resolve) => {
      keeper.rotate((secrets) => {
        expect(secrets).toBe(keeper.current);
        if (seen.add(secrets.ticketKeys).size === 4) resolve();
      });
    });
  });
});
