// Hello world on Hono with its server for Node. Called as `hono.ts PORT`.

import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { HELLO } from "./workload.ts";

const app = new Hono();
app.get("/", (context) => context.text(HELLO));
serve({ fetch: app.fetch, port: Number(process.argv[2]), hostname: "127.0.0.1" });
