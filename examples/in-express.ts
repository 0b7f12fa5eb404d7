// The other way round: a WSGI application inside an Express application on node:http, mounted under /wsgi. It sees SCRIPT_NAME as PEP
// 3333 has it, reads bodies and streams as ever, and gets upgrades by the server's own event.
//
//   node --import tsx examples/in-express.ts
//   curl -i http://localhost:8090/
//   curl -i http://localhost:8090/wsgi/upper --data-binary 'shout this'

import type { AddressInfo } from "node:net";
import type { Application } from "@wsgi/core";
import { toNodeListener } from "@wsgi/node";
import express from "express";

const application: Application = async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [`${environ.SCRIPT_NAME} ${environ.PATH_INFO}: ${String(body).toUpperCase()}\r\n`];
};

const wsgi = toNodeListener(application);
const app = express();
app.get("/", (_request, response) => {
  response.type("text/plain").send("This is Express\r\n");
});
app.use("/wsgi", wsgi);

const running = app.listen(Number(process.argv[2] ?? 8090), () => {
  const { port } = running.address() as AddressInfo;
  console.log(`Serving on http://localhost:${port}/ - Ctrl-C stops it`);
});
running.on("upgrade", wsgi.upgrade);
