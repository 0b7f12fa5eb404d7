import { expect, test } from "vitest";
import { curl, runExample } from "./support/program.ts";

test("mounted.ts serves each application under its path, by the rules", async () => {
  const { url, program } = await runExample("mounted.ts");
  expect(await curl(new URL("/api/users", url).href)).toBe('{"path":"/api/users"}');
  expect(await curl(new URL("/api", url).href)).toBe('{"path":"/api"}');
  expect(await curl(new URL("/apis", url).href)).toBe("The page at /apis\r\n");
  expect(await curl("--path-as-is", `${url}api%2Fusers`)).toBe("The page at /api/users\r\n");
  expect(program.stderr).not.toMatch(/ValidationError/);
});
