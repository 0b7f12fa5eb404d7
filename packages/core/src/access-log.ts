// The access log: an Extension like any other. One line for each response, in eventlet's format, after everything else.
// Exchange in, a line to the logger out.

import type { Header } from "./environ.ts";
import type { Exchange, Extension } from "./extension.ts";
import { type Logger, type LoggerLike, resolveLogger, SILENT, type WritableLike } from "./log.ts";
import { compileLogFormat } from "./log-format.ts";

export interface AccessLogOptions {
  readonly logFormat: string;
  readonly logXForwardedFor: boolean;
  /** `false` has been dealt with: there is no access log then. */
  readonly accessLog: boolean | LoggerLike | WritableLike;
}

export function accessLog(options: AccessLogOptions): Extension {
  let logger: Logger = SILENT;
  const format = compileLogFormat(options.logFormat);
  const clock = new LocalTime();
  return {
    name: "access log",
    onStart(server) {
      logger = typeof options.accessLog === "boolean" ? server.logger : resolveLogger(options.accessLog);
    },
    onResponded(exchange) {
      logger.info(
        format({
          client_ip: clientAddress(exchange, options.logXForwardedFor),
          client_port: exchange.endpoints.remotePort,
          date_time: clock.format(Date.now()),
          request_line: exchange.requestLine,
          status_code: exchange.status,
          body_length: exchange.bodyBytes,
          wall_seconds: (exchange.finishTime - exchange.startTime) / 1000,
        }),
      );
    },
  };
}

/** From the connection and the request's own headers: middleware may have put another address into the environ. */
function clientAddress({ endpoints, requestHeaders }: Exchange, logXForwardedFor: boolean): string {
  const { remoteAddress } = endpoints;
  if (!logXForwardedFor) return remoteAddress;
  let forwarded = "";
  for (let i = 0; i < requestHeaders.length; i++) {
    const [name, value] = requestHeaders[i] as Header;
    if (name.length !== FORWARDED_FOR.length || name.toLowerCase() !== FORWARDED_FOR) continue;
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
