// What an application gives to startResponse, checked as the core checks it: PEP 3333 "The start_response() Callable"; RFC 9110 §5.
// Status and headers in; what a Response is made of out. Pure.

import type { Header } from "@wsgi/core";
import { FetchError, show } from "./errors.ts";

export interface Started {
  readonly status: number;
  readonly statusText: string;
  /** Their names in small letters, as Fetch has them. */
  readonly headers: [string, string][];
  readonly declaredLength: number | undefined;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const HOP_BY_HOP = /^(?:connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;

/** @throws {FetchError} BAD_STATUS, BAD_HEADERS, BAD_HEADER_NAME, BAD_HEADER_VALUE, HOP_BY_HOP_HEADER, BAD_CONTENT_LENGTH_HEADER */
export function checkStart(statusLine: string, headers: Iterable<Header>): Started {
  if (typeof statusLine !== "string" || !/^[2-5][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?$/.test(statusLine)) {
    throw new FetchError("BAD_STATUS", show(statusLine));
  }
  if (typeof headers !== "object" || headers === null || !(Symbol.iterator in headers)) {
    throw new FetchError("BAD_HEADERS", show(headers));
  }
  const kept: [string, string][] = [];
  let declaredLength: number | undefined;
  for (const pair of headers) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new FetchError("BAD_HEADERS", show(pair));
    const [name, value] = pair as unknown as [string, string];
    if (typeof name !== "string" || !TOKEN.test(name)) throw new FetchError("BAD_HEADER_NAME", show(name));
    if (typeof value !== "string" || !VALUE.test(value))
      throw new FetchError("BAD_HEADER_VALUE", `${name} has ${show(value)}`);
    const lower = name.toLowerCase();
    if (lower === "content-length") {
      if (!/^[0-9]+$/.test(value) || declaredLength !== undefined)
        throw new FetchError("BAD_CONTENT_LENGTH_HEADER", show(value));
      declaredLength = Number(value);
    } else if (HOP_BY_HOP.test(lower)) {
      if (lower === "connection" && value.trim().toLowerCase() === "close") continue; // there is no connection to be closed
      throw new FetchError("HOP_BY_HOP_HEADER", show(`${name}: ${value}`));
    }
    kept.push([lower, value]);
  }
  return {
    status: Number(statusLine.slice(0, 3)),
    statusText: statusLine.slice(4),
    headers: kept,
    declaredLength,
  };
}
