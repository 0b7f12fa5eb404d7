// The nearest of some names to one that is not among them, for "did you mean". Texts in, a text or nothing out. Pure.

import { requireLibrary } from "./require-library.ts";

/** The name that was probably meant; undefined when none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  // Nobody waits for this library at a start that succeeds.
  const { distance } = requireLibrary("fastest-levenshtein") as typeof import("fastest-levenshtein");
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}

/** `; did you mean "x"?`, or nothing. */
export function suggestion(name: string, known: readonly string[]): string {
  const found = nearest(name, known);
  return found === undefined ? "" : `; did you mean ${found}?`;
}
