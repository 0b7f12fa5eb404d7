// An environ in, the payload of a REQUEST frame out: what a Python application is told of its request. PEP 3333 §"environ
// Variables". Pure. It copies text only: objects and functions of the environ stay in this process.

import type { Environ } from "@wsgi/core";
import { u32 } from "./frames.ts";

/**
 * The head of a REQUEST and its text, as latin-1 characters. Python's strings of an environ are latin-1 decoded bytes: what came
 * in the request goes through as it came; other text, as of middleware, goes as its UTF-8 bytes, as everywhere with CGI. SCRIPT_NAME
 * is always middleware's.
 * The worker refuses a text with a NUL too many, which only middleware can put there.
 */
export function encodeRequest(environ: Environ, flags: number): string {
  let text = "";
  let pairs = 0;
  for (const key in environ) {
    if (key === "wsgi.signal") continue; // it is made when it is read
    const value = environ[key];
    if (typeof value !== "string" || key === "PATH_INFO") continue;
    text += `${key}\0${key === "SCRIPT_NAME" && value !== "" ? utf8Bytes(value) : value}\0`;
    pairs++;
  }
  const fields = environ.headers_raw;
  for (let i = 0; i < fields.length; i++) {
    const [name, value] = fields[i] as readonly [string, string];
    text += `${name}\0${value}\0`;
  }
  if (BEYOND_LATIN_1.test(text)) text = text.replace(BEYOND_LATIN_1_ALL, utf8Bytes);
  const path = pathBytes(environ);
  const counts = String.fromCharCode(pairs & 255, pairs >>> 8, fields.length & 255, fields.length >>> 8, flags);
  return counts + u32(text.length + path.length) + u32(path.length) + text + path;
}

/** A string with a character that latin-1 lacks is text of this process: all of it goes as UTF-8. */
const BEYOND_LATIN_1 = /[^\0-\xff]/;
const BEYOND_LATIN_1_ALL = /[^\0]*[^\0-\xff][^\0]*/g;

function utf8Bytes(text: string): string {
  if (!NOT_ASCII.test(text)) return text;
  return Buffer.from(text).toString("latin1");
}

/** PATH_INFO as bytes: those of the client, unless middleware did more than to move the front of the path to SCRIPT_NAME. */
function pathBytes({ PATH_INFO: path, RAW_PATH_INFO: raw, SCRIPT_NAME: script }: Environ): string {
  if (path === raw && !NOT_ASCII.test(path)) return path;
  const whole = percentDecoded(raw);
  const front = utf8Bytes(script);
  const bytes = whole.startsWith(front) ? whole.slice(front.length) : whole;
  return Buffer.from(bytes, "latin1").toString() === path ? bytes : utf8Bytes(path);
}

const NOT_ASCII = /[^\0-\x7f]/;

/** The bytes of a path as latin-1 characters; a `%` without two hexadecimal digits stays. */
function percentDecoded(raw: string): string {
  return raw.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
