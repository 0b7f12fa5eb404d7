// Hello world with post hooks in three ways: `without` the extension, with it `unused`, and `used` by one hook a request. All
// from one program, so that nothing but the extension differs. Called as `posthooks.ts PORT FOLDER WAY`.

import { type Application, listen, server } from "@wsgi/core";
import { type PostHookEnviron, postHooks } from "@wsgi/posthooks";
import { HELLO } from "./workload.ts";

const [, , port, , way] = process.argv;
let bytes = 0;

const account = (environ: PostHookEnviron, weight: number): void => {
  bytes += environ["wsgi.exchange"].totalBytes * weight;
};

const hello: Application = (environ, startResponse) => {
  if (way === "used") environ["eventlet.posthooks"].push([account, [1]]);
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  // Asked for by nobody under load: it shows that hooks run.
  if (environ.QUERY_STRING === "bytes") return [`${bytes > 0}`];
  return [HELLO];
};

const extensions = way === "without" ? [] : [postHooks()];
await server(listen(["127.0.0.1", Number(port)]), hello, { logOutput: false, extensions }).ready;
