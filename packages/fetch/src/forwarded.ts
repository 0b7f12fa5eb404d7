// What trusted proxies say of a request: its scheme, its host, its client. RFC 7239 (Forwarded), and the X-Forwarded-* that came
// before it. An environ and the option `trustProxy` in; facts out. It never looks at a header that was not asked for: a proxy
// that sets one kind passes the other through from the client.

import type { Environ } from "@wsgi/core";
import { FetchError, show } from "./errors.ts";

/** Which proxies are believed. */
export interface TrustProxy {
  /** The headers that the proxies set. Default `"x-forwarded"`. */
  readonly headers?: "x-forwarded" | "forwarded";
  /**
   * How many proxies stand in a row before this server, each of which adds to the headers. What the outermost of them added
   * is taken, what stands left of it came from the client and is not. Default 1.
   */
  readonly hops?: number;
  /** Who may connect as such a proxy: addresses as in REMOTE_ADDR (`unix` on a unix socket), or a function. Default: anybody. */
  readonly from?: readonly string[] | ((address: string) => boolean);
}

export interface ForwardedFacts {
  readonly scheme: "http" | "https" | undefined;
  readonly host: string | undefined;
  readonly client: string | undefined;
}

export type ReadForwarded = (environ: Environ) => ForwardedFacts | undefined;

/**
 * A function that reads them; undefined when nobody is trusted.
 *
 * @throws {FetchError} BAD_OPTION
 */
export function resolveTrust(option: boolean | TrustProxy | undefined): ReadForwarded | undefined {
  if (option === undefined || option === false) return undefined;
  if (option !== true && (typeof option !== "object" || option === null)) {
    throw badOption("trustProxy", "a boolean or an object", option);
  }
  const { headers = "x-forwarded", hops = 1, from }: TrustProxy = option === true ? {} : option;
  if (headers !== "x-forwarded" && headers !== "forwarded") {
    throw badOption("trustProxy.headers", '"x-forwarded" or "forwarded"', headers);
  }
  if (!Number.isSafeInteger(hops) || hops < 1) throw badOption("trustProxy.hops", "a whole number from 1", hops);
  const trusts = resolveFrom(from);
  const readFacts = headers === "forwarded" ? readForwarded : readXForwarded;
  return (environ) => (trusts(environ.REMOTE_ADDR) ? readFacts(environ, hops) : undefined);
}

function resolveFrom(from: TrustProxy["from"]): (address: string) => boolean {
  if (from === undefined) return () => true;
  if (typeof from === "function") return from;
  if (Array.isArray(from) && from.every((one) => typeof one === "string")) {
    const addresses: ReadonlySet<string> = new Set(from);
    return (address) => addresses.has(address);
  }
  throw badOption("trustProxy.from", "a list of addresses or a function", from);
}

function badOption(name: string, expected: string, value: unknown): FetchError {
  return new FetchError("BAD_OPTION", `${name}: expected ${expected}, got ${show(value)}`);
}

function readXForwarded(environ: Environ, hops: number): ForwardedFacts {
  const host = checkHost(hopOf(environ["HTTP_X_FORWARDED_HOST"], hops));
  const port = hopOf(environ["HTTP_X_FORWARDED_PORT"], hops);
  const lacksPort = host !== undefined && /^(\[.*\]|[^:]*)$/.test(host);
  return {
    scheme: checkScheme(hopOf(environ["HTTP_X_FORWARDED_PROTO"], hops)),
    host: lacksPort && port !== undefined && /^\d{1,5}$/.test(port) ? `${host}:${port}` : host,
    client: checkClient(hopOf(environ["HTTP_X_FORWARDED_FOR"], hops)),
  };
}

/** RFC 7239 §4: elements separated by commas, in them pairs separated by semicolons, values that may be quoted. */
function readForwarded(environ: Environ, hops: number): ForwardedFacts {
  const element = hopOf(environ["HTTP_FORWARDED"], hops) ?? "";
  const pairs = new Map<string, string>();
  for (const pair of splitOutsideQuotes(element, ";")) {
    const equals = pair.indexOf("=");
    if (equals < 0) continue;
    const value = pair.slice(equals + 1).trim();
    const plain = /^".*"$/.test(value) ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
    pairs.set(pair.slice(0, equals).trim().toLowerCase(), plain);
  }
  return {
    scheme: checkScheme(pairs.get("proto")),
    host: checkHost(pairs.get("host")),
    client: checkClient(pairs.get("for")),
  };
}

/** The member of a list that the outermost trusted proxy added: from the right, or the first where there are fewer. */
function hopOf(value: unknown, hops: number): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  const members = splitOutsideQuotes(value, ",");
  return members[Math.max(0, members.length - hops)]?.trim();
}

function splitOutsideQuotes(text: string, separator: "," | ";"): string[] {
  if (!text.includes('"')) return text.split(separator);
  const pieces: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "\\" && isQuoted) i++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      pieces.push(text.slice(start, i));
      start = i + 1;
    }
  }
  pieces.push(text.slice(start));
  return pieces;
}

function checkScheme(value: string | undefined): "http" | "https" | undefined {
  const scheme = value?.toLowerCase();
  return scheme === "http" || scheme === "https" ? scheme : undefined;
}

/** Names and addresses, with or without a port; anything else is as if it were not there. */
function checkHost(value: string | undefined): string | undefined {
  return value !== undefined && /^([a-z0-9._~!$&'()*+;=-]+|\[[0-9a-f:.]+\])(:\d{0,5})?$/i.test(value)
    ? value
    : undefined;
}

/** An address, its port and brackets left out; the `unknown` and `_names` of RFC 7239 are none. */
function checkClient(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const [, inBrackets, ipv4] = /^\[([0-9a-f:.]+)\](?::\d+)?$|^(\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?$/i.exec(value) ?? [];
  if (inBrackets !== undefined || ipv4 !== undefined) return inBrackets ?? ipv4;
  return /^[0-9a-f:]*:[0-9a-f:.]*$/i.test(value) ? value : undefined;
}
