// The laws of the request parser and its body decoders, tried on one input. Bytes in; out: a signature of what the parser made of
// them, or a BrokenLaw. They are, for any bytes and any limits:
//
//   1. nothing is thrown but a ProtocolError;
//   2. the same is understood however the bytes are cut, how bodies are taken out, when `retain` is called, and whatever came
//      before over other connections (HeadMemory);
//   3. bytes consumed and bytes pending add up to the bytes that were pushed;
//   4. what waits for more is never more than a head may be: memory is bounded by the limits, not by the peer;
//   5. the work is linear in the bytes, whatever they are: counted, not timed;
//   6. what is understood of a beginning is never taken back, and after a fault not one more byte is interpreted.

import { isDeepStrictEqual } from "node:util";
import { countWork, metered } from "../../../../bench/guard/work.ts";
import { ProtocolError } from "../../src/errors.ts";
import { HeadMemory } from "../../src/head-memory.ts";
import { type ParserLimits, RequestParser } from "../../src/request-parser.ts";
import { byteByByte, cutAt, type Drive, drive, type Manners, type Transcript } from "../wire/drive.ts";
import { DEFAULT_LIMITS, SMALL_LIMITS } from "../wire/limits.ts";
import { bytesOf } from "../wire/wire.ts";
import type { Random } from "./random.ts";

/** A law does not hold for an input. */
export class BrokenLaw extends Error {
  override readonly name = "BrokenLaw";
  readonly bytes: Buffer;

  constructor(law: string, bytes: Buffer, detail?: unknown) {
    super(`${law}: ${JSON.stringify(bytes.toString("latin1"))}\n${JSON.stringify(detail, null, 1)}`);
    this.bytes = bytes;
  }
}

const LIMITS: readonly ParserLimits[] = [
  DEFAULT_LIMITS,
  SMALL_LIMITS,
  { ...SMALL_LIMITS, urlLengthLimit: 20, maxFieldBytes: 60, maxFieldCount: 2 },
  { ...DEFAULT_LIMITS, maxHeadBytes: 300, maxBodyBytes: 300, maxChunkExtensionBytes: 30 },
];

/** What may stand behind a fault: if any of it were read, it would show. */
const TAILS = [
  "GET /behind HTTP/1.1\r\nHost: a\r\n\r\n",
  "\r\n\r\n",
  "0\r\n\r\nGET /behind HTTP/1.1\r\nHost: a\r\n\r\n",
  "\0",
  "x",
].map(bytesOf);

/** Work that one byte may cause, and one read: six times what an ordinary request takes (bench/guard/growth.ts judges growth). */
const WORK_PER_BYTE = 24;
const WORK_PER_READ = 2400;

const STRETCHED_BYTES = 24 * 1024;

export class ParserLaws {
  /** Of all inputs before: it must make no difference. */
  readonly #memories = LIMITS.map(() => new HeadMemory());

  /** @throws {BrokenLaw} */
  check(bytes: Buffer, random: Random): string {
    const which = random.below(LIMITS.length);
    const limits = LIMITS[which] as ParserLimits;
    const whole = this.#drive(bytes, [bytes], limits);
    const same = (law: string, other: Transcript): void => {
      if (!isSame(whole, other)) throw new BrokenLaw(law, bytes, { limits, whole, other });
    };
    this.#books(bytes, bytes.length, whole, limits);

    const pieces = cutAt(
      bytes,
      Array.from({ length: 1 + random.below(6) }, () => random.below(bytes.length + 1)),
    );
    const manners: Manners = { bite: 1 + random.below(9), retainsAlways: random.oneIn(2) };
    const cut = this.#drive(bytes, pieces, limits, manners);
    same("it makes no difference how bytes are cut and taken out", cut);
    const pushed = pieces.slice(0, cut.pushed).reduce((sum, { length }) => sum + length, 0);
    this.#books(bytes, pushed, cut, limits);
    if (bytes.length <= 600 || random.oneIn(8)) {
      same("it makes no difference that bytes come one by one", this.#drive(bytes, byteByByte(bytes), limits));
    }
    const memory = this.#memories[which];
    same("it makes no difference what came before", this.#drive(bytes, pieces, limits, undefined, memory));

    this.#beginning(bytes, random.below(bytes.length + 1), whole, limits);
    if (whole.fault !== undefined) {
      const tail = random.pick(TAILS);
      same("what follows a fault is not interpreted", this.#drive(bytes, [Buffer.concat([bytes, tail])], limits));
      same("what comes after a fault is not interpreted", this.#drive(bytes, [...pieces, tail], limits));
    }
    if (random.oneIn(50)) this.#work(bytes, pieces, limits);
    if (random.oneIn(100)) this.#workOfStretched(bytes, random);
    return signature(whole, which);
  }

  #drive(
    bytes: Buffer,
    pieces: readonly Uint8Array[],
    limits: ParserLimits,
    manners?: Manners,
    memory?: HeadMemory,
  ): Drive {
    try {
      return drive(pieces, limits, manners, memory);
    } catch (error) {
      throw new BrokenLaw(
        "nothing is thrown but a ProtocolError",
        bytes,
        String(error instanceof Error ? error.stack : error),
      );
    }
  }

  #books(bytes: Buffer, pushed: number, { consumed, pendingBytes, fault }: Drive, limits: ParserLimits): void {
    const sum = consumed.reduce((total, one) => total + one, 0);
    if (sum + pendingBytes !== pushed || consumed.some((one) => one < 0)) {
      throw new BrokenLaw("bytes consumed and pending add up", bytes, { consumed, pendingBytes, pushed });
    }
    if (fault === undefined && pendingBytes > limits.maxHeadBytes + 2) {
      throw new BrokenLaw("what waits for more is bounded", bytes, { pendingBytes, limits });
    }
  }

  #beginning(bytes: Buffer, length: number, whole: Drive, limits: ParserLimits): void {
    const begun = this.#drive(bytes, [bytes.subarray(0, length)], limits);
    const kept = whole.messages.slice(0, begun.messages.length);
    if (!isDeepStrictEqual(begun.messages, kept) || (begun.fault !== undefined && !isSame(begun, whole))) {
      throw new BrokenLaw("what was understood is not taken back", bytes, { length, limits, begun, whole });
    }
  }

  /** The same with a few of its bytes many times over, where work that grows with the square would show. */
  #workOfStretched(bytes: Buffer, random: Random): void {
    const at = random.below(bytes.length);
    const stretch = bytes.subarray(at, at + 1 + random.below(8));
    const times = Math.ceil(STRETCHED_BYTES / Math.max(1, stretch.length));
    const stretched = Buffer.concat([
      bytes.subarray(0, at),
      ...new Array<Buffer>(times).fill(stretch),
      bytes.subarray(at),
    ]);
    const cuts = Array.from({ length: 1 + random.below(30) }, () => random.below(stretched.length));
    this.#work(stretched, cutAt(stretched, cuts), DEFAULT_LIMITS);
  }

  /** Reads it as the connection does, from proxies that count. */
  #work(bytes: Buffer, pieces: readonly Uint8Array[], limits: ParserLimits): void {
    const most = WORK_PER_BYTE * bytes.length + WORK_PER_READ * (pieces.length + 1);
    const work = countWork(() => {
      const parser = new RequestParser(limits);
      try {
        for (const piece of pieces) {
          parser.push(metered(Buffer.from(piece)));
          readAll(parser);
          parser.retain();
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }, most);
    if (work >= most) throw new BrokenLaw("the work is linear", bytes, { work, most, pieces: pieces.length });
  }
}

function readAll(parser: RequestParser): void {
  while (!parser.bodyDone || parser.readHead() !== undefined) {
    for (let part = parser.peekBody(); part !== undefined; part = parser.peekBody()) parser.consumeBody(part.length);
    if (!parser.bodyDone) return;
  }
}

function isSame(one: Transcript, other: Transcript): boolean {
  return (
    one.unfinishedBody === other.unfinishedBody &&
    isDeepStrictEqual(one.fault, other.fault) &&
    isDeepStrictEqual(one.messages, other.messages)
  );
}

/**
 * What the parser made of it, without what is only the text of this one: two inputs of one signature have gone much the same way.
 * The tables cover every block of the parser already, so that new blocks cannot tell which mutants to keep; new answers do.
 */
function signature({ messages, unfinishedBody, fault }: Drive, limits: number): string {
  const shapes = messages.map(
    ({ method, minorVersion, fields, keepAlive, wantsContinue, body, trailers, query, host, path }) =>
      [
        ...[
          method.length > 7 ? "M" : method,
          minorVersion,
          size(fields.length),
          +keepAlive,
          +wantsContinue,
          size(body.length),
        ],
        ...[trailers?.length ?? "-", query === undefined ? "-" : "?", size(host?.length ?? 0), path[0]],
      ].join(),
  );
  const last = shapes.slice(-2).join("|");
  const shown = fault?.message.replace(/".*"/g, "").replace(/\d+/g, "");
  return `${limits} ${size(messages.length)} ${last} ${size(unfinishedBody?.length ?? -1)} ${fault?.code} ${shown}`;
}

/** Sizes by their order: 0, 1, 2, 4, 8 … */
function size(length: number): number {
  return length <= 1 ? length : 2 + Math.floor(Math.log2(length));
}
