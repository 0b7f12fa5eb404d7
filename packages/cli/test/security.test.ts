// What clients send must not forge what the operator reads, nor run in a developer's browser: the command's logs, its reports
// and its pages. SECURITY.md names these tests.

import { describe, expect, test } from "vitest";
import { Client } from "../../core/test/support/client.ts";
import { HELLO, serve, textOf } from "./support/command.ts";
import { freePort } from "./support/ports.ts";

const portOf = (url: string): number => Number(new URL(url).port);

/** Every byte that may be in the value of a header, and what would end a field of JSON. */
const HOSTILE = `\t"\\},{"${Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i)).join("")}`;

describe("the log in JSON", () => {
  test("has one line of printable characters for each record, whatever a client sends", async () => {
    const app = HELLO.replace(
      "return",
      'environ["wsgi.errors"].write(environ.HTTP_REFERER + "\\u2028\\n(1) forged\\n");\n  return',
    );
    const command = await serve(["app.mjs", "--log-json", "--log-level", "debug"], { "app.mjs": app });
    const client = await Client.connect(portOf(command.url));
    client.send(`GET /%0a%1b"\\ HTTP/1.1\r\nHost: a\r\nReferer: x${HOSTILE}x\r\nUser-Agent: x${HOSTILE}x\r\n\r\n`);
    await client.receive("hello");
    client.send('GET / HTTP/1.1\r\nHost: a"\r\n\r\n');
    await client.end();
    const { stdout, stderr } = await command.stop();
    const text = `${stdout}${stderr}`;
    for (const line of text.trimEnd().split("\n")) expect(JSON.parse(line)).toMatchObject({ pid: command.pid });
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/);
    const [access] = stdout.split("\n").filter((line) => line.includes('"access"'));
    expect(JSON.parse(access as string)).toMatchObject({ referer: `x${HOSTILE}x`, userAgent: `x${HOSTILE}x` });
    expect(stderr).toMatch(/BAD_HOST/);
  });
});

describe("the log as text", () => {
  test("has one line of printable ASCII for each request, answered or refused", async () => {
    const command = await serve(["app.mjs", "--log-level", "debug"], { "app.mjs": HELLO });
    for (const head of [
      `GET /"\\%0a(1)%20forged HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1${HOSTILE}\r\nConnection: close\r\n\r\n`,
      `GE"T\x1b[2J / HTTP/1.1\r\nHost: a\r\n\r\n`,
      `GET /\x9b31m HTTP/1.1\r\nHost: a\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: \x1b]0;forged\x07\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: a\r\nX\x9b: 1\r\n\r\n`,
    ]) {
      const client = await Client.connect(portOf(command.url));
      client.send(head);
      await client.end();
    }
    const { stdout, stderr } = await command.stop();
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(`${stdout}${stderr}`).not.toMatch(/[^\x20-\x7e\n…]/);
    expect(stderr.match(/refused/g)).toHaveLength(4);
    for (const line of stderr.trimEnd().split("\n")) expect(line).toMatch(/^(\(\d+\) |app\.mjs is served on )/);
  });
});

const TELLING = `export default (environ) => {
  const words = "x\\n(1) forged\\r\\n127.0.0.1 - - forged\\x1b[2J\\u2028";
  environ["wsgi.errors"].write("by " + words + "\\n");
  throw new Error("no " + words);
};`;

test("what an application throws or writes is one record of the log as text", async () => {
  const command = await serve(["app.mjs"], { "app.mjs": TELLING });
  expect((await fetch(command.url)).status).toBe(500);
  const { stderr } = await command.stop();
  expect(stderr).not.toMatch(/[^\n\t\x20-\x7e]/);
  expect(stderr).toMatch(/^by x\n {4}\(1\) forged\n {4}127\.0\.0\.1 - - forged\\x1b\[2J\\u2028$/m);
  expect(stderr).toMatch(/the application failed: Error: no x\n {4}\(1\) forged\n.*\n {4}at \S.*app\.mjs/);
  expect(stderr).not.toMatch(/^(\(1\)|127)/m);
});

const SPINNING = `export default (environ) => {
  if (environ.RAW_PATH_INFO.startsWith("/loop")) for (;;);
  return [];
};`;

test("the report of a stuck worker shows method and path on one line", async () => {
  const command = await serve(["-w", "1", "--worker-timeout", "0.5", "app.mjs"], { "app.mjs": SPINNING });
  const client = await Client.connect(portOf(command.url));
  client.send(`M!X /loop%0a(1)%20forged%1b[31m"\\?secret HTTP/1.1\r\nHost: a\r\n\r\n`);
  await command.printed(/in flight: M!X \/loop%0a\(1\)%20forged%1b\[31m"\\ of 127\.0\.0\.1 for \d\.\d s\n/);
  expect(command.output).not.toContain("secret");
});

const FAILING = `export default (environ) => {
  throw new Error("no page " + environ.PATH_INFO + " for " + environ.HTTP_X_NAME);
};`;

test("the error page of development escapes what came from a client", async () => {
  const command = await serve(["--reload", "app.mjs"], { "app.mjs": FAILING });
  const script = "<script>alert(1)</script>";
  const page = await fetch(`${command.url}/${encodeURIComponent(script)}?q=${encodeURIComponent(script)}`, {
    headers: { Accept: "text/html", "X-Name": `"><img src=x onerror=alert(2)>${script}`, "X-Other": script },
  });
  expect(page.status).toBe(500);
  const html = await page.text();
  expect(html).toContain("no page");
  expect(html).not.toContain(script);
  expect(html).not.toContain("<img src=x");
});

test("the command's answers to failures say nothing of them, unless it is for development", async () => {
  const command = await serve(["app.mjs"], { "app.mjs": FAILING });
  const page = await fetch(`${command.url}/secret`, { headers: { Accept: "text/html" } });
  expect([page.status, await page.text()]).toEqual([500, ""]);
});

test("the admin server is of this machine only when a port is all that was said, and shows no query", async () => {
  const port = await freePort();
  const app = HELLO.replace("return", 'if (environ.PATH_INFO === "/wait") await new Promise(() => {});\n  return');
  const command = await serve(["--admin", String(port), "--graceful-timeout", "0", "app.mjs"], {
    "app.mjs": app.replace("default (", "default async ("),
  });
  const client = await Client.connect(portOf(command.url));
  client.send("GET /wait?password=hidden HTTP/1.1\r\nHost: a\r\nCookie: hidden\r\n\r\n");
  await textOf(command.url);
  const status = await textOf(`http://127.0.0.1:${port}/status`);
  expect(status).toContain("/wait");
  expect(status).not.toContain("hidden");
  await expect(fetch(`http://[::1]:${port}/status`)).rejects.toThrow();
});
