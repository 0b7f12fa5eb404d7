// What the processes of one address have in common for TLS: the keys of session tickets, or a client that comes to another
// worker would begin anew; and the certificate of --self-signed, or each worker would show another one. Made once and handed
// to workers, and to the program after this one, over Node's channel between processes: never by a command line, by the
// environment or by a file. What a user gave goes before all of it.
//
// Whoever learns the keys of tickets can read what was recorded of sessions in TLS 1.2, so they do not live long. The old ones
// are forgotten: a session from before is not resumed, which costs its client one full handshake.

import { randomBytes } from "node:crypto";
import { type SelfSignedCertificate, selfSigned, type WrapSslOptions } from "@wsgi/tls";
import type { Settings } from "./settings.ts";

/** As it goes from process to process. */
export interface TlsSecrets {
  /** In base64. */
  readonly ticketKeys: string;
  /** Milliseconds since the epoch. */
  readonly ticketKeysMadeAt: number;
  readonly selfSigned?: SelfSignedCertificate & { readonly madeAt: number };
}

/** As for Caddy; Go takes a day. */
const TICKET_KEYS_LIFE_MILLISECONDS = 12 * 60 * 60 * 1000;
/** The certificate is valid for 30 days: whoever reads settings again later than this gets a new one. */
const SELF_SIGNED_LIFE_MILLISECONDS = 15 * 24 * 60 * 60 * 1000;

export class TlsSecretsKeeper {
  #secrets: TlsSecrets;
  readonly #ticketKeysLife: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param inherited those of the program before this one */
  constructor(inherited?: TlsSecrets, ticketKeysLife = TICKET_KEYS_LIFE_MILLISECONDS) {
    this.#secrets = inherited ?? freshTicketKeys();
    this.#ticketKeysLife = ticketKeysLife;
  }

  get current(): TlsSecrets {
    return this.#secrets;
  }

  /** Makes what settings need and there is not yet. @throws {TlsError} when no certificate can be made */
  async prepare({ selfSigned: isWanted }: Pick<Settings, "selfSigned">): Promise<void> {
    const { madeAt = 0 } = this.#secrets.selfSigned ?? {};
    if (!isWanted || Date.now() - madeAt < SELF_SIGNED_LIFE_MILLISECONDS) return;
    const made = { ...(await selfSigned()), madeAt: Date.now() };
    this.#secrets = { ...this.#secrets, selfSigned: made };
  }

  /** From now on keys of tickets are replaced when they are old, and somebody is told. */
  rotate(onRotated: (secrets: TlsSecrets) => void): void {
    const age = Date.now() - this.#secrets.ticketKeysMadeAt;
    this.#timer = setTimeout(
      () => {
        this.#secrets = { ...this.#secrets, ...freshTicketKeys() };
        onRotated(this.#secrets);
        this.rotate(onRotated);
      },
      Math.max(0, this.#ticketKeysLife - age),
    ).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

function freshTicketKeys(): TlsSecrets {
  return { ticketKeys: randomBytes(48).toString("base64"), ticketKeysMadeAt: Date.now() };
}

export function ticketKeysOf({ ticketKeys }: TlsSecrets): Buffer {
  return Buffer.from(ticketKeys, "base64");
}

/** The options of `wrapSsl()` with what a user did not give; undefined when nothing asks for TLS. */
export async function withSecrets(
  { tls, selfSigned: isSelfSigned }: Settings,
  secrets: TlsSecrets | undefined,
): Promise<WrapSslOptions | undefined> {
  if (tls === undefined) return undefined;
  const pair = isSelfSigned ? (secrets?.selfSigned ?? (await selfSigned())) : undefined;
  return {
    ...(secrets !== undefined && { ticketKeys: ticketKeysOf(secrets) }),
    ...tls,
    ...(pair !== undefined && { cert: pair.cert, key: pair.key }),
  };
}
