// What the operator is told when the command cannot do what was asked: one class, an exit code each. Facts in, a message out.

/** Exit codes, after sysexits.h where it has one that fits. */
export const EXIT = Object.freeze({
  /** The application, the configuration or an address is not what it has to be. */
  FAILED: 1,
  /** The command line is not understood. */
  USAGE: 2,
});

/** Something the operator has to mend. Its message is the whole story; a stack is shown with `--debug` only. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(message: string, { exitCode = EXIT.FAILED, cause }: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/** The text of whatever was thrown; asking for it may throw again. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "something that cannot be shown";
  }
}
