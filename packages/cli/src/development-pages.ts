// Answers for development that say what went wrong: message, excerpt of the source, stack. An error in, a WSGI application
// or a body out. A browser gets a page, made by youch; other clients get JSON or plain text, as they ask. Never loaded in
// production.

import { readFileSync } from "node:fs";
import type { Application, Body, Environ, StartResponse } from "@wsgi/core";
import { messageOf } from "./errors.ts";

/** Answers everything with the reason why the application could not be loaded. */
export function errorPage(error: unknown): Application {
  const cause = error instanceof Error && error.cause instanceof Error ? located(error.cause) : withoutFrames(error);
  return (environ, startResponse) => answer(cause, environ, startResponse);
}

/** The application, with a page for what it throws before anything of its response was sent. */
export function withErrorPages(application: Application): Application {
  return async (environ, startResponse): Promise<Awaited<Body>> => {
    try {
      return await begun(await application(environ, startResponse));
    } catch (error) {
      environ["wsgi.errors"].write(`${error instanceof Error ? error.stack : String(error)}\n`);
      return await answer(error, environ, startResponse);
    }
  };
}

/** A generator runs none of its code before its first item is asked for: that is done here, where a page is possible. */
async function begun(body: Awaited<Body>): Promise<Awaited<Body>> {
  if (!isGenerator(body)) return body;
  let first: IteratorResult<string | Uint8Array, unknown> | undefined = await body.next();
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const item = first ?? (await body.next());
        first = undefined;
        return item;
      },
      async return(value?: unknown) {
        return await body.return(value);
      },
    }),
  };
}

type AnyGenerator = Generator<string | Uint8Array> | AsyncGenerator<string | Uint8Array>;

function isGenerator(body: unknown): body is AnyGenerator {
  const tag = Object.prototype.toString.call(body);
  return tag === "[object Generator]" || tag === "[object AsyncGenerator]";
}

/** With the error as third argument, a response that has not been sent is replaced; one that has been throws it again. */
async function answer(error: unknown, environ: Environ, startResponse: StartResponse): Promise<string> {
  const accept = String(environ["HTTP_ACCEPT"] ?? "");
  const kind = /text\/html/.test(accept) ? "html" : /\bjson\b/.test(accept) ? "json" : "plain";
  const text = kind === "html" ? await page(error, environ) : kind === "json" ? json(error) : plain(error);
  const type = kind === "json" ? "application/json" : `text/${kind}; charset=utf-8`;
  startResponse(
    "500 Internal Server Error",
    [
      ["Content-Type", type],
      ["Cache-Control", "no-store"],
      ["Vary", "Accept"],
    ],
    error instanceof Error ? error : new Error(String(error)),
  );
  return text;
}

async function page(error: unknown, environ: Environ): Promise<string> {
  try {
    const { Youch } = await import("youch");
    const youch = new Youch();
    return await youch.toHTML(error, {
      title: "The application failed",
      request: {
        url: environ.RAW_PATH_INFO,
        method: environ.REQUEST_METHOD,
        headers: Object.fromEntries(environ.headers_raw),
      },
    });
  } catch {
    return `<!doctype html><title>The application failed</title><pre>${escaped(plain(error))}</pre>`;
  }
}

function json(error: unknown): string {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return `${JSON.stringify({ error: { name, message, stack: stack?.split("\n").map((line) => line.trim()) } }, undefined, 2)}\n`;
}

function plain(error: unknown): string {
  return `The application failed.\n\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** An error that is only its message: the stack is of this command, and says nothing of the application. */
function withoutFrames(error: unknown): Error {
  return rebuilt(error instanceof Error ? error.name : "Error", messageOf(error), "");
}

/** An error with the place in the user's file as its first frame, where Node or the compiler says it in another way. */
function located(error: Error): Error {
  const { name, message, stack = "" } = error;
  const [, file, line, column, text = ""] = /^(\/.+?|[A-Z]:\\.+?):(\d+):(\d+): ERROR: (.+)$/m.exec(message) ?? [];
  if (file !== undefined) return rebuilt("SyntaxError", text, `${file}:${line}:${column}`);
  const [, place] = /^(?:file:\/\/)?(\/.+:\d+)\n/.exec(stack) ?? [];
  if (error instanceof SyntaxError && place !== undefined) return rebuilt(name, message, `${place}:1`);
  const [, missing = "", importer] = /^Cannot find (?:module|package) '(.+)' imported from (.+)$/.exec(message) ?? [];
  if (importer !== undefined) return rebuilt(name, message, `${importer}:${lineWith(missing, importer)}:1`);
  return error;
}

/** The line of a file that imports another one, by the last part of its name. */
function lineWith(path: string, file: string): number {
  const name = path.split(/[\\/]/).at(-1) as string;
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return Math.max(1, lines.findIndex((line) => line.includes(name)) + 1);
  } catch {
    return 1;
  }
}

function rebuilt(name: string, message: string, place: string): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = `${name}: ${message}${place === "" ? "" : `\n    at ${place}`}`;
  return error;
}
