// The package as its users get it: packed, installed with ws into an empty project, imported and required, with its types.

import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Project, run, startServer } from "../../core/test/support/packed.ts";

const PROGRAM = `
import { listen, server } from "@wsgi/core";
import { websocket } from "@wsgi/websocket";

const echo = websocket(async (ws) => {
  for await (const message of ws) await ws.send(message);
});

server(listen(["", 0]), echo);
`;

const TYPES = `
import type { Application } from "@wsgi/core";
import { type Message, websocket, WebSocketUsageError } from "@wsgi/websocket";

export const application: Application = websocket(
  async (ws, environ) => {
    const message: Message | undefined = await ws.wait();
    await ws.send(environ.PATH_INFO + String(message));
    ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }));
    for await (const one of ws) ws.close(1000, String(one));
  },
  { origin: (origin) => origin === undefined, protocols: ["a"], perMessageDeflate: { threshold: 100 } },
);
// @ts-expect-error: the types are there, and are not any
websocket(5);
// @ts-expect-error: there is no such option
websocket(() => {}, { other: 5 });
// @ts-expect-error: there is no such code
export const fault = new WebSocketUsageError("OTHER", "");
`;

const folder = join(import.meta.dirname, "..");

/** Where a package that this one needs is installed here. */
async function installed(name: string, from: string): Promise<string> {
  return await realpath(dirname(createRequire(join(from, "package.json")).resolve(`${name}/package.json`)));
}

/** A tarball of it, so that nothing has to be downloaded. */
async function tarball(packed: string, destination: string): Promise<string> {
  const printed = await run(packed, "npm", "pack", "--ignore-scripts", "--json", "--pack-destination", destination);
  return join(destination, (JSON.parse(printed) as { filename: string }[])[0]?.filename as string);
}

describe("the packed package", { timeout: 60_000 }, () => {
  let project: Project;
  let tarballFolder: string;
  beforeAll(async () => {
    const ws = await installed("ws", folder);
    const typesOfWs = await installed("@types/ws", folder);
    const typesOfNode = await installed("@types/node", typesOfWs);
    const undici = await installed("undici-types", typesOfNode);
    tarballFolder = await mkdtemp(join(tmpdir(), "wsgi-tarballs-"));
    const tarballs = await Promise.all([ws, typesOfWs, typesOfNode, undici].map((one) => tarball(one, tarballFolder)));
    project = await Project.create(join(folder, "../core"), folder, ...tarballs);
  }, 120_000);
  afterAll(async () => {
    await rm(tarballFolder, { recursive: true, force: true });
    await project.remove();
  });

  test("holds the built files, the manifest, the README and the licence, and nothing else", async () => {
    const entries = await readdir(project.installed("@wsgi/websocket"), { recursive: true });
    expect(entries.sort()).toEqual([
      ...["LICENSE", "README.md", "dist", "dist/index.cjs", "dist/index.d.cts", "dist/index.d.ts", "dist/index.js"],
      "package.json",
    ]);
  });

  test("brings ws and its types, and wants the core beside it", async () => {
    const manifest = JSON.parse(await readFile(join(project.installed("@wsgi/websocket"), "package.json"), "utf8"));
    expect(Object.keys(manifest.peerDependencies)).toEqual(["@wsgi/core"]);
    expect(Object.keys(manifest.dependencies).sort()).toEqual(["@types/ws", "ws"]);
  });

  test("shows in its README the program that is tested here", async () => {
    const page = await readFile(join(folder, "README.md"), "utf8");
    expect(page).toContain(`\`\`\`js${PROGRAM.replace('["", 0]', '["", 8090]')}\`\`\``);
  });

  test.each(["program.mjs", "program.cjs"])("works in %s", async (name) => {
    const isRequired = name.endsWith("cjs");
    const source = isRequired ? PROGRAM.replace(/^import (.*) from (.*);$/gm, "const $1 = require($2);") : PROGRAM;
    await writeFile(join(project.folder, name), source);
    const client = new WebSocket(`ws://127.0.0.1:${await startServer(project.folder, name)}`);
    const echoed = new Promise((resolve) => client.on("message", (data) => resolve(String(data))));
    client.on("open", () => client.send("hello"));
    expect(await echoed).toBe("hello");
    client.close();
  });

  test("has types for both kinds of modules", async () => {
    await project.compile({ "types.mts": TYPES, "types.cts": TYPES });
  });
});
