// The authority of a request: `uri-host [ ":" port ]`, RFC 9110 §7.2 and RFC 3986 §3.2.
// Text in, true or false out. Knows the grammar only; who must send a Host is request-head.ts's business.

import { every, HEX_VALUE, IP_LITERAL, isDigits, REG_NAME } from "./grammar.ts";

/** Whether a Host value or an authority is `host`, `host:port`, `[v6]` or `[v6]:port`. The empty host is valid. */
export function isHost(value: string): boolean {
  if (value.startsWith("[")) {
    const closing = value.indexOf("]");
    return closing > 0 && isIpLiteral(value.slice(1, closing)) && isPortSuffix(value.slice(closing + 1));
  }
  const colon = value.indexOf(":");
  const name = colon < 0 ? value : value.slice(0, colon);
  return every(REG_NAME, name) && percentPairsComplete(name) && (colon < 0 || isPortSuffix(value.slice(colon)));
}

/** IPvFuture, or IPv6address with a zone (RFC 6874). */
function isIpLiteral(inside: string): boolean {
  if (!every(IP_LITERAL, inside)) return false;
  if (/^v[0-9a-f]+\.[^%]+$/i.test(inside)) return true;
  const [address, zone, ...more] = inside.split("%25");
  return isIpv6(address as string) && zone !== "" && !zone?.includes("%") && more.length === 0;
}

const IPV4_AT_END = /(?<=:)(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Eight groups of hexadecimal digits, the last two also as IPv4; `::` stands for one group or more. */
function isIpv6(address: string): boolean {
  const [before, after, ...more] = address.replace(IPV4_AT_END, "0:0").split("::");
  const count = groupCount(before as string);
  if (after === undefined) return count === 8;
  return count + groupCount(after) < 8 && more.length === 0;
}

/** NaN when one is not a group. */
function groupCount(groups: string): number {
  if (groups === "") return 0;
  const list = groups.split(":");
  return list.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? list.length : Number.NaN;
}

/** A port may be empty (`host:`), RFC 3986 §3.2.3, and is at most 65535. */
function isPortSuffix(suffix: string): boolean {
  if (suffix === "" || suffix === ":") return true;
  const port = suffix.slice(1);
  return suffix.startsWith(":") && isDigits(port) && port.length <= 5 && Number(port) <= 65535;
}

function percentPairsComplete(name: string): boolean {
  for (let i = name.indexOf("%"); i >= 0; i = name.indexOf("%", i + 1)) {
    if (HEX_VALUE[name.charCodeAt(i + 1)] === 255 || HEX_VALUE[name.charCodeAt(i + 2)] === 255) return false;
    if (i + 2 >= name.length) return false;
  }
  return true;
}
