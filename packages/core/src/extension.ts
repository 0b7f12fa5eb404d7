// The public door of the server: what an Extension is told, and the facts of a response it is told with.
// Types only. The access log and the post hooks come through here like everybody else.

import type { ConnectionInfo, DisconnectPhase } from "./connection-info.ts";
import type { Endpoints } from "./environ.ts";
import type { Logger } from "./log.ts";
import type { Environ } from "./types.ts";

/** What became of one request and its response. Times are milliseconds of `performance.now()`. */
export interface Exchange {
  /** What the application was given; it and middleware may have changed it. */
  readonly environ: Environ;
  /** Scheme, addresses and ports of the connection, whatever became of the environ. */
  readonly endpoints: Endpoints;
  /** The headers of the request as they came. */
  readonly requestHeaders: readonly (readonly [name: string, value: string])[];
  /** The request line as it came, e.g. `GET /?q=1 HTTP/1.1`. */
  readonly requestLine: string;
  /** The status sent; 0 when no head was sent. */
  readonly status: number;
  /** The headers the application gave. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Bytes of the response's body that went to the socket, without framing. */
  readonly bodyBytes: number;
  /** Bytes of the response that went to the socket: interim responses, head, body and framing. */
  readonly totalBytes: number;
  /** Bytes of the request on the wire, as far as they were read: head, body and framing. */
  readonly bytesReceived: number;
  /** When the head of the request was parsed. */
  readonly startTime: number;
  /** When the first byte of the final response was handed to the socket; undefined when none was. */
  readonly firstByteTime: number | undefined;
  /** When the last byte was handed over, or the client was found gone. */
  readonly finishTime: number;
  /** Whether the whole response went to the socket. */
  readonly completed: boolean;
  /** The phase in which the client left; undefined when it did not leave. */
  readonly disconnectPhase: DisconnectPhase | undefined;
  /** What went wrong: the application's error, the peer's fault, or the disconnection; undefined when nothing did. */
  readonly error: unknown;
}

/** The server that an extension takes part in. */
export interface ServerInfo {
  /** Where it logs. */
  readonly logger: Logger;
}

/** Something that takes part in every request. Methods are called without `await`; what they throw is logged. */
export interface Extension {
  /** Names it in log lines. */
  readonly name: string;
  /** The server starts; called once, before its first connection. A throw is thrown by `server()`. */
  onStart?(server: ServerInfo): void;
  /** The environ is complete and the application not yet called: keys may be added. A throw is answered with 500. */
  onEnviron?(environ: Environ, connection: ConnectionInfo): void;
  /**
   * The last byte was handed over, or the client went away, and the body was closed. Exactly once for every request
   * whose head was parsed.
   */
  onResponded?(exchange: Exchange): void;
  /**
   * The server closes and the last connection has ended. What it returns is waited for within the deadline of
   * `close()`; the signal fires when that has passed.
   */
  onClose?(signal: AbortSignal): void | Promise<void>;
}
