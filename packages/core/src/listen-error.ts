// Why a listener could not be bound, in words for whoever reads the log at night. The system's error and the address in,
// a ListenError out. It looks at the file system only to tell which of two faults a code stands for.

import { existsSync, lstatSync } from "node:fs";
import { dirname } from "node:path";
import { type Address, showAddress } from "./address.ts";
import { ListenError } from "./errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "something else listens there already",
  EACCES: "this user may not; ports below 1024 need a privilege",
  EPERM: "this user may not",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name could not be looked up now",
  ENOENT: "the directory of the socket does not exist",
  EBADF: "the descriptor is not open",
  EINVAL: "the system does not accept this address",
  ENOTSOCK: "the descriptor is not a socket",
  EAFNOSUPPORT: "the address is not of that family, or this machine does not have it",
  ENOTSUP: "this system or Node version cannot do that",
};

export function listenError(error: unknown, address: Address): ListenError {
  const code = codeOf(error);
  const reason = reasonFor(code, address) ?? (error instanceof Error ? error.message : String(error));
  return new ListenError(code, showAddress(address), reason, { cause: error });
}

/** The code of a system error, or `UNKNOWN`. */
export function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "UNKNOWN";
}

function reasonFor(code: string, address: Address): string | undefined {
  if (address.kind === "fd" && code === "EINVAL") return "the descriptor is not a listening socket, or not open";
  if (address.kind === "unix" && code === "EADDRINUSE" && isNoSocket(address.path)) {
    return "something is there that is no socket";
  }
  if (address.kind === "unix" && code === "EACCES") {
    // libuv turns ENOENT into EACCES for unix sockets
    const directory = dirname(address.path);
    return existsSync(directory)
      ? `this user may not write in ${directory}`
      : `the directory ${directory} does not exist`;
  }
  return REASONS[code];
}

function isNoSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false;
}
