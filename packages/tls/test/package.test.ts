// The package as its users get it: packed and installed together with the core into an empty project, with and without its
// optional dependencies, and used from there by real child processes.

import { mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Project, run, startServer } from "../../core/test/support/packed.ts";
import { Authority } from "./support/authority.ts";

/** The program of the documentation. */
const PROGRAM = `import { type Application, listen, server } from "@wsgi/core";
import { wrapSsl } from "@wsgi/tls";

const helloWorld: Application = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [\`Hello, World! This is \${environ["wsgi.url_scheme"]}.\\r\\n\`];
};

server(
  wrapSsl(listen(["", 8090]), { certfile: "cert.crt", keyfile: "private.key", serverSide: true }),
  helloWorld, // sees environ["wsgi.url_scheme"] === "https"
);
`;
const ON_FREE_PORT = PROGRAM.replace("8090", "0");
const IN_JAVASCRIPT = ON_FREE_PORT.replace("type Application, ", "").replace(": Application", "");

const TYPES = `
import type { Listener } from "@wsgi/core";
import { type SslListener, SSL_OPTION_TABLE, selfSigned, TlsError, wrapSsl } from "@wsgi/tls";

export function secure(listener: Listener): SslListener {
  // @ts-expect-error: the types are there, and are not any
  wrapSsl(listener, { certfile: 5 });
  // @ts-expect-error: there is no such option
  wrapSsl(listener, { sslVersion: "TLSv1.2" });
  const wrapped = wrapSsl(listener, { certfile: "cert.crt", certReqs: "optional", caCerts: ["a.crt", "b.crt"] });
  const scheme: "https" = wrapped.scheme;
  const end: Date = wrapped.expiresAt;
  const resumed: number = wrapped.counters.resumed;
  const faults: readonly TlsError[] = wrapped.reload().failed;
  return scheme && end && resumed && faults ? wrapped : wrapped;
}
export const made: Promise<{ cert: string; key: string }> = selfSigned({ names: ["localhost"], days: 1 });
export const summary: string = SSL_OPTION_TABLE.watch.summary;
// @ts-expect-error: there is no such code
export const fault = new TlsError("OTHER", "");
`;

/** Says which names a certificate was made for, or which error came instead. */
const SELF_SIGNED = `import { X509Certificate } from "node:crypto";
import { selfSigned } from "@wsgi/tls";

selfSigned().then(
  ({ cert }) => console.log(new X509Certificate(cert).subjectAltName),
  ({ name, code, message }) => console.log(name, code, message),
);
`;

function required(source: string): string {
  return source.replace(/^import (.*) from (.*);$/gm, "const $1 = require($2);");
}

describe("the packed package", { timeout: 30_000 }, () => {
  let project: Project;
  let installed: string;

  /** What curl gets from a server in the project, when it trusts the authority alone. */
  async function serveAndAsk(name: string): Promise<string> {
    const port = await startServer(project.folder, name);
    const url = `https://localhost:${port}/`;
    return await run(project.folder, "curl", "--silent", "--show-error", "--cacert", "authority.crt", url);
  }

  /** Installs a package for one test. */
  async function install(name: string, files: (folder: string) => Promise<void>): Promise<void> {
    const folder = project.installed(name);
    await mkdir(dirname(folder), { recursive: true });
    await files(folder);
    onTestFinished(() => rm(folder, { recursive: true }));
  }

  beforeAll(async () => {
    project = await Project.create(join(import.meta.dirname, "../../core"), join(import.meta.dirname, ".."));
    installed = project.installed("@wsgi/tls");
    const authority = await Authority.create();
    const { cert, key } = await authority.issue({ names: ["localhost"] });
    const files = { "authority.crt": authority.cert, "cert.crt": cert, "private.key": key };
    for (const [name, text] of Object.entries(files)) await writeFile(join(project.folder, name), text);
  }, 120_000);

  afterAll(() => project.remove());

  test("holds the built files, the manifest, the README and the licence, and nothing else", async () => {
    expect((await readdir(installed, { recursive: true })).sort()).toEqual([
      "LICENSE",
      "README.md",
      "dist",
      "dist/index.cjs",
      "dist/index.d.cts",
      "dist/index.d.ts",
      "dist/index.js",
      "package.json",
    ]);
  });

  test("asks for the core beside it, and brings nothing that is not optional", async () => {
    const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
    expect(manifest).not.toHaveProperty("dependencies");
    expect(manifest.peerDependencies).toEqual({ "@wsgi/core": expect.stringMatching(/^\^\d/) });
    expect(Object.keys(manifest.optionalDependencies)).toEqual(["@peculiar/x509", "reflect-metadata"]);
    for (const key of ["preinstall", "install", "postinstall"]) expect(manifest.scripts).not.toHaveProperty(key);
    expect((await readdir(project.installed("."))).filter((name) => !name.startsWith("."))).toEqual(["@wsgi"]);
  });

  test("has its manifest at ./package.json and no other door", async () => {
    const printed = await project.runProgram(
      "doors.cjs",
      `const attempt = (door) => { try { return require(door).name; } catch (error) { return error.code; } };
       console.log(attempt("@wsgi/tls/package.json"), attempt("@wsgi/tls/dist/index.cjs"));`,
    );
    expect(printed).toBe("@wsgi/tls ERR_PACKAGE_PATH_NOT_EXPORTED\n");
  });

  test("shows in its README the program that is tested here", async () => {
    expect(await readFile(join(installed, "README.md"), "utf8")).toContain(`\`\`\`ts\n${PROGRAM}\`\`\``);
  });

  test.each([
    ["program.mjs", IN_JAVASCRIPT],
    ["program.cjs", required(IN_JAVASCRIPT)],
  ])("serves the program of the documentation as %s", async (name, source) => {
    await writeFile(join(project.folder, name), source);
    expect(await serveAndAsk(name)).toBe("Hello, World! This is https.\r\n");
  });

  test.each([
    ["missing.mjs", SELF_SIGNED],
    ["missing.cjs", required(SELF_SIGNED)],
  ])("says in %s what to install when the optional packages are missing", async (name, source) => {
    expect(await project.runProgram(name, source)).toMatch(
      /^TlsError NO_SELF_SIGNED .*npm install @peculiar\/x509 reflect-metadata/,
    );
  });

  test.each([
    ["present.mjs", SELF_SIGNED],
    ["present.cjs", required(SELF_SIGNED)],
  ])("makes a certificate in %s when they are there", async (name, source) => {
    for (const optional of ["@peculiar/x509", "reflect-metadata"]) {
      const target = await realpath(join(import.meta.dirname, "../node_modules", optional));
      await install(optional, (folder) => symlink(target, folder));
    }
    expect(await project.runProgram(name, source)).toBe(
      "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1\n",
    );
  });

  test.each([
    ["lazy.mjs", "program.mjs", IN_JAVASCRIPT, SELF_SIGNED],
    ["lazy.cjs", "program.cjs", required(IN_JAVASCRIPT), required(SELF_SIGNED)],
  ])("loads none of them for a certificate that is there: %s", async (name, served, program, selfSigned) => {
    for (const optional of ["@peculiar/x509", "reflect-metadata"]) {
      await install(optional, async (folder) => {
        await mkdir(folder);
        await writeFile(join(folder, "index.js"), `require("node:fs").appendFileSync("loaded", "${optional}\\n");`);
      });
    }
    const loaded = (): Promise<string> => readFile(join(project.folder, "loaded"), "utf8").catch(() => "");
    onTestFinished(() => rm(join(project.folder, "loaded")));
    await writeFile(join(project.folder, served), program);
    expect(await serveAndAsk(served)).toContain("https");
    expect(await loaded()).toBe("");
    await project.runProgram(name, selfSigned); // these are no libraries: that they are loaded is all that is seen of them
    expect(await loaded()).toBe("reflect-metadata\n@peculiar/x509\n");
  });

  // One run of the compiler for all: it checks the package's own declarations and those of Node too, which takes seconds.
  describe("with TypeScript", () => {
    beforeAll(async () => {
      const programs = { "typed.mts": ON_FREE_PORT, "typed.cts": ON_FREE_PORT };
      await project.compile({ "types.mts": TYPES, "types.cts": TYPES, ...programs });
    }, 60_000);

    test.each(["mjs", "cjs"])("serves the program of the documentation, compiled to %s", async (kind) => {
      expect(await readdir(project.folder)).toContain(`types.${kind}`);
      expect(await serveAndAsk(`typed.${kind}`)).toBe("Hello, World! This is https.\r\n");
    });
  });
});
