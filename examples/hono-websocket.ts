// WebSockets in a Hono application, in its own words: Hono's `defineWebSocketHelper`, which its helpers for other servers are made
// with too, over websocket() of this one. `c.env.answerWith` has that application answer.
//
//   node --import tsx examples/hono-websocket.ts
//   In a browser's console: ws = new WebSocket("ws://localhost:8090/echo"); ws.onmessage = (e) => console.log(e.data)

import { listen, server } from "@wsgi/core";
import { fromFetch, type HandlerContext, useFastGlobals } from "@wsgi/fetch";
import { type ConnectedSocket, websocket } from "@wsgi/websocket";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { defineWebSocketHelper, WSContext } from "hono/ws";

const upgradeWebSocket = defineWebSocketHelper<ConnectedSocket>((c, events) => {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") return; // the next handler's business
  const { answerWith } = c.env as HandlerContext;
  return answerWith(
    websocket((ws) => {
      const context = new WSContext<ConnectedSocket>({
        raw: ws,
        url: new URL(c.req.url),
        protocol: ws.protocol,
        get readyState() {
          return ws.readyState;
        },
        send: (data, { compress }) => void ws.send(data, { compress }),
        close: (code, reason) => ws.close(code, reason),
      });
      ws.on("message", (data: Buffer, isBinary) => {
        const message = isBinary ? new Uint8Array(data).buffer : data.toString();
        events.onMessage?.(new MessageEvent("message", { data: message }), context);
      });
      ws.on("close", (code, reason) => {
        const fields = { code, reason: reason.toString(), wasClean: code !== 1006 };
        events.onClose?.(Object.assign(new Event("close"), fields) as never, context);
      });
      ws.on("error", (error) => events.onError?.(Object.assign(new Event("error"), { error }), context));
      events.onOpen?.(new Event("open"), context);
    }),
  );
});

useFastGlobals();
const app = new Hono();
app.use(cors());
app.get(
  "/echo",
  upgradeWebSocket((c) => ({
    onOpen: (_event, ws) => ws.send(`hello, ${c.req.query("name") ?? "you"}`),
    onMessage: ({ data }, ws) => ws.send(data as string | ArrayBuffer),
    onClose: ({ code }) => console.log(`closed with ${code}`),
  })),
  (c) => c.text("A WebSocket is here\r\n", 426),
);

const running = server(listen(["", Number(process.argv[2] ?? 8090)]), fromFetch(app));
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
