// Every fault of a caller of mount(), as one table, and the error that carries it. The README has a row for every code; a test
// keeps the two equal. What the validator finds has classes of its own (validation-error.ts).

/** What was expected of the caller. */
export const MOUNT_ERRORS = {
  BAD_MOUNTS: "mount() takes an object of applications by their prefixes, one at least",
  BAD_PREFIX: "a prefix is `/`, or segments that each begin with a slash: `/api`, `/api/v2`",
  REPEATED_PREFIX: "two prefixes are the same path",
  BAD_APPLICATION: "an application is a function (environ, startResponse)",
  BAD_OPTION: "an option has a value that it cannot have",
} as const satisfies Record<string, string>;

export type MountErrorCode = keyof typeof MOUNT_ERRORS;

/** The caller broke a contract; `code` says which one. */
export class MountError extends Error {
  override readonly name = "MountError";
  readonly code: MountErrorCode;

  constructor(code: MountErrorCode, detail: string) {
    super(`${MOUNT_ERRORS[code]}: ${detail}`);
    this.code = code;
  }
}

/** Shows in an error text what came: its kind, and its value where that is short. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" && name !== "Object" ? `an object of ${name}` : "an object";
}
