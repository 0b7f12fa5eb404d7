// A Hono application on this server: routes, JSON, an event stream, work after the response. Any object with a `fetch` method
// is served the same way.
//
//   node --import tsx examples/hono.ts
//   curl http://localhost:8090/hello/world
//   curl -N http://localhost:8090/events

import { listen, server } from "@wsgi/core";
import { fromFetch, type HandlerContext, useFastGlobals } from "@wsgi/fetch";
import { postHooks } from "@wsgi/posthooks";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";

useFastGlobals(); // Responses of text leave without a stream

const app = new Hono<{ Bindings: HandlerContext }>();

app.get("/hello/:name", (c) => {
  c.executionCtx.waitUntil(Promise.resolve().then(() => console.log(`greeted ${c.req.param("name")}`)));
  return c.json({ hello: c.req.param("name"), from: c.env.environ.REMOTE_ADDR });
});

app.post("/echo", async (c) => c.text(await c.req.text()));

app.get("/events", (c) =>
  streamSSE(c, async (events) => {
    for (let n = 1; n <= 3; n++) await events.writeSSE({ data: `event ${n}` });
  }),
);

const running = server(listen(["", Number(process.argv[2] ?? 8090)]), fromFetch(app), { extensions: [postHooks()] });
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
