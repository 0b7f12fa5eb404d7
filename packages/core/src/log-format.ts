// The access log's line from eventlet's `log_format`: a Python %-template with named values. Template in, function out.
// Pure. Supports `%(name)s`, `%(name)d`, `%(name).Nf` and `%%`; anything else is a UsageError when the server starts.

import { UsageError } from "./errors.ts";

/** What a line can show, under eventlet's names. */
export interface LogValues {
  readonly client_ip: string;
  readonly client_port: string;
  readonly date_time: string;
  readonly request_line: string;
  readonly status_code: number;
  readonly body_length: number;
  readonly wall_seconds: number;
}

const NAMES: ReadonlySet<string> = new Set<keyof LogValues>([
  ...(["client_ip", "client_port", "date_time", "request_line"] as const),
  ...(["status_code", "body_length", "wall_seconds"] as const),
]);

type Part = string | ((values: LogValues) => string);

/**
 * Compiles a template once, for use on every request.
 *
 * @throws {UsageError} BAD_OPTION naming the place that is not understood
 */
export function compileLogFormat(template: string): (values: LogValues) => string {
  const parts: Part[] = [];
  const pattern = /%(?:%|\(([^)]*)\)([^a-zA-Z%]*)([a-zA-Z]?))?/g;
  let position = 0;
  for (const match of template.matchAll(pattern)) {
    parts.push(template.slice(position, match.index), compileDirective(match));
    position = match.index + match[0].length;
  }
  parts.push(template.slice(position));
  return (values) => {
    let line = "";
    for (const part of parts) line += typeof part === "string" ? part : part(values);
    return line;
  };
}

function compileDirective([whole, name, flags, conversion]: RegExpMatchArray): Part {
  if (whole === "%%") return "%";
  if (name === undefined || !NAMES.has(name)) {
    throw new UsageError("BAD_OPTION", `logFormat: ${whole} is none of ${[...NAMES].map((n) => `%(${n})s`).join(" ")}`);
  }
  const key = name as keyof LogValues;
  if (conversion === "s" && flags === "") return (values) => escapeUnsafe(String(values[key]));
  if (conversion === "d" && flags === "") return (values) => String(Math.trunc(Number(values[key])));
  const precision = /^(?:\.([0-9]{1,2}))?$/.exec(String(flags));
  if (conversion === "f" && precision !== null) {
    const digits = precision[1] === undefined ? 6 : Number(precision[1]);
    return (values) => Number(values[key]).toFixed(digits);
  }
  throw new UsageError("BAD_OPTION", `logFormat: ${whole} must end in s, d, f or .Nf`);
}

/** A peer must not write its own log lines or fake a field's end: quotes, backslashes and controls are escaped. */
function escapeUnsafe(text: string): string {
  if (!/["\\\x00-\x1f\x7f-\uffff]/.test(text)) return text;
  return text.replace(/["\\]/g, "\\$&").replace(/[\x00-\x1f\x7f-\uffff]/g, (c) => {
    const code = c.charCodeAt(0);
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
