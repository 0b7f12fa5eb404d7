// fromFetch(): a Fetch handler as a WSGI application. It puts the parts together: environ → Request → handler → Response →
// startResponse and a body. What the parts know is theirs.

import type { Application, Body, Environ, StartResponse } from "@wsgi/core";
import { HandedOn } from "./answer-with.ts";
import { FetchError, isPromise, show } from "./errors.ts";
import { hasFastGlobals } from "./fast-globals.ts";
import { knownResponse, NativeResponse } from "./fast-response.ts";
import { resolveTrust, type TrustProxy } from "./forwarded.ts";
import { type FetchHandler, type FetchObject, type HandlerContext, resolveHandler } from "./handler.ts";
import { hasBody, RequestBody } from "./request-body.ts";
import { PlainHost, urlOf } from "./request-url.ts";
import { findBody, StreamedBody } from "./response-body.ts";
import { endToEnd, headersOf } from "./response-headers.ts";
import { statusLine } from "./status-text.ts";
import { waitUntilOf } from "./wait-until.ts";
import { hasSymbols, makeRequest } from "./wsgi-request.ts";

/** Options of `fromFetch`. */
export interface FromFetchOptions {
  /**
   * Whether proxies are believed about the scheme, the host and the client of a request, and which. Default false: headers
   * that any client can send change nothing. `true` is `{}`: one proxy, with X-Forwarded-* headers, and nobody else can connect.
   */
  readonly trustProxy?: boolean | TrustProxy;
}

const EMPTY: readonly never[] = Object.freeze([]);
/** An empty body whose length nobody knows: HEAD of a Response without a body says nothing of the length that GET has. */
const NOTHING: Iterable<never> = { [Symbol.iterator]: () => EMPTY[Symbol.iterator]() };
const PROPS = Object.freeze({});
const passThroughOnException = (): void => {};

/**
 * Makes a WSGI application of a Fetch handler: a function `(request, context) => Response`, or an object with such a function
 * at `fetch`.
 *
 * @throws {FetchError} BAD_HANDLER, BAD_OPTION
 */
export function fromFetch(handler: FetchHandler | FetchObject, options: FromFetchOptions = {}): Application {
  const call = resolveHandler(handler);
  const readForwarded = resolveTrust(options.trustProxy);
  const plainHost = new PlainHost();
  return (environ, startResponse) => {
    const { REQUEST_METHOD: method } = environ;
    if (isForbidden(method)) return refuse(startResponse, "501 Not Implemented", `there is no Request with ${method}`);
    const forwarded = readForwarded?.(environ);
    const url = urlOf(environ, forwarded, plainHost);
    if (url === undefined) return refuse(startResponse, "400 Bad Request", "the host and the path make no URL");
    const waitUntil = waitUntilOf(environ);
    const ip = forwarded?.client ?? environ.REMOTE_ADDR;
    const body = hasBody(environ) ? new RequestBody(environ) : undefined;
    const request = makeRequest({ environ, url, body, ip, waitUntil }, hasSymbols || hasFastGlobals());
    const handedOn = new HandedOn();
    const { answerWith } = handedOn;
    const context: HandlerContext = { environ, waitUntil, answerWith, passThroughOnException, props: PROPS };
    const answer = (value: unknown): Body | Promise<Body> =>
      handedOn.answer(value, environ, startResponse) ?? respond(value, environ, startResponse);
    const response = call(request, context);
    return isPromise(response) ? (response.then(answer) as Promise<Body>) : answer(response);
  };
}

/** What Fetch forbids, in capitals or not: RFC 9110 §9.3.6, §9.3.8. */
function isForbidden(method: string): boolean {
  return (method.length === 7 || method.length === 5) && /^(connect|trace|track)$/i.test(method);
}

function refuse(startResponse: StartResponse, status: string, text: string): Body {
  startResponse(status, [["Content-Type", "text/plain; charset=utf-8"]]);
  return [`${text}\r\n`];
}

function respond(value: unknown, environ: Environ, startResponse: StartResponse): Body | Promise<Body> {
  const isHead = environ.REQUEST_METHOD === "HEAD";
  const known = knownResponse(value);
  if (known !== undefined) {
    startResponse(statusLine(known.status, known.statusText), endToEnd(known.headers, known.status));
    return known.body === null ? empty(isHead) : [known.body];
  }
  const response = checkResponse(value);
  const status = statusLine(response.status, response.statusText);
  const headers = headersOf(response);
  const { body } = response;
  if (body === null) {
    startResponse(status, headers);
    return empty(isHead);
  }
  return findBody(body).then((found) => {
    const write = startResponse(status, headers);
    if (found instanceof StreamedBody) {
      void write(""); // the client learns at once what it will get
      found.watch(environ["wsgi.signal"]);
    }
    return found as Body;
  });
}

function empty(isHead: boolean): Body {
  return isHead ? NOTHING : (EMPTY as unknown as Body);
}

/** A Response of another realm, or of a library, is as good as one of this runtime. */
function checkResponse(value: unknown): Response {
  if (!looksLikeResponse(value)) throw new FetchError("NOT_A_RESPONSE", `got ${show(value)}`);
  if (value.type === "error") throw new FetchError("ERROR_RESPONSE");
  if (value.bodyUsed || value.body?.locked === true) throw new FetchError("BODY_ALREADY_USED");
  return value;
}

function looksLikeResponse(value: unknown): value is Response {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof NativeResponse) return true;
  const { status, headers, body } = value as Partial<Record<"status" | "headers" | "body", unknown>>;
  const hasHeaders = typeof headers === "object" && headers !== null && Symbol.iterator in headers;
  return Number.isInteger(status) && hasHeaders && body !== undefined;
}
