// The extensions of a server, composed once: who takes part in what, in which order, and what happens when one throws.
// Calls of the server in, calls of the extensions out. An extension's fault reaches the log and nobody else.

import type { ConnectionInfo } from "./connection-info.ts";
import type { Exchange, Extension } from "./extension.ts";
import { describeThrown, type Logger } from "./log.ts";
import { aborted } from "./shutdown-deadline.ts";
import type { Environ } from "./types.ts";

export class ExtensionChain {
  /** Whether any of them is told of responses: if not, nobody asks how long one took. */
  readonly observe: boolean;
  readonly #extensions: readonly Extension[];
  readonly #forEnviron: readonly Extension[];
  readonly #forResponded: readonly Extension[];
  readonly #logger: Logger;

  constructor(extensions: readonly Extension[], logger: Logger) {
    this.#extensions = extensions;
    this.#forEnviron = extensions.filter((one) => one.onEnviron !== undefined);
    this.#forResponded = extensions.filter((one) => one.onResponded !== undefined);
    this.observe = this.#forResponded.length > 0;
    this.#logger = logger;
  }

  /** Throws what an extension throws: the server cannot serve as was agreed. */
  start(): void {
    for (const extension of this.#extensions) this.#hear(extension, extension.onStart?.({ logger: this.#logger }));
  }

  /** Throws what an extension throws: the request cannot be served as was agreed. */
  onEnviron(environ: Environ, connection: ConnectionInfo): void {
    for (const extension of this.#forEnviron) this.#hear(extension, extension.onEnviron?.(environ, connection));
  }

  onResponded(exchange: Exchange): void {
    for (const extension of this.#forResponded) {
      try {
        this.#hear(extension, extension.onResponded?.(exchange));
      } catch (error) {
        this.#report(extension, error);
      }
    }
  }

  /** Resolves when all have closed, or the signal fires. */
  async close(signal: AbortSignal): Promise<void> {
    const closings = this.#extensions.map(async (extension) => {
      try {
        await extension.onClose?.(signal);
      } catch (error) {
        this.#report(extension, error);
      }
    });
    await Promise.race([Promise.all(closings), aborted(signal)]);
  }

  /** An extension may be asynchronous, though nobody waits for it: what it rejects with must not end the process. */
  #hear(extension: Extension, result: unknown): void {
    if (typeof result !== "object" || result === null) return;
    Promise.resolve(result).catch((error) => this.#report(extension, error));
  }

  #report(extension: Extension, error: unknown): void {
    const detail = describeThrown(error);
    this.#logger.error(`(${process.pid}) extension ${extension.name} failed: ${detail}`);
  }
}
