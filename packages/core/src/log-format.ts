// The access log's line from eventlet's `log_format`: a Python %-template with named values. Template in, a way to write lines
// out. Pure. Supports `%(name)s`, `%(name)d`, `%(name).Nf` and `%%`; anything else is a UsageError when the server starts.

import { UsageError } from "./errors.ts";
import type { LogText } from "./log-text.ts";

/** What a line can show, under eventlet's names. */
export interface LogValues {
  client_ip: string;
  client_port: string;
  date_time: string;
  request_line: string;
  status_code: number;
  body_length: number;
  wall_seconds: number;
}

const NAMES: readonly (keyof LogValues)[] = [
  "client_ip",
  "client_port",
  "date_time",
  "request_line",
  "status_code",
  "body_length",
  "wall_seconds",
];

/** How a value is shown. */
const AS_TEXT = 0;
const AS_INTEGER = 1;
const AS_FIXED = 2;

interface Value {
  readonly name: keyof LogValues;
  readonly shown: typeof AS_TEXT | typeof AS_INTEGER | typeof AS_FIXED;
  /** After the point, `AS_FIXED`. */
  readonly digits: number;
}

/** Words of the template, and the value that follows; only the last part has none. */
interface Part {
  readonly words: Uint8Array;
  readonly value: Value | undefined;
}

/** Writes one line, with its end. */
export type LogFormat = (values: LogValues, text: LogText) => void;

/**
 * Compiles a template once, for use on every request.
 *
 * @throws {UsageError} BAD_OPTION naming the place that is not understood
 */
export function compileLogFormat(template: string): LogFormat {
  const parts: Part[] = [];
  const pattern = /%(?:%|\(([^)]*)\)([^a-zA-Z%]*)([a-zA-Z]?))?/g;
  let words = "";
  let position = 0;
  for (const match of template.matchAll(pattern)) {
    words += template.slice(position, match.index);
    position = match.index + match[0].length;
    if (match[0] === "%%") {
      words += "%";
      continue;
    }
    parts.push({ words: Buffer.from(words), value: toValue(match) });
    words = "";
  }
  parts.push({ words: Buffer.from(`${words}${template.slice(position)}\n`), value: undefined });
  return (values, text) => {
    for (let i = 0; i < parts.length; i++) {
      const { words, value } = parts[i] as Part;
      text.put(words);
      if (value !== undefined) putValue(text, values, value);
    }
  };
}

function putValue(text: LogText, values: LogValues, { name, shown, digits }: Value): void {
  const value = values[name];
  if (shown === AS_FIXED) text.putFixed(Number(value), digits);
  else if (shown === AS_INTEGER) text.putNumber(Math.trunc(Number(value)));
  else if (typeof value === "number") text.putNumber(value);
  else text.putEscaped(value);
}

function toValue([whole, given, flags, conversion]: RegExpMatchArray): Value {
  const name = NAMES.find((known) => known === given);
  if (name === undefined) {
    const known = NAMES.map((one) => `%(${one})s`).join(" ");
    throw new UsageError("BAD_OPTION", `logFormat: ${whole} is none of ${known}`);
  }
  if (conversion === "s" && flags === "") return { name, shown: AS_TEXT, digits: 0 };
  if (conversion === "d" && flags === "") return { name, shown: AS_INTEGER, digits: 0 };
  const precision = /^(?:\.([0-9]{1,2}))?$/.exec(String(flags));
  if (conversion === "f" && precision !== null) {
    return { name, shown: AS_FIXED, digits: precision[1] === undefined ? 6 : Number(precision[1]) };
  }
  throw new UsageError("BAD_OPTION", `logFormat: ${whole} must end in s, d, f or .Nf`);
}
