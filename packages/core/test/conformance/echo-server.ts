// The echo application of the conformance exam, on a free port that is printed as the first line.

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Application, type Environ, listen, server } from "../../src/index.ts";

let count = 0;

const respond: Record<string, Application> = {
  "/noread": (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["ok"];
  },
  "/stream": (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return (function* () {
      yield "one ";
      yield "two ";
      yield "three";
    })();
  },
  "/empty": (_environ, startResponse) => {
    startResponse("204 No Content", []);
    return [];
  },
  "/notmod": (_environ, startResponse) => {
    startResponse("304 Not Modified", []);
    return [];
  },
  "/len": (_environ, startResponse) => {
    startResponse("200 OK", [
      ["Content-Type", "text/plain"],
      ["Content-Length", "5"],
    ]);
    return ["hello"];
  },
  "/close": (_environ, startResponse) => {
    startResponse("200 OK", [["Connection", "close"]]);
    return ["bye"];
  },
  "/err": () => {
    throw new Error("asked for");
  },
};

const echo: Application = async (environ, startResponse) => {
  const n = ++count;
  if (environ.PATH_INFO === "/slow") await sleep(300);
  const special = respond[environ.PATH_INFO];
  if (special !== undefined) return special(environ, startResponse);
  const body = await environ["wsgi.input"].read();
  const text = JSON.stringify({
    method: environ.REQUEST_METHOD,
    target: targetOf(environ),
    path: environ.PATH_INFO,
    query: environ.QUERY_STRING ?? "",
    protocol: environ.SERVER_PROTOCOL,
    headers: headersOf(environ),
    body_len: body.length,
    body_sha1: createHash("sha1").update(body).digest("hex"),
    n,
  });
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  return [text];
};

function targetOf(environ: Environ): string {
  return environ.RAW_PATH_INFO + (environ.QUERY_STRING === undefined ? "" : `?${environ.QUERY_STRING}`);
}

function headersOf(environ: Environ): Record<string, unknown> {
  const isHeader = (key: string): boolean => key.startsWith("HTTP_") || key.startsWith("CONTENT_");
  return Object.fromEntries(Object.entries(environ).filter(([key]) => isHeader(key)));
}

const running = server(listen(["127.0.0.1", 0]), echo, { logOutput: false });
await running.ready;
console.log(running.addresses[0]?.port);
