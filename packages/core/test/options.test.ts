// The options of server(): what is refused and how it is said, what the defaults are, and the names that eventlet has.
// What an option does is tested where it acts.

import { describe, expect, test } from "vitest";
import {
  type Application,
  DEFAULT_LOG_FORMAT,
  DEFAULT_OPTIONS,
  type Listener,
  listen,
  OPTION_TABLE,
  type Options,
  server,
  UsageError,
} from "../src/index.ts";
import { askNext } from "./support/answers.ts";
import { serve } from "./support/serve.ts";
import { get } from "./wire/wire.ts";

const application: Application = (_environ, startResponse) => {
  startResponse("200 OK", []);
  return [];
};

/** A listener that fails the test when a server touches it. */
const untouched: Listener = {
  scheme: "http",
  ready: new Promise(() => {}),
  served: false,
  accept: () => {
    throw new Error("the server began to accept");
  },
  close: () => Promise.resolve(),
};

function refusal(options: unknown): UsageError {
  try {
    server(untouched, application, options as Options);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error as UsageError;
  }
  throw new Error("the options were accepted");
}

describe("a value that an option cannot have", () => {
  const rows: [name: string, value: unknown, expected: string, got: string][] = [
    ["log", {}, "a logger with info and debug, or an object with write", "an object"],
    ["log", { info: () => {} }, "a logger with info and debug, or an object with write", "an object"],
    ["log", "stderr", "a logger with info and debug, or an object with write", '"stderr"'],
    ["environ", null, "an object", "null"],
    ["environ", "A=1", "an object", '"A=1"'],
    ["maxSize", 0, "a whole number above 0, or Infinity", "0"],
    ["maxSize", 1.5, "a whole number above 0, or Infinity", "1.5"],
    ["maxSize", "1024", "a whole number above 0, or Infinity", '"1024"'],
    ["maxHttpVersion", "HTTP/2", '"HTTP/1.0" or "HTTP/1.1"', '"HTTP/2"'],
    ["maxHttpVersion", 1.1, '"HTTP/1.0" or "HTTP/1.1"', "1.1"],
    ["minimumChunkSize", -1, "a whole number of bytes, 0 or more", "-1"],
    ["minimumChunkSize", 0.5, "a whole number of bytes, 0 or more", "0.5"],
    ["logXForwardedFor", 1, "true or false", "1"],
    ["customPool", { spawn: () => {} }, "an object with spawn and waitall", "an object"],
    ["customPool", { waitall: () => {} }, "an object with spawn and waitall", "an object"],
    ["customPool", () => {}, "an object with spawn and waitall", "a function"],
    ["keepalive", -1, "true, false, or a number of seconds", "-1"],
    ["keepalive", Number.NaN, "true, false, or a number of seconds", "NaN"],
    ["keepalive", "75", "true, false, or a number of seconds", '"75"'],
    ["logOutput", "no", "true or false", '"no"'],
    ["logFormat", 5, "a %-template", "5"],
    ["accessLog", "file", "true, false, a logger with info and debug, or an object with write", '"file"'],
    ["urlLengthLimit", 0, "a whole number of bytes above 0, or Infinity", "0"],
    ["urlLengthLimit", 2 ** 53, "a whole number of bytes above 0, or Infinity", "9007199254740992"],
    ["debug", 0, "true or false", "0"],
    ["socketTimeout", -0.1, "a number of seconds, 0 or more", "-0.1"],
    ["capitalizeResponseHeaders", "yes", "true or false", '"yes"'],
    ["headTimeout", "30", "a number of seconds, 0 or more", '"30"'],
    ["maxFieldBytes", 0, "a whole number of bytes above 0, or Infinity", "0"],
    ["maxHeadBytes", -1, "a whole number of bytes above 0, or Infinity", "-1"],
    ["maxFieldCount", 0, "a whole number above 0, or Infinity", "0"],
    ["maxBodyBytes", "1mb", "a whole number of bytes above 0, or Infinity", '"1mb"'],
    ["maxChunkExtensionBytes", [], "a whole number of bytes above 0, or Infinity", "an array of 0"],
    ["maxDiscardBytes", -1, "a whole number of bytes, 0 or more, or Infinity", "-1"],
    ["minimumDataRate", -1, "a number of bytes a second, 0 or more", "-1"],
    ["dataRateGrace", null, "a number of seconds, 0 or more", "null"],
    ["lingerTimeout", -1, "a number of seconds, 0 or more", "-1"],
    ["shutdownTimeout", -1, "a number of seconds, 0 or more", "-1"],
    ["extensions", {}, "a list of extensions, each an object with a name", "an object"],
    ["extensions", [{}, {}], "a list of extensions, each an object with a name", "an array of 2"],
    ["signal", {}, "an AbortSignal", "an object"],
  ];

  test.each(rows)("is refused by name: %s = %j", (name, value, expected, got) => {
    const error = refusal({ [name]: value });
    expect(error.code).toBe("BAD_OPTION");
    expect(error.message).toContain(`${name}: expected ${expected}, got ${got}`);
  });

  test("has a row above for every option", () => {
    expect(new Set(rows.map(([name]) => name))).toEqual(new Set(Object.keys(OPTION_TABLE)));
  });

  test.each([
    ["%(client)s", "logFormat: %(client)s is none of %(client_ip)s %(client_port)s"],
    ["100%", "logFormat: % is none of"],
    ["%s", "logFormat: % is none of"],
    ["%(client_ip)x", "logFormat: %(client_ip)x must end in s, d, f or .Nf"],
    ["%(wall_seconds).s", "logFormat: %(wall_seconds).s must end in s, d, f or .Nf"],
    ["%(status_code)", "logFormat: %(status_code) must end in s, d, f or .Nf"],
  ])("is refused with the place in a log format: %s", (logFormat, message) => {
    expect(refusal({ logFormat }).message).toContain(message);
  });

  test.each([null, 5, "debug"])("is refused in place of all options: %j", (options) => {
    expect(refusal(options).message).toContain(`expected an object of options, got ${JSON.stringify(options)}`);
  });
});

describe("an option that does not exist", () => {
  test.each(
    Object.entries(OPTION_TABLE).flatMap(([name, { eventlet }]) =>
      eventlet?.includes("_") ? [[eventlet, name] as const] : [],
    ),
  )("is told its name here: %s", (python, name) => {
    expect(refusal({ [python]: DEFAULT_OPTIONS.debug }).message).toMatch(
      new RegExp(`there is no option "${python}"; it is spelled ${name}$`),
    );
  });

  test.each(["keepAlive", "KEEPALIVE", "maxsize"])("is told its name here: %s", (name) => {
    expect(refusal({ [name]: 1 }).message).toMatch(/; it is spelled (keepalive|maxSize)$/);
  });

  test.each(["protocol", "server_event", "timeout", "constructor", "toString"])("is refused: %s", (name) => {
    const error = refusal({ [name]: true });
    expect(error.code).toBe("BAD_OPTION");
    expect(error.message).toMatch(new RegExp(`there is no option "${name}"$`));
  });
});

describe("the defaults", () => {
  test("are those of eventlet, but where the documentation says otherwise", () => {
    expect(DEFAULT_OPTIONS).toMatchObject({
      log: undefined,
      environ: {},
      maxSize: 1024,
      maxHttpVersion: "HTTP/1.1",
      minimumChunkSize: 4096,
      logXForwardedFor: true,
      customPool: undefined,
      keepalive: true,
      logOutput: true,
      logFormat:
        '%(client_ip)s - - [%(date_time)s] "%(request_line)s" %(status_code)s %(body_length)s %(wall_seconds).6f',
      accessLog: true,
      urlLengthLimit: 8192,
      debug: false,
      socketTimeout: 60,
      capitalizeResponseHeaders: true,
      maxFieldBytes: 8192,
      maxHeadBytes: 65536,
    });
    expect(DEFAULT_LOG_FORMAT).toBe(DEFAULT_OPTIONS.logFormat);
  });

  test("have every option of eventlet under its name in camelCase", () => {
    const names = Object.entries(OPTION_TABLE).filter(([, { eventlet }]) => eventlet !== undefined);
    const camelCase = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    expect(names.map(([, { eventlet }]) => camelCase(eventlet as string))).toEqual(names.map(([name]) => name));
    expect(names.map(([, { eventlet }]) => eventlet).sort()).toEqual(
      [
        ...["log", "environ", "max_size", "max_http_version", "minimum_chunk_size", "log_x_forwarded_for"],
        ...["custom_pool", "keepalive", "log_output", "log_format", "url_length_limit", "debug", "socket_timeout"],
        "capitalize_response_headers",
      ].sort(),
    );
  });

  test("are accepted by their own checks, or not given", () => {
    for (const [name, row] of Object.entries(OPTION_TABLE)) {
      expect(row.default === undefined || row.accepts(row.default), name).toBe(true);
      expect(row.summary, name).not.toBe("");
      expect(row.precedent, name).not.toBe("");
    }
  });

  test("cannot be changed", () => {
    for (const part of [DEFAULT_OPTIONS, DEFAULT_OPTIONS.environ, DEFAULT_OPTIONS.extensions, OPTION_TABLE]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    for (const row of Object.values(OPTION_TABLE)) expect(Object.isFrozen(row)).toBe(true);
  });

  test("stand in for options that are undefined", async () => {
    const options = Object.fromEntries(Object.keys(OPTION_TABLE).map((name) => [name, undefined]));
    const { log: _log, extensions: _extensions, ...others } = options;
    const served = await serve(application, others);
    expect((await askNext(await served.connect(), get())).status).toBe(200);
  });
});

test.each([
  ["maxSize", Number.POSITIVE_INFINITY],
  ["minimumChunkSize", 0],
  ["keepalive", 0],
  ["keepalive", 0.5],
  ["keepalive", Number.POSITIVE_INFINITY],
  ["socketTimeout", 0],
  ["urlLengthLimit", Number.POSITIVE_INFINITY],
  ["maxBodyBytes", Number.POSITIVE_INFINITY],
  ["maxDiscardBytes", 0],
  ["shutdownTimeout", Number.POSITIVE_INFINITY],
  ["environ", Object.create(null)],
])("accepts the limit of a range: %s = %s", async (name, value) => {
  const served = await serve(application, { [name]: value });
  expect((await askNext(await served.connect(), get())).status).toBe(200);
});

describe("server()", () => {
  test.each([[undefined], [null], ["app.ts"], [{}]])("refuses an application that is no function: %j", (value) => {
    expect(() => server(untouched, value as unknown as Application)).toThrow(
      expect.objectContaining({ name: "UsageError", code: "BAD_APPLICATION" }),
    );
  });

  test.each([[[]], [undefined], [8090], [["", 8090]], [[untouched, undefined]]])(
    "refuses what listen() did not return: %j",
    (value) => {
      expect(() => server(value as unknown as Listener, application)).toThrow(
        expect.objectContaining({ name: "UsageError", code: "BAD_LISTENER" }),
      );
    },
  );

  test("refuses a listener that another server serves", async () => {
    const listener = listen(["127.0.0.1", 0]);
    await using first = server(listener, application, { logOutput: false });
    await first.ready;
    expect(() => server(listener, application, { logOutput: false })).toThrow(
      expect.objectContaining({ name: "UsageError", code: "BAD_LISTENER" }),
    );
  });
});
