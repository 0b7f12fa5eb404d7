// Which certificate a host name gets: exact names before wildcards, a wildcard for one label, the first claimant first;
// and which names a certificate has, however hostile it is.

import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../../core/src/index.ts";
import { TlsError, type WrapSslOptions, wrapSsl } from "../src/index.ts";
import { isServerName, ServerNames } from "../src/server-names.ts";
import { Authority, type Issued } from "./support/authority.ts";

const authority = await Authority.create();
const own = await authority.issue({ names: ["localhost"] });

/** A table in which each name stands for itself. */
function table(...names: string[]): ServerNames<string> {
  const found = new ServerNames<string>();
  for (const name of names) found.add(name, name);
  return found;
}

describe("a host name", () => {
  test.each<[asked: string, got: string | undefined]>([
    ["example.com", "example.com"],
    ["EXAMPLE.com", "example.com"],
    ["example.com.", "example.com"],
    ["a.example.com", "*.example.com"],
    ["A.Example.Com.", "*.example.com"],
    ["www.example.com", "www.example.com"],
    ["a.b.example.com", undefined],
    ["www.www.example.com", undefined],
    [".example.com", undefined],
    ["xexample.com", undefined],
    ["com", undefined],
    ["", undefined],
    [".", undefined],
    ["bücher.example", "bücher.example"],
    ["BÜCHER.example", "bücher.example"],
    ["xn--bcher-kva.example", "bücher.example"],
    ["XN--BCHER-KVA.example.", "bücher.example"],
    ["a.xn--bcher-kva.example", "*.bücher.example"],
    ["straße.bücher.example", "*.bücher.example"],
    ["constructor", undefined],
    ["__proto__", undefined],
  ])("%s gets %s", (asked, got) => {
    const names = ["*.example.com", "www.example.com", "example.com", "bücher.example", "*.bücher.example"];
    expect(table(...names).find(asked)).toBe(got);
    expect(table(...names.toReversed()).find(asked)).toBe(got);
  });

  test.each([
    [["a.example", "A.EXAMPLE."], "a.example"],
    [["*.example", "*.Example"], "a.example"],
    [["bücher.example", "xn--bcher-kva.example"], "bücher.example"],
  ])("belongs to the first of %o", (claims, asked) => {
    expect(table(...claims).find(asked)).toBe(claims[0]);
    expect(table(...claims.toReversed()).find(asked)).toBe(claims[1]);
  });
});

describe("for any names", () => {
  const label = fc.constantFrom("a", "b", "www", "xn--bcher-kva", "x-1", "_dmarc");
  const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
  const claim = fc.tuple(fc.constantFrom("", "*."), host).map((parts) => parts.join(""));
  /** As a client or an operator may write it. */
  const spelled = (name: string, upper: boolean, dot: boolean): string =>
    (upper ? name.toUpperCase() : name) + (dot ? "." : "");

  test("the answer is the first that is the same, else the first wildcard of the parent", () => {
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 8 }), host, fc.boolean(), fc.boolean(), (claims, asked, upper, dot) => {
        const names = new ServerNames<number>();
        claims.forEach((name, index) => void names.add(spelled(name, index % 2 === 0, index % 3 === 0), index));
        const parent = asked.split(".").slice(1).join(".");
        const exact = claims.indexOf(asked);
        const wild = parent === "" ? -1 : claims.indexOf(`*.${parent}`);
        const expected = exact >= 0 ? exact : wild >= 0 ? wild : undefined;
        expect(names.find(spelled(asked, upper, dot))).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  test("every one of them may stand in an option; what is found was claimed", () => {
    fc.assert(fc.property(claim, (name) => isServerName(name) && isServerName(name.toUpperCase())));
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 5 }), fc.string(), (claims, asked) => {
        const found = table(...claims).find(asked);
        if (found !== undefined) expect(claims).toContain(found);
      }),
    );
  });

  test("no text with a character that no host name has may stand in an option", () => {
    const foreign = fc.constantFrom(..." \0\t\n\r,;:\"'\\/@%*?#[]{}()<>|&=+!$^`~");
    const start = fc.oneof(host, fc.constant("bücher.example"));
    fc.assert(fc.property(start, foreign, host, (a, mark, b) => !isServerName(`${a}${mark}${b}`)));
  });
});
describe("the names of a certificate", () => {
  const load = (options: WrapSslOptions): readonly string[] => {
    const listener = listen(["127.0.0.1", 0]);
    onTestFinished(() => listener.close());
    return wrapSsl(listener, options).certificates[0]?.serverNames ?? [];
  };
  const named = ({ cert, key }: Issued): readonly string[] => load({ cert, key });

  test.each<[what: string, options: object, names: string[]]>([
    [
      "its alternative names, without addresses",
      { names: ["a.example", "*.b.example", "127.0.0.1", "::1"] },
      ["a.example", "*.b.example"],
    ],
    ["its common name, without any alternative ones", { subject: "CN=old.example,O=Old" }, ["old.example"]],
    ["its common name wherever it stands", { subject: "O=Old,CN=*.old.example" }, ["*.old.example"]],
    ["not the common name beside alternative ones", { subject: "CN=c.example", names: ["a.example"] }, ["a.example"]],
    ["not the common name beside an address", { subject: "CN=c.example", names: ["127.0.0.1"] }, []],
    ["not a common name that is no host name", { subject: "CN=Joe Smith" }, []],
    ["those of other scripts as they are sent", { names: ["xn--bcher-kva.example"] }, ["xn--bcher-kva.example"]],
  ])("are %s", async (_what, options, names) => {
    expect(named(await authority.issue(options))).toEqual(names);
  });

  test.each([
    "evil.example, DNS:victim.example",
    'evil.example", DNS:victim.example, DNS:"',
    "evil.example\\, DNS:victim.example",
    'a", "DNS:victim.example',
    "evil.example\nDNS:victim.example",
    "evil.example\0.victim.example",
    "DNS:victim.example",
    "",
    " victim.example",
    "*",
    "*.*.victim.example",
    "vic*.example",
  ])("are not those that %o pretends", async (name) => {
    const certificate = await forge([name, "own.example"], "CN=victim.example");
    expect(named(certificate)).toEqual(["own.example"]);
  });

  test.each<[type: "url" | "email" | "dn" | "ip", value: string]>([
    ["url", "http://a/, DNS:victim.example, DNS:b"],
    ["email", "victim.example, DNS:victim.example, DNS:b"],
    ["dn", "CN=x\\, DNS:victim.example\\, DNS:b"],
    ["ip", "127.0.0.1"],
  ])("are not those in alternative names of another kind: %s", async (type, value) => {
    expect(named(await forge([{ type, value }, "own.example"], "CN=victim.example"))).toEqual(["own.example"]);
  });

  test.each(["O=x\nCN=victim.example", "CN=victim.example\nO=x", "x + CN=victim.example"])(
    "are not those that a subject of %o pretends",
    async (value) => expect(named(await forge([], [{ O: [value] }]))).toEqual([]),
  );

  test("are those that serverNames has, in the place of its own", () => {
    const serverNames = ["Example.COM", "bücher.example", "*.example.org."];
    const loadFor = (names: readonly string[]) => load({ cert: own.cert, key: own.key, serverNames: names });
    expect(loadFor(serverNames)).toEqual(serverNames);
    for (const name of ["a b", "*", "a.*.b", "https://a.example", "a.example:443", "-a", "a..b", "x".repeat(254)]) {
      const text = `bad option: serverNames: expected host names, got ${JSON.stringify(name)}`;
      expect(() => loadFor(["a", name])).toThrow(new TlsError("BAD_OPTION", text.slice("bad option: ".length)));
    }
  });
});

/** A certificate with alternative names that no honest authority signs. */
async function forge(names: readonly (string | x509.JsonGeneralName)[], name: string | x509.JsonName): Promise<Issued> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const alternatives = names.map((one) => (typeof one === "string" ? ({ type: "dns", value: one } as const) : one));
  const serialNumber = `4${randomBytes(8).toString("hex").slice(1)}`;
  const extensions = names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)];
  const forged = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name,
    keys,
    signingAlgorithm: algorithm,
    extensions,
  });
  const bytes = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    cert: forged.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${bytes}\n-----END PRIVATE KEY-----\n`,
    serialNumber,
  };
}
