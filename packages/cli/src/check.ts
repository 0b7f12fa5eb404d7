// `--check`: loads and checks everything that serving would, and serves nothing. Settings in, what was found out.

import { adminAddress, bindAddresses } from "./bind-address.ts";
import { loadApplication } from "./load-application.ts";
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
  await loadApplication(settings.app, settings.factory);
  return `${settings.app}: the application, ${settings.tls === undefined ? "" : "the certificates "}and the settings are good\n`;
}
