// Breaks a rule that the server itself lets pass: the test of the validator around all examples sees that it is there.

import { listen, server } from "@wsgi/core";

const running = server(listen(["127.0.0.1", 0]), (_environ, startResponse) => {
  startResponse("204 No Content", [["Content-Type", "text/plain"]]);
  return [];
});
await running.ready;
console.log(`http://localhost:${running.addresses[0]?.port}/`);
