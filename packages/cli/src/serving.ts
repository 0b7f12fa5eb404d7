// One process that serves: settings, listeners and an application in; a server at work out, and its end in order. The same
// in the command's own process and in a worker. It knows nothing of supervisors and signals.

import {
  type Application,
  type Listener,
  type ListenOptions,
  listen,
  type Options,
  type Server,
  server,
} from "@wsgi/core";
import { postHooks } from "@wsgi/posthooks";
import { type SslListener, wrapSsl } from "@wsgi/tls";
import type { BindAddress } from "./bind-address.ts";
import type { LogOutput } from "./log-output.ts";
import { type RequestInFlight, RequestsInFlight } from "./requests-in-flight.ts";
import type { Settings } from "./settings.ts";
import { type TlsSecrets, ticketKeysOf, withSecrets } from "./tls-secrets.ts";

export interface ServingStatus {
  readonly pid: number;
  /** False when it is about to end: load balancers look elsewhere. */
  readonly ready: boolean;
  readonly uptimeSeconds: number;
  readonly memoryBytes: number;
  readonly counters: Server["counters"];
  readonly requestsInFlight: readonly RequestInFlight[];
}

export class Serving {
  readonly server: Server;
  readonly inFlight = new RequestsInFlight();
  readonly #settings: Settings;
  readonly #secure: readonly SslListener[];
  readonly #since = performance.now();
  #ready = false;
  #draining: Promise<{ cut: number }> | undefined;

  constructor(settings: Settings, listeners: readonly Listener[], application: Application, logs: LogOutput) {
    this.#settings = settings;
    this.#secure = listeners.filter((listener): listener is SslListener => listener.scheme === "https");
    this.server = server(listeners, application, serverOptions(settings, logs, this.inFlight));
    this.server.ready.then(
      () => {
        this.#ready = this.#draining === undefined;
      },
      () => {}, // whoever made this waits for it too
    );
  }

  get ready(): boolean {
    return this.#ready;
  }

  status(): ServingStatus {
    return {
      pid: process.pid,
      ready: this.#ready,
      uptimeSeconds: Math.round((performance.now() - this.#since) / 1000),
      memoryBytes: process.memoryUsage.rss(),
      counters: this.server.counters,
      requestsInFlight: this.inFlight.list(),
    };
  }

  /** Reads certificates again. */
  reloadCertificates(): void {
    for (const listener of this.#secure) listener.reload();
  }

  /** Takes new keys of session tickets, unless the user gave some. */
  setTicketKeys(secrets: TlsSecrets): void {
    if (this.#settings.tls?.ticketKeys !== undefined) return;
    for (const listener of this.#secure) listener.setTicketKeys(ticketKeysOf(secrets));
  }

  /**
   * Not ready at once; serves on for the drain delay, so that load balancers notice; then answers what is there, each
   * connection's last response saying `Connection: close`, and ends at the deadline at the latest.
   */
  drain(delay = this.#settings.drainDelay): Promise<{ cut: number }> {
    this.#ready = false;
    this.#draining ??= this.#drain(delay);
    return this.#draining;
  }

  /** Cuts everything now. */
  async stop(): Promise<void> {
    this.#ready = false;
    await this.server.close({ timeout: 0 });
  }

  async #drain(delay: number): Promise<{ cut: number }> {
    if (delay > 0) {
      let timer: NodeJS.Timeout | undefined;
      const passed = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, delay * 1000);
      });
      await Promise.race([passed, this.server.closed]);
      clearTimeout(timer);
    }
    const { gracefulTimeout: timeout, idleGrace } = this.#settings;
    return await this.server.close({ timeout, idleGrace: Math.min(idleGrace, timeout) });
  }
}

function serverOptions(settings: Settings, logs: LogOutput, inFlight: RequestsInFlight): Options {
  const given = settings.server;
  const own = given.extensions ?? [];
  const hooks = own.some(({ name }) => name === POST_HOOKS) ? [] : [postHooks()];
  const isOneOfSeveral = settings.workers !== 0;
  return {
    log: logs.logger,
    accessLog: logs.accessLog,
    ...given,
    debug: given.debug === true || settings.reload, // eventlet's default, in development only
    environ: { ...(isOneOfSeveral && { "wsgi.multiprocess": true }), ...given.environ },
    extensions: [inFlight, ...hooks, ...own, ...logs.extensions],
  };
}

/** The name of the extension that `postHooks()` makes: with options of its own it may be in a config file. */
const POST_HOOKS = "post hooks";

/**
 * Listeners for addresses, secure where TLS is asked for: certificates are read at once.
 *
 * @param secrets what other processes of these addresses have too
 * @param open what makes a listener of an address
 * @throws {TlsError} when certificates cannot be used
 */
export async function makeListeners(
  settings: Settings,
  addresses: readonly BindAddress[],
  secrets?: TlsSecrets,
  open: (address: string, options: ListenOptions) => Listener = listen,
): Promise<Listener[]> {
  const tls = await withSecrets(settings, secrets);
  return addresses.map(({ address, plain }) => {
    const isPath = address.startsWith("unix:");
    const mode = isPath && settings.socketMode !== undefined ? { mode: settings.socketMode } : {};
    const listener = open(address, { backlog: settings.backlog, ...mode });
    return tls === undefined || plain ? listener : wrapSsl(listener, tls);
  });
}
