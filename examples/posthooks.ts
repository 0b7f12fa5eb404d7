// The hello of the documentation with a post hook: a function that is called after every response, with the environ and
// whatever was given along. Here it prints all of that.
//
//   node --import tsx examples/posthooks.ts        then   curl http://localhost:8090/

import { type Application, type Environ, listen, server } from "@wsgi/core";
import { postHooks } from "@wsgi/posthooks";

interface Kwargs {
  kwarg3: number;
  kwarg4: number;
}

const hook = (environ: Environ, arg1: string, arg2: string, { kwarg3, kwarg4 }: Kwargs): void =>
  console.log("Hook called:", environ, arg1, arg2, kwarg3, kwarg4);

const helloWorld: Application = (environ, startResponse) => {
  environ["eventlet.posthooks"].push([hook, ["arg1", "arg2"], { kwarg3: 3, kwarg4: 4 }]);
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["Hello, World!\r\n"];
};

const port = Number(process.argv[2] ?? 8090);
const running = server(listen(["", port]), helloWorld, { extensions: [postHooks()] });
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
