// The access log: an Extension like any other. One line for each response, in eventlet's format, after everything else.
// Exchange in, a line to the logger out: at once where each goes alone; to a stream, together with all lines of this turn of the
// event loop. A line made alone costs twice as much, and a write of its own more than all else.

import type { Header } from "./environ.ts";
import type { Exchange, Extension } from "./extension.ts";
import { type LoggerLike, resolveLogger, type ServerLogger, type WritableLike } from "./log.ts";
import { compileLogFormat, type LogFormat, type LogValues } from "./log-format.ts";
import { LogText } from "./log-text.ts";
import { atTurnEnd } from "./turn-end.ts";

export interface AccessLogOptions {
  readonly logFormat: string;
  readonly logXForwardedFor: boolean;
  /** `false` has been dealt with: there is no access log then. */
  readonly accessLog: boolean | LoggerLike | WritableLike;
}

/** Longer text is written before the turn ends. */
const BATCH_BYTES = 16 * 1024;

/** @param serverLogger where lines go when `accessLog` does not say */
export function accessLog(options: AccessLogOptions, serverLogger: ServerLogger): Extension {
  const { accessLog: own, logFormat, logXForwardedFor } = options;
  const logger = typeof own === "boolean" ? serverLogger : resolveLogger(own);
  const lines = new AccessLines(logger, logFormat, logXForwardedFor);
  const writeAll = (): void => lines.writeAll();
  return {
    name: "access log",
    onResponded(exchange) {
      if (logger.writeLines === undefined) lines.writeOne(exchange);
      else if (lines.add(exchange) === 1) atTurnEnd(writeAll);
    },
    onClose: writeAll,
  };
}

class AccessLines {
  readonly #logger: ServerLogger;
  readonly #format: LogFormat;
  readonly #logXForwardedFor: boolean;
  readonly #text = new LogText();
  readonly #clock = new LocalTime();
  /** The responses of this turn. */
  #exchanges: Exchange[] = [];
  /** Of the line that is made. */
  readonly #values: LogValues = {
    client_ip: "",
    client_port: "",
    date_time: "",
    request_line: "",
    status_code: 0,
    body_length: 0,
    wall_seconds: 0.5, // from the beginning a number with a fraction, for V8
  };

  constructor(logger: ServerLogger, template: string, logXForwardedFor: boolean) {
    this.#logger = logger;
    this.#format = compileLogFormat(template);
    this.#logXForwardedFor = logXForwardedFor;
  }

  /** Keeps it for `writeAll`; returns how many are kept. */
  add(exchange: Exchange): number {
    return this.#exchanges.push(exchange);
  }

  writeAll(): void {
    const exchanges = this.#exchanges;
    if (exchanges.length === 0) return;
    this.#exchanges = [];
    this.#values.date_time = this.#clock.format(Date.now());
    for (let i = 0; i < exchanges.length; i++) {
      this.#put(exchanges[i] as Exchange);
      if (this.#text.length >= BATCH_BYTES) this.#logger.writeLines?.(this.#text.take());
    }
    if (this.#text.length > 0) this.#logger.writeLines?.(this.#text.take());
  }

  /** Alone: a logger ends the line itself. */
  writeOne(exchange: Exchange): void {
    this.#values.date_time = this.#clock.format(Date.now());
    this.#put(exchange);
    this.#logger.info(this.#text.take().slice(0, -1));
  }

  #put(exchange: Exchange): void {
    const values = this.#values;
    values.client_ip = clientAddress(exchange, this.#logXForwardedFor);
    values.client_port = exchange.endpoints.remotePort;
    values.request_line = exchange.requestLine;
    values.status_code = exchange.status;
    values.body_length = exchange.bodyBytes;
    values.wall_seconds = (exchange.finishTime - exchange.startTime) / 1000;
    this.#format(values, this.#text);
  }
}

/** From the connection and the request's own headers: middleware may have put another address into the environ. */
function clientAddress({ endpoints, requestHeaders }: Exchange, logXForwardedFor: boolean): string {
  const { remoteAddress } = endpoints;
  if (!logXForwardedFor) return remoteAddress;
  let forwarded = "";
  for (let i = 0; i < requestHeaders.length; i++) {
    const header = requestHeaders[i] as Header;
    if (header[0].length !== FORWARDED_FOR.length || header[0].toLowerCase() !== FORWARDED_FOR) continue;
    const value = header[1];
    if (value !== "") forwarded += `${value.replaceAll(" ", "")},`;
  }
  return forwarded === "" ? remoteAddress : forwarded + remoteAddress;
}

const FORWARDED_FOR = "x-forwarded-for";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** eventlet's `06/Nov/1994 08:49:37`, in local time, made once a second. */
class LocalTime {
  #second = -1;
  #text = "";

  format(now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      const date = new Date(now);
      const two = (n: number): string => String(n).padStart(2, "0");
      const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
      this.#text = `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
      this.#second = second;
    }
    return this.#text;
  }
}
