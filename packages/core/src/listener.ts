// The seam between sockets and the server: a Listener accepts, a server serves. TLS is a Listener over a Listener.
// An address in; sockets out, by callback. Knows binding and its errors; it knows nothing of HTTP.

import { lookup } from "node:dns/promises";
import { chmod, lstat, unlink } from "node:fs/promises";
import net from "node:net";
import type { Duplex } from "node:stream";
import { type Address, type ListenAddress, parseAddress, showAddress } from "./address.ts";
import { DescriptorWatch } from "./descriptor-watch.ts";
import { show, UsageError } from "./errors.ts";
import { codeOf, listenError } from "./listen-error.ts";
import type { Logger } from "./log.ts";

/** Where a listener really listens. */
export interface BoundAddress {
  /** `tcp`, `unix`, or `fd` when the descriptor tells nothing more. */
  readonly kind: "tcp" | "unix" | "fd";
  /** The host or IP address; the path of a unix socket. */
  readonly host: string;
  /** The port; 0 where there is none. */
  readonly port: number;
  /** As a URL to show: `http://127.0.0.1:8090`, `http:/run/app.sock`. */
  readonly url: string;
}

/** What a listener knows of a connection, as keys of the environ. */
export type ConnectionFacts = readonly (readonly [key: string, value: unknown])[];

/** What a server gives a listener. */
export interface ListenerHandlers {
  /** The server's log, for what the listener has to tell the operator. */
  readonly logger: Logger;
  /**
   * A connection; it is not read from until the server says so.
   *
   * @param facts keys that the environ of each of its requests has besides, e.g. `SSL_PROTOCOL`
   */
  onConnection(socket: Duplex, facts?: ConnectionFacts): void;
  /** The listener has closed, whoever closed it. */
  onClose(): void;
  /** Something failed that does not end the listener. */
  onError(error: Error): void;
}

/** A source of connections. `wrapSsl` of `@wsgi/tls` makes one of another. */
export interface Listener {
  /** What `wsgi.url_scheme` is for its connections. */
  readonly scheme: "http" | "https";
  /** Resolves when bound; rejects with ListenError when that fails. */
  readonly ready: Promise<BoundAddress>;
  /** Whether a server has it, or it was closed: another one cannot have it. */
  readonly served: boolean;
  /** Begins to hand out connections. Connections that came before wait. @throws {UsageError} when called twice */
  accept(handlers: ListenerHandlers): void;
  /**
   * Stops accepting. Connections handed out live on. Resolves when no more will be handed out; those that are being made
   * ready, as in a TLS handshake, may be finished until the signal fires.
   */
  close(signal?: AbortSignal): Promise<void>;
}

export interface ListenOptions {
  /** 4 or 6: which addresses a host name may resolve to. */
  family?: 4 | 6;
  /** Connections that the system holds until they are accepted. Default 511; eventlet's is 50. */
  backlog?: number;
  /** Lets several processes bind the same port (SO_REUSEPORT, Node 23.1 and newer; elsewhere an error). */
  reusePort?: boolean;
  /** An IPv6 address takes no IPv4 connections. */
  ipv6Only?: boolean;
  /** Permissions of a unix socket, e.g. `0o660`. */
  mode?: number;
}

/**
 * Binds an address at once and returns the listener for `server()`.
 *
 * @param address `[host, port]` (`""` = every interface), a port, or `"127.0.0.1:8090"`, `"[::1]:8090"`, `":8090"`,
 *   `"unix:/run/app.sock"`, `"unix:@abstract"`, `"fd://3"`. Port 0 takes a free one.
 * @throws {UsageError} BAD_ADDRESS or BAD_OPTION. Failures to bind reject `ready`, and the server's `ready` with it.
 */
export function listen(address: ListenAddress, options: ListenOptions = {}): Listener {
  const parsed = parseAddress(address);
  checkOptions(options, parsed);
  return new SocketListener(parsed, options);
}

class SocketListener implements Listener {
  readonly scheme = "http";
  readonly ready: Promise<BoundAddress>;
  readonly #server: net.Server;
  readonly #address: Address;
  #handlers: ListenerHandlers | undefined;
  readonly #descriptors = new DescriptorWatch();
  #early: Duplex[] = [];
  #closing: Promise<void> | undefined;

  constructor(address: Address, options: ListenOptions) {
    this.#address = address;
    this.#server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    this.#server.on("connection", (socket: Duplex) => this.#onConnection(socket));
    this.#server.on("close", () => this.#handlers?.onClose());
    this.ready = this.#bind(options);
  }

  get served(): boolean {
    return this.#handlers !== undefined || this.#closing !== undefined;
  }

  accept(handlers: ListenerHandlers): void {
    if (this.#handlers !== undefined)
      throw new UsageError("BAD_LISTENER", `${showAddress(this.#address)} has a server`);
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    for (const socket of early) handlers.onConnection(socket);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.ready.catch(() => {});
    for (const socket of this.#early) socket.destroy();
    if (!this.#server.listening) {
      this.#handlers?.onClose();
      return;
    }
    this.#server.close(); // its 'close' waits for every connection; ours need not
    this.#handlers?.onClose();
  }

  #onConnection(socket: Duplex): void {
    if (this.#handlers !== undefined) {
      const notice = this.#descriptors.look(socket);
      if (notice !== undefined) this.#handlers.logger.warn(`(${process.pid}) ${notice}`);
      this.#handlers.onConnection(socket);
      return;
    }
    socket.on("error", () => {}); // a client that gave up while it waited for the server
    this.#early.push(socket);
  }

  async #bind(options: ListenOptions): Promise<BoundAddress> {
    try {
      await this.#listenOnce(options);
    } catch (error) {
      if (!(await this.#replaceStaleSocket(error))) throw listenError(error, this.#address);
      await this.#listenOnce(options).catch((again) => {
        throw listenError(again, this.#address);
      });
    }
    this.#server.on("error", (error) => this.#handlers?.onError(error)); // accept failed: EMFILE and the like
    const address = this.#address;
    if (address.kind === "unix" && !address.abstract && options.mode !== undefined) {
      await chmod(address.path, options.mode);
    }
    return boundAddress(address, this.#server.address());
  }

  async #listenOnce(options: ListenOptions): Promise<void> {
    const args = await listenArguments(this.#address, options);
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(args, () => {
        this.#server.removeListener("error", reject);
        resolve();
      });
    });
  }

  /** A socket file whose server is gone is removed; one that answers is somebody's. */
  async #replaceStaleSocket(error: unknown): Promise<boolean> {
    const address = this.#address;
    if (address.kind !== "unix" || address.abstract || codeOf(error) !== "EADDRINUSE") return false;
    const answer = await new Promise<string>((resolve) => {
      const probe = net.connect(address.path, () => {
        probe.destroy();
        resolve("");
      });
      probe.on("error", (failure) => resolve(codeOf(failure)));
    });
    if (answer !== "ECONNREFUSED" || !(await lstat(address.path)).isSocket()) return false; // a file refuses too
    await unlink(address.path);
    return true;
  }
}

async function listenArguments(address: Address, options: ListenOptions): Promise<net.ListenOptions> {
  const { backlog = 511, ipv6Only, reusePort } = options;
  if (reusePort === true && !knowsReusePort()) {
    throw Object.assign(new Error(`Node ${process.version} cannot share a port`), { code: "ENOTSUP" });
  }
  if (address.kind === "fd") return { fd: address.fd, backlog } as net.ListenOptions;
  if (address.kind === "unix") return { path: address.abstract ? `\0${address.path}` : address.path, backlog };
  const host = await resolveHost(address.host, options.family);
  return {
    port: address.port,
    backlog,
    ...(host !== undefined && { host }),
    ...(ipv6Only !== undefined && { ipv6Only }),
    ...(reusePort !== undefined && { reusePort }),
  };
}

/** Node 23.1 and newer: older ones take the option and silently share nothing. */
function knowsReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 23 || (major === 23 && minor >= 1);
}

/** The host as net.Server takes it: undefined for every interface, and looked up here when a family is asked for. */
async function resolveHost(host: string, family: 4 | 6 | undefined): Promise<string | undefined> {
  if (family === undefined) return host === "" ? undefined : host;
  if (host === "") return family === 4 ? "0.0.0.0" : "::";
  const found = await lookup(host, { family });
  if (found.family === family) return found.address;
  throw Object.assign(new Error(`${host} is no address of IPv${family}`), { code: "EAFNOSUPPORT" });
}

function boundAddress(asked: Address, bound: net.AddressInfo | string | null): BoundAddress {
  if (asked.kind === "unix") {
    const path = asked.abstract ? `@${asked.path}` : asked.path;
    return { kind: "unix", host: path, port: 0, url: `http:${path}` };
  }
  if (typeof bound === "string") return { kind: "unix", host: bound, port: 0, url: `http:${bound}` };
  if (bound === null) return { kind: "fd", host: "", port: 0, url: `http:${showAddress(asked)}` };
  const host = asked.kind === "tcp" && asked.host !== "" ? asked.host : bound.address;
  const shown = bound.address.includes(":") && host === bound.address ? `[${host}]` : host;
  return { kind: "tcp", host: bound.address, port: bound.port, url: `http://${shown}:${bound.port}` };
}

function checkOptions(options: ListenOptions, address: Address): void {
  if (typeof options !== "object" || options === null) {
    throw new UsageError("BAD_OPTION", `listen: expected an object of options, got ${show(options)}`);
  }
  const expect = (name: keyof ListenOptions, good: boolean, expected: string): void => {
    if (options[name] !== undefined && !good) {
      throw new UsageError("BAD_OPTION", `listen: ${name}: expected ${expected}, got ${show(options[name])}`);
    }
  };
  const { family, backlog, reusePort, ipv6Only, mode, ...others } = options;
  for (const name of Object.keys(others))
    throw new UsageError("BAD_OPTION", `listen: there is no option ${show(name)}`);
  expect("family", family === 4 || family === 6, "4 or 6");
  expect("backlog", Number.isInteger(backlog) && (backlog as number) > 0, "a whole number above 0");
  expect("reusePort", typeof reusePort === "boolean", "true or false");
  expect("ipv6Only", typeof ipv6Only === "boolean", "true or false");
  const isMode = Number.isInteger(mode) && (mode as number) >= 0 && (mode as number) <= 0o777;
  expect("mode", isMode && address.kind === "unix", "permissions such as 0o660, for a unix socket");
}
