// Whether two views of the same bytes are the same, and where they part.

import { isDeepStrictEqual } from "node:util";
import type { Message, View } from "./views.ts";

/** Two views that part. */
export interface Disagreement {
  readonly ours: View;
  readonly node: View;
  /** The index of the message where they part; both agree on those before it. */
  readonly at: number;
  /** The bytes from that message on, as latin-1. */
  readonly rest: string;
}

/**
 * Where the views part; undefined when they agree. Of a body that ended in a fault it does not matter how much of it was
 * handed over before.
 */
export function compare(bytes: Buffer, ours: View, node: View): Disagreement | undefined {
  const count = Math.max(ours.messages.length, node.messages.length);
  let at = 0;
  while (at < count && isSame(ours.messages[at], node.messages[at])) at++;
  if (at === count && ours.end === node.end) return undefined;
  if (at === count && ours.messages.at(-1)?.complete === false) at--;
  const before = ours.messages.slice(0, at).reduce((sum, message) => sum + message.bytes, 0);
  return { ours, node, at, rest: bytes.toString("latin1", before) };
}

function isSame(ours: Message | undefined, node: Message | undefined): boolean {
  if (ours === undefined || node === undefined) return false;
  const sameBody = ours.complete
    ? ours.body === node.body
    : ours.body.startsWith(node.body) || node.body.startsWith(ours.body);
  return sameBody && isDeepStrictEqual({ ...ours, body: "", bytes: 0 }, { ...node, body: "", bytes: 0 });
}
