// What became of a response, as Python's post hooks find it at `environ["wsgi.exchange"]`: an Exchange in, an object for JSON out,
// with Python's spelling. Pure.

import type { Exchange } from "@wsgi/core";

export function receiptOf(exchange: Exchange): object {
  const { startTime, firstByteTime, finishTime, error } = exchange;
  return {
    request_line: exchange.requestLine,
    status: exchange.status,
    headers: exchange.headers,
    body_bytes: exchange.bodyBytes,
    total_bytes: exchange.totalBytes,
    bytes_received: exchange.bytesReceived,
    /** Seconds, from the head of the request on. */
    first_byte_seconds: firstByteTime === undefined ? null : (firstByteTime - startTime) / 1000,
    seconds: (finishTime - startTime) / 1000,
    completed: exchange.completed,
    disconnect_phase: exchange.disconnectPhase ?? null,
    error: error === undefined ? null : String(error),
  };
}
