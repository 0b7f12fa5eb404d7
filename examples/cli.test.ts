import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand, serving, startCommand } from "../packages/cli/test/support/command.ts";

const cwd = join(import.meta.dirname, "cli");

test("the guest book is served with the settings of its folder", async () => {
  const { url, output, stop } = await serveGuestBook();
  expect(output).toMatch(/1 worker/);
  expect(await (await fetch(url)).text()).toContain("<h1>Guest book</h1>");
  const signed = await fetch(url, { method: "POST", body: new URLSearchParams({ name: "Ada <3" }) });
  expect([signed.redirected, signed.status]).toEqual([true, 200]);
  expect(await signed.text()).toContain("<ul><li>Ada &lt;3</li></ul>");
  expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  expect((await fetch(url, { method: "POST", body: "x".repeat(10_001) })).status).toBe(413);
  expect((await stop()).code).toBe(0);
});

test("the guest book's settings say where they are from", async () => {
  const { stdout } = await runCommand(["--print-config"], { cwd });
  expect(stdout).toMatch(/^gracefulTimeout +10 +wsgi\.config\.ts$/m);
  expect(stdout).toMatch(/^app +app\.ts +wsgi\.config\.ts$/m);
});

async function serveGuestBook() {
  const running = await serving(startCommand(["-b", "127.0.0.1:0", "--admin", "127.0.0.1:0"], { cwd }));
  const { url } = running;
  return { url, output: running.output, stop: () => running.stop() };
}
