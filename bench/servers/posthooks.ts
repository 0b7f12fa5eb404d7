// Hello world with post hooks in three ways: `without` the extension, with it `unused`, and `used` by one hook a request.
// Tells its port, and its processor time when asked.

import { type Application, listen, server } from "@wsgi/core";
import { type PostHookEnviron, postHooks } from "@wsgi/posthooks";
import { announce } from "../cpu-time.ts";

const way = process.argv[2];
let bytes = 0;

const account = (environ: PostHookEnviron, weight: number): void => {
  bytes += environ["wsgi.exchange"].totalBytes * weight;
};

const hello: Application = (environ, startResponse) => {
  if (way === "used") environ["eventlet.posthooks"].push([account, [1]]);
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["Hello, World!\r\n"];
};

const extensions = way === "without" ? [] : [postHooks()];
const running = server(listen(["127.0.0.1", 0]), hello, { logOutput: false, extensions });
await running.ready;
announce(running.addresses[0]?.port as number);
process.on("exit", () => {
  if (way === "used" && bytes === 0) throw new Error("no hook ran");
});
