// What an application must give to startResponse. PEP 3333 "The start_response() Callable"; RFC 9110 §5. Status and headers in; the
// Content-Length out, or an error for the first rule that they break.

import { show } from "./errors.ts";
import { ValidationError } from "./validation-error.ts";

const HOP_BY_HOP = /^(?:connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/;

export interface CheckedStart {
  readonly status: number;
  readonly length: number | undefined;
}

/** @throws {ValidationError} */
export function checkStart(status: unknown, headers: unknown): CheckedStart {
  if (typeof status !== "string" || !/^[0-9]{3} [\t\x20-\x7e\x80-\xff]*$/.test(status))
    throw new ValidationError("STATUS", show(status));
  const code = Number(status.slice(0, 3));
  if (code < 200 && code !== 101) throw new ValidationError("STATUS_INTERIM", show(status));
  if (typeof headers !== "object" || headers === null || !(Symbol.iterator in headers))
    throw new ValidationError("HEADERS", show(headers));
  let length: number | undefined;
  for (const pair of headers as Iterable<unknown>) {
    const [name, value] = checkPair(pair);
    if (HOP_BY_HOP.test(name)) checkHopByHop(name, value, code);
    if (name === "content-type" && (code === 204 || code === 304))
      throw new ValidationError("CONTENT_TYPE", `${value} with ${code}`);
    if (name !== "content-length") continue;
    if (!/^[0-9]+$/.test(value) || length !== undefined || code === 204)
      throw new ValidationError("CONTENT_LENGTH", `${value} with ${code}`);
    length = Number(value);
  }
  return { status: code, length };
}

/** The name in lower case, and the value. */
function checkPair(pair: unknown): [name: string, value: string] {
  if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== "string")
    throw new ValidationError("HEADERS", show(pair));
  const [name, value] = pair as [string, unknown];
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) throw new ValidationError("HEADER_NAME", show(name));
  const lower = name.toLowerCase();
  if (lower === "status") throw new ValidationError("HEADER_STATUS", show(value));
  if (typeof value !== "string" || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    throw new ValidationError("HEADER_VALUE", `${name} has ${show(value)}`);
  return [lower, value];
}

function checkHopByHop(name: string, value: string, status: number): void {
  const options = value
    .toLowerCase()
    .split(",")
    .map((option) => option.trim());
  const isUpgrade = status === 101 || status === 426;
  if (name === "connection" && options.every((option) => option === "close" || (isUpgrade && option === "upgrade")))
    return;
  if (name === "upgrade" && isUpgrade) return;
  throw new ValidationError("HEADER_HOP_BY_HOP", `${name}: ${value}`);
}
