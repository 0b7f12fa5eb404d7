// Reads responses out of what a client received, by a parser of its own: RFC 9112 §6.3, seen from the client.

import type { Client } from "./client.ts";
import type { Served } from "./serve.ts";

export interface Answer {
  /** E.g. `HTTP/1.1 200 OK`. */
  readonly statusLine: string;
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The text of the head, with its empty line. */
  readonly head: string;
  /** The body without chunk framing, as latin-1. */
  readonly body: string;
  /** The data of each chunk; undefined when the body is not chunked. */
  readonly chunks: readonly string[] | undefined;
  /** Whether the body came to the end that its framing says. */
  readonly complete: boolean;
  /** The value of a header; values of repeated ones joined with ` | `; undefined when it is absent. */
  header(name: string): string | undefined;
}

/**
 * All responses in a text.
 *
 * @param methods of the requests, where that matters: HEAD and CONNECT are answered without a body
 */
export function answersIn(text: string, ...methods: readonly string[]): Answer[] {
  const found: Answer[] = [];
  let rest = text;
  let finals = 0;
  while (rest !== "") {
    const [answer, after] = readAnswer(rest, methods[finals] ?? "GET");
    found.push(answer);
    rest = after;
    if (answer.status >= 200 || answer.status === 101) finals++;
    if (!answer.complete) break;
  }
  return found;
}

/** The only response in a text. */
export function answerIn(text: string, method = "GET"): Answer {
  const [answer, ...others] = answersIn(text, method);
  if (answer === undefined || others.length > 0) throw new Error(`expected one response, got ${JSON.stringify(text)}`);
  return answer;
}

/** Sends bytes on a connection of their own and reads the one response; the server must close. */
export async function ask(served: Served, request: string | Uint8Array, method = "GET"): Promise<Answer> {
  const client = await served.connect();
  client.send(request);
  return answerIn(await client.end(), method);
}

/** Sends bytes on an open connection and resolves with the next response, which must have a complete body. */
export async function askNext(client: Client, request: string | Uint8Array, method = "GET"): Promise<Answer> {
  const before = client.received.length;
  client.send(request);
  for (;;) {
    const text = client.received.slice(before);
    const answer = text.includes("\r\n\r\n") ? answersIn(text, method).find(isFinal) : undefined;
    if (answer?.complete === true) return answer;
    await client.more();
  }
}

function isFinal({ status }: Answer): boolean {
  return status >= 200 || status === 101;
}

function readAnswer(text: string, method: string): [answer: Answer, rest: string] {
  const headEnd = text.indexOf("\r\n\r\n") + 4;
  if (headEnd < 4) throw new Error(`not a response: ${JSON.stringify(text)}`);
  const head = text.slice(0, headEnd);
  const [statusLine = "", ...fieldLines] = head.slice(0, -4).split("\r\n");
  const [, digits] = /^HTTP\/1\.[01] ([1-9][0-9]{2}) [\t\x20-\x7e\x80-\xff]*$/.exec(statusLine) ?? [];
  if (digits === undefined) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
  const status = Number(digits);
  const headers = fieldLines.map((line) => {
    const field = /^([^\s:]+): ?(.*)$/.exec(line);
    if (field === null) throw new Error(`not a header line: ${JSON.stringify(line)}`);
    return [field[1] as string, field[2] as string] as const;
  });
  const header = (name: string): string | undefined => {
    const values = headers.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(" | ");
  };
  const bodyless =
    status < 200 || status === 204 || status === 304 || method === "HEAD" || (method === "CONNECT" && status < 300);
  const body = bodyless ? NOTHING : readBody(header, text.slice(headEnd));
  const answer = { statusLine, status, headers, head, header, ...body };
  return [answer, text.slice(headEnd + body.length)];
}

interface ReadBody {
  readonly body: string;
  readonly chunks: readonly string[] | undefined;
  readonly complete: boolean;
  /** How many characters of the text it took. */
  readonly length: number;
}

const NOTHING: ReadBody = { body: "", chunks: undefined, complete: true, length: 0 };

function readBody(header: (name: string) => string | undefined, text: string): ReadBody {
  if (header("transfer-encoding") !== undefined) return readChunks(text);
  const declared = header("content-length");
  const length = declared === undefined ? text.length : Number(declared);
  const body = text.slice(0, length);
  return { body, chunks: undefined, complete: body.length === length, length: body.length };
}

function readChunks(text: string): ReadBody {
  const chunks: string[] = [];
  let position = 0;
  let complete = false;
  while (!complete) {
    const [line, digits = ""] = /^([0-9a-f]+)\r\n/.exec(text.slice(position)) ?? [];
    if (line === undefined) break;
    const start = position + line.length;
    const size = Number.parseInt(digits, 16);
    const data = text.slice(start, start + size);
    if (text.slice(start + size, start + size + 2) !== "\r\n") break;
    position = start + size + 2;
    if (size === 0) complete = true;
    else chunks.push(data);
  }
  return { body: chunks.join(""), chunks, complete, length: complete ? position : text.length };
}
