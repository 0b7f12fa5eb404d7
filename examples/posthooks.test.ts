import { expect, test } from "vitest";
import { curl, runExample } from "./support/program.ts";

test("posthooks.ts prints the environ and the arguments after every response", async () => {
  const { url, program } = await runExample("posthooks.ts");
  expect(await curl(url)).toBe("Hello, World!\r\n");
  await program.prints(/^Hook called: <ref \*1> \{\n {2}REQUEST_METHOD: 'GET',[\s\S]+?\n\} arg1 arg2 3 4$/m);
  expect(await curl(`${url}again`)).toBe("Hello, World!\r\n");
  await program.prints(
    /Hook called: [\s\S]+Hook called: <ref \*1> \{\n[\s\S]+ {2}PATH_INFO: '\/again',[\s\S]+?\n\} arg1 arg2 3 4$/m,
  );
  expect(program.stderr).toMatch(/"GET \/again HTTP\/1\.1" 200 15 /); // logged before its hook was called
  expect(program.stderr).not.toMatch(/failed/);
});
