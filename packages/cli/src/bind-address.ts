// Where to listen: settings and what systemd says in, a list of addresses out, each plain or secure. Pure but for the
// environment that is handed in.

import { parseAddress } from "@wsgi/core";
import { CommandError } from "./errors.ts";
import type { CommandSettings } from "./settings.ts";

export interface BindAddress {
  /** As core's `listen` takes it. */
  readonly address: string;
  /** Stays plain HTTP beside secure ones: it was given as `http://…`. */
  readonly plain: boolean;
}

/** The first descriptor that systemd hands over: sd_listen_fds(3). */
const FIRST_SYSTEMD_DESCRIPTOR = 3;

/** @throws {CommandError} */
export function bindAddresses(
  { bind, port }: Pick<CommandSettings, "bind" | "port">,
  env: NodeJS.ProcessEnv,
  pid: number,
): BindAddress[] {
  if (bind.length > 0) return bind.map(parseBind);
  const inherited = systemdDescriptors(env, pid);
  if (inherited.length > 0) return inherited;
  return [{ address: port === undefined ? "127.0.0.1:8000" : `:${port}`, plain: false }];
}

function parseBind(text: string): BindAddress {
  const [, scheme, address = text] = /^(https?):\/\/(.*?)\/?$/.exec(text) ?? [];
  return { address: checked("--bind", address, text), plain: scheme === "http" };
}

function checked(flag: string, address: string, text: string): string {
  try {
    parseAddress(address);
    return address;
  } catch (error) {
    throw new CommandError(`${flag}: expected an address such as ${EXAMPLES}, got ${JSON.stringify(text)}`, {
      cause: error,
    });
  }
}

const EXAMPLES = "127.0.0.1:8000, [::1]:8000, :8000, unix:/run/app.sock or fd://3";

function systemdDescriptors(env: NodeJS.ProcessEnv, pid: number): BindAddress[] {
  if (env["LISTEN_PID"] !== String(pid)) return [];
  const count = Number(env["LISTEN_FDS"]);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new CommandError(`LISTEN_FDS: expected how many sockets there are, got ${env["LISTEN_FDS"]}`);
  return Array.from({ length: count }, (_, index) => ({
    address: `fd://${FIRST_SYSTEMD_DESCRIPTOR + index}`,
    plain: false,
  }));
}

/** The address of the admin server: a bare port is of this machine only. @throws {CommandError} */
export function adminAddress(text: string): string {
  return checked("--admin", /^\d+$/.test(text) ? `127.0.0.1:${text}` : text, text);
}
