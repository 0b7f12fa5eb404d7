// `--check`: loads and checks everything that serving would, and serves nothing. Settings in, what was found out.

import { accessSync, closeSync, constants, existsSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { loadAll } from "./applications.ts";
import { adminAddress, bindAddresses } from "./bind-address.ts";
import { CommandError, messageOf } from "./errors.ts";
import { checkUser } from "./privileges.ts";
import { makeListeners } from "./serving.ts";
import type { Settings } from "./settings.ts";

/** @throws what serving would throw */
export async function checkAll(settings: Settings & { readonly app: string }): Promise<string> {
  const addresses = bindAddresses({ bind: ["127.0.0.1:0"], port: undefined }, process.env, process.pid);
  const listeners = await makeListeners(settings, addresses); // reads certificates and keys
  await Promise.all(listeners.map((listener) => listener.close()));
  bindAddresses(settings, process.env, process.pid);
  if (settings.admin !== undefined) adminAddress(settings.admin);
  if (settings.user !== undefined) checkUser(settings.user);
  for (const [flag, file] of [
    ["--access-log", settings.accessLog],
    ["--error-log", settings.errorLog],
  ] as const) {
    if (file !== "-" && file !== "off") checkWritable(flag, file, existingFolder(dirname(resolve(file))));
  }
  if (settings.pid !== undefined) checkWritable("--pid", settings.pid, dirname(resolve(settings.pid)));
  const loaded = await loadAll(settings, TO_STANDARD_ERROR);
  await loaded.close();
  return `${settings.app}: the application${settings.tls === undefined ? "" : ", the certificates"} and the settings are good\n`;
}

const toStandardError = (line: string): void => void process.stderr.write(`${line}\n`);
/** What the processes of an application say while it is loaded. */
const TO_STANDARD_ERROR = { info: toStandardError, debug: toStandardError };

/**
 * Changes nothing: a file that is not there is not made, and one that is there is not cut.
 *
 * @param folder where it would be made
 * @throws {CommandError}
 */
function checkWritable(flag: string, file: string, folder: string): void {
  try {
    // A pipe that nobody reads is to be an error here, and not to wait for its reader.
    if (existsSync(file)) closeSync(openSync(file, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK));
    else if (!statSync(folder).isDirectory()) throw new Error(`${folder} is no folder`);
    else accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new CommandError(`${flag}: cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Folders that are missing are made for logs. */
function existingFolder(folder: string): string {
  return existsSync(folder) ? folder : existingFolder(dirname(folder));
}
