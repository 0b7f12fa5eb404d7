// HTTPS: a listener in wrapSsl, and nothing else changes. With cert.crt and private.key in this folder it shows these,
// without them a certificate for localhost that it makes and that no client trusts, hence curl's -k.
//
//   node --import tsx examples/tls.ts
//   curl -k https://localhost:8090/

import { existsSync } from "node:fs";
import { type Application, listen, server } from "@wsgi/core";
import { selfSigned, wrapSsl } from "@wsgi/tls";

const helloWorld: Application = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [`Hello, World! This is ${environ["wsgi.url_scheme"]}.\r\n`];
};

const certificate = existsSync("cert.crt") ? { certfile: "cert.crt", keyfile: "private.key" } : await selfSigned();
const listener = listen(["", Number(process.argv[2] ?? 8090)]);
const running = server(wrapSsl(listener, { ...certificate, serverSide: true }), helloWorld);
await running.ready;
console.log(`Serving on https://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
