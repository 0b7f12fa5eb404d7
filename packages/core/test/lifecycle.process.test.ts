// The server and its process: a server that cannot listen ends it, one that has closed does not keep it.

import { once } from "node:events";
import net from "node:net";
import type { Readable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { startFixture } from "./support/child.ts";

async function occupy(): Promise<number> {
  const occupant = net.createServer().listen(0, "127.0.0.1");
  onTestFinished(() => {
    occupant.close();
  });
  await once(occupant, "listening");
  return (occupant.address() as net.AddressInfo).port;
}

describe("when nobody looks at ready", () => {
  test("an address in use ends the process with one readable error", async () => {
    const port = await occupy();
    const child = startFixture("serve-addresses.ts", [`127.0.0.1:${port}`]);
    expect(await child.ended).toBe(1);
    expect(child.stderr).toContain(
      `ListenError: cannot listen on 127.0.0.1:${port}: something else listens there already (EADDRINUSE)`,
    );
    expect(child.stderr.match(/ListenError: /g)).toHaveLength(1);
    expect(child.stderr).not.toContain("starting up");
  });

  test("one bad address of several ends the process too", async () => {
    const port = await occupy();
    const child = startFixture("serve-addresses.ts", ["127.0.0.1:0", `127.0.0.1:${port}`, "127.0.0.1:0"]);
    expect(await child.ended).toBe(1);
    expect(child.stderr).toContain("EADDRINUSE");
  });
});

describe("a process", () => {
  test.each(["30", "0", "signal"])("ends by itself after its server closed (%s)", async (how) => {
    const child = startFixture("ends-by-itself.ts", [how]);
    expect(await child.ended).toBe(0);
    expect(child.stdout).toMatch(/^closed \{"cut":\d\}\n$/);
    expect(child.stderr).toMatch(/wsgi exiting\n.*wsgi exited, 2 requests served/s);
  });

  test("is not kept by a close() that comes when all is over", async () => {
    const child = startFixture("ends-by-itself.ts", ["Infinity", "again"]);
    await once(child.process.stdout as Readable, "data");
    const start = performance.now();
    expect(await child.ended).toBe(0);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test("lives on while its server serves", async () => {
    const child = startFixture("serve-addresses.ts", ["127.0.0.1:0"]);
    const { addresses } = await child.ask();
    const { url } = (addresses as { url: string }[])[0] as { url: string };
    for (let i = 0; i < 3; i++) expect(await (await fetch(url)).text()).toBe("hello");
    expect(child.process.exitCode).toBeNull();
  });
});
