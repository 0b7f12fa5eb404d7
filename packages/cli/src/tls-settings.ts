// The settings that become options of `wrapSsl()`. Origins and what only a config file can hold in; the options out, or
// nothing when nothing asks for TLS; a CommandError where plain HTTP would be served in silence. It reads no file.

import type { CertificateOptions, WrapSslOptions } from "@wsgi/tls";
import { CommandError } from "./errors.ts";
import { called, isGiven, type Origin } from "./origin.ts";
import { SETTING_TABLE } from "./setting-table.ts";

/** Keys of a config file that go to `wrapSsl()` as they are. */
export const CONFIG_ONLY_TLS = ["certificates", "sniCallback", "secureContext", "ticketKeys", "alpnProtocols"] as const;

/** @throws {CommandError} naming the setting as whoever gave it called it */
export function tlsOptions(
  origins: ReadonlyMap<string, Origin>,
  config: Readonly<Record<string, unknown>>,
  { selfSigned, bind }: { readonly selfSigned: boolean; readonly bind: readonly string[] },
): WrapSslOptions | undefined {
  const list = (name: string): readonly string[] => origins.get(name)?.value as readonly string[];
  const certfiles = list("certfile");
  const keyfiles = list("keyfile");
  if (selfSigned && (certfiles.length > 0 || config["certificates"] !== undefined)) {
    throw new CommandError("--self-signed: expected no certificate beside it");
  }
  if (!selfSigned && certfiles.length === 0 && CONFIG_ONLY_TLS.every((name) => config[name] === undefined)) {
    const useless = SETTING_TABLE.find(({ name, owner }) => owner === "tls" && isGiven(origins.get(name)));
    const secure = bind.find((address) => address.startsWith("https:"));
    if (useless === undefined && secure === undefined) return undefined;
    const what = useless === undefined ? `--bind ${secure}` : called(useless, origins);
    throw new CommandError(`${what}: expected --certfile or --self-signed beside it`); // never plain HTTP in silence
  }
  if (keyfiles.length > 0 && keyfiles.length !== certfiles.length) {
    throw new CommandError(
      `--keyfile: expected as many as there are --certfile (${certfiles.length}), or none when the keys are in them; got ${keyfiles.length}`,
    );
  }
  const options: Record<string, unknown> = {};
  for (const { name, owner, option, isList } of SETTING_TABLE) {
    const value = origins.get(name)?.value;
    if (owner !== "tls" || option === "certfile" || option === "keyfile" || option === "password") continue;
    if (value !== undefined && !(isList && (value as unknown[]).length === 0)) options[option] = value;
  }
  for (const name of CONFIG_ONLY_TLS) if (config[name] !== undefined) options[name] = config[name];
  const password = origins.get("keyPassword")?.value as string | undefined;
  // The first one as options of its own, not as one of several: then messages call it what the flag is called.
  const [first, ...others] = certfiles.map((certfile, index): CertificateOptions => {
    const keyfile = keyfiles[index];
    return { certfile, ...(keyfile !== undefined && { keyfile }), ...(password !== undefined && { password }) };
  });
  const more = [...others, ...((config["certificates"] as CertificateOptions[] | undefined) ?? [])];
  return { ...options, ...first, ...(more.length > 0 && { certificates: more }) } as WrapSslOptions;
}
