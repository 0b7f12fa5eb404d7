// The options of wrapSsl: what each row of the table takes and refuses and how it is said, the defaults, the names that
// programs of Python and Node bring, and what does not go together. What an option does is tested where it acts.

import { describe, expect, test } from "vitest";
import { listen } from "../../core/src/index.ts";
import { serve } from "../../core/test/support/serve.ts";
import { SSL_OPTION_TABLE, TlsError, type WrapSslOptions, wrapSsl } from "../src/index.ts";
import { resolveOptions } from "../src/resolve-options.ts";
import { Authority } from "./support/authority.ts";
import { ask, connectSecurely, showing } from "./support/serve.ts";

type Name = keyof WrapSslOptions;

const PAIR = { cert: "-----BEGIN CERTIFICATE-----", key: "-----BEGIN PRIVATE KEY-----" };
/** What another option needs beside it to be taken. */
const TRUST = { certReqs: "required", ca: "-----BEGIN CERTIFICATE-----" };

const file = { expected: "the name of a file", accepted: ["a.pem"], refused: ["", 1, null, ["a.pem"]] };
const files = {
  expected: "the name of a file, or a list of them",
  accepted: ["a.pem", ["a.pem", "b.pem"]],
  refused: ["", [], ["a.pem", ""], Buffer.alloc(3)],
};
const pem = {
  expected: "PEM text or a Buffer",
  accepted: ["text", Buffer.from("text")],
  refused: ["", Buffer.alloc(0), new Uint8Array(2), ["text"]],
};
const pems = {
  expected: "PEM text or a Buffer, or a list of them",
  accepted: ["text", Buffer.from("text"), ["text", Buffer.from("text")]],
  refused: ["", [], ["text", 1], {}],
};
const func = { expected: "a function", accepted: [() => ({})], refused: ["f", {}, null] };
const seconds = {
  expected: "a number of seconds above 0",
  accepted: [0.02, 1, 86_400],
  refused: [0, -1, "10", Number.NaN, Number.POSITIVE_INFINITY, 2_147_484],
};
const bool = { expected: "true or false", accepted: [true, false], refused: [1, "true", null] };
const version = { expected: "one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3", refused: ["TLSv1.4", "SSLv3", 1.2] };
const always = (why: string) => ({ expected: `true: ${why}`, accepted: [true], refused: [false, 1] });

interface Row {
  /** Default in the table; it stands in resolved options too. */
  readonly default?: unknown;
  readonly expected: string;
  readonly accepted: readonly unknown[];
  readonly refused: readonly unknown[];
  /** Options without which the accepted values are refused. */
  readonly beside?: object;
}

const ROWS: Readonly<Record<Name, Row>> = {
  certfile: { ...file, beside: { cert: undefined } },
  keyfile: { ...file, beside: { key: undefined } },
  password: {
    expected: "text, or a function that returns it",
    accepted: ["secret", () => "secret"],
    refused: [""],
  },
  cert: pem,
  key: pem,
  serverNames: {
    expected: "a list of host names such as example.com or *.example.com",
    accepted: [["example.com"]],
    refused: ["example.com", [], [""]],
  },
  certificates: {
    expected: "a list of { certfile, keyfile, password, cert, key, serverNames }",
    accepted: [[{ certfile: "a.pem" }], [PAIR, PAIR]],
    refused: [{}, [], ["a.pem"], [null], [[]]],
  },
  sniCallback: func,
  serverSide: { default: true, ...always("a listener is the server's side of a connection") },
  certReqs: {
    default: "none",
    expected: 'one of "none", "optional", "required"',
    accepted: ["optional", "required"],
    refused: ["CERT_REQUIRED", 2, true, null],
    beside: { ca: "text" },
  },
  caCerts: { ...files, beside: { certReqs: "optional" } },
  ca: { ...pems, beside: { certReqs: "optional" } },
  crlfile: { ...files, beside: TRUST },
  crl: { ...pems, beside: TRUST },
  ciphers: { expected: "a list of ciphers as OpenSSL writes it", accepted: ["HIGH:!aNULL"], refused: ["", ["HIGH"]] },
  minVersion: { default: "TLSv1.2", ...version, accepted: ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] },
  maxVersion: { default: "TLSv1.3", ...version, accepted: ["TLSv1.2", "TLSv1.3"] },
  alpnProtocols: {
    default: ["http/1.1"],
    expected: "a list of protocol names, without h2 and h3, which this server does not speak",
    accepted: [["http/1.1", "http/1.0"], ["é".repeat(127)]],
    refused: ["http/1.1", [], [""], ["http/1.1", "h2"], ["h3"], ["é".repeat(128)]],
  },
  handshakeTimeout: { default: 10, ...seconds },
  sessionTimeout: {
    default: 300,
    expected: "a whole number of seconds above 0",
    accepted: [1, 86_400],
    refused: [0.5, ...seconds.refused],
  },
  ticketKeys: {
    expected: "a Buffer of 48 secret bytes",
    accepted: [Buffer.alloc(48)],
    refused: [Buffer.alloc(47), Buffer.alloc(49), new Uint8Array(48)],
  },
  secureContext: func,
  clientEnviron: bool,
  watch: { default: false, ...bool },
  watchInterval: { default: 5, ...seconds },
  doHandshakeOnConnect: {
    default: true,
    ...always("an application never sees a connection whose handshake is not done"),
  },
  suppressRaggedEofs: {
    default: true,
    ...always("framing tells a whole body from a cut one, with or without close_notify"),
  },
};

/** How an error text shows a value: that of a secret only by its kind. */
function shown(name: Name, value: unknown): string {
  const isSecret = ["password", "key", "ticketKeys"].includes(name);
  if (typeof value === "string") return isSecret ? `text of ${value.length} characters` : JSON.stringify(value);
  if (Buffer.isBuffer(value)) return `a Buffer of ${value.length}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

const names = Object.keys(ROWS) as Name[];
const resolve = (options: object): unknown => resolveOptions({ ...PAIR, ...options } as WrapSslOptions);

/** Refused by wrapSsl itself, before it looks at a file; the listener stays as it was. */
function refusal(options: unknown, listener: unknown = listen(["127.0.0.1", 0])): TlsError {
  try {
    wrapSsl(listener as never, options as WrapSslOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(TlsError);
    return error as TlsError;
  }
  throw new Error("it was accepted");
}

test("has a row here for every option of the table", () => {
  expect(names).toEqual(Object.keys(SSL_OPTION_TABLE));
});

describe.each(names)("%s", (name) => {
  const row = ROWS[name];

  test("has the default that the table says, when not given and when undefined", () => {
    expect(SSL_OPTION_TABLE[name].default).toEqual(row.default);
    const given = { ...PAIR, [name]: (PAIR as Record<string, unknown>)[name] };
    expect(resolve(given)).toEqual(resolve({}));
    if (row.default !== undefined && !name.match(/^(serverSide|doHandshake|suppress)/)) {
      expect(resolve({})).toHaveProperty(name, row.default);
    }
  });

  test.each(row.accepted.map((value) => [value]))("takes %o", (value) => {
    expect(() => resolve({ ...row.beside, [name]: value })).not.toThrow();
  });

  test.each(row.refused.map((value) => [value]))("refuses %o", (value) => {
    const error = refusal({ ...PAIR, ...row.beside, [name]: value });
    expect(error.code).toBe("BAD_OPTION");
    expect(error.message).toBe(`bad option: ${name}: expected ${row.expected}, got ${shown(name, value)}`);
  });
});

test("asks for SSL_CLIENT_* unless certReqs is none, and as clientEnviron says", () => {
  const asked = (options: object) => (resolve(options) as { clientEnviron: boolean }).clientEnviron;
  expect([asked({}), asked({ certReqs: "optional", ca: "text" }), asked(TRUST)]).toEqual([false, true, true]);
  expect([asked({ clientEnviron: true }), asked({ ...TRUST, clientEnviron: false })]).toEqual([true, false]);
});

test("names the item of certificates whose option is bad", () => {
  const second = (options: object) => refusal({ certificates: [PAIR, options] }).message;
  expect(second({ certfile: 1 })).toBe("bad option: certificates[1].certfile: expected the name of a file, got 1");
  expect(second({ key: "text" })).toBe(
    "there is no certificate to show: expected certificates[1].certfile or certificates[1].cert",
  );
  expect(second({ ...PAIR, keyfile: "a" })).toBe(
    "bad option: certificates[1].keyfile: expected either it or key, got both",
  );
  expect(second({ ...PAIR, caCerts: "a" })).toMatch(/^bad option: there is no option "certificates\[1\]\.caCerts"/);
});

describe("a name that is no option", () => {
  test.each([
    ["certFile", "it is spelled certfile"],
    ["KEYFILE", "it is spelled keyfile"],
    ["server_side", "it is spelled serverSide"],
    ["cert_reqs", "it is spelled certReqs"],
    ["ca_certs", "it is spelled caCerts"],
    ["cacerts", "it is spelled caCerts"],
    ["do_handshake_on_connect", "it is spelled doHandshakeOnConnect"],
    ["SNICallback", /spelled sniCallback/],
    ["ALPNProtocols", "it is spelled alpnProtocols"],
    ["ssl_version", "say minVersion and maxVersion"],
    ["sslVersion", "say minVersion and maxVersion"],
    ["requestCert", 'say certReqs: "optional" or "required"'],
    ["rejectUnauthorized", 'say certReqs: "optional" or "required"'],
    ["passphrase", "it is spelled password"],
    ["pfx", /openssl pkcs12/],
    ["sessionIdContext", /authorities/],
  ])("is refused with a hint: %s", (name, hint) => {
    const { code, message } = refusal({ ...PAIR, [name]: 1 });
    expect(code).toBe("BAD_OPTION");
    const [what, said] = message.split("; ");
    expect(what).toBe(`bad option: there is no option "${name}"`);
    expect(said).toMatch(typeof hint === "string" ? new RegExp(`^${hint}$`) : hint);
  });

  test.each(["colour", "constructor", "toString", "__defineGetter__"])("is refused without one: %s", (name) => {
    expect(refusal({ ...PAIR, [name]: 1 }).message).toBe(`bad option: there is no option "${name}"`);
  });
});

describe("what does not go together", () => {
  test.each<[options: object, text: RegExp]>([
    [{ certfile: "a" }, /^bad option: certfile: expected either it or cert, got both$/],
    [{ keyfile: "a" }, /^bad option: keyfile: expected either it or key, got both$/],
    [{ certReqs: "required" }, /^bad option: certReqs: expected caCerts or ca beside "required"/],
    [{ certReqs: "optional" }, /^bad option: certReqs: expected caCerts or ca beside "optional"/],
    [{ certReqs: "required", crl: "text" }, /^bad option: certReqs: expected caCerts or ca/],
    [{ ca: "text" }, /^bad option: certReqs: expected "optional" or "required" .*, got "none"$/],
    [{ caCerts: "a" }, /^bad option: certReqs: expected "optional" or "required"/],
    [{ crl: "text" }, /^bad option: certReqs: expected "optional" or "required"/],
    [{ crlfile: "a", certReqs: "none" }, /^bad option: certReqs: expected "optional" or "required"/],
    [
      { minVersion: "TLSv1.3", maxVersion: "TLSv1.2" },
      /^bad option: minVersion: .*maxVersion.* TLSv1\.2, got TLSv1\.3$/,
    ],
    [{ maxVersion: "TLSv1.1" }, /^bad option: minVersion: .*maxVersion.* TLSv1\.1, got TLSv1\.2$/],
  ])("is refused: %o", (options, text) => {
    expect(refusal({ ...PAIR, ...options }).message).toMatch(text);
  });

  test("is not a file beside contents of the other", () => {
    expect(() => resolveOptions({ certfile: "a", key: "text" })).not.toThrow();
    expect(() => resolveOptions({ cert: "text", keyfile: "a" })).not.toThrow();
  });
});

test.each([[{}], [{ key: "text" }], [{ keyfile: "a" }], [{ password: "a" }], [{ watch: true }]])(
  "refuses %o: there is no certificate",
  (options) => expect(refusal(options).code).toBe("NO_CERTIFICATE"),
);

test.each([[undefined], [null], ["cert.pem"], [[]]])("refuses %o in place of options", (options) => {
  expect(refusal(options).message).toMatch(/^bad option: .*expected an object of options, got /);
});

test.each([[undefined], [null], [8443], ["127.0.0.1:0"], [{}]])("refuses %o in place of a listener", (listener) => {
  if (listener === undefined)
    expect(() => wrapSsl(undefined as never, PAIR)).toThrow(/expected what listen\(\) returns/);
  else expect(refusal(PAIR, listener).message).toMatch(/^bad option: wrapSsl: expected what listen\(\) returns/);
});

test("refuses a listener that is secure already, and one that has a server; both go on", async () => {
  const authority = await Authority.create();
  const own = await authority.issue({ names: ["localhost"] });
  const pair = { cert: own.cert, key: own.key };
  const plain = listen(["127.0.0.1", 0]);
  const secure = wrapSsl(plain, pair);
  expect(refusal(pair, secure).message).toBe("bad option: wrapSsl: the listener is secure already");
  const served = await serve(showing("HTTPS"), {}, secure);
  expect(refusal(pair, plain).message).toBe("bad option: wrapSsl: the listener has a server already");
  const socket = await connectSecurely(served.port, { ca: authority.cert, servername: "localhost" });
  expect(await ask(socket)).toMatch(/^HTTP\/1\.1 200 [\s\S]*\{"HTTPS":"on"\}$/);
});

test.each<[name: string, value: unknown]>([
  ["ticketKeys", "s3cr3t".repeat(8)],
  ["ticketKeys", "s3cr3t".repeat(16)],
  ["ticketKeys", ["s3cr3t"]],
  ["password", ["s3cr3t"]],
  ["password", { toString: () => "s3cr3t" }],
  ["password", 331337],
  ["password", Symbol("s3cr3t")],
  ["key", ["s3cr3t"]],
  ["key", 331337],
  ["key", { pem: "s3cr3t" }],
  ["keyfile", Buffer.from("s3cr3t")],
])("never shows a secret in an error: %s: %o", (name, value) => {
  const options = { certfile: "a.pem", keyfile: undefined, [name]: value };
  const { message } = refusal(options);
  expect(message).toMatch(new RegExp(`^bad option: ${name}: expected `));
  expect(message).not.toMatch(/s3cr3t|331337/);
});
