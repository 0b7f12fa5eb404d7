// TLS by flags: certificates and keys from files, several of them by name, certificates of clients, one made on the spot, plain
// HTTP beside it; and what is said of flags that do not fit together. Never plain HTTP where TLS was asked for.

import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { curl, hasCurl } from "../../core/test/support/tools.ts";
import { Authority, type Issued } from "../../tls/test/support/authority.ts";
import { answering, type Files, folderWith, HELLO, runCommand, serve } from "./support/command.ts";

let authority: Authority;
let one: Issued;
let two: Issued;
let files: Files;

beforeAll(async () => {
  authority = await Authority.create();
  [one, two] = await Promise.all([authority.issue({ names: ["one.test"] }), authority.issue({ names: ["two.test"] })]);
  files = {
    "app.mjs": answering("environ['wsgi.url_scheme']"),
    "ca.pem": authority.cert,
    "one.crt": one.cert,
    "one.key": one.key,
    "two.crt": two.cert,
    "two.key": two.key,
    "both.pem": one.cert + one.key,
  };
});

/** What a client gets that trusts the authority and asks for this name. */
async function get(url: string, name: string, folder: string, ...args: readonly string[]): Promise<string> {
  const { port } = new URL(url);
  const to = ["--connect-to", `${name}:${port}:127.0.0.1:${port}`, "--cacert", join(folder, "ca.pem")];
  const { code, stdout, stderr } = await curl(...to, ...args, `https://${name}:${port}/`);
  return code === 0 ? stdout : `curl failed: ${stderr}`;
}

const ONE = ["--certfile", "one.crt", "--keyfile", "one.key"];
const TWO = ["--certfile", "two.crt", "--keyfile", "two.key"];

describe.runIf(hasCurl)("TLS", () => {
  it.each([[[]], [["-w", "1"]]])("shows the certificate of the name that is asked for, with %j", async (more) => {
    const { url, folder } = await serve([...ONE, ...TWO, "app.mjs", ...more], files);
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await get(url, "one.test", folder)).toBe("https");
    expect(await get(url, "two.test", folder)).toBe("https");
  });

  it("finds keys in the files of certificates", async () => {
    const { url, folder } = await serve(["--certfile", "both.pem", "app.mjs"], files);
    expect(await get(url, "one.test", folder)).toBe("https");
  });

  it("is as the environment and the config file say", async () => {
    const config = { "wsgi.config.json": '{ "certfile": "one.crt", "keyfile": ["one.key"] }' };
    const { url, folder } = await serve(["app.mjs"], { ...files, ...config });
    expect(await get(url, "one.test", folder)).toBe("https");
    const env = { WSGI_CERTFILE: "one.crt,two.crt", WSGI_KEYFILE: "one.key, two.key" };
    const second = await serve(["app.mjs"], files, { env });
    expect(await get(second.url, "two.test", second.folder)).toBe("https");
  });

  it("leaves an address plain that is given as http://", async () => {
    const { urls, folder } = await serve(
      ["-b", "127.0.0.1:0", "-b", "http://127.0.0.1:0", "-b", "https://127.0.0.1:0", ...ONE, "app.mjs"],
      files,
    );
    expect(urls.map((url) => new URL(url).protocol)).toEqual(["https:", "http:", "https:"]);
    expect((await curl(urls[1] as string)).stdout).toBe("http");
    expect(await get(urls[2] as string, "one.test", folder)).toBe("https");
  });

  it("asks clients for certificates of an authority, and tells the application whose they are", async () => {
    const client = await authority.issue({ subject: "CN=a client" });
    const all = {
      ...files,
      "app.mjs": answering("environ.SSL_CLIENT_S_DN"),
      "client.crt": client.cert,
      "client.key": client.key,
    };
    const { url, folder } = await serve([...ONE, "--cert-reqs", "required", "--ca-certs", "ca.pem", "app.mjs"], all);
    const shown = ["--cert", join(folder, "client.crt"), "--key", join(folder, "client.key")];
    expect(await get(url, "one.test", folder, ...shown)).toBe("CN=a client");
    expect(await get(url, "one.test", folder)).toMatch(/^curl failed/);
  });

  it.each([[[]], [["-w", "1"]]])("makes a certificate on the spot with --self-signed, with %j", async (more) => {
    const { url } = await serve(["--self-signed", "app.mjs", ...more], files);
    expect(url).toMatch(/^https:/);
    expect((await curl("-k", url)).stdout).toBe("https");
    expect((await curl(url)).code).toBe(60);
  });

  it("has the versions that are asked for", async () => {
    const { url, folder } = await serve([...ONE, "--tls-min-version", "TLSv1.3", "app.mjs"], files);
    expect(await get(url, "one.test", folder, "--tls-max", "1.2")).toMatch(/^curl failed/);
    expect(await get(url, "one.test", folder)).toBe("https");
  });

  it("takes functions of a config file", async () => {
    const config = `
      import { readFileSync } from "node:fs";
      const [cert, key] = ["two.crt", "two.key"].map((name) => readFileSync(name));
      export default { certfile: "one.crt", keyfile: "one.key", sniCallback: () => ({ cert, key }) };`;
    const { url, folder } = await serve(["app.mjs"], { ...files, "wsgi.config.mjs": config });
    expect(await get(url, "two.test", folder)).toBe("https");
  });
});

describe("TLS that cannot be", () => {
  async function faultOf(args: readonly string[], more: Files = {}, env: Record<string, string> = {}): Promise<string> {
    const cwd = folderWith({ ...files, ...more });
    const ended = await runCommand(["-b", "127.0.0.1:0", ...args, "app.mjs"], { cwd, env });
    expect([ended.code, ended.stdout]).toEqual([1, ""]);
    expect(ended.stderr).not.toMatch(/^ +at /m);
    return ended.stderr.replace("wsgi: ", "").trimEnd();
  }

  it.each<[readonly string[], string | RegExp]>([
    [
      [...ONE, "--certfile", "two.crt"],
      "--keyfile: expected as many as there are --certfile (2), or none when the keys are in them; got 1",
    ],
    [
      ["--certfile", "one.crt", "--keyfile", "one.key", "--keyfile", "two.key"],
      "--keyfile: expected as many as there are --certfile (1), or none when the keys are in them; got 2",
    ],
    [["--keyfile", "one.key"], "--keyfile: expected --certfile or --self-signed beside it"],
    [["--ca-certs", "ca.pem"], "--ca-certs: expected --certfile or --self-signed beside it"],
    [["--cert-reqs", "required"], "--cert-reqs: expected --certfile or --self-signed beside it"],
    [["--tls-min-version", "TLSv1.3"], "--tls-min-version: expected --certfile or --self-signed beside it"],
    [["-b", "https://127.0.0.1:0"], "--bind https://127.0.0.1:0: expected --certfile or --self-signed beside it"],
    [["--self-signed", ...ONE], "--self-signed: expected no certificate beside it"],
    [[...ONE, "--cert-reqs", "required"], /caCerts|ca-certs/],
    [["--certfile", "one.crt"], /one\.crt/],
    [["--certfile", "one.crt", "--keyfile", "two.key"], /(one\.crt|two\.key)/],
    [
      ["--certfile", "gone.crt", "--keyfile", "one.key"],
      /gone\.crt.*ENOENT|gone\.crt.*does not exist|ENOENT.*gone\.crt/,
    ],
    [["--certfile", "app.mjs", "--keyfile", "one.key"], /app\.mjs/],
    [[...ONE, "--tls-min-version", "TLSv1.3", "--tls-max-version", "TLSv1.2"], /min|max/i],
  ])("%j is told in one message", async (args, message) => {
    const fault = await faultOf(args);
    if (typeof message === "string") expect(fault).toBe(message);
    else expect(fault).toMatch(message);
  });

  it("is named as whoever asked for it called it", async () => {
    expect(await faultOf([], {}, { WSGI_KEYFILE: "one.key" })).toBe(
      "WSGI_KEYFILE: expected --certfile or --self-signed beside it",
    );
    expect(await faultOf([], { "wsgi.config.json": '{ "certReqs": "required" }' })).toBe(
      "wsgi.config.json: certReqs: expected --certfile or --self-signed beside it",
    );
  });

  it("is the same with workers and with --check", async () => {
    for (const more of [["-w", "1"], ["--check"]]) {
      expect(await faultOf(["--certfile", "gone.crt", ...more])).toMatch(/gone\.crt/);
    }
  });

  it("is not what a plain address needs", async () => {
    expect((await runCommand(["--check", "app.mjs"], { cwd: folderWith({ "app.mjs": HELLO }) })).code).toBe(0);
  });
});
