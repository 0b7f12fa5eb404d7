// Middleware is a function from application to application. Three of them, composed: timing, a password, and mounting
// applications under a path, which moves that path from PATH_INFO to SCRIPT_NAME as PEP 3333 has it.
//
//   node --import tsx examples/middleware.ts
//   curl -i http://localhost:8090/blog/2024/hello
//   curl -i -u admin:secret http://localhost:8090/admin/users

import { createHash, timingSafeEqual } from "node:crypto";
import { type Application, listen, server } from "@wsgi/core";

/** Says in `Server-Timing` how long the application took to begin its response. */
function timed(application: Application): Application {
  return (environ, startResponse) => {
    const start = performance.now();
    return application(environ, (status, headers, excInfo) => {
      const timing = `app;dur=${(performance.now() - start).toFixed(3)}`;
      return startResponse(status, [...headers, ["Server-Timing", timing]], excInfo);
    });
  };
}

/** Lets those in who know the password. */
function guarded(credentials: string, application: Application): Application {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  const expected = digest(`Basic ${btoa(credentials)}`);
  return (environ, startResponse) => {
    const given = environ["HTTP_AUTHORIZATION"];
    if (typeof given === "string" && timingSafeEqual(digest(given), expected)) {
      return application(environ, startResponse);
    }
    startResponse("401 Unauthorized", [["WWW-Authenticate", 'Basic realm="example"']]);
    return ["Who are you?\r\n"];
  };
}

/** Serves each application under its path, and 404 elsewhere. */
function mounted(applications: Record<string, Application>): Application {
  return (environ, startResponse) => {
    for (const [path, application] of Object.entries(applications)) {
      if (environ.PATH_INFO !== path && !environ.PATH_INFO.startsWith(`${path}/`)) continue;
      environ.SCRIPT_NAME += path;
      environ.PATH_INFO = environ.PATH_INFO.slice(path.length);
      return application(environ, startResponse);
    }
    startResponse("404 Not Found", [["Content-Type", "text/plain"]]);
    return ["Not Found\r\n"];
  };
}

const named =
  (name: string): Application =>
  ({ SCRIPT_NAME, PATH_INFO }, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
    return [`${name}: SCRIPT_NAME ${SCRIPT_NAME}, PATH_INFO ${PATH_INFO}\r\n`];
  };

const application = timed(
  mounted({
    "/blog": mounted({ "/2024": named("archive"), "": named("blog") }),
    "/admin": guarded("admin:secret", named("admin")),
  }),
);

const running = server(listen(["", Number(process.argv[2] ?? 8090)]), application);
await running.ready;
console.log(`Serving on http://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
