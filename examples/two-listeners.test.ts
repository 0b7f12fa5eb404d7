import { existsSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { curl, runExample } from "./support/program.ts";

test("two-listeners.ts answers on a port and on a unix socket of this user alone", async () => {
  const { url, program } = await runExample("two-listeners.ts");
  const [, path = ""] = await program.prints(/^Serving on unix:(.+)$/m);
  expect(await curl(url)).toMatch(/^You came by TCP from (127\.0\.0\.1|::1)\.\r\n$/);
  expect(await curl("--unix-socket", path, "http://localhost/")).toBe("You came by the unix socket.\r\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);

  program.kill("SIGTERM");
  expect(await program.exit).toEqual({ code: 0, signal: null });
  expect(existsSync(path)).toBe(false);
});
