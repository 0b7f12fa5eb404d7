// Handshakes of real clients: who gets in, with which version, cipher and protocol, and who does not.

import { describe, expect, test } from "vitest";
import { curl, hasCurl } from "../../core/test/support/tools.ts";
import { until } from "../../core/test/support/until.ts";
import type { WrapSslOptions } from "../src/index.ts";
import { Authority, writeFiles } from "./support/authority.ts";
import { attempt, GET, SecureClient } from "./support/secure-client.ts";
import { ask, connectSecurely, serveSecure } from "./support/serve.ts";
import { hasOpenssl, sClient } from "./support/tools.ts";

const authority = await Authority.create();
const { cert, key } = await authority.issue({ names: ["localhost", "127.0.0.1"] });
const own = { cert, key };
const trusting = { ca: authority.cert };

function environIn(answer: string): Record<string, unknown> {
  return JSON.parse(/^\{"SSL_PROTOCOL.*?\}/m.exec(answer)?.[0] ?? "{}");
}

test.each(["TLSv1.2", "TLSv1.3"] as const)("speaks %s, and tells the application so", async (version) => {
  const served = await serveSecure(own);
  const socket = await connectSecurely(served.port, {
    ...trusting,
    servername: "localhost",
    minVersion: version,
    maxVersion: version,
  });
  const cipher = socket.getCipher().name;
  const answer = await ask(socket);
  expect(environIn(answer)).toEqual({
    SSL_PROTOCOL: version,
    SSL_CIPHER: cipher,
    SSL_TLS_SNI: "localhost",
    HTTPS: "on",
    "wsgi.url_scheme": "https",
  });
  expect(served.listener.counters).toEqual({
    pending: 0,
    completed: 1,
    resumed: 0,
    failed: 0,
    timedOut: 0,
    plainHttp: 0,
    silent: 0,
  });
});

test("says nothing of a host name when the client names none", async () => {
  const served = await serveSecure(own);
  const { text } = await attempt(served.port, { ...trusting, servername: "" });
  expect(environIn(text)).not.toHaveProperty("SSL_TLS_SNI");
});

test.skipIf(!hasOpenssl).each([
  ["TLSv1.2", "-tls1_2"],
  ["TLSv1.3", "-tls1_3"],
] as const)("speaks %s with openssl", async (version, flag) => {
  const served = await serveSecure(own);
  const { ca } = writeFiles({ ca: authority.cert });
  const { code, stdout } = await sClient(served.port, GET, "-CAfile", ca, "-verify_return_error", flag);
  expect(code).toBe(0);
  expect(stdout).toContain("Verify return code: 0 (ok)");
  expect(environIn(stdout)).toMatchObject({
    SSL_PROTOCOL: version,
    SSL_TLS_SNI: "localhost",
  });
});

test.skipIf(!hasCurl).each([
  ["TLSv1.2", ["--tlsv1.2", "--tls-max", "1.2"]],
  ["TLSv1.3", ["--tlsv1.3"]],
] as const)("speaks %s with curl", async (version, flags) => {
  const served = await serveSecure(own);
  const { ca } = writeFiles({ ca: authority.cert });
  const { code, stdout, stderr } = await curl("--cacert", ca, ...flags, `https://127.0.0.1:${served.port}/`);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ SSL_PROTOCOL: version, HTTPS: "on" });
});

describe("a version", () => {
  const refused: [string, WrapSslOptions, "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3"][] = [
    ["below the default minimum", own, "TLSv1.1"],
    ["below minVersion", { ...own, minVersion: "TLSv1.3" }, "TLSv1.2"],
    ["above maxVersion", { ...own, maxVersion: "TLSv1.2" }, "TLSv1.3"],
  ];
  test.each(refused)("%s is refused by an alert", async (_name, options, version) => {
    const served = await serveSecure(options);
    const old = { minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" } as const;
    const { text, error } = await attempt(served.port, { ...trusting, ...old });
    expect(text).toBe("");
    expect(error?.code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    expect(await served.logged(/TLS handshake/)).toMatch(
      /^\(\d+\) TLS handshake with 127\.0\.0\.1:\d+ failed: the client offers no version of TLS that is allowed here/,
    );
    expect(served.listener.counters).toMatchObject({ completed: 0, failed: 1 });
  });

  test.each<[string, WrapSslOptions, string]>([
    ["the newest that both know", own, "TLSv1.3"],
    ["at most maxVersion", { ...own, maxVersion: "TLSv1.2" }, "TLSv1.2"],
    ["at least minVersion", { ...own, minVersion: "TLSv1.3" }, "TLSv1.3"],
  ])("is %s", async (_name, options, version) => {
    const served = await serveSecure(options);
    const { text } = await attempt(served.port, trusting);
    expect(environIn(text)["SSL_PROTOCOL"]).toBe(version);
  });
});

describe("ciphers", () => {
  test("are those of the option, the server's preference first", async () => {
    const ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256";
    const served = await serveSecure({ ...own, ciphers, maxVersion: "TLSv1.2" });
    const preferred = await attempt(served.port, {
      ...trusting,
      ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384",
    });
    expect(environIn(preferred.text)["SSL_CIPHER"]).toBe("ECDHE-ECDSA-AES256-GCM-SHA384");
  });

  test("that are not allowed are refused by an alert", async () => {
    const served = await serveSecure({ ...own, ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384", maxVersion: "TLSv1.2" });
    const { text, error } = await attempt(served.port, {
      ...trusting,
      ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256",
      maxVersion: "TLSv1.2",
    });
    expect(text).toBe("");
    expect(error?.code).toMatch(/ALERT_HANDSHAKE_FAILURE$/);
    await served.logged(/127\.0\.0\.1:\d+ failed: the client offers no cipher that is allowed here/);
    expect(served.listener.counters).toMatchObject({ completed: 0, failed: 1 });
  });
});

describe("ALPN", () => {
  test.each<[string, string[], string | false]>([
    ["agrees on http/1.1", ["http/1.1"], "http/1.1"],
    ["agrees on http/1.1 with a client that would rather speak h2", ["h2", "http/1.1"], "http/1.1"],
    ["is not needed", [], false],
  ])("%s", async (_name, offered, agreed) => {
    const served = await serveSecure(own);
    const { text, socket } = await attempt(served.port, { ...trusting, ALPNProtocols: offered });
    expect(socket.alpnProtocol).toBe(agreed);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test("refuses a client that speaks h2 only, by the alert of RFC 7301", async () => {
    const served = await serveSecure(own);
    const { text, error } = await attempt(served.port, { ...trusting, ALPNProtocols: ["h2"] });
    expect(text).toBe("");
    expect(error?.code).toBe("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
    await served.logged(/127\.0\.0\.1:\d+ failed: the client offers no protocol that is spoken here \(ALPN\)/);
    expect(served.listener.counters).toMatchObject({ completed: 0, failed: 1 });
  });

  test("offers what the option says", async () => {
    const served = await serveSecure({ ...own, alpnProtocols: ["http/1.0", "http/1.1"] });
    const { socket } = await attempt(served.port, { ...trusting, ALPNProtocols: ["http/1.1", "http/1.0"] });
    expect(socket.alpnProtocol).toBe("http/1.0");
  });

  test.skipIf(!hasOpenssl)("is told to openssl", async () => {
    const served = await serveSecure(own);
    const { stdout } = await sClient(served.port, GET, "-alpn", "h2,http/1.1");
    expect(stdout).toContain("ALPN protocol: http/1.1");
    expect(stdout).toContain("HTTP/1.1 200 OK");
  });

  test.skipIf(!hasCurl)("lets curl, which offers h2 too, speak HTTP/1.1", async () => {
    const served = await serveSecure(own);
    const { code, stdout } = await curl(
      "-k",
      "-o",
      "/dev/null",
      "-w",
      "%{http_version}",
      `https://127.0.0.1:${served.port}`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "1.1" });
  });
});

describe("renegotiation in TLS 1.2", () => {
  test("is refused, and harms nobody", async () => {
    const served = await serveSecure(own);
    const other = await SecureClient.connect(served.port, { ...trusting, maxVersion: "TLSv1.2" });
    const client = await SecureClient.connect(served.port, { ...trusting, maxVersion: "TLSv1.2" });
    const refused = new Promise<Error | null>((resolve) => {
      client.socket.once("error", resolve);
      client.socket.renegotiate({}, resolve);
    });
    expect(String(await refused)).toMatch(/no.renegotiation/i);
    other.send(GET);
    expect(await other.end()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    await until(() => client.closed);
    expect(served.listener.counters).toMatchObject({ pending: 0, completed: 2, failed: 0 });
  });
});
