// What `@wsgi/fetch` offers. Nothing inside the package imports this file.

export { FETCH_ERRORS, FetchError, type FetchErrorCode } from "./errors.ts";
export { useFastGlobals } from "./fast-globals.ts";
export { FastResponse } from "./fast-response.ts";
export type { TrustProxy } from "./forwarded.ts";
export { type FromFetchOptions, fromFetch } from "./from-fetch.ts";
export { type FetchHandler, type FetchObject, type HandlerContext, isFetchHandler } from "./handler.ts";
export { type ToFetchOptions, toFetch } from "./to-fetch.ts";
export type { WsgiRequest } from "./wsgi-request.ts";
