// What a client may say about itself: headers reach keys that begin with HTTP_, and no other key of the environ is theirs.
// SECURITY.md names these tests.

import { describe, expect, test } from "vitest";
import type { Environ } from "../src/index.ts";
import { type Served, serve } from "./support/serve.ts";

async function serveEnvirons(): Promise<Served & { readonly environs: Environ[] }> {
  const environs: Environ[] = [];
  const served = await serve((environ, startResponse) => {
    environs.push({ ...environ });
    startResponse("200 OK", []);
    return [];
  });
  return { ...served, environs };
}

async function environOf(...fields: readonly string[]): Promise<Environ> {
  const served = await serveEnvirons();
  const client = await served.connect();
  client.send(["GET / HTTP/1.1", "Host: a", ...fields, "Connection: close", "", ""].join("\r\n"));
  expect(await client.end()).toMatch(/^HTTP\/1\.1 200 /);
  return served.environs[0] as Environ;
}

/** Keys that only the server may set, as clients might try to say them. */
const SPOOFED = [
  ...["REMOTE_ADDR", "REMOTE_PORT", "REMOTE_USER", "AUTH_TYPE", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"],
  ...["SSL_CLIENT_VERIFY", "SSL_CLIENT_S_DN", "SSL_PROTOCOL", "HTTPS", "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO"],
  ...[
    "RAW_PATH_INFO",
    "QUERY_STRING",
    "GATEWAY_INTERFACE",
    "wsgi.url_scheme",
    "wsgi.input",
    "wsgi.errors",
    "wsgi.signal",
  ],
  ...["wsgi.early_hints", "wsgi.file_wrapper", "eventlet.input", "eventlet.posthooks", "headers_raw", "test.key"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty"],
];

/** With a value of the client's in each spelling that a header name allows. */
const spellings = (key: string): string[] =>
  [key, key.replaceAll("_", "-"), key.toLowerCase(), key.replace(/^[A-Z]/, (c) => c.toLowerCase())].filter(
    (name, i, all) => all.indexOf(name) === i,
  );

describe("headers with the names of the server's own keys", () => {
  test.each(SPOOFED)("change none of them: %s", async (key) => {
    const plain = await environOf();
    const environ = await environOf(...spellings(key).map((name) => `${name}: spoofed`));
    const own = (one: Environ): string[] =>
      Reflect.ownKeys(one)
        .map(String)
        .filter((name) => !name.startsWith("HTTP_"));
    expect(own(environ).sort()).toEqual(own(plain).sort());
    for (const name of own(environ)) {
      if (name !== "headers_raw") expect(String(environ[name]), name).not.toContain("spoofed");
    }
    expect(Object.getPrototypeOf(environ)).toBe(Object.prototype);
    expect(Object.prototype).not.toHaveProperty("spoofed");
  });
});

test("a header with an underscore reaches no key, whatever its case", async () => {
  const names = [
    "X_Forwarded_For",
    "x_forwarded-for",
    "X-Forwarded_For",
    "Content_Length",
    "CONTENT_TYPE",
    "_",
    "Host_",
  ];
  const environ = await environOf(...names.map((name) => `${name}: spoofed`));
  const keys = Object.keys(environ).filter((key) => String(environ[key]) === "spoofed");
  expect(keys).toEqual([]);
  expect(environ).not.toHaveProperty("CONTENT_LENGTH");
  expect(environ.headers_raw.map(([name]) => name)).toEqual(expect.arrayContaining(names));
});

test("a header with an underscore is not joined to the one that a proxy set", async () => {
  const environ = await environOf("X-Real-IP: 192.0.2.1", "X_Real_IP: spoofed", "X-Real_IP: spoofed");
  expect(environ["HTTP_X_REAL_IP"]).toBe("192.0.2.1");
});

test("what proxies say of a client is told to the application and believed by nobody", async () => {
  const environ = await environOf(
    "X-Forwarded-For: 192.0.2.1",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Port: 1",
    "Forwarded: for=192.0.2.1;proto=https;host=evil.example",
  );
  expect(environ).toMatchObject({ REMOTE_ADDR: "127.0.0.1", "wsgi.url_scheme": "http", HTTP_HOST: "a" });
  expect(environ).not.toHaveProperty("HTTPS");
  expect([environ.SERVER_NAME, environ.SERVER_PORT]).not.toContain("evil.example");
});

describe("Host", () => {
  test("decides HTTP_HOST and nothing else", async () => {
    const served = await serveEnvirons();
    for (const host of ["good.example", "evil.example:1"]) {
      const client = await served.connect();
      client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      await client.end();
    }
    const [good, evil] = served.environs as [Environ, Environ];
    expect([good.HTTP_HOST, evil.HTTP_HOST]).toEqual(["good.example", "evil.example:1"]);
    for (const key of ["SERVER_NAME", "SERVER_PORT", "wsgi.url_scheme", "SCRIPT_NAME", "PATH_INFO"]) {
      expect(evil[key], key).toBe(good[key]);
    }
  });

  test.each([
    ...["a/evil", "a?evil", "a#evil", "good@evil", "a evil", "a\tevil", "a\\evil", "a:80:81", "a:x", "[::1", "a\xe9"],
    ...["a\r\nHost: evil", "<script>", 'a"evil', "a\x7f"],
  ])("that could lead anybody elsewhere is refused: %j", async (host) => {
    const served = await serveEnvirons();
    const client = await served.connect();
    client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(await client.end()).toMatch(/^HTTP\/1\.1 400 /);
    expect(served.environs).toEqual([]);
  });

  test("cannot differ from the authority of a URL that is the target", async () => {
    const served = await serveEnvirons();
    const client = await served.connect();
    client.send("GET http://good.example/x HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    await client.end();
    for (const environ of served.environs) expect(environ.HTTP_HOST).toBe("good.example");
  });
});
