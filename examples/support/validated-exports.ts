// What an example gets as @wsgi/core and @wsgi/node under validated.mjs: all of both, and a validator around every application.

import * as core from "@wsgi/core";
import { validator } from "@wsgi/middleware";
import * as node from "@wsgi/node";

// biome-ignore lint/performance/noReExportAll: whatever an example may want
export * from "@wsgi/core";
// biome-ignore lint/performance/noReExportAll: the same
export * from "@wsgi/node";

export const server: typeof core.server = (listeners, application, options) =>
  core.server(listeners, validator(application), options);

export const toNodeListener: typeof node.toNodeListener = (application, options) =>
  node.toNodeListener(validator(application), options);
