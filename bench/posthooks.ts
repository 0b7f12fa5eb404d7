// What post hooks cost: hello world without the extension, with it and no hook, and with one hook a request. The first two
// answer from the same program, so that nothing but the extension differs.
//
//   npx pnpm@10 build && node --import tsx bench/posthooks.ts [rounds] [seconds]

import { runPaired } from "./paired.ts";

const without = "without the extension";
const unused = "no hook";
const used = "one hook a request";

await runPaired(
  [
    [without, "posthooks.ts", "without"],
    [unused, "posthooks.ts", "unused"],
    [used, "posthooks.ts", "used"],
  ],
  [
    [unused, without],
    [used, without],
  ],
);
