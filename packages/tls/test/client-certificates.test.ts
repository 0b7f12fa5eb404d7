// Certificates of clients: who gets in with which, in both versions of TLS, and that a session is no way around it.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import type tls from "node:tls";
import { describe, expect, test } from "vitest";
import { answersIn } from "../../core/test/support/answers.ts";
import { curl, hasCurl } from "../../core/test/support/tools.ts";
import { until } from "../../core/test/support/until.ts";
import type { WrapSslOptions } from "../src/index.ts";
import { Authority, DAY, type Issued, writeFiles } from "./support/authority.ts";
import { attempt, GET, SecureClient } from "./support/secure-client.ts";
import { serveSecure, showing } from "./support/serve.ts";
import { hasOpenssl, sClient } from "./support/tools.ts";

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;
const VERIFY = showing("SSL_CLIENT_VERIFY", "SSL_CLIENT_M_SERIAL");

const authority = await Authority.create();
const stranger = await Authority.create("CN=Somebody Else");
const { cert, key } = await authority.issue({ names: ["localhost", "127.0.0.1"] });
const clients = {
  good: await authority.issue({ subject: "CN=good" }),
  expired: await authority.issue({
    subject: "CN=expired",
    from: new Date(Date.now() - 9 * DAY),
    until: new Date(Date.now() - DAY),
  }),
  early: await authority.issue({ subject: "CN=early", from: new Date(Date.now() + DAY) }),
  revoked: await authority.issue({ subject: "CN=revoked" }),
  foreign: await stranger.issue({ subject: "CN=foreign" }),
};
authority.revoke(clients.revoked);
const crl = await authority.crl();

const required: WrapSslOptions = { cert, key, certReqs: "required", ca: authority.cert, crl };
const optional: WrapSslOptions = { ...required, certReqs: "optional" };

const showingCertificate = (client: Issued | undefined): tls.ConnectionOptions => ({
  ca: authority.cert,
  ...(client !== undefined && { cert: client.cert, key: client.key }),
});

function environIn(text: string): unknown {
  return JSON.parse(answersIn(text)[0]?.body ?? "{}");
}

const succeeded = ({ serialNumber }: Issued) => ({
  SSL_CLIENT_VERIFY: "SUCCESS",
  SSL_CLIENT_M_SERIAL: serialNumber.toUpperCase(),
});

describe.each(VERSIONS)("in %s", (maxVersion) => {
  test.each([
    ["required", required],
    ["optional", optional],
  ] as const)('"%s" lets a good certificate in', async (_name, ssl) => {
    const served = await serveSecure(ssl, VERIFY);
    const { text } = await attempt(served.port, { ...showingCertificate(clients.good), maxVersion });
    expect(environIn(text)).toEqual(succeeded(clients.good));
    expect(served.listener.counters).toMatchObject({ completed: 1, failed: 0 });
  });

  test('"optional" lets a client without a certificate in, and says so', async () => {
    const served = await serveSecure(optional, VERIFY);
    const { text } = await attempt(served.port, { ...showingCertificate(undefined), maxVersion });
    expect(environIn(text)).toEqual({ SSL_CLIENT_VERIFY: "NONE" });
  });

  test('"required" refuses a client without a certificate, by an alert', async () => {
    const served = await serveSecure(required, VERIFY);
    const { text, error } = await attempt(served.port, { ...showingCertificate(undefined), maxVersion });
    expect(text).toBe("");
    expect(error?.code).toMatch(maxVersion === "TLSv1.3" ? /ALERT_CERTIFICATE_REQUIRED$/ : /ALERT_HANDSHAKE_FAILURE$/);
    await served.logged(/TLS handshake with 127\.0\.0\.1:\d+ failed: the client showed no certificate/);
    expect(served.listener.counters).toMatchObject({ completed: 0, failed: 1 });
    expect(served.exchanges).toEqual([]);
  });

  const refused: [keyof typeof clients, string][] = [
    ["expired", "CERT_HAS_EXPIRED"],
    ["early", "CERT_NOT_YET_VALID"],
    ["revoked", "CERT_REVOKED"],
    ["foreign", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT"],
  ];
  describe.each([
    ["required", required],
    ["optional", optional],
  ] as const)('"%s"', (_name, ssl) => {
    test.each(refused)("refuses a certificate that is %s, and serves the next client", async (which, reason) => {
      const served = await serveSecure(ssl, VERIFY);
      const { text } = await attempt(served.port, { ...showingCertificate(clients[which]), maxVersion });
      expect(text).toBe("");
      expect(await served.logged(/TLS handshake/)).toMatch(
        new RegExp(
          `TLS handshake with 127\\.0\\.0\\.1:\\d+ failed: the client's certificate is not good \\((${reason})\\)`,
        ),
      );
      await until(() => served.listener.counters.pending === 0);
      expect(served.listener.counters).toMatchObject({ completed: 0, failed: 1, timedOut: 0 });
      expect(served.server.counters.accepted).toBe(0);
      const next = await attempt(served.port, { ...showingCertificate(clients.good), maxVersion });
      expect(environIn(next.text)).toEqual(succeeded(clients.good));
    });
  });

  test('"none" does not ask for a certificate', async () => {
    const served = await serveSecure({ cert, key, clientEnviron: true }, VERIFY);
    const { text } = await attempt(served.port, { ...showingCertificate(clients.foreign), maxVersion });
    expect(environIn(text)).toEqual({ SSL_CLIENT_VERIFY: "NONE" });
  });

  /** The session of a connection that has served a request. */
  async function newSession(port: number, options: tls.ConnectionOptions): Promise<Buffer> {
    const client = await SecureClient.connect(port, { ...options, maxVersion });
    const ticket = maxVersion === "TLSv1.3" ? once(client.socket, "session") : [client.socket.getSession()];
    client.send(GET);
    await client.end();
    return (await ticket)[0] as Buffer;
  }

  test("a resumed session keeps the client's identity", async () => {
    const served = await serveSecure(required, showing("SSL_CLIENT_VERIFY", "SSL_CLIENT_M_SERIAL", "SSL_CLIENT_CERT"));
    const session = await newSession(served.port, showingCertificate(clients.good));
    const again = await attempt(served.port, { ...showingCertificate(undefined), maxVersion, session });
    expect(again.resumed).toBe(true);
    expect(environIn(again.text)).toEqual({ ...succeeded(clients.good), SSL_CLIENT_CERT: clients.good.cert });
    expect(served.listener.counters).toMatchObject({ completed: 2, resumed: 1, failed: 0 });
  });

  const ticketKeys = Buffer.alloc(48, "k");
  test.each<[string, WrapSslOptions]>([
    ["that asks for none", { cert, key, ticketKeys }],
    ["where it is optional", { ...optional, ticketKeys }],
  ])("no client without a certificate gets in by a session of a listener %s", async (_name, open) => {
    const lax = await serveSecure(open, VERIFY);
    const strict = await serveSecure({ ...required, ticketKeys }, VERIFY);
    const session = await newSession(lax.port, showingCertificate(undefined));
    const { text } = await attempt(strict.port, { ...showingCertificate(undefined), maxVersion, session });
    expect(text).toBe("");
    await until(() => strict.listener.counters.failed === 1);
    expect(strict.listener.counters).toMatchObject({ completed: 0, resumed: 0 });
    expect(strict.server.counters.accepted).toBe(0);
  });

  test("no client without a certificate gets in by a session, even where the hook makes sessions of both alike", async () => {
    const alike = {
      ticketKeys,
      secureContext: (options: tls.SecureContextOptions) => ({ ...options, sessionIdContext: "alike" }),
    };
    const lax = await serveSecure({ ...optional, ...alike }, VERIFY);
    const strict = await serveSecure({ ...required, ...alike }, VERIFY);
    const session = await newSession(lax.port, showingCertificate(undefined));
    const { text } = await attempt(strict.port, { ...showingCertificate(undefined), maxVersion, session });
    expect(text).toBe("");
    await until(() => strict.listener.counters.failed === 1);
    expect(strict.listener.counters).toMatchObject({ completed: 0, resumed: 0 });
    expect(strict.server.counters.accepted).toBe(0);
  });

  test("no client gets in by a session of a listener that trusts other authorities", async () => {
    const other = await serveSecure({ ...required, ca: stranger.cert, crl: await stranger.crl(), ticketKeys }, VERIFY);
    const strict = await serveSecure({ ...required, ticketKeys }, VERIFY);
    const session = await newSession(other.port, showingCertificate(clients.foreign));
    const { text } = await attempt(strict.port, { ...showingCertificate(clients.foreign), maxVersion, session });
    expect(text).toBe("");
    await until(() => strict.listener.counters.failed === 1);
    expect(strict.listener.counters).toMatchObject({ completed: 0, resumed: 0 });
  });

  test("no client gets in by a session of a listener that does not know of the revocation", async () => {
    const { crl: _list, ...lax } = { ...required, ticketKeys };
    const unaware = await serveSecure(lax, VERIFY);
    const strict = await serveSecure({ ...required, ticketKeys }, VERIFY);
    const session = await newSession(unaware.port, showingCertificate(clients.revoked));
    const { text } = await attempt(strict.port, { ...showingCertificate(clients.revoked), maxVersion, session });
    expect(text).toBe("");
    await until(() => strict.listener.counters.failed === 1);
    expect(strict.listener.counters).toMatchObject({ completed: 0, resumed: 0 });
  });

  test.skipIf(!hasCurl)("curl gets in with its certificate only", async () => {
    const served = await serveSecure(required, VERIFY);
    const files = writeFiles({ ca: authority.cert, cert: clients.good.cert, key: clients.good.key });
    const tlsFlags = maxVersion === "TLSv1.2" ? ["--tls-max", "1.2"] : ["--tlsv1.3"];
    const url = `https://127.0.0.1:${served.port}/`;
    const common = [...tlsFlags, "--cacert", files.ca];
    const good = await curl(...common, "--cert", files.cert, "--key", files.key, url);
    expect(good).toMatchObject({ code: 0, stdout: JSON.stringify(succeeded(clients.good)) });
    const bare = await curl(...common, url);
    expect(bare.code).not.toBe(0);
    expect(bare.stderr).toMatch(/alert|certificate required|handshake failure/i);
  });

  test.skipIf(!hasOpenssl)("openssl is told whose certificates are accepted, and gets in", async () => {
    const served = await serveSecure(required, VERIFY);
    const files = writeFiles({ cert: clients.good.cert, key: clients.good.key });
    const flags = [maxVersion === "TLSv1.2" ? "-tls1_2" : "-tls1_3", "-cert", files.cert, "-key", files.key];
    const { stdout } = await sClient(served.port, GET, ...flags);
    expect(stdout).toMatch(/^Acceptable client certificate CA names\n.*Test Authority/m);
    expect(stdout).toContain('"SSL_CLIENT_VERIFY":"SUCCESS"');
  });
});

test("takes authorities and revocation lists from files", async () => {
  const files = writeFiles({ ca: authority.cert, other: stranger.cert, crl, otherCrl: await stranger.crl() });
  expect(readFileSync(files.crl, "latin1")).toContain("X509 CRL");
  const served = await serveSecure(
    { cert, key, certReqs: "required", caCerts: [files.ca, files.other], crlfile: [files.crl, files.otherCrl] },
    VERIFY,
  );
  for (const [which, isIn] of [
    ["good", true],
    ["foreign", true],
    ["revoked", false],
    ["expired", false],
  ] as const) {
    const { text } = await attempt(served.port, showingCertificate(clients[which]));
    expect(text.startsWith("HTTP/1.1 200 OK"), which).toBe(isIn);
  }
});

test.skipIf(!hasOpenssl)("never trusts the system's authorities", async () => {
  const served = await serveSecure(required, VERIFY);
  const files = writeFiles({ ca: authority.cert });
  const { stdout } = await sClient(served.port, GET, "-CAfile", files.ca);
  const names = /Acceptable client certificate CA names\n([\s\S]*?)\n(?=Requested|Client)/.exec(stdout)?.[1];
  expect(names?.split("\n")).toHaveLength(1);
});
