// Which generator of load there is on this machine. It knows no server and no row.

import { autocannon } from "./load-autocannon.ts";
import type { LoadGenerator } from "./load-types.ts";
import { wrk } from "./load-wrk.ts";
import { isInstalled } from "./machine.ts";

/** wrk where it is installed, else autocannon. */
export function findLoadGenerator(): LoadGenerator {
  return isInstalled("wrk") ? wrk : autocannon;
}
