import { expect, test } from "vitest";
import { Client } from "../packages/core/test/support/client.ts";
import { type RunningExample, runExample } from "./support/program.ts";

/** Begins an upload of six bytes and waits until the server reads it. */
async function beginUpload({ port }: RunningExample): Promise<Client> {
  const client = await Client.connect(port);
  client.send("PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n");
  await client.receive("HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  return client;
}

test("graceful-shutdown.ts finishes a request in flight and exits with 0", async () => {
  const running = await runExample("graceful-shutdown.ts");
  const { program, port } = running;
  const idle = await Client.connect(port);
  const client = await beginUpload(running);
  program.kill("SIGTERM");
  await program.prints(/^SIGTERM: 1 requests have 10 seconds to finish$/m);
  await idle.end();
  idle.finish();
  await expect(Client.connect(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  client.send("def");
  const received = await client.end();
  client.finish();
  expect(received).toMatch(/\r\nConnection: close\r\n/);
  expect(received).toMatch(/\r\n\r\nReceived 6 bytes\r\n$/);
  expect(await program.exit).toEqual({ code: 0, signal: null });
  expect(program.stdout).toMatch(/^Closed: 1 requests served, 0 connections cut$/m);
});

test("graceful-shutdown.ts cuts at the second signal and exits with 1", async () => {
  const running = await runExample("graceful-shutdown.ts");
  const { program } = running;
  const client = await beginUpload(running);
  program.kill("SIGINT");
  await program.prints(/^SIGINT: 1 requests have 10 seconds to finish$/m);
  program.kill("SIGINT");
  expect(await client.end()).not.toContain("Received");
  expect(await program.exit).toEqual({ code: 1, signal: null });
  expect(program.stdout).toMatch(/^Closed: 1 requests served, 1 connections cut$/m);
});
