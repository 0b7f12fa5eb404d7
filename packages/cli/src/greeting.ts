// What the command says when it serves: what, where, with how many processes, how long it took. Facts in, a line out.

import type { BoundAddress } from "@wsgi/core";
import { INTERFACES, type Interface } from "./interfaces.ts";
import type { LogOutput } from "./log-output.ts";

type Colours = Pick<LogOutput["colours"], "bold" | "cyan">;

export interface StartFacts {
  readonly app: string;
  readonly kind: Interface;
  readonly addresses: readonly Pick<BoundAddress, "url">[];
  /** 0 when the command serves by itself. */
  readonly workers: number;
  readonly milliseconds: number;
  readonly reload: boolean;
}

export function showStart(
  { app, kind, addresses, workers, milliseconds, reload }: StartFacts,
  colours: Colours,
): string {
  const where = addresses.map(({ url }) => colours.cyan(url)).join(", ");
  const how = workers === 0 ? "one process" : `${workers} ${workers === 1 ? "worker" : "workers"}`;
  const what = kind === "wsgi" ? "" : `, a ${INTERFACES[kind]},`;
  const watching = reload ? ", restarting when files change" : "";
  return `${colours.bold(app)}${what} is served on ${where} (${how}, ready in ${Math.round(milliseconds)} ms${watching})`;
}
