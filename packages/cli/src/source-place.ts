// Where compiled code comes from: a place in a script as it runs in, the place in the file that somebody wrote out, by the
// script's source map, if it has one that can be read. It knows files and source maps; nothing of who asks.

import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";

/** A script as the inspector tells of it. */
export interface Script {
  /** A URL, or a path for CommonJS. */
  readonly url: string;
  /** What follows `sourceMappingURL=`; empty when there is none. */
  readonly sourceMapURL: string;
}

/** @param line, column counted from 0. @returns file, line and column, counted from 1 */
export function sourcePlace({ url, sourceMapURL }: Script, line: number, column: number): string {
  const entry = entryOf(url, sourceMapURL, line, column);
  if (entry === undefined) return `${url}:${line + 1}:${column + 1}`;
  return `${entry.file}:${entry.line + 1}:${entry.column + 1}`;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

function entryOf(url: string, sourceMapURL: string, line: number, column: number): Place | undefined {
  if (sourceMapURL === "") return undefined;
  try {
    const base = url.startsWith("/") ? `file://${encodeURI(url).replace(/[?#]/g, encodeURIComponent)}` : url;
    const map = new URL(sourceMapURL, base);
    const entry = new SourceMap(readMap(map)).findEntry(line, column);
    if (!("originalSource" in entry)) return undefined;
    const { originalSource, originalLine, originalColumn } = entry;
    const file = new URL(originalSource, map.protocol === "data:" ? base : map).href;
    return { file, line: originalLine, column: originalColumn };
  } catch {
    return undefined; // the place in the compiled code is better than none
  }
}

function readMap(map: URL): SourceMapPayload {
  if (map.protocol !== "data:") return JSON.parse(readFileSync(map, "utf8")) as SourceMapPayload;
  const comma = map.href.indexOf(",");
  const isBase64 = map.href.slice(0, comma).endsWith(";base64");
  const data = decodeURIComponent(map.href.slice(comma + 1));
  return JSON.parse(isBase64 ? Buffer.from(data, "base64").toString() : data) as SourceMapPayload;
}
