// Starts a server on a free port for one test and ends it when the test ends.

import { onTestFinished } from "vitest";
import {
  type Application,
  type Exchange,
  type Listener,
  listen,
  type Options,
  type Server,
  server,
} from "../../src/index.ts";
import { Client } from "./client.ts";

export interface Served {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  /** Lines of the log, as they came. */
  readonly log: string[];
  /** Exchanges, in the order they were reported. */
  readonly exchanges: Exchange[];
  /** Resolves with the n-th exchange (from 0), now or when it is reported. */
  exchange(n?: number): Promise<Exchange>;
  /** Resolves with the first log line that matches, now or when it is written. */
  logged(pattern: RegExp): Promise<string>;
  /** Opens a raw connection to it. */
  connect(): Promise<Client>;
}

export async function serve(
  application: Application,
  options: Options = {},
  listener: Listener = listen(["127.0.0.1", 0]),
): Promise<Served> {
  const log: string[] = [];
  const exchanges: Exchange[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) look();
  };
  const until = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const attempt = (): void => {
        const found = look();
        if (found === undefined) return;
        waiting.delete(attempt);
        resolve(found);
      };
      waiting.add(attempt);
      attempt();
    });
  const record = (line: string): void => {
    log.push(line);
    wake();
  };
  const running = server(listener, application, {
    log: { info: record, debug: record },
    ...options,
    extensions: [
      ...(options.extensions ?? []),
      {
        name: "recorder",
        onResponded: (exchange) => {
          exchanges.push(exchange);
          wake();
        },
      },
    ],
  });
  onTestFinished(async () => {
    await running.close({ timeout: 0 });
  });
  await running.ready;
  const port = running.addresses[0]?.port as number;
  return {
    server: running,
    port,
    url: `http://127.0.0.1:${port}`,
    log,
    exchanges,
    exchange: (n = 0) => until(() => exchanges[n]),
    logged: (pattern) => until(() => log.find((line) => pattern.test(line))),
    connect: () => Client.connect(port),
  };
}
