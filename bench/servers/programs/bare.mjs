// The least that a program on node:http can be, for comparing starts: `bare.mjs PORT`.

import { createServer } from "node:http";

createServer((_request, response) => {
  response.writeHead(200, { "Content-Type": "text/plain" });
  response.end("Hello, World!\r\n");
}).listen(Number(process.argv[2]), "127.0.0.1");
