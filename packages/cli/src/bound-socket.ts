// Sockets that a supervisor binds and its workers listen on. An address in; a descriptor out, which child processes
// inherit. It knows one internal of Node.
//
// A `net.Server` that listens also accepts, and the supervisor must not: what it accepted would have to be handed on, and
// would be lost with it. Node can bind without listening, as node:cluster does for its workers, by a function that is not
// documented. The descriptor stays open here: connections that come while no worker is there wait in the kernel.

import { lookup } from "node:dns/promises";
import { chmodSync, closeSync, fstatSync } from "node:fs";
import { lstat, unlink } from "node:fs/promises";
import net from "node:net";
import { getSystemErrorMap } from "node:util";
import { type Address, listenError, parseAddress } from "@wsgi/core";
import { CommandError } from "./errors.ts";

export interface BoundSocket {
  readonly fd: number;
  /** As a URL to show, without the scheme's s. */
  readonly url: string;
  /** The path of a unix socket, to be removed at the end. */
  readonly path: string | undefined;
  /** Ends our part of it, once; processes that share it go on. */
  close(): void;
}

/** A socket that more than one process uses: workers those of the application, the supervisor that of the admin server. */
export type SharedSocket = BoundSocket & { readonly plain: boolean; readonly role: "application" | "admin" };

/** A socket of which the descriptor is all that is known. */
export function inheritedSocket(fd: number, url: string, path?: string): BoundSocket {
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  return { fd, url, path, close };
}

interface Handle {
  readonly fd: number;
  getsockname?(into: { address?: string; port?: number; family?: string }): number;
  close(): void;
}

type CreateHandle = (
  address: string | null,
  port: number,
  type: number,
  fd?: number,
  flags?: number,
) => Handle | number;

/** @throws {ListenError} in words, as `listen` of core does */
export async function bindSocket(text: string, mode: number | undefined): Promise<BoundSocket> {
  const address = parseAddress(text);
  if (address.kind === "fd") {
    if (!isSocket(address.fd)) throw listenError(Object.assign(new Error("no socket"), { code: "EINVAL" }), address);
    return inheritedSocket(address.fd, `http:${text}`);
  }
  if (address.kind === "unix") return await bindUnix(address, mode);
  const handle = await bindTcp(address);
  const bound: { address?: string; port?: number } = {};
  const status = handle.getsockname?.(bound) ?? 0;
  if (status !== 0) throw listenError(systemError(status), address); // libuv tells "in use" only here
  const host = address.host === "" ? (bound.address as string) : address.host;
  const shown = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return { fd: handle.fd, url: `http://${shown}:${bound.port}`, path: undefined, close: () => handle.close() };
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false; // not even open
  }
}

async function bindTcp(address: Address & { kind: "tcp" }): Promise<Handle> {
  if (address.host === "") {
    // Every interface: IPv6 takes IPv4 along, where there is IPv6.
    const both = createHandle()("::", address.port, 6);
    return typeof both === "number"
      ? checked(createHandle()("0.0.0.0", address.port, 4), address)
      : checkedTcp(both, address);
  }
  try {
    const { address: ip, family } = await lookup(address.host);
    return checked(createHandle()(ip, address.port, family), address);
  } catch (error) {
    throw listenError(error, address);
  }
}

/** Binding IPv6 may fail late too: then IPv4 alone. */
function checkedTcp(handle: Handle, address: Address & { kind: "tcp" }): Handle {
  const status = handle.getsockname?.({}) ?? 0;
  if (status === 0) return handle;
  handle.close();
  throw listenError(systemError(status), address);
}

async function bindUnix(address: Address & { kind: "unix" }, mode: number | undefined): Promise<BoundSocket> {
  const path = address.abstract ? `\0${address.path}` : address.path;
  let made = createHandle()(path, -1, -1);
  if (typeof made === "number" && (await isStale(address, made))) {
    await unlink(address.path);
    made = createHandle()(path, -1, -1);
  }
  const handle = checked(made, address);
  if (mode !== undefined && !address.abstract) chmodSync(address.path, mode);
  const shown = address.abstract ? `@${address.path}` : address.path;
  // Its descriptor is closed, never the handle: libuv would remove the file, which others may still listen on.
  return inheritedSocket(handle.fd, `http:${shown}`, address.abstract ? undefined : address.path);
}

/** A socket file that nobody answers on. */
async function isStale(address: Address & { kind: "unix" }, status: number): Promise<boolean> {
  if (address.abstract || systemError(status).code !== "EADDRINUSE") return false;
  const answer = await new Promise<string>((resolve) => {
    const probe = net.connect(address.path, () => {
      probe.destroy();
      resolve("");
    });
    probe.on("error", (failure: NodeJS.ErrnoException) => resolve(failure.code ?? ""));
  });
  return answer === "ECONNREFUSED" && (await lstat(address.path)).isSocket();
}

function checked(handle: Handle | number, address: Address): Handle {
  if (typeof handle === "number") throw listenError(systemError(handle), address);
  return handle;
}

function createHandle(): CreateHandle {
  const { _createServerHandle: create } = net as unknown as { _createServerHandle?: CreateHandle };
  if (create === undefined) {
    throw new CommandError(`Node ${process.version} cannot bind for workers: use --workers 0, or sockets of systemd`);
  }
  return create;
}

/** libuv's negative number as an error with the system's code. */
function systemError(status: number): NodeJS.ErrnoException {
  const [code = `errno ${-status}`] = ERRORS.get(status) ?? [];
  return Object.assign(new Error(code), { code });
}

const ERRORS = getSystemErrorMap();
