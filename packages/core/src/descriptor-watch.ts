// Notices that the process runs out of descriptors, in time for a line in the log. Accepted sockets in, words for the operator out.
//
// Nothing else tells: when accept() fails with EMFILE, libuv closes the connections that wait, by means of a descriptor that it
// keeps for this, and says so to nobody. But the system gives a socket the lowest number that is free, so the number of one
// that was accepted tells how many are in use. It is in Node's handle, without a public name; where it is not, nothing is said.

import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";

/** How many descriptors from the end the operator is told; of small limits an eighth. */
const RESERVE = 32;
const NOTICE_INTERVAL_MILLISECONDS = 60_000;

export class DescriptorWatch {
  /** From this number on it looks closer; at first to learn the limit. */
  #threshold = 0;
  #nextNotice = Number.NEGATIVE_INFINITY;

  /** What the operator should know now, nearly always nothing. */
  look(socket: Duplex): string | undefined {
    const { fd } = (socket as { _handle?: { fd?: number } | null })._handle ?? {};
    if (fd === undefined || fd < this.#threshold) return undefined;
    const limit = openFilesLimit(); // anew: it may have been raised
    this.#threshold = limit - Math.min(RESERVE, Math.floor(limit / 8));
    const now = performance.now();
    if (fd < this.#threshold || now < this.#nextNotice) return undefined;
    this.#nextNotice = now + NOTICE_INTERVAL_MILLISECONDS;
    return (
      `${fd + 1} of ${limit} descriptors are in use: when none is left, new connections are closed unanswered; ` +
      "raise the limit (ulimit -n, LimitNOFILE) or lower maxSize"
    );
  }
}

/** Infinity where the system does not tell. */
function openFilesLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
