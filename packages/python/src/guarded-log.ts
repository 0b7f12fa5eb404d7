// The log, whose faults end nothing: a sink in, one that never throws out. It knows no processes; what could not be written goes to
// the standard error of this one, with the reason for it once.

import type { TextSink } from "./options.ts";

export function guardedLog(log: TextSink): TextSink {
  let hasFailed = false;
  return {
    write(text: string): void {
      try {
        log.write(text);
      } catch (error) {
        if (!hasFailed) process.stderr.write(`wsgi: Python: the log could not be written: ${String(error)}\n`);
        hasFailed = true;
        process.stderr.write(text);
      }
    },
  };
}
