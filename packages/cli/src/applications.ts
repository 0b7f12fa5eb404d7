// Everything that a run serves, as one application: APP, and what `--mount` puts under paths beside it. Settings in, a loaded
// application out.

import type { LoggerLike } from "@wsgi/core";
import { CommandError, messageOf } from "./errors.ts";
import { type LoadedApplication, loadApplication } from "./load-application.ts";
import { isPythonSpec, loadPython } from "./python-module.ts";
import type { Settings } from "./settings.ts";

/** A path and the APP that is served under it. */
export interface Mount {
  readonly path: string;
  readonly app: string;
}

/**
 * `/api=other.ts`
 *
 * @throws {CommandError}
 */
export function parseMount(text: string): Mount {
  const [, path, app] = /^(\/[^=]*)=(.+)$/s.exec(text) ?? [];
  if (path !== undefined && app !== undefined) return { path, app };
  throw new CommandError(`--mount: expected /path=APP, got ${JSON.stringify(text)}`);
}

/**
 * @param tracked whether files that are imported are to be known, for `--reload`
 * @throws {CommandError}
 */
export async function loadAll(
  settings: Settings & { readonly app: string },
  logger: LoggerLike,
  tracked = false,
): Promise<LoadedApplication> {
  const mounts = settings.mount.map(parseMount);
  const loads = [
    load(settings.app, settings.factory, settings, logger, tracked),
    ...mounts.map(({ app }) => load(app, false, settings, logger, tracked)),
  ];
  const results = await Promise.allSettled(loads);
  const loaded = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const close = async (): Promise<void> => void (await Promise.allSettled(loaded.map((one) => one.close())));
  try {
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    const [first, ...others] = loaded as [LoadedApplication, ...LoadedApplication[]];
    if (others.length === 0) return first;
    const { mount } = await import("@wsgi/middleware");
    const pairs = mounts.map(({ path }, i) => [path, (others[i] as LoadedApplication).application] as const);
    const application = mount({ "/": first.application, ...Object.fromEntries(pairs) });
    const files = async (): Promise<string[]> => (await Promise.all(loaded.map((one) => one.files()))).flat();
    return { application, kind: first.kind, files, close };
  } catch (error) {
    await close();
    throw error instanceof CommandError ? error : new CommandError(messageOf(error), { cause: error });
  }
}

function load(
  text: string,
  factory: boolean,
  settings: Settings,
  logger: LoggerLike,
  tracked: boolean,
): Promise<LoadedApplication> {
  const asked = settings.interface;
  if (asked === "python" || (asked === "auto" && isPythonSpec(text)))
    return loadPython(text, factory, settings, logger);
  return loadApplication(text, factory, asked === "auto" ? undefined : asked, tracked);
}
