// Which certificate belongs to a host name: RFC 6066 §3 (SNI), RFC 9525 §6.3 (wildcards). Names and values in, the value
// for a name out. Pure: it knows neither certificates nor sockets.

import type { X509Certificate } from "node:crypto";
import { domainToASCII } from "node:url";

/** Values by host name. The first that claims a name has it; an exact name goes before a wildcard. */
export class ServerNames<T> {
  readonly #exact = new Map<string, T>();
  /** By what follows `*.`: a wildcard stands for one label, the leftmost. */
  readonly #wildcards = new Map<string, T>();

  add(name: string, value: T): void {
    const plain = normalizeName(name);
    const [map, key] = plain.startsWith("*.") ? [this.#wildcards, plain.slice(2)] : [this.#exact, plain];
    if (!map.has(key)) map.set(key, value);
  }

  find(name: string): T | undefined {
    const plain = normalizeName(name);
    const dot = plain.indexOf(".");
    return this.#exact.get(plain) ?? (dot > 0 ? this.#wildcards.get(plain.slice(dot + 1)) : undefined);
  }
}

/** Lower case, without the root's dot; names of other scripts in the form in which clients send them. */
function normalizeName(name: string): string {
  const wildcard = name.startsWith("*.") ? "*." : "";
  const host = name.slice(wildcard.length).replace(/\.$/, "");
  return wildcard + (/^[\x20-\x7e]*$/.test(host) ? host.toLowerCase() : domainToASCII(host));
}

/** Whether it is a host name, or `*.` before one: what an option may hold. */
export function isServerName(name: string): boolean {
  if (!/^(\*\.)?[\p{L}\p{M}\p{N}_.-]+$/u.test(name)) return false; // domainToASCII drops line ends and more
  const plain = normalizeName(name).replace(/^\*\./, "");
  return plain.length <= 253 && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/.test(plain);
}

/** The host names in a certificate: its alternative names, or, as old ones have it, the common name. */
export function namesIn({ subjectAltName, subject }: X509Certificate): string[] {
  if (subjectAltName !== undefined) {
    // Names with a comma or a quote in them are shown as JSON strings; none of them is a host name.
    const plain = subjectAltName.replace(/"(?:[^"\\]|\\.)*"/g, "");
    return [...plain.matchAll(/(?:^|, )DNS:([^,]*)/g)].map(([, name = ""]) => name).filter(isServerName);
  }
  const [, common = ""] = /^CN=(.*)$/m.exec(subject ?? "") ?? [];
  return isServerName(common) ? [common] : [];
}
