// A listener that listens only when its server begins to accept. A worker has its sockets from the start, but until its
// application is loaded other workers answer on them: what it accepted before would wait for it, and be lost when the
// application cannot be loaded.

import { type BoundAddress, type Listener, type ListenerHandlers, type ListenOptions, listen } from "@wsgi/core";

/** As `listen` of core, later. `ready` resolves only then, so nobody may wait for it before. */
export function listenLate(address: string, options: ListenOptions): Listener {
  return new LateListener(address, options);
}

class LateListener implements Listener {
  readonly scheme = "http";
  readonly ready: Promise<BoundAddress>;
  readonly #address: string;
  readonly #options: ListenOptions;
  #listener: Listener | undefined;
  #resolveReady!: (address: Promise<BoundAddress>) => void;

  constructor(address: string, options: ListenOptions) {
    this.#address = address;
    this.#options = options;
    this.ready = new Promise((resolve) => {
      this.#resolveReady = resolve;
    });
  }

  get served(): boolean {
    return this.#listener !== undefined;
  }

  accept(handlers: ListenerHandlers): void {
    this.#listener = listen(this.#address, this.#options);
    this.#resolveReady(this.#listener.ready);
    this.#listener.accept(handlers);
  }

  async close(signal?: AbortSignal): Promise<void> {
    await this.#listener?.close(signal);
  }
}
