// A chat room: a page, and WebSockets that everybody's messages go to. Open it in two windows of a browser.
//
//   node --import tsx examples/websocket.ts

import { type Application, listen, server } from "@wsgi/core";
import { type ConnectedSocket, websocket } from "@wsgi/websocket";

const PAGE = `<!doctype html>
<title>Chat</title>
<form><input autofocus autocomplete="off"></form>
<ul></ul>
<script>
  const ws = new WebSocket("/chat", "room");
  const input = document.querySelector("input");
  ws.onmessage = ({ data }) => document.querySelector("ul").append(Object.assign(document.createElement("li"), { textContent: data }));
  document.querySelector("form").onsubmit = () => { ws.send(input.value); input.value = ""; return false; };
</script>
`;

const members = new Set<ConnectedSocket>();

function tell(text: string): void {
  for (const member of members) void member.send(text);
}

const chat = websocket(
  async (ws, { REMOTE_PORT: name }) => {
    members.add(ws);
    tell(`${name} is here`);
    for await (const message of ws) tell(`${name}: ${message}`);
    members.delete(ws);
    tell(`${name} has left`);
  },
  { protocols: ["room"], maxPayload: 10_000 },
);

const application: Application = (environ, startResponse) => {
  if (environ.PATH_INFO === "/chat") return chat(environ, startResponse);
  startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  return [PAGE];
};

const running = server(listen(["", Number(process.argv[2] ?? 8090)]), application);
process.once("SIGTERM", () => running.close()); // everybody is told with 1001
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
