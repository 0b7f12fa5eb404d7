// Applications under paths: an API that is a Fetch handler beside a site that is an ordinary application, both checked against the
// rules of WSGI.
//
//   node --import tsx examples/mounted.ts
//   curl http://localhost:8090/api/users
//   curl http://localhost:8090/about

import { type Application, listen, server } from "@wsgi/core";
import { fromFetch } from "@wsgi/fetch";
import { mount, validator } from "@wsgi/middleware";

const api = fromFetch((request) => Response.json({ path: new URL(request.url).pathname }));

const site: Application = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [`The page at ${environ.PATH_INFO}\r\n`];
};

const application = validator(mount({ "/api": validator(api), "/": site }));

const running = server(listen(["", Number(process.argv[2] ?? 8090)]), application);
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
