// Certificates and keys as wrapSsl finds them: what is wrong with which file of which option is said in one error, at
// once, and the listener is as it was; and what is right:
// labels, passwords, chains, keys beside certificates.

import { createPrivateKey } from "node:crypto";
import { chmodSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../../core/src/index.ts";
import { type CertificateInfo, type CertificateOptions, TlsError, type WrapSslOptions, wrapSsl } from "../src/index.ts";
import { Authority, writeFiles } from "./support/authority.ts";
import { attempt, GET } from "./support/secure-client.ts";
import { ask, connectSecurely, serveSecure } from "./support/serve.ts";
import { hasOpenssl, sClient } from "./support/tools.ts";

const authority = await Authority.create();
const own = await authority.issue({ names: ["localhost"] });
const other = await authority.issue({ names: ["other.example"] });
const der = Buffer.from(own.cert.replace(/-----.*-----|\n/g, ""), "base64");
const keyDer = Buffer.from(own.key.replace(/-----.*-----|\n/g, ""), "base64");
const garbage = (label: string): string => `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`;
const encrypted = (type: "pkcs8" | "sec1", passphrase: string): string =>
  createPrivateKey(own.key).export({ type, format: "pem", cipher: "aes-256-cbc", passphrase }).toString();

/** What wrapSsl throws; afterwards it takes the same listener, with a good certificate. */
function refusal(options: WrapSslOptions): TlsError {
  const listener = listen(["127.0.0.1", 0]);
  onTestFinished(() => listener.close());
  try {
    wrapSsl(listener, options);
  } catch (error) {
    expect(error).toBeInstanceOf(TlsError);
    expect(listener.served).toBe(false);
    expect(() => wrapSsl(listener, { cert: own.cert, key: own.key })).not.toThrow();
    const { message } = error as TlsError;
    expect(message).not.toMatch(/\n/);
    for (const key of [own.key, other.key]) expect(message).not.toContain(key.split("\n")[1]);
    return error as TlsError;
  }
  throw new Error("it was accepted");
}

function loaded(options: WrapSslOptions): CertificateInfo {
  const listener = listen(["127.0.0.1", 0]);
  onTestFinished(() => listener.close());
  return wrapSsl(listener, options).certificates[0] as CertificateInfo;
}

describe("a file that cannot be read is told of", () => {
  test.each(["certfile", "keyfile", "caCerts", "crlfile"] as const)("as %s", (option) => {
    const files = writeFiles({ "cert.pem": own.cert, "key.pem": own.key, "ca.pem": authority.cert });
    const missing = join(files.folder, "missing.pem");
    const good = { certfile: files["cert.pem"], keyfile: files["key.pem"], caCerts: files["ca.pem"] };
    const { code, message } = refusal({ ...good, certReqs: "required", [option]: missing });
    expect(code).toBe("FILE_UNREADABLE");
    expect(message).toBe(`a file cannot be read: ${option}: ${missing}: there is no such file (ENOENT)`);
  });

  test("with the reason: a folder, a file in place of a folder, a circle, a dangling link", () => {
    const files = writeFiles({ "cert.pem": own.cert });
    const [circle, dangling] = [join(files.folder, "circle"), join(files.folder, "dangling")];
    symlinkSync(circle, circle);
    symlinkSync("gone.pem", dangling);
    const said = (certfile: string): string => refusal({ certfile }).message.replace(/^.*certfile: /, "");
    expect(said(files.folder)).toBe(`${files.folder}: it is a folder (EISDIR)`);
    expect(said(join(files["cert.pem"], "x"))).toMatch(/a part of the path is no folder \(ENOTDIR\)$/);
    expect(said(circle)).toBe(`${circle}: its symbolic links run in a circle (ELOOP)`);
    expect(said(dangling)).toBe(`${dangling}: there is no such file (ENOENT)`);
  });

  test.skipIf(process.getuid === undefined)("with the reason: this process may not read it", () => {
    const files = writeFiles({ "key.pem": own.key });
    const [keyfile, me] = [files["key.pem"], process.geteuid?.() as number];
    chmodSync(keyfile, 0);
    if (me === 0) process.seteuid?.(65_534); // root may read everything
    try {
      const { message } = refusal({ cert: own.cert, keyfile });
      expect(message).toBe(`a file cannot be read: keyfile: ${keyfile}: this process may not read it (EACCES)`);
    } finally {
      if (me === 0) process.seteuid?.(me);
    }
  });

  test("with the item of certificates that names it", () => {
    const { message } = refusal({ certificates: [{ cert: own.cert, key: own.key }, { certfile: "/no/such.pem" }] });
    expect(message).toContain("certificates[1].certfile: /no/such.pem: ");
  });

  test.each(["certfile", "keyfile"] as const)("and contents in place of %s's name are not shown", (option) => {
    const { code, message } = refusal({ ...(option === "keyfile" && { cert: own.cert }), [option]: own.key });
    expect(code).toBe("BAD_OPTION");
    expect(message).toBe(
      `bad option: ${option}: expected the name of a file, got PEM text; say ${option.replace("file", "")}`,
    );
  });

  test("and a key without its first and last line in place of a name is not shown", () => {
    const text = own.key.replace(/-----.*-----\n/g, "");
    const { message } = refusal({ cert: own.cert, keyfile: text });
    expect(message).toMatch(/^bad option: keyfile: expected the name of a file, got text of \d+ characters/);
  });
});

describe("contents that cannot be used are told of", () => {
  type Row = [
    what: string,
    cert: string | Buffer,
    key: string | Buffer,
    code: string,
    at: "cert" | "key",
    text: RegExp,
  ];
  const { cert, key } = own;
  test.each<Row>([
    [
      "no certificate in it",
      "hello\n",
      key,
      "BAD_CERTIFICATE",
      "cert",
      /expected a PEM certificate, there is none in it$/,
    ],
    ["no key in it", cert, "hello\n", "BAD_KEY", "key", /expected a PEM private key, there is none in it$/],
    ["a certificate in DER", der, key, "BAD_CERTIFICATE", "cert", /it looks like DER: openssl x509 -inform DER/],
    ["a key in DER", cert, keyDer, "BAD_KEY", "key", /it looks like DER: openssl pkey -inform DER/],
    ["certificate and key swapped", key, cert, "BAD_CERTIFICATE", "cert", /it holds a private key; .*swapped\?$/],
    ["a certificate twice", cert, cert, "BAD_KEY", "key", /it holds a certificate only; .*swapped\?$/],
    ["a certificate of garbage", garbage("CERTIFICATE"), key, "BAD_CERTIFICATE", "cert", /: .+/],
    ["a certificate that is cut", cert.slice(0, 300), key, "BAD_CERTIFICATE", "cert", /: .+/],
    ["a chain that is cut", cert + cert.slice(0, 300), key, "BAD_CERTIFICATE", "cert", /certificate 2 of 2: .+/],
    ["a key of garbage", cert, garbage("PRIVATE KEY"), "BAD_KEY", "key", /: .+/],
    ["a key that is cut", cert, key.slice(0, 100), "BAD_KEY", "key", /: .+/],
    ["an encrypted key", cert, encrypted("pkcs8", "s3cr3t"), "BAD_KEY", "key", /it is encrypted; say password$/],
    ["an old encrypted key", cert, encrypted("sec1", "s3cr3t"), "BAD_KEY", "key", /it is encrypted; say password$/],
    ["another's key", cert, other.key, "KEY_MISMATCH", "cert", / and keyf?i?l?e?[^;]*$/],
    [
      "a chain in the wrong order",
      other.cert + cert,
      key,
      "KEY_MISMATCH",
      "cert",
      /the key is that of certificate 2 .* must come first$/,
    ],
  ])("by option, and by file where it is one: %s", (_what, cert, key, code, at, text) => {
    const files = writeFiles({ "cert.pem": cert as string, "key.pem": key as string });
    const byFile = refusal({ certfile: files["cert.pem"], keyfile: files["key.pem"] });
    expect(byFile.code).toBe(code);
    expect(byFile.message).toContain(`: ${at}file: ${files[`${at}.pem`]}`);
    expect(byFile.message).toMatch(text);
    const byContent = refusal({ cert, key });
    expect(byContent.code).toBe(code);
    expect(byContent.message).toMatch(new RegExp(`^[^:]*: ${at}\\b`));
    expect(byContent.message).toMatch(text);
  });

  test.each(["certfile", "keyfile"] as const)("an empty %s", (option) => {
    const { certfile, keyfile } = writeFiles({ certfile: own.cert, keyfile: own.key, ...{ [option]: "" } });
    const { message } = refusal({ certfile, keyfile });
    expect(message).toMatch(new RegExp(`: ${option}: \\S+: expected a PEM (certificate|private key), it is empty$`));
  });

  test("a certificate without a key anywhere", () => {
    const { message } = refusal({ cert: own.cert });
    expect(message).toBe(
      "a private key cannot be used: cert: expected a PEM private key, it holds a certificate only; say keyfile or key too",
    );
  });

  test("authorities and revocation lists: what is none, and what is one in part", async () => {
    const trust = { cert: own.cert, key: own.key, certReqs: "required", ca: authority.cert } as const;
    const files = writeFiles({
      "half.pem": authority.cert + authority.cert.slice(0, 200),
      "bad.crl": garbage("X509 CRL"),
    });
    expect(refusal({ ...trust, ca: own.key }).message).toMatch(/^a certificate cannot be used: ca: expected PEM cert/);
    const { ca: _, ...rest } = trust;
    expect(refusal({ ...rest, caCerts: files["half.pem"] }).message).toMatch(
      /: caCerts: \S+half\.pem: certificate 2 of 2: /,
    );
    expect(refusal({ ...trust, crl: authority.cert }).message).toMatch(/: crl: expected a PEM revocation list/);
    expect(refusal({ ...trust, crlfile: files["bad.crl"] }).message).toMatch(/: crlfile: \S+bad\.crl: .*CRL/);
  });

  test("a cipher list that OpenSSL does not know", () => {
    const { message } = refusal({ cert: own.cert, key: own.key, ciphers: "NONSENSE" });
    expect(message).toBe('bad option: ciphers: OpenSSL knows none of "NONSENSE"');
  });
});

describe("a password", () => {
  const at = (password: NonNullable<CertificateOptions["password"]>, key = encrypted("pkcs8", "s3cr3t")) => ({
    cert: own.cert,
    key,
    password,
  });

  test.each(["pkcs8", "sec1"] as const)("opens a key that is encrypted as %s, as text and as a function", (type) => {
    expect(() => loaded(at("s3cr3t", encrypted(type, "s3cr3t")))).not.toThrow();
    expect(() => loaded(at(() => "s3cr3t", encrypted(type, "s3cr3t")))).not.toThrow();
  });

  test("that is wrong is told of, and not shown", () => {
    for (const password of ["wr0ng", () => "wr0ng"]) {
      const { code, message } = refusal(at(password));
      expect(code).toBe("BAD_KEY");
      expect(message).toMatch(/^a private key cannot be used: key: the password does not open it/);
      expect(message).not.toMatch(/wr0ng|s3cr3t/);
    }
  });

  test.each<[what: string, password: () => unknown, text: RegExp]>([
    [
      "throws",
      () => {
        throw new Error("no agent");
      },
      /key: .*no agent$/,
    ],
    ["returns a number", () => 331337, /key: .*number$/],
    ["returns nothing", () => undefined, /key: .*undefined$/],
    ["returns a promise", async () => "s3cr3t", /key: /],
  ])("of a function that %s is told of, and not shown", (_what, password, text) => {
    const { code, message } = refusal(at(password as () => string));
    expect(code).toBe("BAD_KEY");
    expect(message).toMatch(text);
    expect(message).not.toMatch(/s3cr3t|331337/);
  });

  test("does no harm to a key that is not encrypted", () => {
    expect(() => loaded(at("s3cr3t", own.key))).not.toThrow();
  });
});

test.each([
  ["behind", own.cert + own.key],
  ["before", own.key + own.cert],
])("finds the key in the certificate's file, %s it", async (_where, text) => {
  const files = writeFiles({ "both.pem": text });
  const { port } = await serveSecure({ certfile: files["both.pem"], serverSide: true });
  expect(await ask(await connectSecurely(port, { ca: authority.cert, servername: "localhost" }))).toMatch(
    /^HTTP\/1\.1 200/,
  );
});

test.skipIf(!hasOpenssl)("sends the whole chain, given as a Buffer and with text between", async () => {
  const text = `subject=CN = localhost\n${own.cert}\nissuer=\n${other.cert}`;
  const { port } = await serveSecure({ cert: Buffer.from(text), key: Buffer.from(own.key) });
  const { stdout } = await sClient(port, GET, "-showcerts");
  const shown = stdout.match(/-----BEGIN CERTIFICATE-[\s\S]*?-----END CERTIFICATE-----\n/g);
  expect(shown).toEqual([own.cert, other.cert]);
});

test("takes every revocation list of a file, and tells of the one that is bad", async () => {
  const second = await Authority.create("CN=Second");
  const [good, revoked] = [await second.issue(), await second.issue()];
  second.revoke(revoked);
  const lists = [await authority.crl(), await second.crl()];
  const trust = { cert: own.cert, key: own.key, certReqs: "required", ca: [authority.cert, second.cert] } as const;
  const { one, two } = writeFiles({ one: lists.join(""), two: lists.toReversed().join("\n") });
  for (const crlfile of [one, two]) {
    const { port } = await serveSecure({ ...trust, crlfile });
    const status = async (client: object) => (await attempt(port, { ca: authority.cert, ...client })).text.slice(0, 12);
    expect([await status(other), await status(good), await status(revoked)]).toEqual([
      "HTTP/1.1 200",
      "HTTP/1.1 200",
      "",
    ]);
  }
  expect(refusal({ ...trust, crl: lists[0] + garbage("X509 CRL") }).message).toMatch(/: crl: .*\b2 of 2\b/);
});

test("is called by its file, or by its first name, or by its option", async () => {
  const files = writeFiles({ "cert.pem": own.cert + own.key });
  const { cert, key } = await authority.issue({ names: ["127.0.0.1"] });
  expect(loaded({ certfile: files["cert.pem"] }).label).toBe(files["cert.pem"]);
  expect(loaded({ cert: own.cert, key: own.key }).label).toBe("localhost");
  expect(loaded({ cert, key }).label).toBe("cert");
  expect(loaded({ certificates: [{ cert, key }] }).label).toBe("certificates[0].cert");
});
