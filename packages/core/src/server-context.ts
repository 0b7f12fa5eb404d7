// What all connections of a server share: the resolved options and what was made of them once. Types only.

import type { ConnectionInfo } from "./connection-info.ts";
import type { EnvironBase } from "./environ.ts";
import type { Exchange } from "./extension.ts";
import type { FileWrapper } from "./file-wrapper.ts";
import type { HeadMemory } from "./head-memory.ts";
import type { Logger } from "./log.ts";
import type { ServerOptions } from "./options.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import type { ResponseHeadEncoder } from "./response-head.ts";
import type { Application, Environ } from "./types.ts";

export interface ServerContext {
  readonly options: ServerOptions;
  readonly application: Application;
  readonly logger: Logger;
  readonly readBuffer: ReadBuffer;
  readonly headMemory: HeadMemory;
  readonly headEncoder: ResponseHeadEncoder;
  readonly environBase: EnvironBase<FileWrapper>;
  /** 0 when `maxHttpVersion` is HTTP/1.0. */
  readonly minorVersion: 0 | 1;
  /** Whether the server has begun to close. */
  readonly closing: boolean;
  /** Seconds of a steady clock, rounded up to the next look at the timeouts: what is counted from it never ends early. */
  now(): number;
  /** Milliseconds of `performance.now()` for exchanges; 0 when no extension is told of them. */
  milliseconds(): number;
  /** The current HTTP date as a line of a head, with its CRLF. */
  dateLine(): string;
  onEnviron(environ: Environ, connection: ConnectionInfo): void;
  onResponded(exchange: Exchange): void;
  onEnded(connection: object): void;
}
