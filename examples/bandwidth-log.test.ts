import { expect, test } from "vitest";
import { Download } from "../packages/core/test/support/download.ts";
import { curl, runExample } from "./support/program.ts";

const MEGABYTE = 1_000_000;

test("bandwidth-log.ts accounts a client that leaves after a megabyte with what was sent", async () => {
  const { port, program } = await runExample("bandwidth-log.ts");
  const download = await Download.begin(port);
  await download.receive(MEGABYTE);
  download.socket.pause();
  const received = download.bytes - download.start.indexOf("\r\n\r\n") - 4;
  download.socket.resetAndDestroy();
  const [, sent] = await program.prints(
    /^(?:127\.0\.0\.1|::1): (\d+) of 100000000 bytes, broken off \(response-body\) /m,
  );
  expect(Number(sent)).toBeGreaterThanOrEqual(received);
  expect(Number(sent)).toBeLessThan(received + 30 * MEGABYTE); // what the buffers of the system take, and no more
});

test("bandwidth-log.ts accounts a whole download with all of it, also when it is stopped meanwhile", async () => {
  const { port, program } = await runExample("bandwidth-log.ts");
  const download = await Download.begin(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await download.receive(MEGABYTE);
  program.kill("SIGTERM");
  await download.end();
  download.socket.end();
  expect(await program.exit).toEqual({ code: 0, signal: null });
  expect(program.stdout).toMatch(/^\S+: 100000000 of 100000000 bytes, completed after \d+\.\d{3} s$/m);
  expect(program.stdout).toMatch(new RegExp(`^${download.bytes} bytes in all$`, "m"));
});

test("bandwidth-log.ts accounts HEAD with no bytes of a body", async () => {
  const { url, program } = await runExample("bandwidth-log.ts");
  expect(await curl("--head", url)).toMatch(/^Content-Length: 100000000\r$/m);
  await program.prints(/^\S+: 0 of 100000000 bytes, completed after /m);
});
