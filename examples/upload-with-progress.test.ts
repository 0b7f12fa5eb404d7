import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Client } from "../packages/core/test/support/client.ts";
import { runExample } from "./support/program.ts";

const MEGABYTE = 1024 * 1024;

test("upload-with-progress.ts tells how far it is while the rest still comes", async () => {
  const { port } = await runExample("upload-with-progress.ts");
  const client = await Client.connect(port);
  const piece = Buffer.alloc(MEGABYTE, "upload");
  client.send(
    `PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${2 * MEGABYTE + 3}\r\nExpect: 100-continue\r\n\r\n`,
  );
  await client.receive("HTTP/1.1 100 Continue\r\n\r\n");
  client.send(piece);
  await client.receive(`received ${MEGABYTE} bytes\n`);
  client.send(piece);
  await client.receive(`received ${2 * MEGABYTE} bytes\n`);
  client.send("end");
  const hash = createHash("sha256").update(piece).update(piece).update("end").digest("hex");
  const received = await client.receive(`sha256 ${hash}\n`);
  expect(received).toContain(`received ${2 * MEGABYTE + 3} bytes\n`);
});

test("upload-with-progress.ts refuses what is too large before it comes", async () => {
  const { port } = await runExample("upload-with-progress.ts");
  const client = await Client.connect(port);
  client.send(`PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${1024 * MEGABYTE + 1}\r\n\r\n`);
  expect(await client.end()).toMatch(/^HTTP\/1\.1 413 Content Too Large\r\n/);
});
