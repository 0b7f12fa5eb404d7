// One file of certificates or keys. The option that names it and its path in, its bytes out, or a TlsError in words.
// The one place of this package that reads files; it never shows what is in them.

import { readFileSync } from "node:fs";
import { codeOf, messageOf, TlsError } from "./errors.ts";

const REASONS: Readonly<Record<string, string>> = Object.freeze({
  ENOENT: "there is no such file",
  EACCES: "this process may not read it",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is no folder",
  ELOOP: "its symbolic links run in a circle",
});

/** Linux's PATH_MAX: what is longer may be a key, and is not shown. */
const MAX_PATH_LENGTH = 4096;

/** @throws {TlsError} FILE_UNREADABLE; BAD_OPTION when the path is no path */
export function readPemFile(option: string, path: string): Buffer {
  if (path.includes("-----BEGIN")) {
    throw new TlsError(
      "BAD_OPTION",
      `${option}: expected the name of a file, got PEM text; say ${contentOption(option)}`,
    );
  }
  if (path.length > MAX_PATH_LENGTH || /[\r\n\0]/.test(path)) {
    const expected = `expected the name of a file, got text of ${path.length} characters that is none`;
    throw new TlsError("BAD_OPTION", `${option}: ${expected}`);
  }
  try {
    return readFileSync(path);
  } catch (error) {
    const code = codeOf(error);
    throw new TlsError("FILE_UNREADABLE", `${option}: ${path}: ${REASONS[code] ?? messageOf(error)} (${code})`, {
      cause: error,
    });
  }
}

function contentOption(option: string): string {
  return option
    .replace("certfile", "cert")
    .replace("keyfile", "key")
    .replace("caCerts", "ca")
    .replace("crlfile", "crl");
}
