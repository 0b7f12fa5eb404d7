// A client as there are many, in a process of its own: normal-client.ts PORT. Three at a time ask, wait five milliseconds and ask
// again; every fourth request comes on a new connection. For each message it tells the latencies since the last one.

import http from "node:http";

const port = Number(process.argv[2]);
const TIMEOUT = 10_000;
const agent = new http.Agent({ keepAlive: true });
let latencies: number[] = [];
let failures: string[] = [];

function ask(isNew: boolean): Promise<void> {
  const begun = performance.now();
  return new Promise((resolve) => {
    const done = (error?: unknown): void => {
      if (error === undefined) latencies.push(performance.now() - begun);
      else failures.push(String(error));
      resolve();
    };
    const request = http.get(
      { port, host: "127.0.0.1", timeout: TIMEOUT, agent: isNew ? false : agent },
      (response) => {
        response
          .resume()
          .on("end", () => (response.statusCode === 200 ? done() : done(response.statusCode)))
          .on("error", done);
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer in 10 s"))).on("error", done);
  });
}

async function client(): Promise<void> {
  for (let i = 0; ; i++) {
    await ask(i % 4 === 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

process.on("message", () => {
  process.send?.({ latencies, failures });
  latencies = [];
  failures = [];
});
process.on("disconnect", () => process.exit());
for (let i = 0; i < 3; i++) void client();
