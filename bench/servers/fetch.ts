// Hello world on Hono, on this server. Called as `fetch.ts PORT FOLDER GLOBALS`, GLOBALS `fast` or `own`.

import { listen, server } from "@wsgi/core";
import { fromFetch, useFastGlobals } from "@wsgi/fetch";
import { Hono } from "hono";
import { HELLO } from "./workload.ts";

const [, , port, , globals] = process.argv;
if (globals === "fast") useFastGlobals();
const app = new Hono();
app.get("/", (context) => context.text(HELLO));
server(listen(["127.0.0.1", Number(port)]), fromFetch(app), { accessLog: false });
