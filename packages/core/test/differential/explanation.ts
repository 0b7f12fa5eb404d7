// What a row of the table of explanations is.

import { get } from "../wire/wire.ts";
import type { Facts } from "./facts.ts";

export interface Explanation {
  readonly name: string;
  /** Who takes less; nobody where both take it, each in its own way. */
  readonly stricter: "we" | "node" | "nobody";
  /** The section of the RFC that rules it, and why we do as we do. */
  readonly why: string;
  readonly recognises: (facts: Facts) => boolean;
  readonly example: Buffer;
  /** The version of llhttp from which on both agree about the example. */
  readonly agreesSince?: string;
}

/** Another request. */
export const AFTER = get().toString();

/** Texts and bytes, one after the other. */
export function bytes(...texts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(texts.map((text) => (typeof text === "string" ? Buffer.from(text, "latin1") : text)));
}
