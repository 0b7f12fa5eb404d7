// Handing a request on from inside a handler to a WSGI application: `answerWith` of the handler's context. What no Response can say
// (101, the connection itself) an application can. The handler returns a Response that stands for the application's; middleware of a
// framework may put headers on it, or make another one of it.

import type { Application, Body, Environ, Header, StartResponse } from "@wsgi/core";
import { FetchError, show } from "./errors.ts";
import { NativeResponse } from "./fast-response.ts";
import { headersOf } from "./response-headers.ts";

/** On the Response that stands for another: copies of a Response keep their headers. It is never sent. */
const MARK = "x-answered-by-wsgi";

/** One request that may be handed on. */
export class HandedOn {
  #application: Application | undefined = undefined;

  /** @throws {FetchError} BAD_APPLICATION */
  readonly answerWith = (application: Application): Response => {
    if (typeof application !== "function") throw new FetchError("BAD_APPLICATION", `got ${show(application)}`);
    this.#application = application;
    return new NativeResponse(null, { headers: { [MARK]: "1" } });
  };

  /** The answer of the application that the handler has named; undefined when what it returned is its own. */
  answer(returned: unknown, environ: Environ, startResponse: StartResponse): Body | Promise<Body> | undefined {
    const application = this.#application;
    if (application === undefined || !isMarked(returned)) return undefined;
    const added = headersOf(returned).filter(([name]) => name !== MARK);
    const start: StartResponse = (status, headers: Iterable<Header>, ...excInfo) =>
      startResponse(status, [...headers, ...added], ...excInfo);
    return application(environ, added.length === 0 ? startResponse : start);
  }
}

function isMarked(value: unknown): value is Response {
  return value instanceof NativeResponse && value.headers.has(MARK);
}
