// An application for the command that costs BUSY_TIMES times a hash of 4 KiB; run as a program it prints how many of them take
// a millisecond of processor time.

import { createHash } from "node:crypto";

const work = Buffer.alloc(4096, 1);

function run(times) {
  for (let i = 0; i < times; i++) createHash("sha256").update(work).digest();
}

const times = Number(process.env.BUSY_TIMES);

export const application = (_environ, startResponse) => {
  run(times);
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["done\r\n"];
};

if (process.argv[1]?.endsWith("busy.mjs")) {
  run(2000); // warm up
  const { user, system } = process.cpuUsage();
  run(20_000);
  const after = process.cpuUsage();
  console.log(Math.round(20_000 / ((after.user + after.system - user - system) / 1000)));
}
