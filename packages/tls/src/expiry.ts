// What the operator is told about the end of certificates: a Certificate and the time in, a notice out, or none. Pure.

import type { Certificate } from "./certificate.ts";

const DAY = 24 * 60 * 60 * 1000;
/** How long before the end warnings begin. certbot renews 30 days before it, so something has failed by then. */
const WARNING_DAYS = 14;

export interface ExpiryNotice {
  readonly level: "warn" | "error";
  readonly text: string;
}

/** @param now milliseconds since the epoch */
export function expiryNotice({ label, validFrom, expiresAt }: Certificate, now: number): ExpiryNotice | undefined {
  const end = expiresAt.toISOString();
  if (expiresAt.getTime() <= now) {
    return { level: "error", text: `the certificate ${label} expired on ${end}: clients refuse it` };
  }
  if (validFrom.getTime() > now) {
    return { level: "error", text: `the certificate ${label} is not valid before ${validFrom.toISOString()}` };
  }
  const left = (expiresAt.getTime() - now) / DAY;
  if (left > WARNING_DAYS) return undefined;
  const days = Math.floor(left);
  const when = days === 0 ? "within a day" : days === 1 ? "in a day" : `in ${days} days`;
  return { level: "warn", text: `the certificate ${label} expires ${when}, on ${end}` };
}
