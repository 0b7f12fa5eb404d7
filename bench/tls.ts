// HTTPS against node:https and the floor of a bare node:tls socket: requests over keep-alive connections, then a
// full handshake for each request. All have the same certificate (P-256).
//
//   npx pnpm@10 build && node --import tsx bench/tls.ts [rounds] [seconds]

import { selfSigned } from "@wsgi/tls";
import { type Contestant, runPaired } from "./paired.ts";

const ours = "@wsgi/tls";
const theirs = "node:https";
const floor = "bare socket";
const pairs = [
  [ours, theirs],
  [ours, floor],
  [floor, theirs],
] as const;

const { cert, key } = await selfSigned();
function contestants(...how: string[]): Contestant[] {
  return [
    [ours, "tls-wsgi.ts", cert, key, ...how],
    [theirs, "tls-node-https.ts", cert, key, ...how],
    [floor, "tls-bare-socket.ts", cert, key, ...how],
  ];
}

console.log("\nRequests over keep-alive connections");
await runPaired(contestants(), pairs, { scheme: "https", reconnect: false });
console.log("\nA connection and a full handshake for each request");
await runPaired(contestants("full"), pairs, { scheme: "https", reconnect: true });
