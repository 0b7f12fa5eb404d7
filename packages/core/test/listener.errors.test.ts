// What keeps a listener from binding is told once, readably, on `ready`: of the listener, and of the server.

import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ListenError, listen, server } from "../src/index.ts";
import { startFixture } from "./support/child.ts";
import { Client } from "./support/client.ts";

const SILENT = { logOutput: false };

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "wsgi-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** What binding fails with. */
async function failure(address: Parameters<typeof listen>[0]): Promise<ListenError> {
  const listener = listen(address);
  const error = await listener.ready.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  await listener.close();
  expect(error).toBeInstanceOf(ListenError);
  return error as ListenError;
}

describe("binding", () => {
  test("an address in use", async () => {
    const first = listen(["127.0.0.1", 0]);
    const { port } = await first.ready;
    const error = await failure(["127.0.0.1", port]);
    expect(error).toMatchObject({ code: "EADDRINUSE", address: `127.0.0.1:${port}`, name: "ListenError" });
    expect(error.message).toBe(`cannot listen on 127.0.0.1:${port}: something else listens there already (EADDRINUSE)`);
    expect(error.cause).toMatchObject({ code: "EADDRINUSE", syscall: "listen" });
    await first.close();
  });

  test("every interface on a port in use", async () => {
    const first = listen(["", 0]);
    const { port } = await first.ready;
    expect((await failure(port)).message).toBe(
      `cannot listen on *:${port}: something else listens there already (EADDRINUSE)`,
    );
    await first.close();
  });

  test("an address of another machine", async () => {
    expect((await failure("192.0.2.1:0")).message).toBe(
      "cannot listen on 192.0.2.1:0: this machine has no such address (EADDRNOTAVAIL)",
    );
  });

  test("a host name that nobody has", async () => {
    expect((await failure("no-such-host.invalid:0")).message).toMatch(
      /^cannot listen on no-such-host\.invalid:0: the host name (is not known \(ENOTFOUND\)|could not be looked up now \(EAI_AGAIN\))$/,
    );
  });

  test("a unix socket in a directory that is not there", async () => {
    const path = join(folder(), "missing", "app.sock");
    expect((await failure(`unix:${path}`)).message).toMatch(
      /^cannot listen on unix:.*: the directory .* does not exist/,
    );
  });

  test("a unix socket in the place of a file", async () => {
    const path = join(folder(), "file");
    writeFileSync(path, "precious");
    const listener = listen(`unix:${path}`);
    const error = await listener.ready.catch((reason: unknown) => reason);
    await listener.close();
    expect(existsSync(path) && readFileSync(path, "utf8")).toBe("precious");
    expect(error).toMatchObject({
      code: "EADDRINUSE",
      message: `cannot listen on unix:${path}: something is there that is no socket (EADDRINUSE)`,
    });
  });

  test("a descriptor that is not open", async () => {
    expect((await failure("fd://987")).message).toMatch(
      /^cannot listen on fd:\/\/987: .*descriptor.* \((EINVAL|EBADF)\)$/,
    );
  });

  test("a descriptor that is no socket", async () => {
    const fd = openSync(import.meta.filename, "r");
    onTestFinished(() => closeSync(fd));
    expect((await failure(`fd://${fd}`)).message).toMatch(
      /^cannot listen on fd:\/\/\d+: .*descriptor.* \((EINVAL|ENOTSOCK)\)$/,
    );
  });

  test("where this user may not", async () => {
    const path = folder();
    chmodSync(path, 0o555);
    const child = startFixture("serve-addresses.ts", ["--as-nobody", `unix:${path}/app.sock`]);
    expect(await child.ended).toBe(1);
    expect(child.stderr).toMatch(/ListenError: cannot listen on unix:.*: this user may not.* \(EACCES\)/);
  });
});

describe("the server's ready", () => {
  test("rejects with the listener's error, and the server ends", async () => {
    const first = listen(["127.0.0.1", 0]);
    const { port } = await first.ready;
    const running = server(listen(["127.0.0.1", port]), () => [], SILENT);
    await expect(running.ready).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(await running.closed).toEqual({ cut: 0 });
    expect(running.addresses).toEqual([]);
    await first.close();
  });

  test("closes the other listeners", async () => {
    const occupant = listen(["127.0.0.1", 0]);
    const { port } = await occupant.ready;
    const good = listen(["127.0.0.1", 0]);
    const running = server([good, listen(["127.0.0.1", port])], () => [], SILENT);
    await expect(running.ready).rejects.toBeInstanceOf(ListenError);
    await running.closed;
    await expect(Client.connect((await good.ready).port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await occupant.close();
  });

  test("rejects once when several listeners fail", async () => {
    const occupant = listen(["127.0.0.1", 0]);
    const { port } = await occupant.ready;
    const address = ["127.0.0.1", port] as const;
    const running = server([listen(address), listen(address), listen(address)], () => [], SILENT);
    await expect(running.ready).rejects.toBeInstanceOf(ListenError);
    await running.closed;
    await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection would fail the run
    await occupant.close();
  });

  test("rejects for a listener that had failed before", async () => {
    const occupant = net.createServer().listen(0, "127.0.0.1");
    onTestFinished(() => {
      occupant.close();
    });
    await new Promise((resolve) => occupant.once("listening", resolve));
    const late = listen(["127.0.0.1", (occupant.address() as net.AddressInfo).port]);
    await late.ready.catch(() => {});
    const running = server(late, () => [], SILENT);
    await expect(running.ready).rejects.toMatchObject({ code: "EADDRINUSE" });
    await running.closed;
  });
});
