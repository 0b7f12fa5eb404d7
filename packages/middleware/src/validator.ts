// validator(): an application that checks the server that calls it and the application that it calls, as Python's
// wsgiref.validate does, for the contract of this project: promises, async iterables, text as UTF-8. What breaks a rule is thrown
// at whom it concerns: at the server for what the server did, at the application for what the application did.

import type { Application, Body, Environ, Header, StartResponse, Write } from "@wsgi/core";
import { checkEnviron } from "./check-environ.ts";
import { type CheckedStart, checkStart } from "./check-start.ts";
import { checkedBody, itemLength } from "./checked-body.ts";
import { checkedErrors, checkedInput } from "./checked-streams.ts";
import { show } from "./errors.ts";
import { ValidationError } from "./validation-error.ts";

/**
 * Wraps an application so that whatever breaks a rule of WSGI, on either side, is a ValidationError.
 *
 * @throws {ValidationError} APPLICATION_TYPE
 */
export function validator(application: Application): Application {
  if (typeof application !== "function") throw new ValidationError("APPLICATION_TYPE", show(application));
  return (...given) => {
    const [environ, startResponse] = given;
    if (given.length !== 2 || typeof startResponse !== "function") {
      throw new ValidationError("ARGUMENTS", given.map(show).join(", "));
    }
    checkEnviron(environ);
    const request = new CheckedRequest(environ as Environ, startResponse);
    const returned: unknown = application(environ as Environ, request.startResponse as StartResponse);
    const isPromise = typeof (returned as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function";
    if (!isPromise) return request.take(returned) as Body;
    return (returned as Promise<unknown>).then((body) => request.take(body)) as Promise<Body>;
  };
}

/** One request: what was started and how much of its body came. */
class CheckedRequest {
  readonly #startResponse: StartResponse;
  /** What wsgi.file_wrapper made: the server knows it again only when it is the same object. */
  readonly #files = new WeakSet<object>();
  readonly #isHead: boolean;
  #start: CheckedStart | undefined = undefined;
  #bytes = 0;
  #hasEnded = false;
  #isTaken = false;

  constructor(environ: Environ, startResponse: StartResponse) {
    this.#startResponse = startResponse;
    this.#isHead = environ.REQUEST_METHOD === "HEAD";
    const { "wsgi.file_wrapper": wrapper, "wsgi.input": input } = environ;
    const checked = checkedInput(input) as Environ["wsgi.input"];
    environ["wsgi.input"] = new Proxy(checked, {
      get: (target, name) => {
        if (name === "getSocket") this.#isTaken = true;
        return Reflect.get(target, name);
      },
    });
    environ["wsgi.errors"] = checkedErrors(environ["wsgi.errors"]) as Environ["wsgi.errors"];
    if (typeof wrapper !== "function") return;
    environ["wsgi.file_wrapper"] = ((...args: Parameters<typeof wrapper>) => {
      const file = wrapper(...args);
      if (typeof file === "object" && file !== null) this.#files.add(file);
      return file;
    }) as typeof wrapper;
  }

  readonly startResponse = (...given: unknown[]): Write => {
    const [status, headers, excInfo] = given;
    if (given.length < 2 || given.length > 3) throw new ValidationError("START_ARGUMENTS", `${given.length} arguments`);
    const hasError = excInfo !== undefined && excInfo !== null;
    if (hasError && !(excInfo instanceof Error)) throw new ValidationError("EXC_INFO", show(excInfo));
    if (this.#start !== undefined && !hasError) throw new ValidationError("STARTED_TWICE", show(status));
    const list =
      typeof headers === "object" && headers !== null && Symbol.iterator in headers
        ? [...(headers as Iterable<Header>)]
        : headers;
    this.#start = checkStart(status, list);
    const write = this.#startResponse(status as string, list as Header[], ...(hasError ? [excInfo] : []));
    return this.#checkedWrite(write);
  };

  #checkedWrite(write: Write): Write {
    return (...args: unknown[]) => {
      const [item] = args;
      const isItem = typeof item === "string" || item instanceof Uint8Array;
      if (args.length !== 1 || !isItem) throw new ValidationError("WRITE_ARGUMENTS", args.map(show).join(", "));
      if (this.#hasEnded) throw new ValidationError("WRITE_AFTER_END", show(item));
      this.onItem(item);
      return write(item);
    };
  }

  take(body: unknown): unknown {
    if (this.#isTaken || (typeof body === "object" && body !== null && this.#files.has(body))) return body;
    return checkedBody(body, this);
  }

  onItem(item: unknown): void {
    const length = itemLength(item);
    if (this.#start === undefined && length > 0) throw new ValidationError("NOT_STARTED", "an item came first");
    this.#bytes += length;
    const { length: declared } = this.#start ?? { length: undefined };
    if (declared !== undefined && !this.#isHead && this.#bytes > declared) {
      throw new ValidationError("TOO_LONG", `${this.#bytes} bytes, Content-Length is ${declared}`);
    }
  }

  onEnd(): void {
    this.#hasEnded = true;
    if (this.#start === undefined) throw new ValidationError("NOT_STARTED", "the body ended");
    const { length, status } = this.#start;
    if (length !== undefined && !this.#isHead && status !== 304 && this.#bytes < length) {
      throw new ValidationError("TOO_SHORT", `${this.#bytes} bytes, Content-Length is ${length}`);
    }
  }
}
