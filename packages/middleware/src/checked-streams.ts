// wsgi.input and wsgi.errors, checked at every call. PEP 3333 "Input and Error Streams". The server's own in; ones that behave the
// same, and throw where a rule is broken, out.

import { show } from "./errors.ts";
import { ValidationError } from "./validation-error.ts";

type Method = (...args: unknown[]) => unknown;

const READS: ReadonlySet<string | symbol> = new Set(["read", "read1", "readline", "readlines"]);

/** Everything else of the input, what the server adds to PEP 3333 too, is passed through. */
export function checkedInput(input: object): object {
  return new Proxy(input, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const method = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
      return READS.has(name) ? reading(String(name), method) : method;
    },
  });
}

function reading(name: string, method: Method): Method {
  return (...args) => {
    const [size] = args;
    const isSize = size === undefined || size === null || size === Number.POSITIVE_INFINITY || Number.isInteger(size);
    if (args.length > 1 || !isSize)
      throw new ValidationError("INPUT_ARGUMENTS", `${name}(${args.map(show).join(", ")})`);
    const limit = name === "readlines" || typeof size !== "number" || size < 0 ? Number.POSITIVE_INFINITY : size;
    const result = method(...args);
    if (typeof (result as Partial<Promise<unknown>> | undefined)?.then !== "function") {
      throw new ValidationError("INPUT_RESULT", `${name}() gave ${show(result)}`);
    }
    return (result as Promise<unknown>).then((value) => checkResult(name, value, limit));
  };
}

function checkResult(name: string, value: unknown, limit: number): unknown {
  const pieces = name === "readlines" && Array.isArray(value) ? value : [value];
  for (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) throw new ValidationError("INPUT_RESULT", `${name}() gave ${show(piece)}`);
    if (piece.length > limit) throw new ValidationError("INPUT_RESULT", `${name}(${limit}) gave ${piece.length} bytes`);
  }
  return value;
}

export function checkedErrors(errors: object): object {
  const target = errors as Record<"write" | "writelines" | "flush", Method>;
  const checkText = (text: unknown): string => {
    if (typeof text !== "string") throw new ValidationError("ERRORS_TEXT", show(text));
    return text;
  };
  return {
    write: (text: unknown) => target.write(checkText(text)),
    writelines(lines: unknown) {
      if (typeof lines === "string" || typeof Object(lines)[Symbol.iterator] !== "function")
        throw new ValidationError("ERRORS_TEXT", show(lines));
      target.writelines(Array.from(lines as Iterable<unknown>, checkText));
    },
    flush: () => target.flush(),
  };
}
