// A server that answers wrongly is not measured.

import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { PLAIN } from "../under-load.ts";
import { verify } from "../verify.ts";

async function serve(handler: RequestListener): Promise<number> {
  const server = http.createServer(handler).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("takes the right answer, also of pipelined requests and of a body sent back", async () => {
  const port = await serve((_request, response) => response.end(PLAIN.answer));
  await verify(PLAIN, port);
  await verify({ ...PLAIN, pipelined: 16 }, port);
  const echo = await serve((request, response) => request.pipe(response));
  await verify({ ...PLAIN, method: "POST", body: "a body", answer: "a body" }, echo);
  await verify({ ...PLAIN, method: "POST", body: "a body", answer: 6 }, echo);
});

test("asks with the fields of the load, and no other", async () => {
  const seen: string[] = [];
  const port = await serve((request, response) => {
    seen.push(...request.rawHeaders.filter((_, index) => index % 2 === 0));
    response.end(PLAIN.answer);
  });
  await verify({ ...PLAIN, headers: [["X-One", "1"]] }, port);
  expect(seen.sort()).toEqual(["Host", "X-One"]);
});

test.each<[string, RequestListener, RegExp]>([
  ["another status", (_request, response) => response.writeHead(404).end(PLAIN.answer), /status 404/],
  ["another body", (_request, response) => response.end("Hello!"), /expected "Hello, World!\\r\\n", got "Hello!"/],
  ["a shorter body", (_request, response) => response.end("Hello, World!"), /wrong answer/],
])("refuses %s", async (_title, handler, message) => {
  await expect(verify(PLAIN, await serve(handler))).rejects.toThrow(message);
});

test("refuses a body of another length", async () => {
  const port = await serve((_request, response) => response.end("12345"));
  await expect(verify({ ...PLAIN, answer: 6 }, port)).rejects.toThrow("expected 6 bytes");
});
