// Runs trials: each on a connection of its own to a server with its options. What comes of it is told, and judged elsewhere.

import { listen, type Options, type Server, server } from "../../src/index.ts";
import { answersIn } from "../support/answers.ts";
import { Client } from "../support/client.ts";
import { ruleApplication } from "./rule-application.ts";
import type { Trial } from "./rules.ts";

/** What follows a trial: it is answered when the connection goes on. */
const SENTINEL = "GET /sentinel HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n";

export interface TrialOutcome {
  /** Everything received, as latin-1. */
  readonly text: string;
  readonly statuses: readonly number[];
  readonly calls: readonly string[];
  readonly goesOn: boolean;
  /** Whether the server closed the connection in order. */
  readonly closed: boolean;
}

export class TrialServers {
  readonly #servers = new Map<string, Server>();
  readonly #calls = new Map<string, string[]>();

  async run({ send, alone, options }: Trial): Promise<TrialOutcome> {
    const running = this.#with(options);
    await running.ready;
    const client = await Client.connect(running.addresses[0]?.port as number);
    const calls: string[] = [];
    this.#calls.set(String(client.socket.localPort), calls);
    client.send(alone === true ? send : send + SENTINEL);
    if (alone === true) client.finish();
    const text = await client.end();
    const goesOn = calls.at(-1) === "GET /sentinel";
    const methods = calls.map((call) => call.split(" ")[0] as string);
    const statuses = answersIn(text, ...methods).map(({ status }) => status);
    return {
      ...{ text, goesOn, closed: client.error === undefined },
      statuses: goesOn ? statuses.slice(0, -1) : statuses,
      calls: goesOn ? calls.slice(0, -1) : calls,
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((one) => one.close({ timeout: 0 })));
  }

  #with(options: Options = {}): Server {
    const key = JSON.stringify(options);
    const known = this.#servers.get(key);
    if (known !== undefined) return known;
    const application = ruleApplication((port, call) => this.#calls.get(port)?.push(call));
    const quiet: Options = { ...options, logOutput: false, log: { write: () => {} } };
    const made = server(listen(["127.0.0.1", 0]), application, quiet);
    this.#servers.set(key, made);
    return made;
  }
}

/** What a trial expects of its outcome, its texts left out. */
export function expectedOf({ statuses, calls = [], goesOn }: Trial): Omit<TrialOutcome, "text"> {
  return { statuses, calls, goesOn, closed: true };
}
