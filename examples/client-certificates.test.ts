import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Authority, writeFiles } from "../packages/tls/test/support/authority.ts";
import { curl, runExample } from "./support/program.ts";

test("client-certificates.ts knows its members by the certificates that its comment makes", async () => {
  const source = readFileSync(join(import.meta.dirname, "client-certificates.ts"), "utf8");
  const stranger = await (await Authority.create("CN=Our clients")).issue({ subject: "O=Example,CN=alice" });
  const { folder, ...files } = writeFiles({ "stranger.crt": stranger.cert, "stranger.key": stranger.key });
  const commands = [...source.matchAll(/^\/\/ {3}(openssl .+)$/gm)].map(([, command]) => command);
  await promisify(execFile)("sh", ["-ec", commands.join("\n")], { cwd: folder });

  const { url } = await runExample("client-certificates.ts", folder);
  const ask = (path: string, ...args: string[]): Promise<string> =>
    curl("--cacert", join(folder, "cert.crt"), ...args, `${url}${path}`);
  const alice = ["--cert", join(folder, "alice.crt"), "--key", join(folder, "alice.key")];

  expect(await ask("")).toBe("Hello, whoever you are.\r\n");
  expect(await ask("members")).toBe("Come back with a certificate.\r\n");
  expect(await ask("members", ...alice)).toBe("Hello, CN=alice,O=Example.\r\n");
  await expect(ask("", "--cert", files["stranger.crt"], "--key", files["stranger.key"])).rejects.toThrow();
});
