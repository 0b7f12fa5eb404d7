// What is put off to the end of a turn of the event loop, because once for a turn is cheaper than once for each request: lines
// of a log. Callbacks in, each called once and in their order; at the end of the process too, so nothing is lost.
//
// There is one event loop, so this is the one state of the package that all servers of a process share.

const due: (() => void)[] = [];
let isScheduled = false;
let isWatched = false;

/**
 * Calls back at the end of this turn, or when the process ends before. What is asked for meanwhile is called in the same round:
 * not later than a turn, for what is done after a response, as post hooks do it, is done after its line.
 *
 * @param callback must not throw
 */
export function atTurnEnd(callback: () => void): void {
  due.push(callback);
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(callAll);
  if (!isWatched) process.on("exit", callAll);
  isWatched = true;
}

function callAll(): void {
  for (let i = 0; i < due.length; i++) (due[i] as () => void)();
  due.length = 0;
  isScheduled = false;
}
