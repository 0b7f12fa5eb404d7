import { expect, test } from "vitest";
import { Client } from "../packages/core/test/support/client.ts";
import { curl, runExample } from "./support/program.ts";

test("streaming.ts sends every line", async () => {
  const { url, program } = await runExample("streaming.ts");
  const expected = Array.from({ length: 5000 }, (_, i) => `line ${i + 1}\n`).join("");
  expect(await curl(`${url}?lines=5000`)).toBe(expected);
  await program.prints(/^made 5000 of 5000 lines$/m);
});

test("streaming.ts makes no lines for a client that does not read, and stops when it leaves", async () => {
  const { port, url, program } = await runExample("streaming.ts");
  const client = await Client.connect(port);
  client.send("GET /?lines=1000000000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await client.receive("line 1\n");
  client.socket.pause();
  expect(await curl(`${url}?lines=1`)).toBe("line 1\n"); // served meanwhile: the endless generator does not hold the process
  client.leave();
  const [, made] = await program.prints(/^made (\d+) of 1000000000 lines$/m);
  expect(Number(made)).toBeLessThan(5_000_000); // what the buffers between the two take, and no more
});
