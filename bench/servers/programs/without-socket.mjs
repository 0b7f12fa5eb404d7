// Hello world without a socket, called as fast as it answers. Called as `without-socket.mjs WHO SECONDS`, WHO `wsgi` or `hono`; prints
// how many requests a second there were, and how many microseconds of processor time one took, as JSON. A request begins as a URL
// and ends when its text was read.

import { toFetch } from "@wsgi/fetch";
import { Hono } from "hono";

const HELLO = "Hello, World!\r\n";
const URL = "http://localhost/";
/** Enough for the compiler to be done. */
const WARM_UP = 20_000;
const [, , who, seconds] = process.argv;

const handler = toFetch((_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain; charset=UTF-8"]]);
  return [HELLO];
});
const app = new Hono().get("/", (context) => context.text(HELLO));
const ask = who === "wsgi" ? () => handler(new Request(URL)) : () => app.request(URL);

async function askOften(count) {
  for (let i = 0; i < count; i++) {
    const response = await ask();
    const text = await response.text();
    if (response.status !== 200 || text !== HELLO) throw new Error(`${response.status} ${JSON.stringify(text)}`);
  }
}

await askOften(WARM_UP);
const begun = performance.now();
const { user, system } = process.cpuUsage();
let count = 0;
for (; performance.now() - begun < Number(seconds) * 1000; count += 1000) await askOften(1000);
const time = performance.now() - begun;
const used = process.cpuUsage();
console.log(JSON.stringify({ rate: count / (time / 1000), cpu: (used.user - user + used.system - system) / count }));
