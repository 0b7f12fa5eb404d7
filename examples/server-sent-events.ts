// Server-sent events: what one client posts, all listeners get. A stream ends when its listener leaves: `wsgi.signal`.
//
//   node --import tsx examples/server-sent-events.ts
//   curl -N http://localhost:8090/events          in one terminal, and in another
//   curl -d 'Hello!' http://localhost:8090/

import { EventEmitter, on } from "node:events";
import { type Application, listen, server } from "@wsgi/core";

const news = new EventEmitter().setMaxListeners(0);

async function* events(signal: AbortSignal): AsyncGenerator<string> {
  const messages = on(news, "message", { signal });
  yield `: ${news.listenerCount("message")} listening\n\n`;
  try {
    for await (const [text] of messages) yield `data: ${JSON.stringify(text)}\n\n`;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    console.log(`a listener left, ${news.listenerCount("message")} stay`);
  }
}

const application: Application = async (environ, startResponse) => {
  if (environ.REQUEST_METHOD === "POST") {
    const text = await environ["wsgi.input"].read(10_000);
    news.emit("message", text.toString());
    startResponse("204 No Content", []);
    return [];
  }
  if (environ.PATH_INFO !== "/events") {
    startResponse("404 Not Found", [["Content-Type", "text/plain"]]);
    return ["Listen at /events, POST to /\r\n"];
  }
  environ["eventlet.set_idle"](); // a shutdown need not wait for this one
  startResponse("200 OK", [
    ["Content-Type", "text/event-stream"],
    ["Cache-Control", "no-store"],
  ]);
  return events(environ["wsgi.signal"]);
};

const running = server(listen(["", Number(process.argv[2] ?? 8090)]), application);
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/events - Ctrl-C stops it`);
