// Serves an application on a real socket and asks it: exact bytes of a target out, what the application saw in.

import type { Application } from "@wsgi/core";
import type * as core from "../../../core/src/index.ts";
import { type Answer, answerIn } from "../../../core/test/support/answers.ts";
import { type Served, serve } from "../../../core/test/support/serve.ts";

/** The core's source, which the tests run, and its build, which this package knows, have each their own types. */
export function forCore(application: Application): core.Application {
  return application as unknown as core.Application;
}

export function serveIt(application: Application, options: core.Options = {}): Promise<Served> {
  return serve(forCore(application), options);
}

export async function ask(served: Served, target: string, method = "GET"): Promise<Answer> {
  const client = await served.connect();
  client.send(`${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  return answerIn(await client.end(), method);
}
