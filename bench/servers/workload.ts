// What the servers of the suite serve, and how they are called: `SERVER PORT FOLDER WORKLOAD [SETTINGS]`; the folder
// has the files that the servers need. The same constants for all
// of them, so that all give the same answers. Knows no server.

import { join } from "node:path";

/** What a server does with a request. */
export type Workload =
  /** "Hello, World!" */
  | "hello"
  /** The request's body as it came. */
  | "echo"
  /** How many bytes the request's body had. */
  | "upload"
  /** 64 KiB, in one piece. */
  | "large"
  /** 100 MiB in pieces of 64 KiB, chunked. */
  | "download"
  /** 100 items from an async generator. */
  | "items"
  /** The file of 1 MiB. */
  | "file";

/** JSON in an argument. */
export interface Settings {
  /** Over TLS, and whether every handshake is a full one. */
  readonly tls?: { readonly full: boolean };
  /** Whether every request is logged to stderr. */
  readonly accessLog?: boolean;
  /** How many connections will come. */
  readonly connections?: number;
}

export const FILE_NAME = "1MiB.bin";
export const FILE_SIZE = 2 ** 20;
export const CERT_NAME = "cert.pem";
export const KEY_NAME = "key.pem";
export const HELLO = "Hello, World!\r\n";
export const LARGE = "x".repeat(64 * 1024);
export const PIECE = Buffer.alloc(64 * 1024, "x");
export const PIECES = 1600;

export const ITEMS: readonly string[] = Array.from({ length: 100 }, (_, n) => `item ${n}\n`);

export async function* items(): AsyncGenerator<string, void, undefined> {
  for (const item of ITEMS) yield item;
}

export interface Args {
  readonly port: number;
  /** Where the 1 MiB, the certificate and its key are. */
  readonly file: string;
  readonly cert: string;
  readonly key: string;
  readonly workload: Workload;
  readonly settings: Settings;
}

/** What was given to this process. */
export function args(): Args {
  const [, , port, folder = "", workload, settings = "{}"] = process.argv;
  return {
    port: Number(port),
    file: join(folder, FILE_NAME),
    cert: join(folder, CERT_NAME),
    key: join(folder, KEY_NAME),
    workload: workload as Workload,
    settings: JSON.parse(settings) as Settings,
  };
}

/** Collects garbage on SIGUSR2 and prints what is left; where the process was started with --expose-gc. */
export function tellMemory(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) return;
  process.on("SIGUSR2", () => {
    gc();
    gc();
    console.log(JSON.stringify(process.memoryUsage()));
  });
}
