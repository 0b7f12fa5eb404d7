// The reasons of statuses, for a Response that has none: RFC 9110 §15, and the registry of IANA. A status in, text out.

const REASONS: ReadonlyMap<number, string> = new Map([
  ...reasons(200, "OK|Created|Accepted|Non-Authoritative Information|No Content|Reset Content|Partial Content"),
  ...reasons(207, "Multi-Status|Already Reported"),
  ...reasons(226, "IM Used"),
  ...reasons(300, "Multiple Choices|Moved Permanently|Found|See Other|Not Modified|Use Proxy"),
  ...reasons(307, "Temporary Redirect|Permanent Redirect"),
  ...reasons(400, "Bad Request|Unauthorized|Payment Required|Forbidden|Not Found|Method Not Allowed|Not Acceptable"),
  ...reasons(407, "Proxy Authentication Required|Request Timeout|Conflict|Gone|Length Required|Precondition Failed"),
  ...reasons(413, "Content Too Large|URI Too Long|Unsupported Media Type|Range Not Satisfiable|Expectation Failed"),
  ...reasons(418, "I'm a Teapot"),
  ...reasons(421, "Misdirected Request|Unprocessable Content|Locked|Failed Dependency|Too Early|Upgrade Required"),
  ...reasons(428, "Precondition Required|Too Many Requests"),
  ...reasons(431, "Request Header Fields Too Large"),
  ...reasons(451, "Unavailable For Legal Reasons"),
  ...reasons(500, "Internal Server Error|Not Implemented|Bad Gateway|Service Unavailable|Gateway Timeout"),
  ...reasons(505, "HTTP Version Not Supported|Variant Also Negotiates|Insufficient Storage|Loop Detected"),
  ...reasons(511, "Network Authentication Required"),
]);

function reasons(first: number, texts: string): [number, string][] {
  return texts.split("|").map((text, n) => [first + n, text]);
}

/** `200`, `""` → `200 OK`. A reason that the Response has is kept, one that nobody knows is left out. */
export function statusLine(status: number, statusText: string): string {
  if (status === 200 && statusText === "") return "200 OK";
  const reason = statusText === "" ? REASONS.get(status) : statusText;
  return reason === undefined ? String(status) : `${status} ${reason}`;
}
