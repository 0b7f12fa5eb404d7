// A request as it is, over a socket, and all that comes back until the connection ends: interim responses too.

import net from "node:net";

export async function exchange(port: number, request: string, until = /$^/): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  socket.write(request, "latin1");
  let text = "";
  for await (const piece of socket) {
    text += (piece as Buffer).toString("latin1");
    if (until.test(text)) break;
  }
  return text;
}

/** The same with a body that is sent when 100 Continue has come. */
export async function exchangeExpecting(port: number, head: string, body: string): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  socket.write(head, "latin1");
  let text = "";
  for await (const piece of socket) {
    if (text === "") socket.write(body);
    text += (piece as Buffer).toString("latin1");
  }
  return text;
}
