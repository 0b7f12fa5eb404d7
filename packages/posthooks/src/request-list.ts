// Requests in the order in which their turn comes: first in, first out, each in one list at most. A chain through the
// requests themselves, for a list of ten thousand is not moved up when its first one leaves.

import type { RequestHooks } from "./request-hooks.ts";

export class RequestList {
  #first: RequestHooks | undefined = undefined;
  #last: RequestHooks | undefined = undefined;

  get empty(): boolean {
    return this.#first === undefined;
  }

  push(request: RequestHooks): void {
    if (this.#last === undefined) this.#first = request;
    else this.#last.next = request;
    this.#last = request;
  }

  shift(): RequestHooks | undefined {
    const request = this.#first;
    if (request === undefined) return undefined;
    this.#first = request.next;
    if (this.#first === undefined) this.#last = undefined;
    request.next = undefined;
    return request;
  }
}
