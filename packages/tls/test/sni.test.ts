// Which certificate a client is shown: by the host name it asks for, or the default one.

import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { WrapSslOptions } from "../src/index.ts";
import { Authority } from "./support/authority.ts";
import { attempt, SecureClient } from "./support/secure-client.ts";
import { type SecureServed, serveSecure, showing } from "./support/serve.ts";

const authority = await Authority.create();
const trusting = { ca: authority.cert };

async function certificateFor(...names: string[]): Promise<{ cert: string; key: string }> {
  const { cert, key } = await authority.issue({ names });
  return { cert, key };
}

const first = await certificateFor("first.test", "also-first.test");
const second = await certificateFor("second.test");
const wild = await certificateFor("*.wild.test");
const exact = await certificateFor("exact.wild.test");

/** The names in the certificate that is shown to a client that asks for a name, which it does not check. */
async function shownTo(served: SecureServed, servername: string): Promise<string | undefined> {
  const client = await SecureClient.connect(served.port, {
    ...trusting,
    servername,
    checkServerIdentity: () => undefined,
  });
  return new X509Certificate(client.socket.getPeerCertificate().raw).subjectAltName;
}

describe("several certificates", () => {
  const options: WrapSslOptions = { ...first, certificates: [second, wild, exact] };

  test.each<[asked: string, shown: string]>([
    ["first.test", "DNS:first.test, DNS:also-first.test"],
    ["also-first.test", "DNS:first.test, DNS:also-first.test"],
    ["second.test", "DNS:second.test"],
    ["SECOND.Test", "DNS:second.test"],
    ["one.wild.test", "DNS:*.wild.test"],
    ["exact.wild.test", "DNS:exact.wild.test"],
    ["two.labels.wild.test", "DNS:first.test, DNS:also-first.test"],
    ["wild.test", "DNS:first.test, DNS:also-first.test"],
    ["unknown.test", "DNS:first.test, DNS:also-first.test"],
    ["", "DNS:first.test, DNS:also-first.test"],
  ])("a client that asks for %j is shown %s", async (asked, shown) => {
    const served = await serveSecure(options);
    expect(await shownTo(served, asked)).toBe(shown);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "are told to the application by the name asked for, in %s",
    async (maxVersion) => {
      const served = await serveSecure(options, showing("SSL_TLS_SNI"));
      const { text } = await attempt(served.port, { ...trusting, servername: "one.wild.test", maxVersion });
      expect(text).toMatch(/\{"SSL_TLS_SNI":"one\.wild\.test"\}$/);
    },
  );

  test("without a default show the first", async () => {
    const served = await serveSecure({ certificates: [second, wild] });
    expect(await shownTo(served, "unknown.test")).toBe("DNS:second.test");
    expect(await shownTo(served, "a.wild.test")).toBe("DNS:*.wild.test");
  });

  test("are shown for the names of serverNames instead of their own", async () => {
    const served = await serveSecure({
      ...first,
      certificates: [{ ...second, serverNames: ["other.test", "*.more.test"] }],
    });
    expect(await shownTo(served, "other.test")).toBe("DNS:second.test");
    expect(await shownTo(served, "a.more.test")).toBe("DNS:second.test");
    expect(await shownTo(served, "second.test")).toBe("DNS:first.test, DNS:also-first.test");
  });

  test("are all shown with the versions, ciphers and protocols of the options", async () => {
    const served = await serveSecure({ ...options, maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" });
    for (const servername of ["first.test", "second.test", "a.wild.test"]) {
      const client = await SecureClient.connect(served.port, { ...trusting, servername, ALPNProtocols: ["http/1.1"] });
      expect(client.socket.getProtocol()).toBe("TLSv1.2");
      expect(client.socket.getCipher().name).toBe("ECDHE-ECDSA-AES256-GCM-SHA384");
      expect(client.socket.alpnProtocol).toBe("http/1.1");
    }
  });

  test("resume sessions for the same name", async () => {
    const served = await serveSecure(options);
    const client = await SecureClient.connect(served.port, {
      ...trusting,
      servername: "second.test",
      maxVersion: "TLSv1.2",
    });
    const session = client.socket.getSession() as Buffer;
    const again = await attempt(served.port, {
      ...trusting,
      servername: "second.test",
      maxVersion: "TLSv1.2",
      session,
    });
    expect(again.resumed).toBe(true);
  });
});
