import type { Application, Environ } from "@wsgi/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerIn } from "../../core/test/support/answers.ts";
import { Client } from "../../core/test/support/client.ts";
import { type ServedPython, startPython } from "./support/python-server.ts";

const SOURCE = `
import json

def show(environ, start_response):
    """Everything as the application sees it; texts as lists of numbers would be unreadable, so they go as JSON."""
    plain = {key: value if isinstance(value, (str, int, list, tuple)) else repr(type(value)) for key, value in environ.items()}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"environ": plain, "strings": [key for key, value in environ.items() if type(value) is str]}).encode()]

mounted = show
`;

interface Shown {
  readonly environ: Record<string, unknown>;
  readonly strings: string[];
}

/** Changes the environ as middleware may, by the query. */
const CHANGES: Record<string, (environ: Environ) => void> = {
  "nul-value": (environ) => Object.assign(environ, { REMOTE_USER: "a\0b" }),
  "nul-key": (environ) => Object.assign(environ, { "REMOTE\0USER": "a" }),
  unicode: (environ) => Object.assign(environ, { REMOTE_USER: "Łukasz €" }),
  objects: (environ) => Object.assign(environ, { "my.number": 7, "my.object": {}, "my.text": "seen" }),
  path: (environ) => Object.assign(environ, { PATH_INFO: "/show/ü" }),
  mount: (environ) => shift(environ, 1),
  "mount-twice": (environ) => {
    shift(environ, 1);
    shift(environ, 1);
  },
};

/** What a router does: moves segments from PATH_INFO to SCRIPT_NAME. */
function shift(environ: Environ, segments: number): void {
  const parts = environ.PATH_INFO.split("/");
  environ.SCRIPT_NAME += parts.slice(0, segments + 1).join("/");
  environ.PATH_INFO = `/${parts.slice(segments + 1).join("/")}`;
}

describe("the environ", () => {
  let served: ServedPython;
  beforeAll(async () => {
    const around =
      (python: Application): Application =>
      (environ, startResponse) => {
        CHANGES[environ.QUERY_STRING ?? ""]?.(environ);
        return python(environ, startResponse);
      };
    served = await startPython(SOURCE, { around });
  });
  afterAll(() => served.close());

  async function ask(request: string): Promise<Shown> {
    const client = await Client.connect(served.port);
    client.send(request.replace(/\r\n\r\n/, "\r\nHost: a\r\nConnection: close\r\n\r\n"));
    const answer = answerIn(await client.end());
    expect(answer.status, served.log.text).toBe(200);
    return JSON.parse(answer.body);
  }
  const get = (target: string, ...fields: string[]): Promise<Shown> =>
    ask(`${[`GET ${target} HTTP/1.1`, ...fields].join("\r\n")}\r\n\r\n`);

  test("has every key of PEP 3333, with its type", async () => {
    const { environ, strings } = await get("/show?a=%20&b");
    expect(environ).toMatchObject({
      REQUEST_METHOD: "GET",
      SCRIPT_NAME: "",
      PATH_INFO: "/show",
      QUERY_STRING: "a=%20&b",
      SERVER_NAME: "127.0.0.1",
      SERVER_PORT: String(served.port),
      SERVER_PROTOCOL: "HTTP/1.1",
      GATEWAY_INTERFACE: "CGI/1.1",
      REMOTE_ADDR: "127.0.0.1",
      HTTP_HOST: "a",
      HTTP_CONNECTION: "close",
      "wsgi.version": [1, 0],
      "wsgi.url_scheme": "http",
      "wsgi.multithread": false,
      "wsgi.multiprocess": false,
      "wsgi.run_once": false,
      "wsgi.input_terminated": true,
    });
    expect(environ).not.toHaveProperty("CONTENT_LENGTH");
    expect(environ).not.toHaveProperty("CONTENT_TYPE");
    const notDotted = Object.keys(environ).filter((key) => !key.includes("."));
    expect(strings).toEqual(expect.arrayContaining(notDotted));
    expect(Number(environ["REMOTE_PORT"])).toBeGreaterThan(0);
  });

  test("has an empty QUERY_STRING without a question mark", async () => {
    expect((await get("/show")).environ["QUERY_STRING"]).toBe("");
  });

  test("has what eventlet adds", async () => {
    const { environ } = await get("/show/%41%2fb", "X-One: 1", "x-one:  2 ");
    expect(environ).toMatchObject({ PATH_INFO: "/show/A/b", RAW_PATH_INFO: "/show/%41%2fb" });
    expect(environ["eventlet.minimum_write_chunk_size"]).toBe(0);
    expect(environ["eventlet.input"]).toMatch(/Input/);
    expect(environ["test.headers_raw"]).toEqual([
      ["X-One", "1"],
      ["x-one", "2"],
      ["Host", "a"],
      ["Connection", "close"],
    ]);
  });

  test.each([
    ["UTF-8", "/show/%c3%bc", "/show/\u00c3\u00bc"],
    ["what is not UTF-8", "/show/%fc", "/show/\u00fc"],
    ["both", "/show/%fc%c3%bc", "/show/\u00fc\u00c3\u00bc"],
    ["a cut sequence", "/show/%e2%82", "/show/\u00e2\u0082"],
    ["an encoded surrogate", "/show/%ed%a0%80", "/show/\u00ed\u00a0\u0080"],
    ["a NUL", "/show/a%00b", "/show/a\0b"],
    ["NULs alone", "/show/%00%00", "/show/\0\0"],
    ["a percent sign", "/show/%25zz", "/show/%zz"],
    ["a slash", "/show/a%2Fb", "/show/a/b"],
    ["a plus sign", "/show/a+b", "/show/a+b"],
    ["all that is not ASCII", `/show/${hex(0x80, 0xff)}`, `/show/${characters(0x80, 0xff)}`],
  ])("has the bytes of a path as latin-1: %s", async (_, target, path) => {
    const { environ } = await get(target);
    expect(environ["PATH_INFO"]).toBe(path);
    expect(environ["RAW_PATH_INFO"]).toBe(target);
  });

  test("has the bytes of header values as latin-1", async () => {
    const value = characters(0xa1, 0xff);
    const { environ } = await get("/show", `X-Name: a${value}b`, "X-Utf8: \u00c3\u00bc");
    expect(environ["HTTP_X_NAME"]).toBe(`a${value}b`);
    expect(environ["HTTP_X_UTF8"]).toBe("\u00c3\u00bc");
  });

  test("joins repeated headers, and cookies in their own way", async () => {
    const { environ } = await get("/show", "X-A: 1", "X-A: 2", "Cookie: a=1", "Cookie: b=2", "X-Empty:");
    expect(environ).toMatchObject({ HTTP_X_A: "1,2", HTTP_COOKIE: "a=1; b=2", HTTP_X_EMPTY: "" });
  });

  test("lets no client speak for the server", async () => {
    const fields = ["wsgi.url-scheme: https", "Remote-User: root", "X_Forwarded_For: 1.2.3.4", "Content_Length: 5", "Script-Name: /x", "Path-Info: /y", "__proto__: z", "Wsgi.Input: q"]; // biome-ignore format: one line
    const { environ } = await get("/show", ...fields);
    expect(environ).toMatchObject({ "wsgi.url_scheme": "http", SCRIPT_NAME: "", PATH_INFO: "/show" });
    for (const key of ["REMOTE_USER", "HTTP_X_FORWARDED_FOR", "HTTP_CONTENT_LENGTH", "CONTENT_LENGTH"]) {
      expect(environ).not.toHaveProperty(key);
    }
    expect(environ).toMatchObject({
      "HTTP_WSGI.URL_SCHEME": "https",
      HTTP_REMOTE_USER: "root",
      HTTP_SCRIPT_NAME: "/x",
      HTTP_PATH_INFO: "/y",
      "HTTP_WSGI.INPUT": "q",
    });
  });

  test("has no HTTP_CONTENT_TYPE and no HTTP_CONTENT_LENGTH", async () => {
    const { environ } = await ask("POST /show HTTP/1.1\r\nContent-Type: a/b\r\nContent-Length: 0\r\n\r\n");
    expect(environ).toMatchObject({ CONTENT_TYPE: "a/b", CONTENT_LENGTH: "0" });
    expect(environ).not.toHaveProperty("HTTP_CONTENT_TYPE");
    expect(environ).not.toHaveProperty("HTTP_CONTENT_LENGTH");
  });

  test("has as many headers as there are", async () => {
    const fields = Array.from({ length: 90 }, (_, i) => `X-H${i}: ${i}`);
    const { environ } = await get("/show", ...fields);
    expect(environ).toMatchObject({ HTTP_X_H0: "0", HTTP_X_H89: "89" });
  });

  describe("changed by middleware", () => {
    test("has text as its UTF-8 bytes", async () => {
      const { environ } = await get("/show?unicode");
      expect(environ["REMOTE_USER"]).toBe(Buffer.from("Łukasz €").toString("latin1"));
    });

    test("has texts, and none of what Python cannot have", async () => {
      const { environ } = await get("/show?objects");
      expect(environ["my.text"]).toBe("seen");
      expect(environ).not.toHaveProperty("my.object");
    });

    test("has a path that was changed as its UTF-8 bytes", async () => {
      const { environ } = await get("/elsewhere?path");
      expect(environ["PATH_INFO"]).toBe(Buffer.from("/show/ü").toString("latin1"));
    });

    test.each(["nul-value", "nul-key"])("refuses a NUL rather than mistake it: %s", async (query) => {
      const answer = await fetch(`${served.url}/show?${query}`);
      expect(answer.status).toBe(500);
      await served.log.logged(/a string of the environ, put there by middleware, holds a NUL/);
      expect((await fetch(`${served.url}/show`)).status).toBe(200);
    });

    test("is mounted below SCRIPT_NAME", async () => {
      const { environ } = await get("/mounted/a/b?mount");
      expect(environ).toMatchObject({ SCRIPT_NAME: "/mounted", PATH_INFO: "/a/b", RAW_PATH_INFO: "/mounted/a/b" });
    });

    test("keeps the bytes of a mounted path", async () => {
      const { environ } = await get("/mounted/%fc/%c3%bc?mount");
      expect(environ).toMatchObject({ SCRIPT_NAME: "/mounted", PATH_INFO: "/\u00fc/\u00c3\u00bc" });
    });

    test("has a SCRIPT_NAME as bytes, too", async () => {
      const { environ } = await get("/mounted/%c3%bc/a%00b?mount-twice");
      expect(environ).toMatchObject({ SCRIPT_NAME: "/mounted/\u00c3\u00bc", PATH_INFO: "/a\0b" });
    });
  });
});

function characters(first: number, last: number): string {
  return String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

function hex(first: number, last: number): string {
  return Array.from(characters(first, last), (c) => `%${c.charCodeAt(0).toString(16)}`).join("");
}
