// Requests in flight as a table in memory that two threads share: the one that serves writes it, its watchdog reads it when the
// first one is stuck, be it in a call of the system, where nobody could ask it. Heads in, lines of text out.
//
// It costs every request of a worker 50 to 100 ns, 0.5 to 0.8 % of the smallest there is: characters are copied one by one,
// since a call of Buffer's costs more than it copies (250 ns, measured). What is read while it is written may be torn.

/** As many as a server has connections by default. Further requests are counted only. */
const MAX_REQUESTS = 1024;
const SLOT_BYTES = 256;
/** A slot: when it began (8 bytes), how long its text is (4), its text. The first slot holds the count in the length's place. */
const LENGTH_AT = 8;
const TEXT_AT = 12;
const SPACE = 32;

export interface TableEntry {
  /** Method, path and client. */
  readonly text: string;
  readonly ageMilliseconds: number;
}

export class InFlightTable {
  /** For the other thread. */
  readonly memory: SharedArrayBuffer;
  readonly #bytes: Uint8Array;
  readonly #lengths: Int32Array;
  readonly #times: Float64Array;
  readonly #free: number[];

  /** @param memory that of another thread's table */
  constructor(memory = new SharedArrayBuffer((MAX_REQUESTS + 1) * SLOT_BYTES)) {
    this.memory = memory;
    this.#bytes = new Uint8Array(memory);
    this.#lengths = new Int32Array(memory);
    this.#times = new Float64Array(memory);
    this.#free = Array.from({ length: MAX_REQUESTS }, (_, index) => (MAX_REQUESTS - index) * SLOT_BYTES);
  }

  /** @param since as of `performance.now()`. @returns what `remove` takes */
  add(method: string, path: string, client: string, since: number): number {
    this.#lengths[LENGTH_AT / 4] = (this.#lengths[LENGTH_AT / 4] as number) + 1;
    const slot = this.#free.pop();
    if (slot === undefined) return 0;
    const clientBytes = Math.min(client.length, 45) + 1; // an IPv6 address at its longest
    let end = this.#write(method, slot + TEXT_AT, slot + SLOT_BYTES - clientBytes - 1);
    this.#bytes[end++] = SPACE;
    end = this.#write(path, end, slot + SLOT_BYTES - clientBytes);
    this.#bytes[end++] = SPACE;
    end = this.#write(client, end, slot + SLOT_BYTES);
    this.#times[slot / 8] = performance.timeOrigin + since; // each thread has an origin of its own
    this.#lengths[(slot + LENGTH_AT) / 4] = end - slot - TEXT_AT;
    return slot;
  }

  remove(slot: number): void {
    this.#lengths[LENGTH_AT / 4] = (this.#lengths[LENGTH_AT / 4] as number) - 1;
    if (slot === 0) return;
    this.#lengths[(slot + LENGTH_AT) / 4] = 0;
    this.#free.push(slot);
  }

  /** How many are in flight, those without a slot too. */
  get count(): number {
    return this.#lengths[LENGTH_AT / 4] as number;
  }

  /** The youngest first: what began last is most often what is stuck. */
  list(): TableEntry[] {
    const now = performance.timeOrigin + performance.now();
    const found: TableEntry[] = [];
    for (let slot = SLOT_BYTES; slot < this.memory.byteLength; slot += SLOT_BYTES) {
      const length = this.#lengths[(slot + LENGTH_AT) / 4] as number;
      if (length === 0) continue;
      const text = String.fromCharCode(...this.#bytes.subarray(slot + TEXT_AT, slot + TEXT_AT + length));
      found.push({ text, ageMilliseconds: now - (this.#times[slot / 8] as number) });
    }
    return found.sort((one, other) => one.ageMilliseconds - other.ageMilliseconds);
  }

  #write(text: string, from: number, limit: number): number {
    const count = Math.min(text.length, limit - from);
    for (let i = 0; i < count; i++) this.#bytes[from + i] = text.charCodeAt(i);
    return from + Math.max(0, count);
  }
}
