// When a worker that is well is replaced all the same: what it has answered, how much memory it takes, how old it is. Facts
// of a worker and settings in, a reason in words out, or none. Pure, but for the dice of the jitter.

import type { ServingStatus } from "./serving.ts";
import type { CommandSettings } from "./settings.ts";

/** At how many requests a worker is replaced: not all of them at one time. */
export function requestLimit({
  maxRequests,
  maxRequestsJitter,
}: Pick<CommandSettings, "maxRequests" | "maxRequestsJitter">): number {
  return maxRequests === 0 ? Number.POSITIVE_INFINITY : maxRequests + Math.round(Math.random() * maxRequestsJitter);
}

/** What is looked at of a worker. */
interface Recyclable {
  readonly status: ServingStatus | undefined;
  readonly requestLimit: number;
  readonly ageSeconds: number;
}

/** @returns what follows "worker N" in the log; undefined when it goes on */
export function recycleReason(
  { status, requestLimit: limit, ageSeconds }: Recyclable,
  { maxMemory, maxAge }: Pick<CommandSettings, "maxMemory" | "maxAge">,
): string | undefined {
  if (status === undefined) return undefined;
  const { memoryBytes, counters } = status;
  if (counters.requests >= limit) return `has answered ${counters.requests} requests`;
  if (maxMemory > 0 && memoryBytes > maxMemory) return `takes ${Math.round(memoryBytes / 1024 ** 2)} MiB`;
  return maxAge > 0 && ageSeconds > maxAge ? `is ${Math.round(ageSeconds)} s old` : undefined;
}
