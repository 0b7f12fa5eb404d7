// The kinds of applications that the command serves, and how what a module exports becomes one. A value in; its kind, and an
// Application, out. Each kind's package is loaded when an application of it is served, so that others pay nothing for it.

import type { Application } from "@wsgi/core";

/** What an application is written for. */
export type Interface = "wsgi" | "fetch" | "node" | "python";

/** Each kind as the greeting and error texts have it. */
export const INTERFACES: Readonly<Record<Interface, string>> = Object.freeze({
  wsgi: "WSGI application",
  fetch: "Fetch handler",
  node: "Node listener",
  python: "Python application",
});

type Properties = Readonly<Record<string, unknown>>;

/** What a value can be served as; undefined when it is no application. A bare function is taken for a WSGI application. */
export function interfaceOf(value: unknown): Exclude<Interface, "python"> | undefined {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return undefined;
  const has = (...names: string[]): boolean => names.every((name) => typeof (value as Properties)[name] === "function");
  if (has("fetch")) return "fetch"; // Hono, H3, export default { fetch }
  if (typeof value === "object") return has("routing", "ready") || has("callback", "use") ? "node" : undefined; // Fastify, Koa
  return has("handle", "use") ? "node" : "wsgi"; // Express, Connect
}

/** Whether a value, which is none by itself, can be served as what was asked for. */
export function fits(value: unknown, asked: Interface): boolean {
  const found = interfaceOf(value);
  return found === asked || (typeof value === "function" && asked !== "python");
}

/** @param kind one that the value fits */
export async function applicationOf(value: unknown, kind: Interface): Promise<Application> {
  if (kind === "fetch") {
    const { fromFetch, useFastGlobals } = await import("@wsgi/fetch");
    useFastGlobals(); // the process is the command's own: a quarter of the processor time for such a request
    return fromFetch(value as Parameters<typeof fromFetch>[0]);
  }
  if (kind === "node") {
    const { fromNodeListener } = await import("@wsgi/node");
    return fromNodeListener(await listenerOf(value));
  }
  return value as Application;
}

type Listener = Parameters<typeof import("@wsgi/node").fromNodeListener>[0];

/** Express and Connect are listeners themselves; Fastify and Koa have them by their documented methods. */
async function listenerOf(value: unknown): Promise<Listener> {
  if (typeof value === "function") return value as Listener;
  const framework = value as { ready?(): PromiseLike<unknown>; routing?: Listener; callback?(): Listener };
  if (framework.routing === undefined) return framework.callback?.() as Listener;
  await framework.ready?.();
  return framework.routing;
}
