// What a row of the table of rules is: a MUST or MUST NOT of RFC 9112 or RFC 9110 that binds an origin server, and the proof
// that this one obeys it. The rows are in rules-messaging.ts and rules-semantics.ts, rfc.rules.test.ts runs them, page.ts
// makes docs/conformance.md of them.

import type { Options } from "../../src/index.ts";

/** Bytes on a connection of their own, and what must come of them. */
export interface Trial {
  /** Latin-1. A sentinel request follows, unless `alone`. */
  readonly send: string;
  /** Nothing follows: the client closes its side. */
  readonly alone?: boolean;
  /** The statuses of all responses, the sentinel's left out. */
  readonly statuses: readonly number[];
  /** What the application was called for, e.g. `GET /`, the sentinel left out. Nothing unless given. */
  readonly calls?: readonly string[];
  /** Whether the connection carries another request: the sentinel is answered. Else it is closed. */
  readonly goesOn: boolean;
  /** What the bytes that came back hold. */
  readonly has?: RegExp;
  /** What they do not hold. */
  readonly hasNot?: RegExp;
  /** Of the server. */
  readonly options?: Options;
}

/** A test of another file, by its title as it stands there. */
export interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** Why nothing here can prove it. */
export interface Gap {
  readonly gap: string;
}

export type Proof = readonly Trial[] | NamedTest | Gap;

export interface Rule {
  /** E.g. `9112 §2.2`. */
  readonly section: string;
  readonly level: "MUST" | "MUST NOT";
  /** What the server does where the rule binds it. */
  readonly side: "receives" | "sends";
  /** In our own words. */
  readonly rule: string;
  readonly proof: Proof;
}

/** A function that makes rows for one RFC. */
export function rulesOf(rfc: string) {
  const row = (side: Rule["side"], level: Rule["level"]) => {
    return (section: string, rule: string, proof: Proof): Rule => {
      return { section: `${rfc} §${section}`, level, side, rule, proof };
    };
  };
  return {
    receives: row("receives", "MUST"),
    receivesNot: row("receives", "MUST NOT"),
    sends: row("sends", "MUST"),
    sendsNot: row("sends", "MUST NOT"),
  };
}

/** `GET / HTTP/1.1` with Host and these lines. */
export function get(path = "/", ...lines: readonly string[]): string {
  return head(`GET ${path} HTTP/1.1`, "Host: a", ...lines);
}

/** `POST` with Host, these lines, and a body. */
export function post(path: string, lines: readonly string[], body = ""): string {
  return head(`POST ${path} HTTP/1.1`, "Host: a", ...lines) + body;
}

export function head(...lines: readonly string[]): string {
  return [...lines, "", ""].join("\r\n");
}

/** It is understood: the application is called and answers 200, and the connection goes on. */
export function taken(send: string, call: string, more: Partial<Trial> = {}): Trial {
  return { send, statuses: [200], calls: [call], goesOn: true, ...more };
}

/** It is refused before an application sees it, and the connection is closed. */
export function refused(send: string, status = 400): Trial {
  return { send, statuses: [status], goesOn: false };
}

/** The application is called, what it does is refused, and the client gets a 500 that is none the worse. */
export function failing(path: string, more: Partial<Trial> = {}): Trial {
  return { send: get(path), statuses: [500], calls: [`GET ${path}`], goesOn: true, ...more };
}
