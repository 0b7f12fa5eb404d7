// The addresses that `listen` understands. What a person writes in, one of three kinds of Address out. Pure.

import { show, UsageError } from "./errors.ts";

/** `[host, port]`, a port, or a string. */
export type ListenAddress = readonly [host: string, port: number] | number | string;

export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string; readonly abstract: boolean }
  | { readonly kind: "fd"; readonly fd: number };

const EXAMPLES =
  '["", 8090], 8090, "127.0.0.1:8090", "[::1]:8090", ":8090", "unix:/run/app.sock", "unix:@name" or "fd://3"';

/** @throws {UsageError} BAD_ADDRESS */
export function parseAddress(address: ListenAddress): Address {
  if (typeof address === "number") return tcp("", address, address);
  if (Array.isArray(address) && address.length === 2 && typeof address[0] === "string") {
    return tcp(address[0], address[1], address);
  }
  if (typeof address !== "string") throw badAddress(address);
  if (address.startsWith("unix:")) return parseUnix(address);
  const fd = /^fd:\/\/([0-9]+)$/.exec(address);
  if (fd !== null) return { kind: "fd", fd: Number(fd[1]) };
  const hostPort = /^(?:(\[[0-9A-Fa-f:.]+(?:%[^:[\]/]+)?\]|[^:[\]/]*):)?([0-9]+)$/.exec(address);
  if (hostPort === null) throw badAddress(address);
  const [, host = "", port] = hostPort;
  return tcp(host.replace(/^\[|\]$/g, ""), Number(port), address);
}

/** An address as an error text or a log line shows it. */
export function showAddress(address: Address): string {
  if (address.kind === "fd") return `fd://${address.fd}`;
  if (address.kind === "unix") return `unix:${address.abstract ? "@" : ""}${address.path}`;
  return `${address.host.includes(":") ? `[${address.host}]` : address.host || "*"}:${address.port}`;
}

function parseUnix(address: string): Address {
  const path = address.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
  const abstract = path.startsWith("@");
  const name = abstract ? path.slice(1) : path;
  if (name === "" || name.includes("\0")) throw badAddress(address);
  if (Buffer.byteLength(name) > 107) throw badAddress(address, "a socket's path has at most 107 bytes");
  return { kind: "unix", path: name, abstract };
}

function tcp(host: string, port: unknown, given: ListenAddress): Address {
  if (typeof port !== "number" || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw badAddress(given, "a port is a whole number from 0 to 65535");
  }
  return { kind: "tcp", host, port };
}

function badAddress(given: unknown, reason = `expected ${EXAMPLES}`): UsageError {
  const shown = Array.isArray(given) ? `[${given.map(show).join(", ")}]` : show(given);
  return new UsageError("BAD_ADDRESS", `${reason}; got ${shown}`);
}
