// Moves the items of a body, and what the application writes, to the response in their order and at the pace of the client.
// Iterators and items in; calls on Response, and an end or an error by callback, out. Synchronous items are joined up to
// `minimum_write_chunk_size`; what is written, and what an async body yields, goes out in the same turn of the event loop;
// large items are cut. It knows no socket: the gate says when more may be queued.

import { type BodyIterator, badStep, itemLength } from "./body.ts";
import type { ResponseWriter } from "./response.ts";
import type { Item } from "./types.ts";

/** The way to the socket, as far as pacing goes. */
export interface Gate {
  /** Sends what is queued; true when the peer has taken enough that more may be queued. */
  flush(): boolean;
  /** The same, by the end of this turn of the event loop. */
  flushSoon(): boolean;
  /** Calls back once that is so again, or the client has left. */
  onceWritable(callback: () => void): void;
}

/** Items are cut to this, so that what reached a client that leaves is known this precisely. */
export const SLICE_BYTES = 64 * 1024;
/** A body that never waits gives other connections their turn after this many bytes; a small item counts as many too. */
const MAX_BURST_BYTES = 1024 * 1024;
const MIN_COUNTED_BYTES = 1024;

const READY: Promise<void> = Promise.resolve();

export class BodyPump {
  readonly #response: ResponseWriter;
  readonly #gate: Gate;
  #stopped = false;
  #stopReason: unknown = undefined;
  /** The last of the writes that wait, for the client or for one another. */
  #writing: Promise<void> | undefined = undefined;
  /** What a synchronous iterator gave while its own writes waited. */
  #held: IteratorResult<Item> | undefined = undefined;
  #batch: Item[] = [];
  #batchBytes = 0;
  /** What is left of a large item. */
  #large: Uint8Array | undefined = undefined;
  /** Bytes queued since the client was last waited for, or others had their turn. */
  #burstBytes = 0;
  /** Bytes queued since the last flush. */
  #unflushedBytes = 0;

  constructor(response: ResponseWriter, gate: Gate) {
    this.#response = response;
    this.#gate = gate;
  }

  /** Nothing more is sent; writes that wait reject with the reason, if there is one. */
  stop(reason: unknown): void {
    this.#stopped = true;
    this.#stopReason = reason;
    this.#batch = [];
    this.#large = undefined;
    this.#held = undefined;
  }

  /** Whether writes wait. */
  get writing(): boolean {
    return this.#writing !== undefined;
  }

  /** Resolves when no write waits any more, however they ended. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing.catch(() => {});
  }

  /**
   * PEP 3333's write: the item goes out in this turn, behind everything that came before it. The first call sends the head,
   * even when its item is empty: so an event stream begins before there is an event.
   */
  write(item: Item, length: number): Promise<void> {
    if (length === 0 && this.#response.headSent) return this.#writing ?? READY;
    if (this.#writing !== undefined) return this.#track(this.#writing.then(() => this.#send(item, length)));
    this.#sendQueued();
    if (length > SLICE_BYTES) return this.#track(this.#send(item, length));
    this.#queue([item], length);
    return this.#goesOn() ? READY : this.#track(this.#writable());
  }

  #track(written: Promise<void>): Promise<void> {
    const tracked = written.then(() => {
      if (this.#stopReason !== undefined) throw this.#stopReason;
    });
    const settled = (): void => {
      if (this.#writing === tracked) this.#writing = undefined;
    };
    tracked.then(settled, settled); // a write that nobody waits for must not end the process when the client leaves
    this.#writing = tracked;
    return tracked;
  }

  /**
   * Moves synchronous items until the client is behind, a turn is over or a write waits, and goes on when that has passed.
   *
   * @param onEnd told whether the iterator itself has ended; a response that takes no more is not iterated further
   */
  runSync(
    iterator: Iterator<Item>,
    minimumBytes: number,
    onEnd: (exhausted: boolean) => void,
    onError: (error: unknown) => void,
  ): void {
    const goOn = (): void => this.runSync(iterator, minimumBytes, onEnd, onError);
    try {
      while (!this.#stopped) {
        if (this.#large !== undefined) {
          this.#sendSlice(this.#large);
        } else {
          const step = this.#held ?? iterator.next();
          this.#held = this.#writing === undefined ? undefined : step;
          if (this.#held !== undefined) return void this.settled().then(goOn);
          if (step.done === true || this.#response.takesNoMore) {
            this.#sendBatch();
            return onEnd(step.done === true);
          }
          if (step.value === undefined) throw badStep(step);
          this.#add(step.value, minimumBytes);
        }
        if (!this.#keepsPace(goOn)) return;
      }
    } catch (error) {
      onError(error);
    }
  }

  /** Moves the items of an async body, one by one; resolves like `onEnd` of `runSync` is called. */
  async runAsync(iterator: BodyIterator): Promise<boolean> {
    while (!this.#stopped) {
      const step = await iterator.next();
      if (this.#writing !== undefined) await this.settled();
      if (step.done === true) return true;
      if (this.#stopped || this.#response.takesNoMore) return false;
      const length = itemLength(step.value);
      if (length > SLICE_BYTES) await this.#send(step.value, length);
      else if (length > 0) {
        this.#queue([step.value], length);
        if (!this.#goesOn()) await this.#writable();
      }
    }
    return false;
  }

  /** What is queued leaves with what else comes in this turn; false when the client, or others, must have theirs first. */
  #goesOn(): boolean {
    return this.#burstBytes < MAX_BURST_BYTES && this.#gate.flushSoon();
  }

  /** Sends one item now, in slices when it is large; resolves when the client is ready for more. */
  async #send(item: Item, length: number): Promise<void> {
    if (this.#stopped) return;
    if (length <= SLICE_BYTES) {
      this.#queue([item], length);
      return this.#writable();
    }
    const bytes = typeof item === "string" ? Buffer.from(item) : item;
    for (let start = 0; start < length && !this.#stopped; start += SLICE_BYTES) {
      const slice = bytes.subarray(start, start + SLICE_BYTES);
      this.#queue([slice], slice.length);
      await this.#writable();
    }
  }

  /** Flushes; resolves when more may be queued. */
  async #writable(): Promise<void> {
    this.#unflushedBytes = 0;
    if (!this.#gate.flush()) {
      this.#burstBytes = 0;
      await new Promise<void>((resolve) => this.#gate.onceWritable(resolve));
    } else if (this.#burstBytes >= MAX_BURST_BYTES) {
      this.#burstBytes = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #add(item: Item, minimumBytes: number): void {
    const length = itemLength(item);
    if (length === 0) return;
    if (length > SLICE_BYTES) {
      this.#sendBatch();
      this.#large = typeof item === "string" ? Buffer.from(item) : item;
      return;
    }
    this.#batch.push(item);
    this.#batchBytes += length;
    if (this.#batchBytes < minimumBytes) return;
    this.#sendBatch();
    if (minimumBytes === 0) this.#gate.flush();
  }

  /** Sends what was taken from an iterator and not yet sent: a write must not overtake it. */
  #sendQueued(): void {
    this.#sendBatch();
    while (this.#large !== undefined) this.#sendSlice(this.#large);
  }

  #sendBatch(): void {
    if (this.#batchBytes === 0) return;
    const items = this.#batch;
    const length = this.#batchBytes;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#queue(items, length);
  }

  #sendSlice(large: Uint8Array): void {
    const slice = large.subarray(0, SLICE_BYTES);
    this.#large = large.length > SLICE_BYTES ? large.subarray(SLICE_BYTES) : undefined;
    this.#queue([slice], slice.length);
  }

  #queue(items: readonly Item[], length: number): void {
    this.#burstBytes += Math.max(length, MIN_COUNTED_BYTES);
    this.#unflushedBytes += length;
    this.#response.sendItems(items, length);
  }

  /** False when the pump was put off: until the client has taken more, or until others had their turn. */
  #keepsPace(next: () => void): boolean {
    if (this.#unflushedBytes < SLICE_BYTES) return true;
    this.#unflushedBytes = 0;
    const writable = this.#gate.flush();
    if (writable && this.#burstBytes < MAX_BURST_BYTES) return true;
    this.#burstBytes = 0;
    if (writable) setImmediate(next);
    else this.#gate.onceWritable(next);
    return false;
  }
}
