import { expect, test } from "vitest";
import { curl, runExample } from "./support/program.ts";

test("wsgi.ts says hello at / and Not Found elsewhere", async () => {
  const { url, program } = await runExample("wsgi.ts");
  expect(await curl(url)).toBe("Hello, World!\r\n");
  const elsewhere = await fetch(new URL("/elsewhere", url));
  expect(elsewhere.status).toBe(404);
  expect(elsewhere.headers.get("content-type")).toBe("text/plain");
  expect(await elsewhere.text()).toBe("Not Found\r\n");
  await program.logs(/"GET \/elsewhere HTTP\/1\.1" 404 11 /);
});
