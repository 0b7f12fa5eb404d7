// Runs faults against one server, each with a client of its own over a real socket, and then asks what must be so whatever went
// wrong: one exchange, one access line, the lines that were expected and no other, nothing left, and the next client is served.

import { expect } from "vitest";
import { type Application, type Exchange, listen, type Options, type Server, server } from "../../src/index.ts";
import { answersIn } from "../support/answers.ts";
import { Client } from "../support/client.ts";
import { turn, until } from "../support/until.ts";
import type { Fault } from "./fault.ts";

const ACCESS = /^access /;

export class FaultServer {
  readonly server: Server;
  readonly log: string[] = [];
  readonly exchanges: Exchange[] = [];
  /** What nobody caught. */
  readonly alarms: unknown[] = [];
  /** The fault that is tried. */
  #application: Application | undefined = undefined;
  readonly #alarm = (reason: unknown): void => void this.alarms.push(reason);

  constructor(options: Options = {}) {
    const record = (line: string): void => void this.log.push(line);
    this.server = server(listen(["127.0.0.1", 0]), (environ, startResponse) => this.#answer(environ, startResponse), {
      log: { info: record, debug: () => {}, error: record },
      logFormat: "access %(request_line)s %(status_code)s",
      ...options,
      extensions: [{ name: "recorder", onResponded: (exchange) => this.exchanges.push(exchange) }],
    });
    process.on("unhandledRejection", this.#alarm);
    process.on("uncaughtException", this.#alarm);
  }

  readonly #answer: Application = (environ, startResponse) => {
    if (environ.PATH_INFO === "/fault") return (this.#application as Application)(environ, startResponse);
    startResponse("200 OK", []);
    return ["the next one"];
  };

  async connect(): Promise<Client> {
    await this.server.ready;
    return await Client.connect(this.server.addresses[0]?.port as number);
  }

  async close(): Promise<void> {
    await this.server.close({ timeout: 0 });
    process.off("unhandledRejection", this.#alarm);
    process.off("uncaughtException", this.#alarm);
  }

  async try(fault: Fault): Promise<void> {
    await this.server.ready;
    this.log.length = this.exchanges.length = this.alarms.length = 0;
    let called = false;
    this.#application = (environ, startResponse) => {
      called = true;
      return fault.application(environ, startResponse);
    };
    const client = await this.connect();
    client.send(`${fault.method ?? "GET"} /fault HTTP/1.1\r\nHost: a\r\n\r\n`);
    if (fault.leavesAfter === undefined) await this.#expectAnswer(fault, client);
    else {
      await until(() => called);
      if (fault.leavesAfter !== "") await client.receive(fault.leavesAfter);
    }
    client.reset();
    await until(() => this.server.counters.connections === 0 && this.log.length > fault.operator.length);
    await turn();
    await this.#expectNext();
    this.#expectAccount(fault);
  }

  /** Its answer is what it has to be, and the connection serves on or has ended. */
  async #expectAnswer({ client: seen, method = "GET" }: Fault, client: Client): Promise<void> {
    if (seen === "incomplete") {
      expect(answersIn(await client.end(), method)).toMatchObject([{ status: 200, complete: false }]);
      return;
    }
    await until(() => client.ended || /\r\n\r\n/.test(client.received));
    client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    const text = await client.receive(/the next one(\r\n0\r\n\r\n)?$/);
    const [answer, next, ...more] = answersIn(text, method);
    expect(answer).toMatchObject({ complete: true });
    if (seen === "page") expect(answer).toMatchObject({ status: 500, body: "" });
    else expect(String(answer?.status)).toMatch(/^20[04]$/);
    expect(next).toMatchObject({ status: 200, body: "the next one" });
    expect(more).toEqual([]);
  }

  async #expectNext(): Promise<void> {
    const client = await this.connect();
    client.send("GET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(await client.end()).toMatch(/\r\n\r\nthe next one$/);
    client.leave();
    await until(() => this.server.counters.connections === 0);
  }

  #expectAccount({ operator, client, hasError, phase, ...rest }: Fault): void {
    expect(this.alarms).toEqual([]);
    const told = this.log.filter((line) => !ACCESS.test(line));
    expect(told).toEqual(operator.map((pattern) => expect.stringMatching(pattern)));
    const lines = this.log.filter((line) => ACCESS.test(line) && line.includes(" /fault "));
    expect(lines).toHaveLength(1);
    const [exchange, ...others] = this.exchanges.filter(({ requestLine }) => requestLine.includes(" /fault "));
    expect(others).toEqual([]);
    expect(exchange?.completed).toBe(client !== "incomplete" && rest.leavesAfter === undefined);
    expect(exchange?.disconnectPhase).toBe(phase);
    expect(exchange?.error !== undefined).toBe(hasError);
    if ("error" in rest) expect(exchange?.error).toBe(rest.error);
  }
}
