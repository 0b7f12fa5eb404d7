// Applications and extensions of these tests see the environ that post hooks give them; core's source, which the tests run,
// does not know of it. The casts between the two.

import type { Application, Extension } from "@wsgi/core";
import type * as core from "../../../core/src/index.ts";

export function forCore(application: Application): core.Application {
  return application as unknown as core.Application;
}

export function extensionForCore(extension: Extension): core.Extension {
  return extension as unknown as core.Extension;
}
