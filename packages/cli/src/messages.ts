// What a supervisor and its workers say to each other. Types only: plain data that goes over Node's channel between
// processes.

import type { Interface } from "./interfaces.ts";
import type { ServingStatus } from "./serving.ts";
import type { TlsSecrets } from "./tls-secrets.ts";

export type WorkerMessage =
  /** The application is loaded and requests are answered. */
  | { readonly type: "serving"; readonly addresses: readonly string[]; readonly kind: Interface }
  /** It could not begin; the operator has to mend something. */
  | { readonly type: "failed"; readonly message: string }
  /** Every second, and when asked: then with the number of the question. */
  | { readonly type: "status"; readonly status: ServingStatus; readonly answers?: number }
  /** Files that the application was read from, for `--reload`. */
  | { readonly type: "imported"; readonly files: readonly string[] };

export type SupervisorMessage =
  /** The first one. */
  | { readonly type: "begin"; readonly assignment: WorkerAssignment }
  /** Serve on for so many seconds, then finish what is there and end. */
  | { readonly type: "drain"; readonly delay: number }
  | { readonly type: "stop" }
  | { readonly type: "reopen" }
  /** There are new keys of session tickets. */
  | { readonly type: "secrets"; readonly secrets: TlsSecrets }
  /** To be answered by a status. */
  | { readonly type: "tell"; readonly question: number };

/** How the command was called: settings are read from that anew by every worker, and at each reload. */
export interface Invocation {
  readonly args: readonly string[];
  /** The working folder at the start. */
  readonly cwd: string;
  /** The environment at the start. */
  readonly env: NodeJS.ProcessEnv;
}

/** What a worker is given to begin with. */
export interface WorkerAssignment {
  readonly args: readonly string[];
  readonly sockets: readonly { readonly fd: number; readonly plain: boolean }[];
  /** Development: serve an error page when the application cannot be loaded. */
  readonly reload: boolean;
  readonly secrets: TlsSecrets;
}
