import { expect, test } from "vitest";
import { curl, runExample } from "./support/program.ts";

test("embedding.ts serves until it has what it wants, and tells what became of each response", async () => {
  const { url, program } = await runExample("embedding.ts");
  expect(await curl("--write-out", "%{http_code}", url)).toBe("404");
  expect(await curl(`${url}?code=1234`)).toBe("Thank you. You can close this page.\r\n");
  expect(await program.exit).toEqual({ code: 0, signal: null });
  expect(program.stdout).toMatch(/^the code is 1234$/m);
  expect(program.stderr).toMatch(/^login: \(\d+\) wsgi starting up on http:\/\/127\.0\.0\.1:\d+$/m);
  expect(program.stderr).toMatch(/^login: GET \/callback HTTP\/1\.1 got 404 with 0 bytes in \d+\.\d ms$/m);
  expect(program.stderr).toMatch(/^login: GET \/callback\?code=1234 HTTP\/1\.1 got 200 with 37 bytes in /m);
  expect(program.stderr).toMatch(/^login: 127\.0\.0\.1 asked for GET \/callback\?code=1234 HTTP\/1\.1$/m);
});

test("embedding.ts gives up when it is interrupted", async () => {
  const { program } = await runExample("embedding.ts");
  program.kill("SIGINT");
  expect(await program.exit).toEqual({ code: 0, signal: null });
  expect(program.stdout).toMatch(/^no code came$/m);
});
