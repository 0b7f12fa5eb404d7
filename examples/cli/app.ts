// A guest book, served by the command: settings are in wsgi.config.ts beside it.
//
//   cd examples/cli && wsgi              (or: npx @wsgi/cli)
//   cd examples/cli && wsgi --reload     while it is edited

import type { Application } from "@wsgi/core";
import { page } from "./page.ts";

const MAX_GUESTS = 20;
/** Of this process: each worker has its own. */
const guests: string[] = [];

const guestBook: Application = async (environ, startResponse) => {
  if (environ.PATH_INFO !== "/") {
    startResponse("404 Not Found", [["Content-Type", "text/plain"]]);
    return "Not Found\r\n";
  }
  if (environ.REQUEST_METHOD === "POST") {
    const form = new URLSearchParams((await environ["wsgi.input"].read()).toString());
    guests.unshift(form.get("name") ?? "somebody");
    guests.splice(MAX_GUESTS);
    startResponse("303 See Other", [["Location", "/"]]);
    return [];
  }
  startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  return page(String(environ["guestbook.title"]), guests);
};

export { guestBook as app };
