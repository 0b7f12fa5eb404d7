// What clients send in handshakes must not forge what the operator reads. SECURITY.md names these tests.

import { expect, test } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { until } from "../../core/test/support/until.ts";
import { Authority } from "./support/authority.ts";
import { attempt } from "./support/secure-client.ts";
import { serveSecure, showing } from "./support/serve.ts";

const authority = await Authority.create();
const own = await authority.issue({ names: ["first.test"] });
const HOSTILE = 'x\n(1) wsgi forged\r\x1b[31m\x7f"\\';

test("a line about a handshake is one line of printable ASCII, whatever name a client asks for", async () => {
  const served = await serveSecure({
    ...{ cert: own.cert, key: own.key },
    sniCallback: () => {
      throw new Error("there is none");
    },
  });
  await attempt(served.port, { ca: authority.cert, servername: HOSTILE });
  const line = await served.logged(/choosing a certificate/);
  expect(line).toContain('for "x\\n(1) wsgi forged\\r\\u001b[31m\\u007f\\"\\\\" failed: there is none');
  for (const each of served.log) expect(each).toMatch(/^[\x20-\x7e]*$/);
});

test("lines about handshakes that fail are printable ASCII, whatever bytes came", async () => {
  const served = await serveSecure({ cert: own.cert, key: own.key });
  const firstBytes = [
    "\x16\x03\x01\n\n(1) forged\n",
    "\x16\x03\x03\0\x05\x1b[31m",
    "GET /\n(1) forged HTTP/1.1\n\n",
    "\x80\n\x1b[31m",
  ];
  for (const bytes of firstBytes) {
    const client = await Client.connect(served.port);
    client.send(bytes);
    client.finish();
    await client.end();
  }
  await until(() => served.log.filter((line) => /TLS handshake with/.test(line)).length === firstBytes.length);
  for (const line of served.log) expect(line).toMatch(/^[\x20-\x7e]*$/);
});

test("SSL_* keys tell of the connection only: a client's headers with their names change none", async () => {
  const keys = ["SSL_CLIENT_VERIFY", "SSL_CLIENT_S_DN", "SSL_PROTOCOL", "SSL_TLS_SNI", "HTTPS"];
  const served = await serveSecure({ cert: own.cert, key: own.key }, showing(...keys));
  const get = (fields: string): string => `GET / HTTP/1.1\r\nHost: a\r\n${fields}Connection: close\r\n\r\n`;
  const spoofed = keys.flatMap((key) => [key, key.replaceAll("_", "-")]).map((name) => `${name}: spoofed\r\n`);
  const options = { ca: authority.cert, servername: "first.test" };
  const [plain, spoofing] = await Promise.all(
    [get(""), get(spoofed.join(""))].map((request) => attempt(served.port, options, request)),
  );
  expect(plain?.text).toContain('"HTTPS":"on"');
  expect(spoofing?.text.split("\r\n\r\n")[1]).toBe(plain?.text.split("\r\n\r\n")[1]);
});
