// The hello of the documentation, slightly more elaborate: every path but `/` is answered with 404.
//
//   npx pnpm@10 start        then   curl -i http://localhost:8090/

import { type Application, listen, server } from "@wsgi/core";

const helloWorld: Application = (environ, startResponse) => {
  if (environ.PATH_INFO !== "/") {
    startResponse("404 Not Found", [["Content-Type", "text/plain"]]);
    return ["Not Found\r\n"];
  }
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["Hello, World!\r\n"];
};

const port = Number(process.argv[2] ?? 8090);
const running = server(listen(["", port]), helloWorld);
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
