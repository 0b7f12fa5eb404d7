// Headless Chromium, where it is installed: pages in, what a person sees of them out. It is spoken to in the DevTools
// protocol over a pair of pipes, messages separated by a zero byte.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { onTestFinished } from "vitest";

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"],
  ...["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** The program's name; undefined where there is none. */
export const chromium = ["chromium", "chromium-browser", "google-chrome"].find((name) => {
  try {
    execFileSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export class Browser {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  readonly #loads = new Set<() => void>();
  #lastId = 0;
  #session: string | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    let held = "";
    (child.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => {
      const messages = (held + text).split("\0");
      held = messages.pop() as string;
      for (const message of messages) this.#onMessage(JSON.parse(message) as Answer);
    });
    (child.stdio[3] as Writable).on("error", () => {}); // it has ended
  }

  /** Starts one with one empty page; it ends with the test. */
  static async start(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "wsgi-browser-"));
    const child = spawn(
      chromium as string,
      [...FLAGS, `--user-data-dir=${profile}`, "--remote-debugging-pipe", "about:blank"],
      { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
    );
    const ended = once(child, "close");
    const browser = new Browser(child);
    onTestFinished(async () => {
      void browser.#call("Browser.close"); // with its children, which write to the profile until they end
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    });
    const { targetId } = await browser.#call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.#call("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = sessionId as string;
    await browser.#call("Page.enable");
    return browser;
  }

  /** Goes to a URL and resolves when the page has loaded. */
  async open(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => this.#loads.add(resolve));
    const { errorText } = await this.#call("Page.navigate", { url });
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  /** Loads the same page again, as a person would. */
  async reload(): Promise<void> {
    const loaded = new Promise<void>((resolve) => this.#loads.add(resolve));
    await this.#call("Page.reload");
    await loaded;
  }

  /** The text that can be seen. */
  async text(): Promise<string> {
    return String(await this.evaluate("document.body.innerText"));
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#call("Runtime.evaluate", { expression, returnByValue: true });
    return (result as { value?: unknown }).value;
  }

  /** A picture of the page, PNG. */
  async picture(): Promise<Buffer> {
    const { data } = await this.#call("Page.captureScreenshot");
    return Buffer.from(data as string, "base64");
  }

  #call(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const sessionId = this.#session;
    (this.#child.stdio[3] as Writable).write(
      `${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`,
    );
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result = {}, error }) => {
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }

  #onMessage(answer: Answer): void {
    if (answer.id !== undefined) {
      this.#answers.get(answer.id)?.(answer);
      this.#answers.delete(answer.id);
    } else if (answer.method === "Page.loadEventFired") {
      for (const resolve of this.#loads) resolve();
      this.#loads.clear();
    }
  }
}
