// Hello world on @wsgi/core, as built. Tells its port, and its processor time when asked.

import { listen, server } from "@wsgi/core";
import { announce } from "../cpu-time.ts";

const running = server(
  listen(["127.0.0.1", 0]),
  (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["Hello, World!\r\n"];
  },
  { logOutput: false },
);
await running.ready;
announce(running.addresses[0]?.port as number);
