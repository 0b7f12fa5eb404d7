// The limits that the wire cases are written for: those of a server that nobody configured, and small ones, so that
// what happens at, below and above each bound can be shown in few bytes.

import type { ParserLimits } from "../../src/request-parser.ts";

export const DEFAULT_LIMITS: ParserLimits = Object.freeze({
  urlLengthLimit: 8192,
  maxFieldBytes: 8192,
  maxHeadBytes: 65536,
  maxFieldCount: 100,
  maxBodyBytes: Number.POSITIVE_INFINITY,
  maxChunkExtensionBytes: 4096,
});

export const SMALL_LIMITS: ParserLimits = Object.freeze({
  urlLengthLimit: 40,
  maxFieldBytes: 32,
  maxHeadBytes: 100,
  maxFieldCount: 4,
  maxBodyBytes: 20,
  maxChunkExtensionBytes: 10,
});
