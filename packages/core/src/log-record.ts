// One record of a log that is text: what an application threw or wrote may have the words of a client in it, with line ends and
// controls, and must not pass for a record of the server's. Text in, text out. Pure.

/** Controls of ASCII and latin-1 but tab and line feed; those of Unicode that end lines or turn the direction of text. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const SPECIAL = new RegExp(`\\n|${CONTROLS.source}`);
/** What the lines of a stack have. */
const INDENT = "    ";

/**
 * Makes text one record: each further line that has no indent gets one, and a control is shown as `\x1b`.
 *
 * @param text may end with a line end, which it keeps
 */
export function logRecord(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(CONTROLS, shown)
    .replaceAll(/\n(?=[^\n\t ])/g, `\n${INDENT}`);
}

function shown(control: string): string {
  const code = control.charCodeAt(0);
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
