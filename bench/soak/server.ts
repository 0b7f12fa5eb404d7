// The server of the soak, in a process of its own: core with TLS and post hooks, on two ports, counting by every door there is.
// Started with an IPC channel: it says where it listens, takes a sample when it is asked to, and closes at the end.
//
//   node --expose-gc --import tsx server.ts FILE LEAKED-EVERY

import { listen, server } from "@wsgi/core";
import { postHooks } from "@wsgi/posthooks";
import { selfSigned, wrapSsl } from "@wsgi/tls";
import { count, type ServerBooks, type Tally, total } from "./account.ts";
import { kindOf, makeApplication } from "./application.ts";
import { type Sample, takeSample } from "./sample.ts";

export type ServerMessage =
  | { readonly type: "listening"; readonly port: number; readonly tlsPort: number }
  | { readonly type: "sample"; readonly sample: Sample; readonly books: ServerBooks; readonly busy: string | undefined }
  | { readonly type: "closed"; readonly books: ServerBooks; readonly cut: number };

/** How long what clients have left may take to be over. */
const QUIET_MILLISECONDS = 10_000;

const [file = "", every = "0"] = process.argv.slice(2);
/** One environ of so many is kept, to test whether that is found out; 0: none is. */
const leakedEvery = Number(every);
const tallies = { parsed: {}, responded: {}, completed: {}, lines: {}, hooks: {} } satisfies Record<string, Tally>;
const faults: Tally = {};
const alarms: string[] = [];
const leaked: unknown[] = [];
let refused = 0;

process.on("warning", (warning) => alarm(`warning: ${warning.message}`));
process.on("unhandledRejection", (reason) => alarm(`unhandled rejection: ${String(reason)}`));
process.on("uncaughtException", (error) => alarm(`uncaught exception: ${error.stack}`));

function alarm(text: string): void {
  if (alarms.length < 20) alarms.push(text);
}

function onLine(message: string): void {
  if (/^\(\d+\) refused /.test(message)) refused++;
}

function onFault(message: string): void {
  count(faults, message.replace(/^\(\d+\) /, "").replace(/:.*/s, ""));
}

const hooks = postHooks();
const plain = listen(["127.0.0.1", 0]);
const secure = wrapSsl(listen(["127.0.0.1", 0]), { ...(await selfSigned()), serverSide: true });
const running = server(
  [plain, secure],
  makeApplication(file, (kind) => count(tallies.hooks, kind)),
  {
    log: { info: onLine, debug: () => {}, warn: onFault, error: onFault },
    accessLog: { write: (text) => count(tallies.lines, kindOf(text.split(" ")[1] ?? "")) },
    logFormat: "%(request_line)s",
    extensions: [
      {
        name: "account",
        onEnviron: ({ PATH_INFO: path }) => count(tallies.parsed, kindOf(path)),
        onResponded({ environ, completed }) {
          const kind = kindOf(environ.PATH_INFO);
          count(tallies.responded, kind);
          if (completed) count(tallies.completed, kind);
          if (leakedEvery > 0 && total(tallies.responded) % leakedEvery === 0) leaked.push(environ);
        },
      },
      hooks,
    ],
  },
);
await running.ready;
const [{ port = 0 } = {}, { port: tlsPort = 0 } = {}] = running.addresses;
tell({ type: "listening", port, tlsPort });

process.on("message", async (message) => {
  if (message === "sample") {
    const busy = await quiet();
    tell({ type: "sample", sample: await takeSample(total(tallies.responded)), books: books(), busy });
  } else if (message === "close") {
    const { cut } = await running.close({ timeout: 10 });
    tell({ type: "closed", books: books(), cut });
    process.disconnect();
  }
});

function tell(message: ServerMessage): void {
  process.send?.(message);
}

function books(): ServerBooks {
  return { ...tallies, refused, faults, alarms };
}

/** Resolves when nothing is on its way; after too long with what still is. */
async function quiet(): Promise<string | undefined> {
  const deadline = performance.now() + QUIET_MILLISECONDS;
  for (;;) {
    const { connections, waiting } = running.counters;
    const { pending, running: called } = hooks.counters;
    const handshakes = secure.counters.pending;
    if (connections + waiting + pending + called + handshakes === 0) return undefined;
    if (performance.now() > deadline) {
      return `${connections} connections, ${waiting} waiting, ${handshakes} handshakes, ${pending + called} hooks`;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
