import { join } from "node:path";
import { expect, test } from "vitest";
import { Authority, writeFiles } from "../packages/tls/test/support/authority.ts";
import { curl, runExample } from "./support/program.ts";

test("tls.ts says hello over HTTPS with a certificate that it makes", async () => {
  const { url, port } = await runExample("tls.ts", writeFiles({}).folder);
  expect(await curl("--insecure", url)).toBe("Hello, World! This is https.\r\n");
  await expect(curl(url)).rejects.toMatchObject({ code: 60 }); // nobody trusts it
  expect(await curl(`http://localhost:${port}/`)).toContain("Say https://");
});

test("tls.ts shows the certificate of its folder", async () => {
  const authority = await Authority.create();
  const { cert, key } = await authority.issue({ names: ["localhost"] });
  const { folder } = writeFiles({ "cert.crt": cert, "private.key": key, "authority.crt": authority.cert });
  const { url } = await runExample("tls.ts", folder);
  expect(await curl("--cacert", join(folder, "authority.crt"), url)).toBe("Hello, World! This is https.\r\n");
});
