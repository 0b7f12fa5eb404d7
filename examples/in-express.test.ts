import { expect, test } from "vitest";
import { runExample } from "./support/program.ts";

test("in-express.ts mounts a WSGI application in Express", async () => {
  const { url } = await runExample("in-express.ts");
  expect(await (await fetch(url)).text()).toBe("This is Express\r\n");
  const answer = await fetch(new URL("wsgi/upper", url), { method: "POST", body: "shout this" });
  expect(await answer.text()).toBe("/wsgi /upper: SHOUT THIS\r\n");
  expect((await fetch(new URL("elsewhere", url))).status).toBe(404);
});
