// Drives a RequestParser as a connection does: pushes pieces, takes out what is there, retains, and then spoils the
// pushed bytes, because the buffer of a real connection is used again.

import { ProtocolError } from "../../src/errors.ts";
import type { HeadMemory } from "../../src/head-memory.ts";
import type { RequestHead } from "../../src/request-head.ts";
import { type ParserLimits, RequestParser } from "../../src/request-parser.ts";
import type { Message } from "./cases.ts";

/** Everything a parser said about some bytes. */
export interface Transcript {
  readonly messages: readonly Message[];
  /** Body bytes of the message that did not end, as latin-1; undefined outside of a body. */
  readonly unfinishedBody: string | undefined;
  readonly fault: Fault | undefined;
}

export interface Fault {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

export interface Drive extends Transcript {
  /** What `takeConsumed` gave after each message and, in the end, for the rest. */
  readonly consumed: readonly number[];
  readonly pendingBytes: number;
  /** How many of the pieces were pushed before the fault. */
  readonly pushed: number;
}

/** How bodies are taken out and borrowed bytes are dealt with; it must make no difference either. */
export interface Manners {
  /** Most bytes of a body that are consumed at a time. */
  readonly bite: number;
  /** Whether `retain` is called after each step, and not only when all is read. */
  readonly retainsAlways: boolean;
}

const PLAIN: Manners = { bite: Number.POSITIVE_INFINITY, retainsAlways: false };

/** @param memory of what was driven before; it must make no difference either */
export function drive(pieces: Iterable<Uint8Array>, limits: ParserLimits, manners = PLAIN, memory?: HeadMemory): Drive {
  const parser = new RequestParser(limits, memory);
  const messages: Message[] = [];
  const consumed: number[] = [];
  let head: RequestHead | undefined;
  let body: string[] = [];
  let pushed = 0;
  let borrowed = Buffer.alloc(0);

  const retain = (): void => {
    parser.retain();
    borrowed.fill(0x21);
  };

  const readMessages = (): void => {
    for (;;) {
      head ??= parser.readHead();
      if (head === undefined) return;
      if (manners.retainsAlways) retain();
      for (let piece = parser.peekBody(); piece !== undefined; piece = parser.peekBody()) {
        const bitten = piece.subarray(0, manners.bite);
        body.push(bitten.toString("latin1"));
        parser.consumeBody(bitten.length);
        if (manners.retainsAlways) retain();
      }
      if (!parser.bodyDone) return;
      messages.push(messageOf(head, body.join(""), parser));
      consumed.push(parser.takeConsumed());
      head = undefined;
      body = [];
    }
  };

  const result = (fault: Fault | undefined): Drive => ({
    messages,
    unfinishedBody: head === undefined ? undefined : body.join(""),
    fault,
    consumed: [...consumed, parser.takeConsumed()],
    pendingBytes: parser.pendingBytes,
    pushed,
  });

  for (const piece of pieces) {
    borrowed = Buffer.from(piece);
    parser.push(borrowed);
    pushed++;
    try {
      readMessages();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return result({ code: error.code, status: error.status, message: error.message });
    }
    retain();
  }
  return result(undefined);
}

function messageOf(head: RequestHead, body: string, parser: RequestParser): Message {
  const { method, target, path, query, minorVersion, host, fields, keepAlive, asksKeepAlive, wantsContinue } = head;
  const { trailers } = parser;
  return {
    ...{ method, target, path, query, minorVersion, host, fields, keepAlive, asksKeepAlive, wantsContinue },
    ...{ body, trailers },
  };
}

/** What must not depend on how the bytes were cut. */
export function transcript(
  pieces: Iterable<Uint8Array>,
  limits: ParserLimits,
  manners = PLAIN,
  memory?: HeadMemory,
): Transcript {
  const { messages, unfinishedBody, fault } = drive(pieces, limits, manners, memory);
  return { messages, unfinishedBody, fault };
}

export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

/** Cuts at these positions, which need not be in order nor in range. */
export function cutAt(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const cuts = [...new Set([0, ...positions, bytes.length])].filter((at) => at <= bytes.length).sort((a, b) => a - b);
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
}

/** Every position between two bytes; for long texts those near both ends, and some of the others. */
export function splitPositions({ length }: Uint8Array): number[] {
  const all = Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
  return length <= 1024 ? all : all.filter((at) => at <= 60 || at > length - 60 || at % 2039 === 0);
}
