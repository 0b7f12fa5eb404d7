// A server with post hooks for one test: core's own helper, with the extension in it.

import type { Application, Extension } from "@wsgi/core";
import type * as core from "../../../core/src/index.ts";
import { type Served, serve } from "../../../core/test/support/serve.ts";
import { type PostHooks, type PostHooksOptions, postHooks } from "../../src/index.ts";
import { extensionForCore, forCore } from "./applications-for-core.ts";

export interface Hooked extends Served {
  readonly hooks: PostHooks;
}

export interface HookedOptions extends Omit<core.Options, "extensions"> {
  /** After the post hooks. */
  readonly extensions?: readonly Extension[];
}

export const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

export async function serveHooked(
  application: Application,
  hookOptions: PostHooksOptions = {},
  { extensions = [], ...options }: HookedOptions = {},
): Promise<Hooked> {
  const hooks = postHooks(hookOptions);
  const served = await serve(forCore(application), {
    ...options,
    extensions: [hooks, ...extensions].map(extensionForCore),
  });
  return { ...served, hooks };
}

/** Sends one request on a connection of its own and resolves with the whole answer. */
export async function askOnce(served: Hooked, request = GET): Promise<string> {
  const client = await served.connect();
  client.send(request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
  const answer = await client.end();
  client.finish();
  return answer;
}
