// The URL of a request as Node's listeners know it, for an application that may be mounted: SCRIPT_NAME and PATH_INFO are
// decoded, `req.url` is not. An environ in, the two parts of the raw path out. Pure.

import type { Environ } from "@wsgi/core";

export interface RequestUrl {
  /** What the application is mounted at, as it came; empty at the root. */
  readonly baseUrl: string;
  /** The rest with the query, as it came. */
  readonly url: string;
}

export function requestUrl(environ: Environ): RequestUrl {
  const { SCRIPT_NAME: mount, PATH_INFO: path, RAW_PATH_INFO: raw, QUERY_STRING: query } = environ;
  const search = query === undefined ? "" : `?${query}`;
  if (mount === "") return { baseUrl: "", url: raw + search };
  const length = mountLength(raw, mount);
  const rest = length === undefined ? undefined : raw.slice(length);
  // Middleware that rewrote the path, or moved RAW_PATH_INFO along: what it says now counts.
  if (length === undefined || decode(rest as string) !== path) {
    const own = decode(raw) === path ? raw : encodeURI(path).replace(/[?#]/g, encodeURIComponent);
    return { baseUrl: encodeURI(mount), url: (own || "/") + search };
  }
  return { baseUrl: raw.slice(0, length), url: (rest?.startsWith("/") ? rest : `/${rest}`) + search };
}

/** How much of the raw path decodes to the mount point; undefined when none of it does. */
function mountLength(raw: string, mount: string): number | undefined {
  if (raw.startsWith(mount)) return mount.length;
  for (let end = raw.indexOf("/", 1); ; end = raw.indexOf("/", end + 1)) {
    const cut = end < 0 ? raw.length : end;
    const decoded = decode(raw.slice(0, cut));
    if (decoded === mount) return cut;
    if (end < 0 || decoded.length > mount.length) return undefined;
  }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
