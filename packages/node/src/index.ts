// What `@wsgi/node` offers. Nothing inside the package imports this file.

export { NODE_ADAPTER_ERRORS, NodeAdapterError, type NodeAdapterErrorCode } from "./errors.ts";
export {
  type FromNodeOptions,
  fromNodeListener,
  type NodeListener,
  type UpgradeListener,
} from "./from-node-listener.ts";
export { environOf } from "./incoming.ts";
export { toNodeListener, type WsgiListener } from "./to-node-listener.ts";
