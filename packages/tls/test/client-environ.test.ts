// SSL_CLIENT_*: what the environ tells of a client's certificate is what openssl prints of it.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Application } from "../../core/src/index.ts";
import { answersIn } from "../../core/test/support/answers.ts";
import { Authority, writeFiles } from "./support/authority.ts";
import { attempt, GET, SecureClient } from "./support/secure-client.ts";
import { serveSecure } from "./support/serve.ts";
import { hasOpenssl, openssl } from "./support/tools.ts";

const authority = await Authority.create();
const { cert, key } = await authority.issue({ names: ["localhost"] });
const trusting = { ca: authority.cert };

/** Answers with all SSL_* keys of its environ. */
const showingAll: Application = (environ, startResponse) => {
  startResponse("200 OK", []);
  return [JSON.stringify(Object.fromEntries(Object.entries(environ).filter(([name]) => name.startsWith("SSL_"))))];
};

function environIn(text: string): Record<string, string> {
  return JSON.parse(Buffer.from(answersIn(text)[0]?.body ?? "{}", "latin1").toString());
}

/** What the environ says to a client that shows this certificate, which is its own authority. */
async function environOf(
  client: { cert: string; key: string },
  ca: string = client.cert,
): Promise<Record<string, string>> {
  const served = await serveSecure({ cert, key, certReqs: "required", ca }, showingAll);
  const { text } = await attempt(served.port, { ...trusting, ...client });
  return environIn(text);
}

/** The same as openssl prints it. */
async function printedOf(pem: string): Promise<Record<string, string | undefined>> {
  const fields = ["-subject", "-issuer", "-serial", "-enddate", "-nameopt", "RFC2253,-esc_msb"];
  const { code, stdout } = await openssl(["x509", "-noout", ...fields], pem);
  expect(code).toBe(0);
  const text = Buffer.from(stdout, "latin1").toString();
  const field = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1];
  return {
    SSL_CLIENT_S_DN: field("subject"),
    SSL_CLIENT_I_DN: field("issuer"),
    SSL_CLIENT_M_SERIAL: field("serial"),
    SSL_CLIENT_V_END: field("notAfter"),
  };
}

/** A certificate made by openssl, with a subject in its notation: `/O=Tests/CN=one`. */
async function selfIssued(subject: string, ...flags: string[]): Promise<{ cert: string; key: string }> {
  const { folder, key: keyfile } = writeFiles({ key: "" });
  const certfile = join(folder, "cert");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", keyfile];
  const { code, stderr } = await openssl([
    ...[
      "req",
      "-x509",
      "-config",
      "/dev/null",
      "-utf8",
      "-multivalue-rdn",
      "-subj",
      subject,
      "-days",
      "30",
      "-out",
      certfile,
    ],
    ...newKey,
    ...flags,
  ]);
  expect(code, stderr).toBe(0);
  return { cert: readFileSync(certfile, "latin1"), key: readFileSync(keyfile, "latin1") };
}

describe.skipIf(!hasOpenssl)("names are those that openssl prints", () => {
  test.each<[string, string, expected?: string]>([
    ["one attribute", "/CN=client", "CN=client"],
    ["several attributes", "/C=DE/O=Tests/OU=One/CN=client", "CN=client,OU=One,O=Tests,C=DE"],
    ["a comma", "/O=Tests, Inc./CN=a,b", "CN=a\\,b,O=Tests\\, Inc."],
    ["a comma at the end", "/O=Tests,/CN=client,"],
    ["two attributes in one name", "/O=Tests/CN=client+UID=one"],
    ["three attributes in one name", "/O=Tests/CN=client+UID=one+OU=two/L=Here"],
    ["a plus sign in a value", "/O=One \\+ Two/CN=a\\+b", "CN=a\\+b,O=One \\+ Two"],
    ["a plus sign in a value of two", "/CN=a \\+ b+UID=c \\+ d"],
    ["quotes", '/O="Tests"/CN=a"b', 'CN=a\\"b,O=\\"Tests\\"'],
    ["a backslash", "/O=a\\\\b/CN=c\\\\", "CN=c\\\\,O=a\\\\b"],
    ["angle brackets and a semicolon", "/O=<a>;<b>/CN=client"],
    ["an equals sign", "/O=a=b/CN=client", "CN=client,O=a=b"],
    ["a slash", "/O=a\\/b/CN=client", "CN=client,O=a/b"],
    ["letters of other scripts", "/O=Bäckerei Müller/CN=Ωmega 日本語 😀", "CN=Ωmega 日本語 😀,O=Bäckerei Müller"],
    ["a leading number sign", "/O=#1/CN=a#b", "CN=a#b,O=\\#1"],
    ["spaces at both ends", "/O=  Tests  /CN= client ", "CN=\\ client\\ ,O=\\  Tests \\ "],
    ["spaces around a comma", "/O=a , b/CN=client"],
    ["an address of mail", "/CN=client/emailAddress=a@b.test", "emailAddress=a@b.test,CN=client"],
    ["domain components", "/DC=test/DC=example/UID=client", "UID=client,DC=example,DC=test"],
    ["a line end", "/O=one\ntwo/CN=client"],
    ["a line end that looks like an attribute", "/O=one\nCN=admin/CN=client"],
    ["the same attribute twice", "/OU=one/OU=two/CN=client", "CN=client,OU=two,OU=one"],
    ["attributes that look like others", "/O=x,CN=admin/CN=client", "CN=client,O=x\\,CN=admin"],
  ])("with %s", async (_name, subject, expected) => {
    const client = await selfIssued(subject);
    const printed = await printedOf(client.cert);
    expect(await environOf(client)).toMatchObject(printed);
    if (expected !== undefined) expect(printed["SSL_CLIENT_S_DN"]).toBe(expected);
  });

  test("but an attribute that has no name keeps its value as text", async () => {
    const client = await authority.issue({ subject: "1.2.3.4.5=a\\,b, CN=client" });
    expect((await printedOf(client.cert))["SSL_CLIENT_S_DN"]).toMatch(/^CN=client,1\.2\.3\.4\.5=#/);
    expect((await environOf(client, authority.cert))["SSL_CLIENT_S_DN"]).toBe("CN=client,1.2.3.4.5=a\\,b");
  });

  test("of the issuer", async () => {
    const issuing = await Authority.create('C=DE, O="Tests, Inc.", OU=Zertifikate für alle, CN=Authority \\+ Co');
    const client = await issuing.issue({ subject: "CN=client" });
    const environ = await environOf(client, issuing.cert);
    expect(environ).toMatchObject(await printedOf(client.cert));
    expect(environ["SSL_CLIENT_I_DN"]).toContain("OU=Zertifikate für alle");
  });

  test("of a subject that has none", async () => {
    const client = await authority.issue({ subject: "" });
    const environ = await environOf(client, authority.cert);
    expect(environ["SSL_CLIENT_VERIFY"]).toBe("SUCCESS");
    expect(environ["SSL_CLIENT_S_DN"]).toBe("");
    expect(environ).toMatchObject(await printedOf(client.cert));
  });

  test.each(["1", "255", "0x0100", "0x7fffffffffffffffffffffffffffffffffffffff"])(
    "and so is the serial number %s",
    async (serial) => {
      const client = await selfIssued("/CN=client", "-set_serial", serial);
      expect(await environOf(client)).toMatchObject(await printedOf(client.cert));
    },
  );
});

test("the certificate is given as PEM, as it was", async () => {
  const client = await authority.issue({ subject: "CN=client" });
  const { SSL_CLIENT_CERT: pem = "" } = await environOf(client, authority.cert);
  expect(pem).toBe(client.cert);
  expect(new X509Certificate(pem).fingerprint256).toBe(new X509Certificate(client.cert).fingerprint256);
});

const CLIENT_KEYS = [
  "SSL_CLIENT_VERIFY",
  "SSL_CLIENT_CERT",
  "SSL_CLIENT_S_DN",
  "SSL_CLIENT_I_DN",
  "SSL_CLIENT_M_SERIAL",
  "SSL_CLIENT_V_END",
];
const ALWAYS = ["SSL_PROTOCOL", "SSL_CIPHER", "SSL_TLS_SNI"];

describe("clientEnviron", () => {
  const { ca } = trusting;
  test.each([
    [
      "is on by default where certificates are asked for",
      { certReqs: "optional", ca },
      true,
      [...ALWAYS, ...CLIENT_KEYS],
    ],
    [
      "is on by default without a certificate too",
      { certReqs: "optional", ca },
      false,
      [...ALWAYS, "SSL_CLIENT_VERIFY"],
    ],
    ["is off by default where none is asked for", {}, true, ALWAYS],
    ["true tells where none is asked for", { clientEnviron: true }, true, [...ALWAYS, "SSL_CLIENT_VERIFY"]],
    ["false tells nothing", { certReqs: "required", ca, clientEnviron: false }, true, ALWAYS],
  ] as const)("%s", async (_name, options, shows, keys) => {
    const client = await authority.issue({ subject: "CN=client" });
    const served = await serveSecure({ cert, key, ...options }, showingAll);
    const { text } = await attempt(served.port, { ...trusting, ...(shows && { cert: client.cert, key: client.key }) });
    const environ = environIn(text);
    expect(Object.keys(environ)).toEqual(keys);
    if (keys.length === ALWAYS.length + 1) expect(environ["SSL_CLIENT_VERIFY"]).toBe("NONE");
  });
});

test("no header of a client gets into these keys", async () => {
  const served = await serveSecure({ cert, key, clientEnviron: true }, showingAll);
  const forged = "SSL_CLIENT_VERIFY: SUCCESS\r\nSSL-CLIENT-VERIFY: SUCCESS\r\nSSL-Client-S-DN: CN=admin\r\n";
  const request = `GET / HTTP/1.1\r\nHost: a\r\n${forged}Connection: close\r\n\r\n`;
  const { text } = await attempt(served.port, trusting, request);
  const environ = environIn(text);
  expect(environ["SSL_CLIENT_VERIFY"]).toBe("NONE");
  expect(environ).not.toHaveProperty("SSL_CLIENT_S_DN");
});

test("is read off the certificate once for a connection, and told to each of its requests", async () => {
  const reading = vi.spyOn(TLSSocket.prototype, "getPeerX509Certificate");
  onTestFinished(() => reading.mockRestore());
  const client = await authority.issue({ subject: "CN=client" });
  const served = await serveSecure({ cert, key, certReqs: "required", ca: authority.cert }, showingAll);
  const one = await SecureClient.connect(served.port, { ...trusting, cert: client.cert, key: client.key });
  one.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await one.receive(/\}$/);
  const readings = reading.mock.calls.length;
  one.send(`${"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3)}${GET}`);
  const answers = answersIn(await one.end()).map(({ body }) => JSON.parse(body));
  expect(answers).toHaveLength(5);
  expect(answers[0]["SSL_CLIENT_S_DN"]).toBe("CN=client");
  for (const other of answers) expect(other).toEqual(answers[0]);
  expect(reading.mock.calls.length).toBe(readings);
});
