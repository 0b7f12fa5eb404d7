// What a row of the table of history is: a published flaw of a server of this kind (or of a proxy, where the origin server
// is the other half), and the bytes that show that it is not here. history.cves.test.ts runs the rows.

import type { NamedTest, Trial } from "./rules.ts";

export interface Incident {
  /** The number of the CVE, or of the advisory where there is no CVE. */
  readonly id: string;
  readonly product: string;
  /** What it did. */
  readonly was: string;
  /** What is done here. */
  readonly here: string;
  /**
   * Exchanges that come out otherwise on a server with the flaw: they expect every status, every call of the application and
   * the end of the connection; or the tests that show it.
   */
  readonly proof: readonly Trial[] | readonly NamedTest[];
}

/** What must never reach the application; the bytes of most rows hold it. */
export const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

export function incident(
  id: string,
  product: string,
  was: string,
  here: string,
  ...proof: Incident["proof"]
): Incident {
  return { id, product, was, here, proof: proof as Incident["proof"] };
}

/** The application reads a body that turns out to be malformed: one 400, and the end. */
export function broken(send: string, status = 400): Trial {
  return { send, statuses: [status], calls: ["POST /echo"], goesOn: false };
}
