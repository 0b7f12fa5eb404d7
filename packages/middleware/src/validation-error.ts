// The rules that the validator checks, as one table, and the error that says which one was broken. The README's table is this one; a
// test keeps the two equal, and another one breaks every rule.

/** Whose fault it is. */
export type Party = "server" | "application";

interface Rule {
  readonly party: Party;
  /** The section of PEP 3333, or of another standard, that has the rule. */
  readonly section: string;
  readonly text: string;
}

export const VALIDATION_RULES = {
  ENVIRON_TYPE: { party: "server", section: "Specification Details", text: "the environ is an object" },
  ARGUMENTS: {
    party: "server",
    section: "Specification Details",
    text: "an application is called with an environ and startResponse",
  },
  ENVIRON_MISSING: {
    party: "server",
    section: "environ Variables",
    text: "the environ has every variable that is required",
  },
  ENVIRON_STRING: { party: "server", section: "environ Variables", text: "CGI variables are strings" },
  ENVIRON_FORBIDDEN: {
    party: "server",
    section: "environ Variables",
    text: "Content-Type and Content-Length have variables without HTTP_",
  },
  ENVIRON_METHOD: { party: "server", section: "environ Variables", text: "REQUEST_METHOD is a token" },
  ENVIRON_SCRIPT_NAME: {
    party: "server",
    section: "environ Variables",
    text: "SCRIPT_NAME is empty, or begins with a slash and is not `/`",
  },
  ENVIRON_PATH_INFO: {
    party: "server",
    section: "environ Variables",
    text: "PATH_INFO is empty or begins with a slash; it is `*` with OPTIONS",
  },
  ENVIRON_PATHS: {
    party: "server",
    section: "environ Variables",
    text: "SCRIPT_NAME and PATH_INFO are not both empty, but with CONNECT",
  },
  ENVIRON_CONTENT_LENGTH: { party: "server", section: "environ Variables", text: "CONTENT_LENGTH is a decimal number" },
  ENVIRON_VERSION: { party: "server", section: "environ Variables", text: "wsgi.version is [1, 0]" },
  ENVIRON_SCHEME: { party: "server", section: "environ Variables", text: "wsgi.url_scheme is http or https" },
  ENVIRON_FLAGS: {
    party: "server",
    section: "environ Variables",
    text: "wsgi.multithread, wsgi.multiprocess and wsgi.run_once are booleans",
  },
  INPUT_METHODS: {
    party: "server",
    section: "Input and Error Streams",
    text: "wsgi.input can be read, by lines too, and iterated",
  },
  INPUT_RESULT: {
    party: "server",
    section: "Input and Error Streams",
    text: "reads of wsgi.input give promises of bytes, no more than asked for",
  },
  ERRORS_METHODS: {
    party: "server",
    section: "Input and Error Streams",
    text: "wsgi.errors has write, writelines and flush",
  },
  BODY_AFTER_CLOSE: {
    party: "server",
    section: "Specification Details",
    text: "a body is not iterated after it was closed",
  },
  BODY_CLOSED_TWICE: { party: "server", section: "Specification Details", text: "close() of a body is called once" },
  APPLICATION_TYPE: {
    party: "application",
    section: "The Application/Framework Side",
    text: "an application is a function",
  },
  INPUT_ARGUMENTS: {
    party: "application",
    section: "Input and Error Streams",
    text: "a read takes one argument at most, a whole number",
  },
  ERRORS_TEXT: {
    party: "application",
    section: "Input and Error Streams",
    text: "what is written to wsgi.errors is text",
  },
  START_ARGUMENTS: {
    party: "application",
    section: "The start_response() Callable",
    text: "startResponse is called with a status, headers and perhaps excInfo",
  },
  STATUS: {
    party: "application",
    section: "The start_response() Callable",
    text: "a status is three digits, a space and a reason, without control characters",
  },
  STATUS_INTERIM: {
    party: "application",
    section: "The start_response() Callable",
    text: "a status is final: 200 and above, or 101",
  },
  HEADERS: {
    party: "application",
    section: "The start_response() Callable",
    text: "headers are a list of pairs of strings",
  },
  HEADER_NAME: { party: "application", section: "The start_response() Callable", text: "a header name is a token" },
  HEADER_STATUS: { party: "application", section: "The start_response() Callable", text: "there is no header Status" },
  HEADER_VALUE: {
    party: "application",
    section: "The start_response() Callable",
    text: "a header value is latin-1 text without control characters",
  },
  HEADER_HOP_BY_HOP: {
    party: "application",
    section: "Other HTTP Features",
    text: "hop-by-hop headers belong to the server, but for `Connection: close`",
  },
  CONTENT_LENGTH: {
    party: "application",
    section: "Handling the Content-Length Header",
    text: "Content-Length is one decimal number, and absent with 204",
  },
  CONTENT_TYPE: {
    party: "application",
    section: "RFC 9110 §15.3.5, §15.4.5",
    text: "a response with 204 or 304 has no Content-Type",
  },
  STARTED_TWICE: {
    party: "application",
    section: "The start_response() Callable",
    text: "startResponse is called again only with excInfo",
  },
  EXC_INFO: {
    party: "application",
    section: "Error Handling",
    text: "excInfo is what was thrown, and not given by chance: an Error",
  },
  NOT_STARTED: {
    party: "application",
    section: "The start_response() Callable",
    text: "startResponse is called before the first item of the body, or its end",
  },
  WRITE_ARGUMENTS: {
    party: "application",
    section: "The write() Callable",
    text: "write() takes one item: text or bytes",
  },
  WRITE_AFTER_END: {
    party: "application",
    section: "The write() Callable",
    text: "write() is not called after the body has ended",
  },
  BODY: {
    party: "application",
    section: "Specification Details",
    text: "a body is text, bytes, or an iterable or async iterable of them",
  },
  ITEM: { party: "application", section: "Specification Details", text: "an item of a body is text or bytes" },
  TOO_LONG: {
    party: "application",
    section: "Handling the Content-Length Header",
    text: "a body has no more bytes than its Content-Length says",
  },
  TOO_SHORT: {
    party: "application",
    section: "Handling the Content-Length Header",
    text: "a body has no fewer bytes than its Content-Length says",
  },
} as const satisfies Record<string, Rule>;

export type ValidationCode = keyof typeof VALIDATION_RULES;

/** A rule of WSGI was broken: `code` says which one, `section` where it stands, `party` by whom. */
export class ValidationError extends Error {
  override readonly name = "ValidationError";
  readonly code: ValidationCode;
  readonly section: string;
  readonly party: Party;

  constructor(code: ValidationCode, detail: string) {
    const { party, section, text } = VALIDATION_RULES[code];
    const standard = section.startsWith("RFC") ? section : `PEP 3333 "${section}"`;
    super(`${party}: ${text} (${standard}): ${detail}`);
    this.code = code;
    this.section = section;
    this.party = party;
  }
}
