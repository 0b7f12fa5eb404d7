// Runs an application on a server that is not this one, such as node:http or a Fetch handler: what PEP 3333 calls a gateway.
// A request that another server has read and a way out for its response in; calls of the application by every rule that holds
// on the server of this package, out. It owns no connection: who has it says when its client is gone.

import { ConnectionLog } from "./connection-log.ts";
import { buildEnviron } from "./environ.ts";
import { environBase } from "./environ-base.ts";
import { show, UsageError } from "./errors.ts";
import { ExchangeRecord } from "./exchange-record.ts";
import { GatewayBody } from "./gateway-body.ts";
import type { GatewayRequest, GatewayResponse } from "./gateway-types.ts";
import { GatewayWriter } from "./gateway-writer.ts";
import { Input } from "./input.ts";
import { resolveLogger, SILENT } from "./log.ts";
import type { Options } from "./options.ts";
import { decodePercent } from "./percent.ts";
import type { RequestHead } from "./request-head.ts";
import { RequestRun, type RunHost } from "./request-run.ts";
import { resolveOptions } from "./resolve-options.ts";
import { ResponseHeadEncoder } from "./response-head.ts";
import type { Application, Environ } from "./types.ts";

const GATEWAY_OPTIONS = ["log", "logOutput", "environ", "debug", "minimumChunkSize"] as const;

/** What of the options of `server()` means something on another server. */
export type GatewayOptions = Pick<Options, (typeof GATEWAY_OPTIONS)[number]>;

/** An application at work on one request. */
export interface GatewayRun {
  readonly environ: Environ;
  /** Resolves when the response is over, however it ended; it never rejects. */
  readonly done: Promise<void>;
  /**
   * The client is gone: nothing more is sent, reads reject with the reason, `wsgi.signal` fires, and the body is closed.
   * Without effect once the response is over.
   */
  cancel(reason: Error): void;
}

/** Calls the application for one request. */
export type Gateway = (request: GatewayRequest, response: GatewayResponse) => GatewayRun;

/**
 * Prepares an application to be run on another server.
 *
 * @throws {UsageError} when an option or the application is not what it has to be
 */
export function gateway(application: Application, options: GatewayOptions = {}): Gateway {
  if (typeof application !== "function") throw new UsageError("BAD_APPLICATION", `got ${show(application)}`);
  const resolved = resolveOptions(options);
  const foreign = Object.keys(options).find((name) => !(GATEWAY_OPTIONS as readonly string[]).includes(name));
  if (foreign !== undefined) throw new UsageError("BAD_OPTION", `${foreign} is for server(); this is another server`);
  const logger = resolved.logOutput ? resolveLogger(resolved.log) : SILENT;
  const base = environBase(resolved, logger);
  const encoder = new ResponseHeadEncoder(false);

  return (request, response) => {
    const { method, scriptName = "", path, query, minorVersion, fields, host, endpoints } = request;
    const fullPath = scriptName + path;
    const target = query === undefined ? fullPath : `${fullPath}?${query}`;
    const version = `HTTP/1.${minorVersion}`;
    const head = {
      requestLine: `${method} ${target} ${version}`,
      method,
      target,
      path: fullPath,
      query,
      version,
      minorVersion,
      fields,
      host,
    };
    const record = new ExchangeRecord(head as RequestHead, endpoints, performance.now(), 0);
    const writer = new GatewayWriter(method, record, response, encoder);
    const body = new GatewayBody(request, writer);
    const input = new Input(body);
    body.input = input;
    const environ = buildEnviron(head, endpoints, base, {
      input,
      earlyHints: earlyHints(request, writer),
      setIdle: () => {},
      facts: request.facts ?? [],
    }) as Environ;
    if (scriptName !== "") {
      environ.SCRIPT_NAME = decodePercent(scriptName);
      environ.PATH_INFO = decodePercent(path);
    }
    record.environ = environ;

    let isOver = false;
    let resolveDone!: () => void;
    const done = new Promise<void>((resolve) => {
      resolveDone = resolve;
    });
    const finish = (): void => {
      isOver = true;
      body.over = true;
      input.close();
      resolveDone();
    };
    const hostOfRun: RunHost<GatewayWriter> = {
      transport: writer,
      log: new ConnectionLog(logger, endpoints),
      get taken() {
        return body.taken;
      },
      onDone: finish,
      onBroken: (run) => {
        finish();
        response.breakOff(run.record.error);
      },
    };
    const run = new RequestRun(record, writer, environ, application, hostOfRun, resolved.debug);
    run.start();
    return {
      environ,
      done,
      cancel(reason) {
        if (isOver) return;
        input.fail(reason);
        input.abort(reason);
        run.cancel(reason, !body.taken);
        finish();
      },
    };
  };
}

function earlyHints(
  { sendEarlyHints }: GatewayRequest,
  writer: GatewayWriter,
): ((headers: Iterable<readonly [string, string]>) => void) | undefined {
  if (sendEarlyHints === undefined) return undefined;
  return (headers) => {
    if (writer.headSent) throw new UsageError("INTERIM_TOO_LATE");
    sendEarlyHints(writer.interim(headers));
  };
}
