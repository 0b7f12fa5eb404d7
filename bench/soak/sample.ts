// What a process of the soak holds at one moment: memory, handles, descriptors. It looks at its own process only, which runs
// with --expose-gc.

import { readdirSync } from "node:fs";

export interface Sample {
  /** Seconds of the process's clock. */
  readonly time: number;
  /** Bytes, after garbage was collected. */
  readonly heap: number;
  /** Bytes of buffers and other things outside of the heap. */
  readonly external: number;
  readonly rss: number;
  /** What keeps the event loop alive, by kind. */
  readonly handles: Readonly<Record<string, number>>;
  /** Open descriptors; undefined where there is no /proc. */
  readonly descriptors: number | undefined;
  /** Requests so far. */
  readonly requests: number;
}

export async function takeSample(requests: number): Promise<Sample> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve)); // what finalizers free is free by now
  }
  const { heapUsed: heap, external, rss } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return { time: performance.now() / 1000, heap, external, rss, handles, descriptors: openDescriptors(), requests };
}

function openDescriptors(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}
