// A request of node:http, or of what looks like it (Express, Connect, http2's compatibility), as gateway() of the core wants it. The
// messages in, a GatewayRequest out: the body is pulled when it is read, so that the rest stays with the kernel.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ClientDisconnected, type GatewayRequest, type Header } from "@wsgi/core";

/** What frameworks add to a request: where it is mounted. */
interface Mounted {
  readonly baseUrl?: unknown;
  readonly originalUrl?: unknown;
}

type Endpoints = GatewayRequest["endpoints"];

export function gatewayRequest(request: IncomingMessage, response: ServerResponse | undefined): GatewayRequest {
  const endpoints = endpointsOf(request.socket);
  const fields = pairs(request.rawHeaders).filter(([name]) => !name.startsWith(":"));
  const { authority, path, query } = splitTarget(request.url ?? "/");
  const scriptName = mountOf(request as Mounted, path);
  const isMountItself = scriptName !== "" && pathOf((request as Mounted).originalUrl) === scriptName;
  const { host, ":authority": pseudo } = request.headers as Record<string, string | undefined>;
  const isOld = request.httpVersionMajor === 1 && request.httpVersionMinor === 0;
  return {
    ...{ method: request.method ?? "GET", scriptName, path: isMountItself ? "" : path, query, fields, endpoints },
    minorVersion: isOld ? 0 : 1,
    host: authority ?? host ?? pseudo,
    connection: { endpoints, requestsServed: 0, phase: undefined, socket: request.socket },
    pull: () => pull(request, response),
    trailers: () => pairs(request.rawTrailers),
    ...(response !== undefined && !isOld && interim(request, response)),
  };
}

function pairs(flat: readonly string[]): Header[] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] as string, flat[2 * i + 1] as string]);
}

/** RFC 9112 §3.2: a target is a path, a whole URL, or `*`. */
function splitTarget(target: string): { authority: string | undefined; path: string; query: string | undefined } {
  const [, authority, rest = target] = /^https?:\/\/([^/?]*)(.*)$/is.exec(target) ?? [];
  const start = rest.indexOf("?");
  const path = start < 0 ? rest : rest.slice(0, start);
  return { authority, path: path === "" ? "/" : path, query: start < 0 ? undefined : rest.slice(start + 1) };
}

/** Express says where it has mounted; of Connect it is what `originalUrl` has before `url`. */
function mountOf({ baseUrl, originalUrl }: Mounted, path: string): string {
  if (typeof baseUrl === "string") return baseUrl;
  const original = pathOf(originalUrl);
  if (original === undefined || original === path) return "";
  if (original.endsWith(path)) return original.slice(0, original.length - path.length);
  return path === "/" ? original : "";
}

function pathOf(url: unknown): string | undefined {
  return typeof url === "string" ? splitTarget(url).path : undefined;
}

function endpointsOf(socket: Socket & { readonly encrypted?: boolean }): Endpoints {
  const scheme = socket.encrypted === true ? "https" : "http";
  const { remoteAddress, remotePort, localAddress = "", localPort = "" } = socket;
  if (remoteAddress === undefined) {
    const serverPort = scheme === "https" ? "443" : "80";
    return { scheme, serverName: "unix", serverPort, remoteAddress: "unix", remotePort: "" };
  }
  return {
    scheme,
    serverName: plain(localAddress),
    serverPort: String(localPort),
    remoteAddress: plain(remoteAddress),
    remotePort: String(remotePort ?? ""),
  };
}

/** IPv4 clients of a dual-stack socket, as the environ shows them. */
function plain(address: string): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

/** The next piece; waits where there is none. What was read before, by a body parser, does not come again. */
function pull(request: IncomingMessage, response: ServerResponse | undefined): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const attempt = (): void => {
      const bytes: Buffer | string | null = request.read();
      if (bytes !== null) finish(() => resolve(typeof bytes === "string" ? Buffer.from(bytes) : bytes));
      else if (request.readableEnded) finish(() => resolve(undefined));
      else if (request.destroyed) finish(() => reject(new ClientDisconnected("the client left inside the body")));
    };
    const finish = (settle: () => void): void => {
      for (const event of EVENTS) request.removeListener(event, attempt);
      settle();
    };
    for (const event of EVENTS) request.on(event, attempt);
    if (response !== undefined && waitsForContinue(request, response)) response.writeContinue();
    attempt();
  });
}

const EVENTS = ["readable", "end", "error", "close"] as const;

/** Whether nobody has sent the 100 yet: node:http does, unless it has a listener for 'checkContinue'. */
function waitsForContinue(request: IncomingMessage, response: ServerResponse): boolean {
  const isSent = (response as ServerResponse & { _sent100?: boolean })._sent100 !== false;
  return !isSent && !response.headersSent && /^100-continue$/i.test(request.headers.expect ?? "");
}

function interim(
  request: IncomingMessage,
  response: ServerResponse,
): Pick<GatewayRequest, "sendContinue" | "sendEarlyHints"> {
  return {
    ...(request.headers.expect !== undefined && {
      sendContinue: () => {
        if (waitsForContinue(request, response)) response.writeContinue();
      },
    }),
    ...(typeof response.writeEarlyHints === "function" && {
      sendEarlyHints: (headers) => {
        const hints: Record<string, string | string[]> = {};
        for (const [name, value] of headers) {
          const key = name.toLowerCase();
          const known = hints[key];
          hints[key] = known === undefined ? value : [known, value].flat();
        }
        response.writeEarlyHints(hints);
      },
    }),
  };
}
