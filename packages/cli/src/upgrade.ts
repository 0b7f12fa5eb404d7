// A new version of this program takes over: it is started with the sockets as inherited descriptors, told over Node's channel
// what its workers have to have in common with ours, and the old one ends when the new one serves. Sockets in; a child
// process that needs nothing of ours afterwards out.

import { type ChildProcess, spawn } from "node:child_process";
import type { LoggerLike } from "@wsgi/core";
import { inheritedSocket, type SharedSocket } from "./bound-socket.ts";
import type { TlsSecrets } from "./tls-secrets.ts";

const VARIABLE = "WSGI_TAKEOVER";
/** The first descriptor after standard input, output, error and Node's channel. */
const FIRST_SOCKET = 4;

type Handed = Pick<SharedSocket, "url" | "path" | "plain" | "role">;

export interface UpgradeEvents {
  /** What the new program goes on with, as it is now. */
  secrets(): TlsSecrets;
  /** The new program serves. */
  onTakenOver(): void;
}

export class Upgrade {
  /** Whether the new program has the sockets, and their files. */
  done = false;
  readonly #sockets: readonly SharedSocket[];
  readonly #cwd: string;
  readonly #logger: Required<LoggerLike>;
  readonly #events: UpgradeEvents;
  #child: ChildProcess | undefined;

  /** @param cwd the working folder at the start: --chdir is the new program's to follow too */
  constructor(sockets: readonly SharedSocket[], cwd: string, logger: Required<LoggerLike>, events: UpgradeEvents) {
    this.#sockets = sockets;
    this.#cwd = cwd;
    this.#logger = logger;
    this.#events = events;
  }

  begin(): void {
    if (this.#child !== undefined) return;
    const handed: Handed[] = this.#sockets.map(({ url, path, plain, role }) => ({ url, path, plain, role }));
    const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      env: { ...process.env, [VARIABLE]: JSON.stringify(handed) },
      cwd: this.#cwd,
      stdio: ["ignore", "inherit", "inherit", "ipc", ...this.#sockets.map(({ fd }) => fd)],
      detached: true,
    });
    this.#child = child;
    child.send(this.#events.secrets(), () => {}); // one that cannot be started says so by its error
    this.#logger.info(`(${process.pid}) SIGUSR2: ${child.pid} is to take over`);
    child.once("message", () => {
      this.done = true;
      this.#logger.info(`(${process.pid}) ${child.pid} serves: ending here`);
      child.disconnect();
      child.unref();
      this.#events.onTakenOver();
    });
    child.once("exit", (code, signal) => {
      if (this.done) return;
      this.#child = undefined;
      this.#logger.error(
        `(${process.pid}) ${child.pid} ended (${signal ?? `code ${code}`}) before it served: going on here`,
      );
    });
    child.on("error", (error) =>
      this.#logger.error(`(${process.pid}) a new program cannot be started: ${error.message}`),
    );
  }

  /** We are to end, and nobody asked for a successor of that. */
  cancel(): void {
    if (!this.done) this.#child?.kill("SIGTERM");
  }
}

/** The sockets that the program before this one handed over; none when there was none. */
export function inheritedSockets(env: NodeJS.ProcessEnv): SharedSocket[] {
  const text = env[VARIABLE];
  if (text === undefined) return [];
  delete env[VARIABLE];
  const handed = JSON.parse(text) as Handed[];
  return handed.map((socket, index) => ({
    ...socket,
    ...inheritedSocket(FIRST_SOCKET + index, socket.url, socket.path),
  }));
}

/** What the program before this one tells first; undefined when it is gone. */
export function inheritedSecrets(): Promise<TlsSecrets | undefined> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve(undefined);
    const onGone = (): void => resolve(undefined);
    process.once("disconnect", onGone);
    process.once("message", (secrets: TlsSecrets) => {
      process.removeListener("disconnect", onGone);
      resolve(secrets);
    });
  });
}

/** Tells the program before this one, if there is one, that it may end. */
export function announceTakeover(): void {
  if (process.send === undefined || !process.connected) return;
  process.send("serving", undefined, undefined, () => process.disconnect());
}
