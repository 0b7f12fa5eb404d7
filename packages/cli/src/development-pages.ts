// Pages for development that say what went wrong: message, excerpt of the source, stack. An error in, a WSGI application or
// a page out; the page is made by youch. Never loaded in production.

import type { Application, Body, Environ } from "@wsgi/core";
import { messageOf } from "./errors.ts";

/** Answers everything with the reason why the application could not be loaded. */
export function errorPage(error: unknown): Application {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return async (environ, startResponse) => {
    const page = await render(cause, environ);
    startResponse("500 Internal Server Error", HTML);
    return page;
  };
}

/** The application, with a page for what it throws before its response has begun. */
export function withErrorPages(application: Application): Application {
  return async (environ, startResponse): Promise<Awaited<Body>> => {
    let hasStarted = false;
    try {
      return await application(environ, (status, headers, excInfo) => {
        hasStarted = true;
        return startResponse(status, headers, excInfo);
      });
    } catch (error) {
      if (hasStarted) throw error;
      environ["wsgi.errors"].write(`${error instanceof Error ? error.stack : String(error)}\n`);
      const page = await render(error, environ);
      startResponse("500 Internal Server Error", HTML);
      return page;
    }
  };
}

const HTML = [
  ["Content-Type", "text/html; charset=utf-8"],
  ["Cache-Control", "no-store"],
] as const;

async function render(error: unknown, environ: Environ): Promise<string> {
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
    return `<!doctype html><title>The application failed</title><pre>${escaped(messageOf(error))}</pre>`;
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
