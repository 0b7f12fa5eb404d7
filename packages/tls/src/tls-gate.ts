// Where plain sockets become secure ones: raw sockets in, by `begin`; secure sockets out, by `onSecure`. It owns the
// handshakes that are going, their time and their count. It knows neither HTTP nor what comes after a handshake.
//
//   begin ─▶ first byte ─▶ handshake ─▶ client's certificate ─▶ onSecure
//               ├ plain HTTP: 400         └ failed, stalled, aborted, refused: counted, logged at debug, closed
//               └ nothing in time: closed
//
// Handshakes are those of a `tls.Server` that listens nowhere and is handed connections, as its documentation allows.

import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type SecureContext, type SecureContextOptions, Server, type TLSSocket } from "node:tls";
import type { ConnectionFacts, Logger } from "@wsgi/core";
import type { CertificateStore } from "./certificate-store.ts";
import { codeOf, messageOf } from "./errors.ts";
import { handshakeFailure, refusedClient } from "./handshake-failure.ts";
import type { SslOptions } from "./options.ts";
import { announces, plainHttpAnswer } from "./plain-http.ts";
import { sslFacts } from "./ssl-environ.ts";

/** How many handshakes came to which end, since the listener began. */
export interface HandshakeCounters {
  /** Going on now. */
  readonly pending: number;
  readonly completed: number;
  /** Of the completed: those that resumed a session. */
  readonly resumed: number;
  /** The two sides did not agree, the client's certificate was not good, or the client left in the middle. */
  readonly failed: number;
  readonly timedOut: number;
  /** Clients that spoke plain HTTP. */
  readonly plainHttp: number;
  /** Clients that left without a byte: port scans and health checks of load balancers. */
  readonly silent: number;
}

/** As core's `lingerTimeout`: time for a client to take the answer and close. */
const LINGER_MILLISECONDS = 2000;

export interface GateEvents {
  readonly logger: Logger;
  /** A secure connection whose client is accepted; it is paused. */
  onSecure(socket: TLSSocket, facts: ConnectionFacts): void;
}

export class TlsGate {
  readonly #options: SslOptions;
  readonly #store: CertificateStore;
  readonly #events: GateEvents;
  readonly #server: Server;
  /** Those whose handshake is not over. */
  readonly #pending: Arrival[] = []; // no Set, whose old tables would keep those that are over; see roster.ts of core
  readonly #arrivals = new WeakMap<Duplex, Arrival>();
  readonly #counts = { completed: 0, resumed: 0, failed: 0, timedOut: 0, plainHttp: 0, silent: 0 };
  #onIdle: (() => void) | undefined;

  constructor(options: SslOptions, store: CertificateStore, events: GateEvents) {
    this.#options = options;
    this.#store = store;
    this.#events = events;
    this.#server = new Server({
      ...store.defaultOptions,
      ...(store.choosesByName && { SNICallback: this.#chooseContext }),
      ALPNProtocols: [...options.alpnProtocols],
      requestCert: options.certReqs !== "none",
      rejectUnauthorized: options.certReqs === "required", // a client without a certificate is told so by an alert
      handshakeTimeout: options.handshakeTimeout * 1000,
      pauseOnConnect: true,
    });
    this.#server.on("secureConnection", this.#onSecureConnection);
    this.#server.on("tlsClientError", this.#onClientError);
  }

  get counters(): HandshakeCounters {
    return { pending: this.#pending.length, ...this.#counts };
  }

  /** Takes a new default certificate for handshakes that begin from now on. */
  setDefault(options: SecureContextOptions): void {
    this.#server.setSecureContext(options);
  }

  /** Resolves when no handshake is going on; when the signal fires, those that are end. */
  async finish(signal: AbortSignal | undefined): Promise<void> {
    const cut = (): void => {
      for (const { raw } of this.#pending) raw.destroy(); // 'close' comes later
    };
    if (signal?.aborted) cut();
    signal?.addEventListener("abort", cut, { once: true });
    while (this.#pending.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    signal?.removeEventListener("abort", cut);
  }

  /** Waits for the first bytes: they tell a TLS client from one that speaks plain HTTP. */
  begin(raw: Duplex, facts: ConnectionFacts): void {
    const arrival = { raw, peer: peerOf(raw), facts, place: this.#pending.length };
    this.#pending.push(arrival);
    this.#arrivals.set(raw, arrival);
    const timer = setTimeout(() => {
      outcome = "timedOut";
      this.#debug(raw, "the client sent nothing in time");
      raw.destroy();
    }, this.#options.handshakeTimeout * 1000);
    let outcome: "silent" | "timedOut" | undefined = "silent";
    const leave = (): void => void raw.destroy();
    raw.once("data", (bytes: Buffer) => {
      outcome = undefined;
      clearTimeout(timer);
      raw.removeListener("end", leave);
      raw.pause();
      this.#answer(raw, bytes);
    });
    raw.once("end", leave);
    raw.once("close", () => {
      clearTimeout(timer);
      if (outcome !== undefined) this.#counts[outcome]++;
      this.#over(raw);
    });
    raw.on("error", ignore); // 'close' follows
    raw.resume();
  }

  #answer(raw: Duplex, bytes: Buffer): void {
    const announced = announces(bytes[0] as number);
    if (announced === "tls") {
      this.#shakeHands(raw, bytes);
    } else if (announced === "http") {
      this.#counts.plainHttp++;
      this.#debug(raw, "it spoke plain HTTP on a secure port");
      this.#sendAway(raw, plainHttpAnswer(bytes, Date.now()));
    } else {
      this.#counts.failed++;
      this.#debug(raw, "it spoke neither TLS nor HTTP");
      raw.destroy();
    }
  }

  /**
   * Node feeds the handshake with what is buffered in a socket. A stream that is no socket it reads like everybody else,
   * from the next tick on: its bytes must not be there before, or they would come twice.
   */
  #shakeHands(raw: Duplex, firstBytes: Buffer): void {
    if (raw instanceof Socket) raw.unshift(firstBytes);
    raw.allowHalfOpen = false; // until the handshake is done: a client that closes its side in the middle has given up
    this.#server.emit("connection", raw);
    if (!(raw instanceof Socket)) process.nextTick(() => raw.unshift(firstBytes));
  }

  /** Closes after the answer; what still comes is dropped for a while, so that no reset throws the answer away. */
  #sendAway(raw: Duplex, answer: string): void {
    const timer = setTimeout(() => raw.destroy(), LINGER_MILLISECONDS);
    raw.once("close", () => clearTimeout(timer));
    raw.end(answer);
    raw.resume();
  }

  readonly #chooseContext = (
    serverName: string,
    callback: (error: Error | null, context?: SecureContext) => void,
  ): void => {
    this.#store.contextFor(serverName).then(
      (context) => callback(null, context),
      (error: unknown) => {
        this.#events.logger.error(
          `(${process.pid}) choosing a certificate for ${shown(serverName)} failed: ${messageOf(error)}`,
        );
        callback(error instanceof Error ? error : new Error(String(error)));
      },
    );
  };

  readonly #onSecureConnection = (socket: TLSSocket): void => {
    socket.on("error", () => socket.destroy()); // Node reports a fault of the TLS layer and leaves the socket open
    const refusal = this.#refusal(socket);
    if (refusal !== undefined) {
      this.#counts.failed++;
      this.#debug(beneath(socket), refusal);
      socket.destroy();
      return;
    }
    this.#counts.completed++;
    socket.allowHalfOpen = true; // a client that closes its side gets its response
    if (socket.isSessionReused()) this.#counts.resumed++;
    const raw = beneath(socket);
    const before = this.#arrivals.get(raw)?.facts ?? [];
    const facts = sslFacts(socket, this.#options.clientEnviron);
    this.#events.onSecure(socket, before.length === 0 ? facts : [...before, ...facts]);
    this.#over(raw);
  };

  /** Why the client's certificate is not accepted; `undefined` when it is. */
  #refusal(socket: TLSSocket): string | undefined {
    const { certReqs } = this.#options;
    if (certReqs === "none") return undefined;
    // Asked for by itself: Node calls a resumed session without any certificate authorized.
    if (socket.getPeerX509Certificate() === undefined) {
      return certReqs === "required" ? "the client showed no certificate" : undefined;
    }
    return socket.authorized ? undefined : refusedClient(String(socket.authorizationError));
  }

  readonly #onClientError = (error: Error, socket: TLSSocket): void => {
    if (codeOf(error) === "ERR_TLS_HANDSHAKE_TIMEOUT") this.#counts.timedOut++;
    else this.#counts.failed++;
    const { authorizationError } = socket;
    const reason = authorizationError ? refusedClient(String(authorizationError)) : handshakeFailure(error);
    this.#debug(beneath(socket), reason);
    socket.destroy();
  };

  #over(raw: Duplex): void {
    const arrival = this.#arrivals.get(raw);
    if (arrival === undefined || arrival.place < 0) return;
    const last = this.#pending.pop() as Arrival; // takes its place
    last.place = arrival.place;
    if (last !== arrival) this.#pending[last.place] = last;
    arrival.place = -1;
    if (this.#pending.length === 0) this.#onIdle?.();
  }

  #debug(raw: Duplex, what: string): void {
    const peer = this.#arrivals.get(raw)?.peer ?? "unknown";
    this.#events.logger.debug(`(${process.pid}) TLS handshake with ${peer} failed: ${what}`);
  }
}

/** A name that a client gave, quoted; nothing of it but printable ASCII reaches the log as it is. */
function shown(name: string): string {
  return JSON.stringify(name).replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What was known of a connection when it came: a socket that is gone tells nothing any more. */
interface Arrival {
  readonly raw: Duplex;
  /** Its index among those whose handshake is not over; -1 afterwards. */
  place: number;
  readonly peer: string;
  readonly facts: ConnectionFacts;
}

/** As core's log lines have it: `127.0.0.1:4711`, `[::1]:4711`, `unix`. */
function peerOf(raw: Duplex): string {
  const { remoteAddress, remotePort } = raw as { remoteAddress?: string; remotePort?: number };
  if (remoteAddress === undefined) return "unix";
  const plain = remoteAddress.replace(/^::ffff:(?=\d+\.)/, "");
  return `${plain.includes(":") ? `[${plain}]` : plain}:${remotePort}`;
}

/**
 * The stream beneath a TLS socket. Node keeps it in a field of its own; one that is no socket, in the wrapper that it made.
 * Where neither is to be had, facts of the listener beneath are lost, and a handshake counts as pending until its
 * connection ends.
 */
function beneath(socket: TLSSocket): Duplex {
  const { _parent, _handle } = socket as { _parent?: Duplex; _handle?: { _parentWrap?: { stream?: Duplex } } | null };
  return _parent ?? _handle?._parentWrap?.stream ?? socket;
}

const ignore = (): void => {};
