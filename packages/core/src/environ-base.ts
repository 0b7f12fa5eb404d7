// What the environs of all requests have in common, made of the options once. Options and a logger in, an EnvironBase out.
// It knows nothing of a request.

import { type EnvironBase, type ErrorStream, REQUEST_KEYS } from "./environ.ts";
import { type FileWrapper, fileWrapper } from "./file-wrapper.ts";
import type { Logger } from "./log.ts";
import type { ServerOptions } from "./options.ts";

export function environBase(
  options: Pick<ServerOptions, "environ" | "minimumChunkSize">,
  logger: Logger,
): EnvironBase<FileWrapper> {
  const errors: ErrorStream = Object.freeze({
    write: (text: string) => logger.write(text),
    writelines: (lines: Iterable<string>) => {
      for (const line of lines) logger.write(line);
    },
    flush: () => {},
  });
  const extra = Object.entries(options.environ).filter(([key]) => !REQUEST_KEYS.has(key));
  return { errors, fileWrapper, minimumChunkSize: options.minimumChunkSize, extra };
}
