// Waits for a state that nobody announces, such as a counter's: looks once a turn of the event loop.

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Lets the event loop go round once: timers, reads, writes and closes that are due happen. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
