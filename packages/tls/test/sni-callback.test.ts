// The callback that chooses a certificate for names that no certificate covers: what it may return, and how it may fail.

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import tls from "node:tls";
import { describe, expect, test, vi } from "vitest";
import { deferred } from "../../core/test/support/deferred.ts";
import { until } from "../../core/test/support/until.ts";
import type { CertificateOptions, SniAnswer, SniCallback, WrapSslOptions } from "../src/index.ts";
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
const called = await certificateFor("called.test");
const context = tls.createSecureContext(called);

/** The names in the certificate that is shown to a client that asks for a name, which it does not check. */
async function shownTo(served: SecureServed, servername: string): Promise<string | undefined> {
  const client = await SecureClient.connect(served.port, {
    ...trusting,
    servername,
    checkServerIdentity: () => undefined,
  });
  return new X509Certificate(client.socket.getPeerCertificate().raw).subjectAltName;
}

/** A server with a log of its own for errors. */
async function serveLogged(ssl: WrapSslOptions): Promise<SecureServed & { readonly errors: string[] }> {
  const errors: string[] = [];
  const debug: string[] = [];
  const log = {
    info: () => {},
    warn: () => {},
    debug: (line: string) => void debug.push(line),
    error: (line: string) => void errors.push(line),
  };
  const served = await serveSecure(ssl, showing("SSL_TLS_SNI"), { log });
  return { ...served, log: debug, errors };
}

describe("sniCallback", () => {
  const answers: [string, SniCallback][] = [
    ["a certificate", () => called],
    ["a promise of a certificate", async () => called],
    ["a SecureContext", () => context],
    ["a promise of a SecureContext", async () => context],
  ];
  test.each(answers)("returns %s for a name that no certificate covers", async (_name, sniCallback) => {
    const served = await serveLogged({ ...first, certificates: [second], sniCallback });
    expect(await shownTo(served, "called.test")).toBe("DNS:called.test");
    expect(await shownTo(served, "second.test")).toBe("DNS:second.test");
    expect(served.errors).toEqual([]);
  });

  test.each<[string, SniCallback]>([
    ["undefined", () => undefined],
    ["null", () => null as unknown as undefined],
    ["a promise of undefined", async () => undefined],
  ])("returns %s, and the client is shown the default one", async (_name, sniCallback) => {
    const served = await serveLogged({ ...first, sniCallback });
    expect(await shownTo(served, "unknown.test")).toBe("DNS:first.test, DNS:also-first.test");
    expect(served.errors).toEqual([]);
  });

  test("is called with the name, and only with those that no certificate covers", async () => {
    const sniCallback = vi.fn<SniCallback>(() => undefined);
    const served = await serveSecure({ ...first, certificates: [wild], sniCallback });
    for (const name of ["first.test", "a.wild.test", "", "x.unknown.test"]) await shownTo(served, name);
    expect(sniCallback.mock.calls).toEqual([["x.unknown.test"]]);
  });

  test("has a certificate made ready once, for as long as it returns the same object", async () => {
    const made: unknown[] = [];
    const secureContext = (options: tls.SecureContextOptions): tls.SecureContextOptions => {
      made.push(options.cert);
      return options;
    };
    const answer = { ...called };
    const served = await serveSecure({
      ...first,
      secureContext,
      sniCallback: (name) => (name === "new.test" ? { ...called } : answer),
    });
    const before = made.length;
    await shownTo(served, "called.test");
    await shownTo(served, "called.test");
    await Promise.all([shownTo(served, "called.test"), shownTo(served, "other.test")]);
    expect(made.length - before).toBe(1);
    await shownTo(served, "new.test");
    await shownTo(served, "new.test");
    expect(made.length - before).toBe(3);
  });

  const faults: [string, () => SniAnswer | Promise<SniAnswer>, RegExp][] = [
    [
      "throws",
      () => {
        throw new Error("no such tenant");
      },
      /no such tenant/,
    ],
    ["rejects", () => Promise.reject(new Error("the database is away")), /the database is away/],
    ["rejects with what is no Error", () => Promise.reject("a text"), /a text/],
    ["returns a bad certificate", () => ({ cert: "nonsense", key: called.key }), /expected a PEM certificate/],
    ["returns a key of another certificate", () => ({ ...called, key: first.key }), /do not belong together/],
    ["names a file that is not there", () => ({ certfile: "/nowhere/cert.pem" }), /\/nowhere\/cert\.pem/],
    ["returns a text", () => "called.test" as unknown as CertificateOptions, /./],
    ["returns a number", () => 7 as unknown as CertificateOptions, /./],
    ["returns true", () => true as unknown as CertificateOptions, /./],
    ["returns an empty object", () => ({}), /sniCallback/],
  ];
  test.each(faults)("that %s is told as an error, and fails that handshake only", async (_name, answer, told) => {
    const served = await serveLogged({
      ...first,
      sniCallback: (name) => (name === "bad.test" ? answer() : called),
    });
    const open = await SecureClient.connect(served.port, { ...trusting, servername: "first.test" });
    const { text, error } = await attempt(served.port, { ...trusting, servername: "bad.test" });
    expect(text).toBe("");
    expect(error).toBeInstanceOf(Error);
    expect(served.errors).toHaveLength(1);
    expect(served.errors[0]).toMatch(/^\(\d+\) choosing a certificate for "bad\.test" failed: /);
    expect(served.errors[0]).toMatch(told);
    expect(served.errors[0]).not.toContain("PRIVATE KEY");
    expect(served.listener.counters).toMatchObject({ completed: 1, failed: 1, timedOut: 0 });
    expect(await shownTo(served, "called.test")).toBe("DNS:called.test");
    open.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await open.receive(/\}$/);
    await until(() => served.listener.counters.pending === 0);
  });

  test("that is slow delays its own client only, which then is served", async () => {
    const answer = deferred<SniAnswer>();
    const asked = deferred();
    const served = await serveSecure({
      ...first,
      sniCallback: (name) => {
        if (name !== "slow.test") return called;
        asked.resolve();
        return answer.promise;
      },
    });
    const slow = shownTo(served, "slow.test");
    await asked.promise;
    expect(await shownTo(served, "called.test")).toBe("DNS:called.test");
    expect(await shownTo(served, "first.test")).toBe("DNS:first.test, DNS:also-first.test");
    await until(() => served.listener.counters.completed === 2);
    expect(served.listener.counters.pending).toBe(1);
    answer.resolve(called);
    expect(await slow).toBe("DNS:called.test");
    await until(() => served.listener.counters.pending === 0);
    expect(served.listener.counters).toMatchObject({ completed: 3, failed: 0, timedOut: 0 });
  });

  test("that never answers is bounded by handshakeTimeout", async () => {
    const served = await serveSecure({
      ...first,
      handshakeTimeout: 0.2,
      sniCallback: () => new Promise<undefined>(() => {}),
    });
    const { text } = await attempt(served.port, { ...trusting, servername: "never.test" });
    expect(text).toBe("");
    await until(() => served.listener.counters.pending === 0);
    expect(served.listener.counters).toMatchObject({ completed: 0, timedOut: 1, failed: 0 });
  });

  test("whose client leaves before it answers harms nobody, and is over within handshakeTimeout", async () => {
    const answer = deferred<SniAnswer>();
    const asked = deferred();
    const served = await serveLogged({
      ...first,
      handshakeTimeout: 0.5,
      sniCallback: (name) => {
        if (name !== "slow.test") return called;
        asked.resolve();
        return answer.promise;
      },
    });
    const leaver = tls.connect({ port: served.port, host: "127.0.0.1", ...trusting, servername: "slow.test" });
    leaver.on("error", () => {});
    await asked.promise;
    leaver.destroy();
    await once(leaver, "close");
    expect(await shownTo(served, "called.test")).toBe("DNS:called.test");
    answer.resolve(called);
    await until(() => served.listener.counters.pending === 0);
    expect(served.errors).toEqual([]);
    const { completed, failed, timedOut } = served.listener.counters;
    expect({ completed, ended: failed + timedOut }).toEqual({ completed: 1, ended: 1 });
  });
});
