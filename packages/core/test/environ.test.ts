import { describe, expect, test, vi } from "vitest";
import { buildEnviron, type Endpoints, type EnvironBase, REQUEST_KEYS, type RequestParts } from "../src/environ.ts";
import type { Field } from "../src/fields.ts";
import { parseRequestHead } from "../src/request-head.ts";
import { DEFAULT_LIMITS } from "./wire/limits.ts";
import { lines } from "./wire/wire.ts";

type Extra = readonly (readonly [string, unknown])[];

const errors = { write() {}, writelines() {}, flush() {} };
const fileWrapper = Symbol("file wrapper");
const setIdle = () => {};
const earlyHints = () => {};
const input = { signal: new AbortController().signal };

const ENDS: Endpoints = {
  scheme: "http",
  serverName: "server.example",
  serverPort: "8090",
  remoteAddress: "192.0.2.7",
  remotePort: "51234",
};

interface Given {
  readonly requestLine?: string;
  readonly fieldLines?: readonly string[];
  readonly ends?: Partial<Endpoints>;
  readonly extra?: Extra;
  readonly parts?: Partial<RequestParts<{ readonly signal: AbortSignal }>>;
}

/** The environ of a request with `Host: a`. */
function environOf(given: Given = {}): Record<string, unknown> {
  const { requestLine = "GET / HTTP/1.1", fieldLines = [], ends = {}, extra = [], parts = {} } = given;
  const head = parseRequestHead(lines(requestLine, "Host: a", ...fieldLines, ""), 0, DEFAULT_LIMITS);
  const base: EnvironBase<symbol> = { errors, fileWrapper, minimumChunkSize: 4096, extra };
  return buildEnviron(head, { ...ENDS, ...ends }, base, { input, earlyHints, setIdle, facts: [], ...parts });
}

test("the environ of a plain request has these keys and no others", () => {
  expect(environOf()).toEqual({
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    RAW_PATH_INFO: "/",
    PATH_INFO: "/",
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_NAME: "server.example",
    SERVER_PORT: "8090",
    REMOTE_ADDR: "192.0.2.7",
    REMOTE_PORT: "51234",
    GATEWAY_INTERFACE: "CGI/1.1",
    HTTP_HOST: "a",
    headers_raw: [["Host", "a"]],
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": "http",
    "wsgi.input": input,
    "wsgi.errors": errors,
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    "wsgi.file_wrapper": fileWrapper,
    "wsgi.early_hints": earlyHints,
    "wsgi.signal": input.signal,
    "eventlet.input": input,
    "eventlet.set_idle": setIdle,
    "eventlet.minimum_write_chunk_size": 4096,
  });
});

test("an environ is a plain object", () => {
  expect(Object.getPrototypeOf(environOf())).toBe(Object.prototype);
});

describe("the request line", () => {
  test("gives its method as it came", () => {
    expect(environOf({ requestLine: "M-SEARCH / HTTP/1.1" })).toMatchObject({ REQUEST_METHOD: "M-SEARCH" });
  });

  test.each([
    ["/caf%C3%A9/%2F%zz", "/caf%C3%A9/%2F%zz", "/caf\u00e9//%zz"],
    ["/a%20b?c%20d", "/a%20b", "/a b"],
    ["//a/../b", "//a/../b", "//a/../b"],
    ["http://b/%41?c", "/%41", "/A"],
    ["http://b", "/", "/"],
  ])("gives the path of %s raw and decoded", (target, raw, decoded) => {
    const environ = environOf({ requestLine: `GET ${target} HTTP/1.1` });
    expect(environ).toMatchObject({ RAW_PATH_INFO: raw, PATH_INFO: decoded, SCRIPT_NAME: "" });
  });

  test("gives an asterisk and an empty path for the forms without one", () => {
    expect(environOf({ requestLine: "OPTIONS * HTTP/1.1" })).toMatchObject({ RAW_PATH_INFO: "*", PATH_INFO: "*" });
    expect(environOf({ requestLine: "CONNECT b:443 HTTP/1.1" })).toMatchObject({
      ...{ RAW_PATH_INFO: "", PATH_INFO: "", HTTP_HOST: "b:443" },
    });
  });

  test("gives the query undecoded, and only when there is a question mark", () => {
    expect(environOf({ requestLine: "GET /a?b=%20&c HTTP/1.1" })).toMatchObject({ QUERY_STRING: "b=%20&c" });
    expect(environOf({ requestLine: "GET /a? HTTP/1.1" })).toMatchObject({ QUERY_STRING: "" });
    expect(environOf({ requestLine: "GET /a HTTP/1.1" })).not.toHaveProperty("QUERY_STRING");
  });

  test.each([
    ["HTTP/1.0", "HTTP/1.0"],
    ["HTTP/1.1", "HTTP/1.1"],
    ["HTTP/1.9", "HTTP/1.1"],
  ])("gives %s as the protocol %s", (version, protocol) => {
    expect(environOf({ requestLine: `GET / ${version}` })).toMatchObject({ SERVER_PROTOCOL: protocol });
  });
});

describe("the connection", () => {
  test("gives the addresses of its ends", () => {
    const ends = { serverName: "::1", serverPort: "", remoteAddress: "unix", remotePort: "" };
    expect(environOf({ ends })).toMatchObject({
      SERVER_NAME: "::1",
      SERVER_PORT: "",
      REMOTE_ADDR: "unix",
      REMOTE_PORT: "",
    });
  });

  test("gives HTTPS and the scheme when it is secure, and no HTTPS otherwise", () => {
    expect(environOf({ ends: { scheme: "https" } })).toMatchObject({ HTTPS: "on", "wsgi.url_scheme": "https" });
    expect(environOf()).not.toHaveProperty("HTTPS");
  });

  test("gives early hints to a peer that knows them, and to no other", () => {
    expect(environOf({ parts: { earlyHints: undefined } })).not.toHaveProperty("wsgi.early_hints");
  });
});

describe("the fields", () => {
  test.each<[string, string, string]>([
    ["X-Some-Thing: a", "HTTP_X_SOME_THING", "a"],
    ["x-some-thing: a", "HTTP_X_SOME_THING", "a"],
    ["User-Agent: curl/8", "HTTP_USER_AGENT", "curl/8"],
    ["USER-AGENT: curl/8", "HTTP_USER_AGENT", "curl/8"],
    ["user-agent: curl/8", "HTTP_USER_AGENT", "curl/8"],
    ["Content-Type: text/plain", "CONTENT_TYPE", "text/plain"],
    ["content-type: text/plain", "CONTENT_TYPE", "text/plain"],
    ["CONTENT-TYPE: text/plain", "CONTENT_TYPE", "text/plain"],
    ["Content-Length: 5", "CONTENT_LENGTH", "5"],
    ["CONTENT-length: 5", "CONTENT_LENGTH", "5"],
    ["Content-Typed: a", "HTTP_CONTENT_TYPED", "a"],
    ["Transfer-Encoding: chunked", "HTTP_TRANSFER_ENCODING", "chunked"],
    ["Connection: close", "HTTP_CONNECTION", "close"],
    ["X: caf\xe9", "HTTP_X", "caf\xe9"],
    ["X:", "HTTP_X", ""],
    ["Constructor: a", "HTTP_CONSTRUCTOR", "a"],
  ])("%s comes as %s", (line, key, value) => {
    const environ = environOf({ fieldLines: [line] });
    expect(environ[key]).toBe(value);
    expect(Object.keys(environ).filter((name) => !(name in environOf()))).toEqual([key]);
  });

  test("that are repeated are joined with commas, whatever their case", () => {
    const environ = environOf({ fieldLines: ["X-A: 1", "Accept: b", "x-a: 2, 3", "ACCEPT: c", "X-A:"] });
    expect(environ).toMatchObject({ HTTP_X_A: "1,2, 3,", HTTP_ACCEPT: "b,c" });
  });

  test("that are cookies are joined with semicolons", () => {
    expect(environOf({ fieldLines: ["Cookie: a=b", "COOKIE: c=d; e=f"] })).toMatchObject({
      HTTP_COOKIE: "a=b; c=d; e=f",
    });
  });

  test("with an underscore reach no key, so that nobody passes one off as another", () => {
    const fieldLines = ["X_Real-IP: 1", "X_REAL_IP: 2", "Content_Length: 3", "Content_Type: 4", "__proto__: 5", "_: 6"];
    const environ = environOf({ fieldLines });
    expect(Object.keys(environ)).toEqual(Object.keys(environOf()));
    expect(environ["headers_raw"]).toHaveLength(7);
  });

  test("all come as they were sent, in their order, values stripped", () => {
    const fields: Field[] = [
      ["x-A", "1"],
      ["X-a", ""],
      ["Cookie", "a"],
      ["X_B", "2"],
    ];
    const environ = environOf({ fieldLines: ["x-A:   1\t", "X-a:", "Cookie: a", "X_B: 2"] });
    expect(environ["headers_raw"]).toEqual([["Host", "a"], ...fields]);
  });

  test("of the usual names have the same keys as they would by the rule", () => {
    const names = ["Accept", "CF-Ray", "DNT", "Host", "Sec-CH-UA-Mobile", "TE", "X-CSRF-Token", "X-Request-ID"];
    for (const name of names.filter((usual) => usual !== "Host")) {
      const key = `HTTP_${name.toUpperCase().replaceAll("-", "_")}`;
      for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
        expect(environOf({ fieldLines: [`${spelling}: v`] }), spelling).toMatchObject({ [key]: "v" });
      }
    }
  });
});

describe("HTTP_HOST", () => {
  test("is the Host field", () => {
    expect(environOf()).toMatchObject({ HTTP_HOST: "a" });
  });

  test("is the authority of a URL, whatever Host says", () => {
    const environ = environOf({ requestLine: "GET http://real.example:80/ HTTP/1.1" });
    expect(environ).toMatchObject({ HTTP_HOST: "real.example:80", headers_raw: [["Host", "a"]] });
  });

  test("is absent when an HTTP/1.0 request has no Host", () => {
    const head = parseRequestHead(lines("GET / HTTP/1.0", ""), 0, DEFAULT_LIMITS);
    const base: EnvironBase<symbol> = { errors, fileWrapper, minimumChunkSize: 0, extra: [] };
    expect(buildEnviron(head, ENDS, base, { input, earlyHints, setIdle, facts: [] })).not.toHaveProperty("HTTP_HOST");
  });
});

describe("the extra keys of the user", () => {
  test("come into every environ", () => {
    expect(environOf({ extra: [["my.key", 7]] })).toMatchObject({ "my.key": 7 });
  });

  test("replace the keys of the server", () => {
    const extra: Extra = [
      ["wsgi.multiprocess", true],
      ["SERVER_SOFTWARE", "x"],
      ["wsgi.errors", null],
    ];
    expect(environOf({ extra })).toMatchObject({
      "wsgi.multiprocess": true,
      SERVER_SOFTWARE: "x",
      "wsgi.errors": null,
    });
  });

  test("give way to the fields of the request, and are not joined to them", () => {
    const extra: Extra = [
      ["HTTP_X", "mine"],
      ["HTTP_Y", "mine"],
      ["HTTP_HOST", "mine"],
      ["HTTP_COOKIE", "mine"],
    ];
    expect(environOf({ extra, fieldLines: ["X: theirs", "x: too", "Cookie: a", "Cookie: b"] })).toMatchObject({
      ...{ HTTP_X: "theirs,too", HTTP_Y: "mine", HTTP_HOST: "a", HTTP_COOKIE: "a; b" },
    });
  });

  test("are not mistaken for a field with an underscore", () => {
    expect(environOf({ extra: [["HTTP_X_Y", "mine"]], fieldLines: ["X_Y: no", "X-Y: theirs"] })).toMatchObject({
      HTTP_X_Y: "theirs",
    });
  });

  test("cannot be the keys that a request decides", () => {
    const rich = environOf({
      requestLine: "POST /?q HTTP/1.1",
      fieldLines: ["Content-Type: a", "Content-Length: 5"],
      ends: { scheme: "https" },
    });
    const ofServer = ["errors", "file_wrapper", "multithread", "multiprocess", "run_once", "version", "url_scheme"];
    const replaceable = new Set([
      ...ofServer.map((name) => `wsgi.${name}`),
      "eventlet.minimum_write_chunk_size",
      "HTTPS",
      "HTTP_HOST",
    ]);
    expect([...REQUEST_KEYS].sort()).toEqual(
      Object.keys(rich)
        .filter((key) => !replaceable.has(key))
        .sort(),
    );
  });
});

describe("wsgi.signal", () => {
  function lazy() {
    const get = vi.fn(() => input.signal);
    const source = Object.defineProperty({}, "signal", { get }) as { readonly signal: AbortSignal };
    return { get, environ: environOf({ parts: { input: source } }) };
  }

  test("is made when somebody looks at it and not before", () => {
    const { get, environ } = lazy();
    expect(get).not.toHaveBeenCalled();
    expect(environ["wsgi.signal"]).toBe(input.signal);
    expect(get).toHaveBeenCalledTimes(1);
  });

  test("is the server's own, also when the application replaced wsgi.input", () => {
    const { environ } = lazy();
    environ["wsgi.input"] = null;
    expect(environ["wsgi.signal"]).toBe(input.signal);
    expect(environ["eventlet.input"]).not.toBeNull();
  });

  test("comes along when an environ is copied", () => {
    const copy = { ...lazy().environ };
    expect(Object.getOwnPropertyDescriptor(copy, "wsgi.signal")).toMatchObject({ value: input.signal });
  });

  test("can be replaced, deleted and set again, like every other key", () => {
    const { get, environ } = lazy();
    environ["wsgi.signal"] = "mine";
    expect(environ["wsgi.signal"]).toBe("mine");
    environ["wsgi.signal"] = "again";
    expect(environ["wsgi.signal"]).toBe("again");
    expect(Object.keys(environ)).toContain("wsgi.signal");
    delete environ["wsgi.signal"];
    expect(environ).not.toHaveProperty(["wsgi.signal"]);
    expect(get).not.toHaveBeenCalled();
    expect(environOf()["wsgi.signal"]).toBe(input.signal);
  });
});

test("keys are the same however many names came before, and however they end", () => {
  const names = Array.from({ length: 3000 }, (_, i) => `X-${"a".repeat(i % 80)}${i}`);
  names.push("Y", "yy", "Accept", "accept", "ACCEPT", "X_Y", "Content_Type", "content-TYPE");
  for (const name of [...names, ...names]) {
    const environ = environOf({ fieldLines: [`${name}: v`] });
    const key = name.toUpperCase().replaceAll("-", "_");
    const expected = name.includes("_") ? undefined : "v";
    expect([environ[key === "CONTENT_TYPE" ? key : `HTTP_${key}`], name]).toEqual([expected, name]);
  }
});
