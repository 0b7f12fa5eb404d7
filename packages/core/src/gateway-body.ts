// The body of a request that another server reads: pieces that are pulled in, what `wsgi.input` asks for out.
// One pull at a time, and none before a read waits, so that what is not read stays where it is.

import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import type { ConnectionInfo } from "./connection-info.ts";
import type { Header } from "./environ.ts";
import { UsageError } from "./errors.ts";
import type { Field } from "./fields.ts";
import type { GatewayRequest } from "./gateway-types.ts";
import type { GatewayWriter } from "./gateway-writer.ts";
import type { Input, InputSource } from "./input.ts";

export class GatewayBody implements InputSource {
  input!: Input;
  /** The response is over. */
  over = false;
  /** The application has the socket. */
  taken = false;
  readonly #request: GatewayRequest;
  readonly #writer: GatewayWriter;
  #piece: Buffer | undefined = undefined;
  #ended = false;
  #pulling = false;

  constructor(request: GatewayRequest, writer: GatewayWriter) {
    this.#request = request;
    this.#writer = writer;
  }

  peekBody(): Buffer | undefined {
    return this.over ? undefined : this.#piece;
  }

  consumeBody(count: number): void {
    const piece = this.#piece as Buffer;
    this.#piece = count < piece.length ? piece.subarray(count) : undefined;
  }

  takeBody(count: number): Buffer {
    const taken = Buffer.from((this.#piece as Buffer).subarray(0, count));
    this.consumeBody(count);
    return taken;
  }

  get bodyDone(): boolean {
    return this.over || (this.#ended && this.#piece === undefined);
  }

  get trailers(): readonly Field[] | undefined {
    return this.#ended ? (this.#request.trailers?.() as readonly Field[] | undefined) : undefined;
  }

  get connection(): ConnectionInfo | undefined {
    return this.#request.connection;
  }

  wantBytes(): void {
    if (this.#pulling) return;
    this.#pulling = true;
    this.#request.pull().then(
      (piece) => {
        this.#pulling = false;
        if (piece === undefined) this.#ended = true;
        else if (piece.length > 0) this.#piece = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
        if (this.input.advance()) this.wantBytes();
      },
      (error) => {
        this.#pulling = false;
        this.input.fail(error);
      },
    );
  }

  sendContinue(headers: Iterable<Header>): void {
    const { sendContinue } = this.#request;
    if (this.over || this.#writer.headSent) throw new UsageError("INTERIM_TOO_LATE");
    if (sendContinue === undefined) {
      throw new UsageError("INTERIM_TOO_LATE", "the client does not wait for 100 Continue");
    }
    sendContinue(this.#writer.interim(headers));
  }

  takeSocket(): Duplex {
    const { start, headSent } = this.#writer;
    const { takeSocket, method } = this.#request;
    if (takeSocket === undefined) throw new UsageError("CANNOT_UPGRADE", "the server that reads requests keeps it");
    if (this.taken) throw new UsageError("CANNOT_UPGRADE", "it was taken over already");
    if (this.over || headSent) throw new UsageError("CANNOT_UPGRADE", "the response has started");
    const isTunnel = method === "CONNECT" && (start?.status ?? 0) < 300;
    if (start !== undefined && start.status !== 101 && !isTunnel) {
      throw new UsageError("CANNOT_UPGRADE", `startResponse was given ${start.statusLine}`);
    }
    const socket = takeSocket(start);
    this.taken = true;
    this.input.close();
    return socket;
  }
}
