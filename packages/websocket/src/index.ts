// What `@wsgi/websocket` offers. Nothing inside the package imports this file.

export { ConnectedSocket, type Message } from "./connected-socket.ts";
export { WEBSOCKET_ERRORS, type WebSocketErrorCode, WebSocketUsageError } from "./errors.ts";
export {
  type CheckOrigin,
  type ChooseProtocol,
  DEFAULT_WEBSOCKET_OPTIONS,
  WEBSOCKET_OPTION_TABLE,
  type WebSocketOptionRow,
  type WebSocketOptions,
} from "./options.ts";
export { type WebSocketHandler, websocket } from "./websocket.ts";
