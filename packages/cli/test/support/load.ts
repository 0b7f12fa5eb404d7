// Clients that ask without a break for as long as something happens to the command, and keep account: what was answered, by
// whom, and what was lost. Some keep their connection as long as the server does, the others open one for each request.

import http from "node:http";

export interface LoadOptions {
  /** Clients that keep their connection. */
  readonly keepAlive?: number;
  /** Clients with a new connection for each request. */
  readonly fresh?: number;
  readonly path?: string;
  /** A client that is told `Connection: close` asks no more: it goes to another server. */
  readonly leaves?: boolean;
}

export class Load {
  answered = 0;
  /** Answers that said `Connection: close` to a client that would have gone on. */
  farewells = 0;
  /** Connections that were refused: nothing was asked on them, so nothing is lost. */
  refused = 0;
  /** Requests that were sent and not answered whole, or not with 200: why. */
  readonly failures: string[] = [];
  /** How often each body came. */
  readonly bodies = new Map<string, number>();
  readonly #url: URL;
  #running = true;
  #paused: Promise<void> | undefined;
  #resume: () => void = () => {};
  #busy = 0;
  readonly #watching = new Set<() => void>();

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** Resolves when so many more requests have been answered. */
  async more(count: number): Promise<void> {
    const target = this.answered + count;
    await this.#until(() => this.answered >= target || !this.#running);
  }

  /** Resolves with the first body that matches and comes from now on. */
  async body(pattern: RegExp): Promise<string> {
    let found: string | undefined;
    const look = (body: string): void => {
      if (pattern.test(body)) found ??= body;
    };
    this.#onBody.add(look);
    await this.#until(() => found !== undefined);
    this.#onBody.delete(look);
    return found as string;
  }

  readonly #onBody = new Set<(body: string) => void>();

  /** Lets every client finish its request and ask no other one; resolves when all have. */
  async pause(): Promise<void> {
    this.#paused = new Promise((resolve) => {
      this.#resume = resolve;
    });
    await this.#until(() => this.#busy === 0);
  }

  resume(): void {
    this.#paused = undefined;
    this.#resume();
  }

  /** Resolves when every client has left. */
  async allGone(): Promise<void> {
    await this.#clients;
  }

  /** For `underLoad`. */
  start({ keepAlive = 4, fresh = 2, path = "/", leaves = false }: LoadOptions): void {
    const kinds = [...Array<boolean>(keepAlive).fill(true), ...Array<boolean>(fresh).fill(false)];
    this.#clients = Promise.all(kinds.map((keeps) => this.#client(keeps, path, leaves && keeps)));
  }

  /** For `underLoad`: the end of all clients. */
  async stop(): Promise<void> {
    this.#running = false;
    this.resume();
    await this.#clients;
  }

  #clients: Promise<unknown> = Promise.resolve();

  async #client(keepAlive: boolean, path: string, leaves: boolean): Promise<void> {
    const agent = new http.Agent({ keepAlive, maxSockets: 1 });
    while (this.#running) {
      this.#busy++;
      const outcome = await this.#ask(agent, path, keepAlive);
      this.#busy--;
      this.#wake();
      if (outcome === "refused" || (outcome === "farewell" && leaves)) break;
      if (this.#paused !== undefined) await this.#paused;
    }
    agent.destroy();
  }

  async #ask(
    agent: http.Agent,
    path: string,
    keepAlive: boolean,
  ): Promise<"answered" | "farewell" | "refused" | "failed"> {
    try {
      const { status, connection, body } = await ask(this.#url, path, agent);
      if (status !== 200) this.failures.push(`${status}: ${body}`);
      else this.answered++;
      this.bodies.set(body, (this.bodies.get(body) ?? 0) + 1);
      for (const look of this.#onBody) look(body);
      if (!keepAlive || connection !== "close") return "answered";
      this.farewells++;
      return "farewell";
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ECONNREFUSED") {
        this.refused++;
        return "refused";
      }
      this.failures.push(`${code ?? "error"}: ${message}`);
    }
    return "failed";
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#watching.delete(look);
        resolve();
      };
      this.#watching.add(look);
      look();
    });
  }

  #wake(): void {
    for (const look of this.#watching) look();
  }
}

/** Asks all the while that a callback runs. @returns the account, when the last client has finished */
export async function underLoad(
  url: string,
  whatHappens: (load: Load) => Promise<unknown>,
  options: LoadOptions = {},
): Promise<Load> {
  const load = new Load(url);
  load.start(options);
  try {
    await load.more(20);
    await whatHappens(load);
  } finally {
    await load.stop();
  }
  return load;
}

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly connection: string | undefined;
  readonly body: string;
}

/** One request, on a connection of its own unless there is an agent; rejects when it is not answered whole. */
export function ask(
  url: URL | string,
  path?: string,
  agent: http.Agent | false = false,
  method = "GET",
): Promise<Reply> {
  const target = path === undefined ? new URL(url) : new URL(path, url);
  return new Promise((resolve, reject) => {
    const request = http.request(target, { method, agent }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, connection: headers.connection, body });
      });
    });
    request.on("error", reject);
    request.end();
  });
}
