// The application that the trials of the rules talk to: each path is one way to answer. It knows no rule.

import type { Application, Environ, Header, StartResponse } from "../../src/index.ts";

type Answer = (environ: Environ, startResponse: StartResponse) => ReturnType<Application>;

/** A head with these headers and a short body. */
function answer(status: string, headers: Header[] = [], body: readonly string[] = ["hello"]): Answer {
  return (_environ, startResponse) => {
    startResponse(status, headers);
    return body;
  };
}

function* items(): Generator<string> {
  yield "one";
  yield "two";
}

const streaming =
  (status: string, headers: Header[] = []): Answer =>
  (_environ, startResponse) => {
    startResponse(status, headers);
    return items();
  };

/** What a split response would show. */
const SPLIT = "X-Smuggled: yes";

const ANSWERS: Readonly<Record<string, Answer>> = {
  "/nothing": answer("200 OK", [], []),
  "/stream": streaming("200 OK"),
  "/204": streaming("204 No Content", [["Content-Length", "6"]]),
  "/205": streaming("205 Reset Content"),
  "/304": streaming("304 Not Modified"),
  "/404": answer("404 Not Found"),
  "/302": answer("302 Found", [["Location", "/"]]),
  "/no-reason": answer("299"),
  "/close": answer("200 OK", [["Connection", "close"]]),
  "/length": answer("200 OK", [["Content-Length", "5"]]),
  "/lines": answer("200 OK", [["X", "a\r\n b"]]),
  "/bare-cr": answer("200 OK", [["X", "a\rb"]]),
  "/bad-name": answer("200 OK", [["X Y", "b"]]),
  "/bad-status": answer("200 OK\r\nX: y"),
  "/chunked": answer("200 OK", [["Transfer-Encoding", "chunked"]]),
  "/gzip": answer("200 OK", [["Transfer-Encoding", "gzip, chunked"]]),
  "/trailer": answer("200 OK", [["Trailer", "X"]]),
  "/option": answer("200 OK", [["Connection", "Cache-Control"]]),
  "/interim": answer("100 Continue"),
  "/split-value": answer("200 OK", [["X", `a\r\n\r\n${SPLIT}`]]),
  "/split-name": answer("200 OK", [[`X: a\r\n${SPLIT}`, "b"]]),
  "/split-status": answer(`200 OK\r\n${SPLIT}`),
  "/split-cr": answer("200 OK", [["X", `a\r${SPLIT}`]]),
  "/split-lf": answer("200 OK", [["X", `a\n${SPLIT}`]]),
  /** Characters whose low bytes are CR and LF. */
  "/split-wide": answer("200 OK", [["X", `a\u560d\u560a${SPLIT}`]]),
  "/split-hints": (environ, startResponse) => {
    environ["wsgi.early_hints"]?.([["Link", `</a>\r${SPLIT}`]]);
    return answer("200 OK")(environ, startResponse);
  },
  "/later": async (environ, startResponse) => {
    await new Promise((resolve) => setImmediate(resolve));
    return answer("200 OK", [], [String(environ.QUERY_STRING)])(environ, startResponse);
  },
  "/hints": (environ, startResponse) => {
    environ["wsgi.early_hints"]?.([["Link", "</a>"]]);
    return answer("200 OK")(environ, startResponse);
  },
  "/echo": async (environ, startResponse) => {
    const body = await environ["wsgi.input"].read();
    startResponse("200 OK", []);
    return body;
  },
  /** What a request brought, as it is seen after its body was read. */
  "/environ": async (environ, startResponse) => {
    await environ["wsgi.input"].read();
    const strings = Object.entries(environ).filter(([, value]) => typeof value === "string");
    startResponse("200 OK", []);
    return JSON.stringify({ ...Object.fromEntries(strings), trailers: environ["wsgi.input"].trailers });
  },
};

const plain = answer("200 OK");

/** @param onCall is told of each call: the port of the client, and e.g. `GET /` */
export function ruleApplication(onCall: (port: string, call: string) => void): Application {
  return (environ, startResponse) => {
    onCall(environ.REMOTE_PORT as string, `${environ.REQUEST_METHOD} ${environ.RAW_PATH_INFO}`);
    return (ANSWERS[environ.PATH_INFO] ?? plain)(environ, startResponse);
  };
}
