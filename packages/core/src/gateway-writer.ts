// The response of an application on another server: the steps of response.ts, with a GatewayResponse in place of a socket.
// Items in; calls of the other server's response out, cut at the Content-Length. It frames nothing: that is the other's work.

import { Buffer } from "node:buffer";
import { itemLength } from "./body.ts";
import { BodyEncoder } from "./body-encoder.ts";
import type { Gate } from "./body-pump.ts";
import type { Header } from "./environ.ts";
import { UsageError } from "./errors.ts";
import type { ExchangeRecord } from "./exchange-record.ts";
import { isBodyForbidden, isLengthForbidden, NO_BODY, responseFraming } from "./framing.ts";
import type { GatewayResponse } from "./gateway-types.ts";
import type { ResponseWriter } from "./response.ts";
import type { ResponseHeadEncoder, ResponseStart } from "./response-head.ts";
import type { Item } from "./types.ts";

export class GatewayWriter implements ResponseWriter, Gate {
  start: ResponseStart | undefined = undefined;
  headSent = false;
  readonly #method: string;
  readonly #record: ExchangeRecord;
  readonly #response: GatewayResponse;
  readonly #encoder: ResponseHeadEncoder;
  #body = new BodyEncoder(NO_BODY);
  #writable = true;

  constructor(method: string, record: ExchangeRecord, response: GatewayResponse, encoder: ResponseHeadEncoder) {
    this.#method = method;
    this.#record = record;
    this.#response = response;
    this.#encoder = encoder;
  }

  begin(status: string, headers: Iterable<Header>, excInfo?: unknown): void {
    if (this.start !== undefined) {
      if (excInfo === undefined || excInfo === null) throw new UsageError("RESPONSE_ALREADY_STARTED");
      if (this.headSent) throw excInfo;
    }
    this.start = this.#encoder.start(status, headers);
  }

  /** Checks the headers of an interim response. */
  interim(headers: Iterable<Header>): readonly Header[] {
    const list = [...headers];
    this.#encoder.interimFields(list);
    return list;
  }

  get bodyForbidden(): boolean {
    return this.start !== undefined && isBodyForbidden(this.#method, this.start.status);
  }

  get takesNoMore(): boolean {
    return this.bodyForbidden || this.excessBytes > 0;
  }

  get missingBytes(): number {
    return this.#body.missingBytes;
  }

  get excessBytes(): number {
    return this.#body.excessBytes;
  }

  sendHead(knownLength?: number): void {
    if (this.headSent) return;
    const { start } = this;
    if (start === undefined) throw new UsageError("NO_RESPONSE");
    const { status, statusLine, headers, declaredLength } = start;
    const framing = responseFraming({ method: this.#method, status, minorVersion: 1, declaredLength, knownLength });
    this.headSent = true;
    this.#body = new BodyEncoder(framing.kind === "chunked" ? UNCOUNTED : framing);
    this.#record.status = status;
    this.#record.headers = headers;
    const length = framing.kind === "length" ? framing.length : this.#lengthWithoutBody(status, knownLength);
    this.#response.start(status, statusLine.slice(4), headers, length);
  }

  sendItems(items: readonly Item[], length: number): void {
    this.sendHead();
    let left = this.#body.admit(length);
    for (let i = 0; i < items.length && left > 0; i++) {
      const item = items[i] as Item;
      const size = itemLength(item);
      if (size === 0) continue;
      const piece = size > left ? (typeof item === "string" ? Buffer.from(item) : item).subarray(0, left) : item;
      left -= Math.min(size, left);
      this.#writable = this.#response.write(piece);
    }
  }

  sendWhole(items: readonly Item[], length: number): void {
    this.sendHead(length);
    if (length > 0) this.sendItems(items, length);
  }

  sendEnd(): void {
    this.sendHead();
    if (this.missingBytes === 0) this.#response.end();
  }

  flush(): boolean {
    return this.#writable;
  }

  flushSoon(): boolean {
    return this.#writable;
  }

  onceWritable(callback: () => void): void {
    this.#response.onceWritable(() => {
      this.#writable = true;
      callback();
    });
  }

  #lengthWithoutBody(status: number, knownLength: number | undefined): number | undefined {
    const isUnknown = status === 304 || isLengthForbidden(this.#method, status) || !this.bodyForbidden;
    return isUnknown ? undefined : knownLength;
  }
}

/** A body that goes on until it ends; the other server frames it. */
const UNCOUNTED = Object.freeze({ kind: "close", length: 0 } as const);
