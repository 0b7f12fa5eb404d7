import { expect, test } from "vitest";
import { Program, VALIDATED } from "./support/program.ts";

test("the validator stands around what examples serve, and says what is wrong", async () => {
  const program = new Program("examples/support/broken.ts", { preload: [VALIDATED] });
  const [url = ""] = await program.prints(/http:\S+/);
  expect((await fetch(url)).status).toBe(500);
  await program.logs(/ValidationError: application: a response with 204 or 304 has no Content-Type/);
});

test("without it the server serves the same", async () => {
  const program = new Program("examples/support/broken.ts");
  const [url = ""] = await program.prints(/http:\S+/);
  expect((await fetch(url)).status).toBe(204);
});
