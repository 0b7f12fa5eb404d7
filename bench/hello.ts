// Hello world against node:http and the floor of a bare socket.
//
//   npx pnpm@10 bench [rounds] [seconds]

import { runPaired } from "./paired.ts";

const ours = "@wsgi/core";
const theirs = "node:http";
const floor = "bare socket";

await runPaired(
  [
    [ours, "wsgi.ts"],
    [theirs, "node-http.ts"],
    [floor, "bare-socket.ts"],
  ],
  [
    [ours, theirs],
    [ours, floor],
    [floor, theirs],
  ],
);
