// Hello world on @wsgi/tls, as built. Its arguments are a certificate and its key; and `full` when no session may be resumed.

import { constants } from "node:crypto";
import { listen, server } from "@wsgi/core";
import { wrapSsl } from "@wsgi/tls";
import { announce } from "../cpu-time.ts";

const [, , cert = "", key = "", full] = process.argv;
const listener = wrapSsl(listen(["127.0.0.1", 0]), {
  cert,
  key,
  secureContext: ({ secureOptions = 0, ...others }) => ({
    ...others,
    secureOptions: full === undefined ? secureOptions : secureOptions | constants.SSL_OP_NO_TICKET,
  }),
});
const running = server(
  listener,
  (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["Hello, World!\r\n"];
  },
  { logOutput: false },
);
await running.ready;
announce(running.addresses[0]?.port as number);
process.on("exit", () => {
  const { completed, resumed, failed } = listener.counters;
  console.log(`@wsgi/tls: ${completed} handshakes, ${resumed} of them resumed, ${failed} failed`);
});
