// reload(): what is new is taken for new connections, what is bad is told and kept as it was, and which sessions outlive
// it. Old connections never notice.

import { once } from "node:events";
import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import tls from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../../core/src/index.ts";
import { serve } from "../../core/test/support/serve.ts";
import { wrapSsl } from "../src/index.ts";
import { Authority, DAY, type IssueOptions, writeFiles } from "./support/authority.ts";
import { attempt, GET, SecureClient } from "./support/secure-client.ts";
import { ask, connectSecurely, type SecureServed, serveSecure, showing } from "./support/serve.ts";

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;
const authority = await Authority.create();
const stranger = await Authority.create("CN=Another Authority");
const KEEP = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const GARBAGE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

const issue = (options: IssueOptions = {}) => authority.issue({ names: ["localhost"], ...options });
const after = (days: number): Date => new Date(Date.now() + days * DAY);

/** A pair of files that can be renewed. */
async function pairOfFiles(options: IssueOptions = {}) {
  const first = await issue(options);
  const files = writeFiles({ "cert.pem": first.cert, "key.pem": first.key });
  const [certfile, keyfile] = [files["cert.pem"], files["key.pem"]];
  const renew = async (changed: IssueOptions = {}): Promise<void> => {
    const { cert, key } = await issue({ ...options, ...changed });
    writeFileSync(certfile, cert);
    writeFileSync(keyfile, key);
  };
  return { certfile, keyfile, renew };
}

/** Serves with a log whose error lines are kept apart. */
async function serveLogged(ssl: Parameters<typeof serveSecure>[0]): Promise<SecureServed & { errors: string[] }> {
  const [log, errors]: [string[], string[]] = [[], []];
  const keep = (line: string) => void log.push(line);
  const logger = { info: keep, debug: () => {}, warn: keep, error: (line: string) => void errors.push(line) };
  return { ...(await serveSecure(ssl, showing("HTTPS"), { log: logger })), log, errors };
}

/** The fingerprint that a new client sees, which is served. */
async function shown(port: number, servername = "localhost"): Promise<string> {
  const socket = await connectSecurely(port, { ca: authority.cert, servername });
  const seen = socket.getPeerX509Certificate()?.fingerprint256;
  expect(await ask(socket)).toMatch(/^HTTP\/1\.1 200/);
  return seen as string;
}

/** The session of a new connection that is served. */
async function newSession(port: number, options: tls.ConnectionOptions): Promise<Buffer> {
  const socket = tls.connect({ port, host: "127.0.0.1", ca: authority.cert, servername: "localhost", ...options });
  onTestFinished(() => void socket.destroy());
  const session = once(socket, "session"); // of TLS 1.3: when something is read
  await once(socket, "secureConnect");
  expect(await ask(socket)).toMatch(/^HTTP\/1\.1 200/);
  return (await session)[0];
}

test("shows a renewed certificate to new connections, while an old one goes on", async () => {
  const { certfile, keyfile, renew } = await pairOfFiles({ until: after(20) });
  const served = await serveLogged({ certfile, keyfile });
  const [before, end] = [await shown(served.port), served.listener.expiresAt];
  const old = await SecureClient.connect(served.port, { ca: authority.cert });
  old.send(KEEP);
  await old.receive("{");
  await renew({ until: after(80) });
  expect(await shown(served.port)).toBe(before);
  expect(served.listener.reload()).toEqual({ changed: [certfile], failed: [] });
  expect(await shown(served.port)).not.toBe(before);
  expect(served.listener.certificates[0]?.fingerprint).toBe(await shown(served.port));
  expect(served.listener.expiresAt.getTime() - end.getTime()).toBeCloseTo(60 * DAY, -4);
  expect(served.log.filter((line) => line.includes("new connections use"))).toEqual([
    expect.stringMatching(`^\\(${process.pid}\\) new connections use ${certfile} as it is now$`),
  ]);
  old.send(GET);
  expect((await old.end()).match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  expect(served.errors).toEqual([]);
});

describe("a renewed certificate that is bad", () => {
  type Spoil = (files: { certfile: string; keyfile: string }) => Promise<void> | void;
  const write =
    (options: IssueOptions): Spoil =>
    async ({ certfile, keyfile }) => {
      const { cert, key } = await issue(options);
      writeFileSync(certfile, cert);
      writeFileSync(keyfile, key);
    };
  test.each<[what: string, spoil: Spoil, code: string, reason: RegExp]>([
    [
      "not there with its key yet",
      async (f) => writeFileSync(f.certfile, (await issue()).cert),
      "KEY_MISMATCH",
      /cert\.pem and keyfile: /,
    ],
    [
      "not there yet, its key is",
      async (f) => writeFileSync(f.keyfile, (await issue()).key),
      "KEY_MISMATCH",
      /cert\.pem and keyfile: /,
    ],
    ["expired", write({ from: after(-9), until: after(-1) }), "CERTIFICATE_EXPIRED", /cert\.pem: on 20/],
    ["not valid yet", write({ from: after(1) }), "BAD_CERTIFICATE", /cert\.pem: it is not valid before 20/],
    ["garbage", (f) => writeFileSync(f.certfile, GARBAGE), "BAD_CERTIFICATE", /certfile: \S+cert\.pem: /],
    ["empty", (f) => writeFileSync(f.certfile, ""), "BAD_CERTIFICATE", /certfile: \S+cert\.pem: .*it is empty/],
    ["missing", (f) => unlinkSync(f.certfile), "FILE_UNREADABLE", /certfile: \S+cert\.pem: there is no such file/],
    ["without its key", (f) => unlinkSync(f.keyfile), "FILE_UNREADABLE", /keyfile: \S+key\.pem: there is no such file/],
    [
      "cut in its chain",
      async (f) => writeFileSync(f.certfile, (await issue()).cert + GARBAGE),
      "BAD_CERTIFICATE",
      /certificate 2 of 2/,
    ],
  ])("is told of and not taken: %s; a good one is afterwards", async (_what, spoil, code, reason) => {
    const { certfile, keyfile, renew } = await pairOfFiles();
    const served = await serveLogged({ certfile, keyfile });
    const before = await shown(served.port);
    await spoil({ certfile, keyfile });
    const { changed, failed } = served.listener.reload();
    expect(changed).toEqual([]);
    expect(failed.map((error) => error.code)).toEqual([code]);
    expect(served.errors).toEqual([expect.stringMatching(/^\(\d+\) .*\. What was loaded before stays in use$/)]);
    expect(served.errors[0]).toMatch(reason);
    expect(served.errors[0]).toContain(failed[0]?.message);
    expect(await shown(served.port)).toBe(before);
    await renew();
    expect(served.listener.reload()).toEqual({ changed: [certfile], failed: [] });
    expect(await shown(served.port)).not.toBe(before);
  });

  test("does not keep the others from being renewed, under the names that they have now", async () => {
    const [first, bad, third] = [
      await pairOfFiles(),
      await pairOfFiles({ names: ["bad.example"] }),
      await pairOfFiles({ names: ["old.example"] }),
    ];
    const served = await serveLogged({ ...files(first), certificates: [files(bad), files(third)] });
    const names = ["localhost", "bad.example", "old.example"];
    const before = await Promise.all(names.map((name) => shown(served.port, name)));
    writeFileSync(bad.keyfile, "");
    await Promise.all([first.renew(), third.renew({ names: ["new.example"] })]);
    const report = served.listener.reload();
    expect(report.changed).toEqual([first.certfile, third.certfile]);
    expect(report.failed.map(({ message }) => message)).toEqual([expect.stringContaining("certificates[0].keyfile: ")]);
    expect(served.listener.certificates.map(({ serverNames }) => serverNames)).toEqual([
      ["localhost"],
      ["bad.example"],
      ["new.example"],
    ]);
    const now = await Promise.all(["localhost", "bad.example", "new.example"].map((name) => shown(served.port, name)));
    expect(now.map((fingerprint, index) => fingerprint === before[index])).toEqual([false, true, false]);
    const stray = await connectSecurely(served.port, { servername: "old.example", rejectUnauthorized: false });
    expect(stray.getPeerX509Certificate()?.fingerprint256).toBe(now[0]);
  });
});

test("reports and logs nothing when nothing changed, and for contents that cannot change", async () => {
  const { certfile, keyfile } = await pairOfFiles();
  const { cert, key } = await issue({ names: ["b.example"] });
  const served = await serveLogged({ certfile, keyfile, certificates: [{ cert, key }] });
  const log = [...served.log];
  expect(served.listener.reload()).toEqual({ changed: [], failed: [] });
  expect([served.log, served.errors]).toEqual([log, []]);
});

test("takes another chain behind the same certificate", async () => {
  const { certfile, keyfile } = await pairOfFiles();
  const served = await serveLogged({ certfile, keyfile });
  writeFileSync(certfile, readFileSync(certfile, "utf8") + authority.cert);
  expect(served.listener.reload().changed).toEqual([certfile]);
  const socket = await connectSecurely(served.port, { rejectUnauthorized: false });
  expect(socket.getPeerCertificate(true).issuerCertificate?.subject.CN).toBe("Test Authority");
});

test("renews before there is a server, and what sniCallback answered with", async () => {
  const { certfile, keyfile, renew } = await pairOfFiles();
  const called = await pairOfFiles({ names: ["called.example"] });
  const answer = files(called);
  const listener = wrapSsl(listen(["127.0.0.1", 0]), { certfile, keyfile, sniCallback: () => answer });
  const before = listener.certificates[0]?.fingerprint;
  await renew();
  expect(listener.reload().changed).toEqual([certfile]);
  const { port } = await serve(showing("HTTPS"), {}, listener);
  expect(await shown(port)).not.toBe(before);
  const seen = await shown(port, "called.example");
  await called.renew();
  listener.reload();
  expect(await shown(port, "called.example")).not.toBe(seen);
});

describe.each(VERSIONS)("a session of %s", (version) => {
  const own = { maxVersion: version, ca: authority.cert };

  test.each(["localhost", "b.example"])("outlives a renewed certificate: %s", async (servername) => {
    const [{ certfile, keyfile, renew }, second] = [await pairOfFiles(), await pairOfFiles({ names: ["b.example"] })];
    const ticketKeys = Buffer.alloc(48, 1);
    const served = await serveLogged({ certfile, keyfile, certificates: [files(second)], ticketKeys });
    const session = await newSession(served.port, { ...own, servername });
    ticketKeys.fill(0); // as careful programs do
    await Promise.all([renew(), second.renew()]);
    expect(served.listener.reload().changed).toHaveLength(2);
    const { text, resumed } = await attempt(served.port, { ...own, servername, session });
    expect(text).toMatch(/^HTTP\/1\.1 200/);
    expect(resumed).toBe(true);
  });

  test.each([
    ["alone", false],
    ["with a bad certificate at the same moment", true],
  ])("does not outlive changed authorities: %s", async (_what, isBad) => {
    const { certfile, keyfile, renew } = await pairOfFiles();
    const { ca } = writeFiles({ ca: authority.cert });
    const served = await serveLogged({ certfile, keyfile, caCerts: ca, certReqs: "required" });
    const [friend, other] = [await issue({ names: [] }), await stranger.issue()];
    const session = await newSession(served.port, { ...own, ...friend });
    expect((await attempt(served.port, { ...own, ...friend, session })).resumed).toBe(true);
    expect((await attempt(served.port, { ...own, ...other })).text).toBe("");
    writeFileSync(ca, stranger.cert);
    if (isBad) writeFileSync(certfile, GARBAGE);
    const report = served.listener.reload();
    expect(report.changed).toEqual(["the authorities of clients"]);
    expect(report.failed).toHaveLength(isBad ? 1 : 0);
    expect((await attempt(served.port, { ...own, ...friend, session })).text).toBe("");
    expect((await attempt(served.port, { ...own, ...friend })).text).toBe("");
    expect((await attempt(served.port, { ...own, ...other })).text).toMatch(/^HTTP\/1\.1 200/);
    await renew();
    expect(served.listener.reload()).toEqual({ changed: [certfile], failed: [] });
    expect((await attempt(served.port, { ...own, ...friend })).text).toBe("");
    writeFileSync(ca, authority.cert + stranger.cert);
    expect(served.listener.reload().changed).toEqual(["the authorities of clients"]);
    const { text, resumed } = await attempt(served.port, { ...own, ...friend, session });
    expect(text).toMatch(/^HTTP\/1\.1 200/);
    expect(resumed).toBe(false);
  });

  test("does not outlive that its client is revoked, under whichever name; a bad list changes nothing", async () => {
    const here = await Authority.create("CN=Revoking");
    const [first, second] = [await pairOfFiles(), await pairOfFiles({ names: ["b.example"] })];
    const { ca, crl } = writeFiles({ ca: here.cert, crl: await here.crl() });
    const trust = { caCerts: ca, crlfile: crl, certReqs: "required" } as const;
    const served = await serveLogged({ ...files(first), certificates: [files(second)], ...trust });
    const [revoked, good] = [await here.issue(), await here.issue()];
    const sessions = new Map<string, Buffer>();
    const names = ["localhost", "b.example"];
    for (const servername of names)
      sessions.set(servername, await newSession(served.port, { ...own, ...revoked, servername }));
    const ask = (servername: string, client: object) =>
      attempt(served.port, { ...own, ...client, servername, session: sessions.get(servername) });
    for (const text of ["", authority.cert, "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"]) {
      writeFileSync(crl, text);
      const { changed, failed } = served.listener.reload();
      expect([changed, failed.length]).toEqual([[], 1]);
      expect(served.errors.pop()).toMatch(/crlfile: .* stays in use$/);
      for (const name of names) expect((await ask(name, revoked)).resumed).toBe(true);
    }
    here.revoke(revoked);
    writeFileSync(crl, await here.crl());
    expect(served.listener.reload()).toEqual({ changed: ["the authorities of clients"], failed: [] });
    for (const name of names) {
      expect((await ask(name, revoked)).text).toBe("");
      expect((await attempt(served.port, { ...own, ...good, servername: name })).text).toMatch(/^HTTP\/1\.1 200/);
    }
  });

  test("ends with its ticket keys; two listeners that have the same share sessions, also after a renewal", async () => {
    const [one, two] = [await pairOfFiles(), await pairOfFiles({ names: ["localhost", "two.example"] })];
    const [first, second] = [
      await serveLogged(files(one)),
      await serveLogged({ ...files(two), ticketKeys: Buffer.alloc(48, 1) }),
    ];
    const old = await newSession(first.port, own);
    const resumed = async (port: number, session: Buffer) => (await attempt(port, { ...own, session })).resumed;
    expect([await resumed(first.port, old), await resumed(second.port, old)]).toEqual([true, false]);
    const keys = Buffer.alloc(48, 2);
    for (const { listener } of [first, second]) listener.setTicketKeys(keys);
    keys.fill(0);
    expect([await resumed(first.port, old), await resumed(second.port, old)]).toEqual([false, false]);
    const shared = await newSession(first.port, own);
    expect([await resumed(first.port, shared), await resumed(second.port, shared)]).toEqual([true, true]);
    await Promise.all([one.renew(), two.renew()]);
    for (const { listener } of [first, second]) expect(listener.reload().changed).toHaveLength(1);
    expect([await resumed(first.port, shared), await resumed(second.port, shared)]).toEqual([true, true]);
  });
});

test.each<[got: string, keys: unknown]>([
  ["one of 47", Buffer.alloc(47)],
  ["a string", "k".repeat(48)],
  ["a undefined", undefined],
])("refuses ticket keys: %s", async (got, keys) => {
  const { cert, key } = await issue();
  const listener = wrapSsl(listen(["127.0.0.1", 0]), { cert, key });
  onTestFinished(() => listener.close());
  const text = `bad option: setTicketKeys: expected a Buffer of 48 secret bytes, got ${got}`;
  expect(() => listener.setTicketKeys(keys as Buffer)).toThrow(text);
});

const files = ({ certfile, keyfile }: { certfile: string; keyfile: string }) => ({ certfile, keyfile });
