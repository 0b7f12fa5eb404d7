// One request by node:http, whose answer is kept as it came: header names, their order, and every Set-Cookie.

import http from "node:http";

export interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export function ask(port: number, { method = "GET", path, headers = {}, body }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: "127.0.0.1", method, path, headers, agent: false });
    request.on("error", reject);
    request.on("response", (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        const raw = response.rawHeaders;
        const pairs = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] as string] as const] : []));
        const { statusCode = 0, statusMessage = "" } = response;
        resolve({ status: statusCode, reason: statusMessage, headers: pairs, body: Buffer.concat(pieces) });
      });
    });
    request.end(body);
  });
}

/** The first value of a header. */
export function header({ headers }: Answer, wanted: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

/** The cookies that an answer sets, as a request sends them back. */
export function cookies({ headers }: Answer): string {
  return headers
    .filter(([name]) => name.toLowerCase() === "set-cookie")
    .map(([, value]) => value.split(";")[0])
    .join("; ");
}

/** Headers that belong to a server or a moment, not to the application. */
const OF_THE_SERVER = new Set(["date", "server", "connection", "keep-alive", "transfer-encoding"]);

/** What of an answer every server should say alike, for the same application. Headers are in the order of their names. */
export function comparable({ status, reason, headers, body }: Answer): object {
  const theirs = headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !OF_THE_SERVER.has(name))
    .sort(([a], [b]) => Number(a > b) - Number(a < b));
  return { status: `${status} ${reason}`, headers: theirs, body: body.toString("latin1") };
}
