// Signals as calls. Names and what to do in; how to stop listening out. It knows no servers.
//
// HUP has two senders: an operator, who asks for a reload, and the kernel, when the terminal is closed that a command was
// started in: nobody could end it there any more, and its address would stay taken.

import { closeSync, openSync } from "node:fs";

export interface SignalHandlers {
  /** TERM, or INT once, or the terminal is gone: finish what is there. */
  graceful(signal: NodeJS.Signals): void;
  /** QUIT, or INT or TERM again: end now. */
  immediate(signal: NodeJS.Signals): void;
  /** USR1: log files were renamed. */
  reopenLogs(): void;
  /** HUP: read everything again. */
  reload(): void;
  /** TTIN and TTOU: one worker more or less. */
  scale?(by: 1 | -1): void;
  /** USR2: a new version of this program takes over. */
  upgrade?(): void;
}

export function onSignals(handlers: SignalHandlers): () => void {
  let asked = 0;
  const isOnTerminal = process.stderr.isTTY === true && hasTerminal(); // nohup takes standard error elsewhere
  const end = (signal: NodeJS.Signals): void => {
    asked++;
    if (asked === 1) handlers.graceful(signal);
    else handlers.immediate(signal);
  };
  const table: Partial<Record<NodeJS.Signals, (signal: NodeJS.Signals) => void>> = {
    SIGINT: end,
    SIGTERM: end,
    SIGQUIT: (signal) => handlers.immediate(signal),
    SIGHUP: (signal) => (isOnTerminal && !hasTerminal() ? end(signal) : handlers.reload()),
    SIGUSR1: () => handlers.reopenLogs(),
    SIGTTIN: () => handlers.scale?.(1),
    SIGTTOU: () => handlers.scale?.(-1),
    SIGUSR2: () => handlers.upgrade?.(),
  };
  const entries = Object.entries(table) as [NodeJS.Signals, (signal: NodeJS.Signals) => void][];
  for (const [signal, handle] of entries) process.on(signal, handle);
  return () => {
    for (const [signal, handle] of entries) process.removeListener(signal, handle);
  };
}

/** Whether this process has a terminal that can control it. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
