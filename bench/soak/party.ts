// The two processes of a soak, each a child that answers messages: the server and its clients. Starts them, asks them and ends
// them; what they answer, it does not look at.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

export class Party<Message extends { readonly type: string }> {
  readonly #name: string;
  readonly #child: ChildProcess;
  /** What it sent and nobody has asked for yet. */
  readonly #arrived: Message[] = [];
  readonly #waiting = new Set<() => void>();
  #ended: string | undefined;

  /** @param program a file of this folder */
  constructor(program: string, args: readonly string[], node: string) {
    this.#name = program;
    this.#child = fork(join(import.meta.dirname, program), args, {
      execPath: node,
      execArgv: ["--expose-gc", "--import", "tsx"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child.on("message", (message) => {
      this.#arrived.push(message as Message);
      this.#wake();
    });
    this.#child.on("exit", (code, signal) => {
      this.#ended = `${program} ended with ${code ?? signal}`;
      this.#wake();
    });
  }

  /** Sends what it is to do, if anything, and resolves with its next message of a type. @throws {Error} when it has ended */
  async ask<Type extends Message["type"]>(type: Type, order?: string): Promise<Extract<Message, { type: Type }>> {
    if (order !== undefined) this.order(order);
    for (;;) {
      const index = this.#arrived.findIndex((message) => message.type === type);
      if (index >= 0) return this.#arrived.splice(index, 1)[0] as Extract<Message, { type: Type }>;
      if (this.#ended !== undefined) throw new Error(this.#ended);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  order(order: string): void {
    if (this.#ended !== undefined) throw new Error(this.#ended);
    this.#child.send(order);
  }

  get name(): string {
    return this.#name;
  }

  async stop(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }

  #wake(): void {
    for (const look of this.#waiting) look();
    this.#waiting.clear();
  }
}
