// Other servers for the same application, for comparison: gunicorn, waitress, eventlet, and wsgiref, which every Python has. A module
// and an interpreter in, a port out. They are told nothing of this server.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { apps } from "./serve-python.ts";

/** Each prints `port=N` when it listens, or says so in its own words. */
const COMMANDS: Record<string, (app: string) => readonly string[]> = {
  gunicorn: (app) => ["-m", "gunicorn", "--bind", "127.0.0.1:0", "--threads", "2", app],
  waitress: (app) => ["peer.py", "waitress", app],
  wsgiref: (app) => ["peer.py", "wsgiref", app],
  eventlet: (app) => ["peer.py", "eventlet", app],
};

export class Peer implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(name: string, port: number, child: ChildProcess) {
    this.name = name;
    this.port = port;
    this.#child = child;
  }

  /** @param app `module:callable` in the folder of the applications */
  static async start(name: string, python: string, app: string, env: NodeJS.ProcessEnv = {}): Promise<Peer> {
    const args = (COMMANDS[name] as (app: string) => readonly string[])(app);
    const child = spawn(python, args, {
      cwd: apps,
      env: { ...process.env, PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    const port = await new Promise<number>((resolve, reject) => {
      const look = (piece: Buffer): void => {
        text += piece;
        const [, found] = /(?:port=|Listening at: http:\/\/127\.0\.0\.1:)(\d+)/.exec(text) ?? [];
        if (found !== undefined) resolve(Number(found));
      };
      child.stdout.on("data", look);
      child.stderr.on("data", look);
      child.once("close", () => reject(new Error(`${name} ended:\n${text}`)));
    });
    return new Peer(name, port, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#child, "close");
    this.#child.kill("SIGTERM");
    await closed;
  }
}
