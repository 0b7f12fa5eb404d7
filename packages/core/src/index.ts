// What `@wsgi/core` offers. Nothing inside the package imports this file.

export { type Address, type ListenAddress, parseAddress, showAddress } from "./address.ts";
export type { ConnectionInfo, DisconnectPhase } from "./connection-info.ts";
export { formatDateTime } from "./date.ts";
export type { Endpoints, ErrorStream, Header } from "./environ.ts";
export {
  ClientDisconnected,
  ListenError,
  PROTOCOL_ERRORS,
  ProtocolError,
  type ProtocolErrorCode,
  USAGE_ERRORS,
  UsageError,
  type UsageErrorCode,
} from "./errors.ts";
export type { Exchange, Extension, ServerInfo } from "./extension.ts";
export type { Field } from "./fields.ts";
export type { FileBody, FileLike, FileWrapper } from "./file-wrapper.ts";
export { type Gateway, type GatewayOptions, type GatewayRun, gateway } from "./gateway.ts";
export type { GatewayRequest, GatewayResponse } from "./gateway-types.ts";
export type { Input } from "./input.ts";
export { listenError } from "./listen-error.ts";
export {
  type BoundAddress,
  type ConnectionFacts,
  type Listener,
  type ListenerHandlers,
  type ListenOptions,
  listen,
} from "./listener.ts";
export type { Logger, LoggerLike, WritableLike } from "./log.ts";
export { logRecord } from "./log-record.ts";
export { DEFAULT_LOG_FORMAT, DEFAULT_OPTIONS, OPTION_TABLE, type OptionRow } from "./option-table.ts";
export type { ConnectionPool, Options } from "./options.ts";
export { Pool } from "./pool.ts";
export { server } from "./server.ts";
export type { CloseOptions, CloseReport, Server, ServerCounters } from "./server-types.ts";
export type { Application, Body, Environ, Item, StartResponse, Write } from "./types.ts";
