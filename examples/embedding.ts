// A server inside a program that has other things to do: it wants one answer from a browser, as a login on the command
// line does, on whatever port is free, for five minutes at most. Its log lines go with the program's own.
//
//   node --import tsx examples/embedding.ts
//   curl 'http://localhost:<port>/callback?code=1234'

import { type Application, type Extension, listen, server } from "@wsgi/core";

const log = (text: string): void => console.error(`login: ${text}`);

/** Tells what became of every response. */
const facts: Extension = {
  name: "facts",
  onResponded({ requestLine, status, bodyBytes, startTime, finishTime }) {
    log(`${requestLine} got ${status} with ${bodyBytes} bytes in ${(finishTime - startTime).toFixed(1)} ms`);
  },
};

/** Serves until the code has come; undefined when it did not. */
async function receiveCode(port: number, signal: AbortSignal): Promise<string | undefined> {
  let accept!: (code: string) => void;
  const answer = new Promise<string>((resolve) => {
    accept = resolve;
  });
  const application: Application = (environ, startResponse) => {
    const code = new URLSearchParams(environ.QUERY_STRING).get("code");
    if (environ.PATH_INFO !== "/callback" || code === null) {
      startResponse("404 Not Found", []);
      return [];
    }
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    accept(code);
    return ["Thank you. You can close this page.\r\n"];
  };

  // Left in whatever way, this function first closes the server: the response in flight is finished.
  await using running = server(listen(["127.0.0.1", port]), application, {
    log: { info: (line) => log(line), debug: () => {} },
    logFormat: "%(client_ip)s asked for %(request_line)s",
    extensions: [facts],
    signal,
  });
  await running.ready;
  console.log(`Waiting at http://localhost:${running.addresses[0]?.port}/callback - Ctrl-C gives up`);
  return await Promise.race([answer, running.closed.then(() => undefined)]);
}

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(300_000)]);

const code = await receiveCode(Number(process.argv[2] ?? 0), signal);
console.log(code === undefined ? "no code came" : `the code is ${code}`);
