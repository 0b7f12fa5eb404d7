// An Express application on this server, unchanged: middleware, a JSON body, a router, an event stream. What is new is the last lines,
// and that every request has an environ and a line in the log.
//
//   node --import tsx examples/express.ts
//   curl -i http://localhost:8090/
//   curl -i http://localhost:8090/notes -H 'Content-Type: application/json' -d '{"text":"milk"}'
//   curl -N http://localhost:8090/ticks

import { listen, server } from "@wsgi/core";
import { environOf, fromNodeListener } from "@wsgi/node";
import express from "express";

const notes: string[] = [];

const app = express();
app.use(express.json());

app.get("/", (request, response) => {
  response.type("text/plain").send(`Hello, ${request.ip}, by ${environOf(request)?.SERVER_PROTOCOL}\r\n`);
});

app
  .route("/notes")
  .get((_request, response) => response.json(notes))
  .post((request, response) => {
    notes.push(String(request.body.text));
    response.status(201).json({ count: notes.length });
  });

app.get("/ticks", (request, response) => {
  response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
  let tick = 0;
  const timer = setInterval(() => response.write(`data: ${tick++}\n\n`), 100);
  request.on("close", () => {
    clearInterval(timer);
    console.log(`The client left after ${tick} ticks`);
  });
});

const running = server(listen(["", Number(process.argv[2] ?? 8090)]), fromNodeListener(app));
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
