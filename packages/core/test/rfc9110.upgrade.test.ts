// What a server that changes protocols must do, and with whom: RFC 9110 §7.8, §15.2, §15.2.2, §15.5.22. The socket itself
// is tested in upgrade.test.ts.

import { describe, expect, test } from "vitest";
import { type Application, type Header, UsageError } from "../src/index.ts";
import { answersIn } from "./support/answers.ts";
import { type Served, serve } from "./support/serve.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n";
const OFFER = "Connection: upgrade\r\nUpgrade: echo/2, Other\r\n";

/** Answers with this head and sends a line in the new protocol; an error at `startResponse` is the answer instead. */
function answering(status: string, headers: Header[]): Application {
  return (environ, startResponse) => {
    try {
      startResponse(status, headers);
    } catch (error) {
      startResponse("200 OK", []);
      return error instanceof UsageError ? `${error.code}: ${error.message}` : String(error);
    }
    if (status.startsWith("101")) environ["wsgi.input"].getSocket().end("switched");
    return [];
  };
}

async function said(served: Served, request: string): Promise<string> {
  const client = await served.connect();
  client.send(`${request}\r\n`);
  client.finish();
  return client.end();
}

const switching = (...protocols: string[]) =>
  serve(
    answering(
      "101 Switching Protocols",
      protocols.map((protocol) => ["Upgrade", protocol]),
    ),
  );

describe("a 101", () => {
  test("names what the client offered, and says so in Connection", async () => {
    const text = await said(await switching("Echo/2"), `${GET}${OFFER}`);
    expect(text).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\nUpgrade: Echo\/2\r\n/);
    expect(text).toMatch(/\r\nConnection: upgrade\r\n\r\nswitched$/);
  });

  test.each([
    ["several protocols in one field", ["other, echo/2"]],
    ["several protocols in several fields", ["other", "echo/2"]],
  ])("names %s", async (_, protocols) => {
    expect(await said(await switching(...protocols), `${GET}${OFFER}`)).toMatch(/^HTTP\/1\.1 101 .*switched$/s);
  });

  test.each([
    ["without Upgrade", [], `${GET}${OFFER}`, "a 101 without Upgrade"],
    ["with an empty Upgrade", [" ,"], `${GET}${OFFER}`, "a 101 without Upgrade"],
    ["for a client that offered nothing", ["echo/2"], GET, 'the client did not offer "echo/2"'],
    ["with another version of the protocol", ["echo/1"], `${GET}${OFFER}`, 'the client did not offer "echo/1"'],
    ["with one protocol too many", ["echo/2", "x"], `${GET}${OFFER}`, 'the client did not offer "x"'],
    ["for HTTP/1.0", ["echo/2"], `GET / HTTP/1.0\r\n${OFFER}`, "the client speaks HTTP/1.0, which has no 101"],
  ])("%s is the application's fault", async (_, protocols, request, reason) => {
    const text = await said(await switching(...protocols), request);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain(`BAD_UPGRADE: `);
    expect(text.endsWith(reason)).toBe(true);
  });

  test("comes after the 100 that the client waits for", async () => {
    const request = `${GET}${OFFER}Expect: 100-continue\r\nContent-Length: 2\r\n`;
    const text = await said(await switching("echo/2"), request);
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 101 /);
  });

  test("comes after one 100 only", async () => {
    const served = await serve(async (environ, startResponse) => {
      await environ["wsgi.input"].read();
      startResponse("101 Switching Protocols", [["Upgrade", "other"]]);
      environ["wsgi.input"].getSocket().end("switched");
      return [];
    });
    const client = await served.connect();
    client.send(`${GET}${OFFER}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
    await client.receive("100 Continue");
    client.send("hi");
    expect((await client.receive("switched")).match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 100", "HTTP/1.1 101"]);
  });
});

test("an application that fails to name its protocol is answered for with 500", async () => {
  const served = await serve((_environ, startResponse) => {
    startResponse("101 Switching Protocols", []);
    return [];
  });
  expect(await said(served, `${GET}${OFFER}`)).toMatch(/^HTTP\/1\.1 500 /);
});

describe("a 426", () => {
  test("names what is asked for, whatever the client offered, and says so in Connection", async () => {
    const served = await serve(answering("426 Upgrade Required", [["Upgrade", "TLS/1.3"]]));
    const [answer] = answersIn(await said(served, `${GET}Connection: close\r\n`));
    expect([answer?.status, answer?.header("upgrade"), answer?.header("connection")]).toEqual([
      ...[426, "TLS/1.3", "upgrade, close"],
    ]);
  });

  test("without Upgrade is the application's fault", async () => {
    const served = await serve(answering("426 Upgrade Required", []));
    expect(await said(served, GET)).toContain("BAD_UPGRADE");
  });
});

test("a switch that is not made is an ordinary answer", async () => {
  const served = await serve(answering("200 OK", []));
  const [answer] = answersIn(await said(served, `${GET}${OFFER}`));
  expect([answer?.status, answer?.header("upgrade")]).toEqual([200, undefined]);
});
