// What runs in the measuring process: one of its jobs, named by its arguments; the answer is a line of JSON.

import { CASES } from "./cases.ts";
import { countGrowth, timeGrowth } from "./growth.ts";
import { measure } from "./rounds.ts";

const [job, argument = ""] = process.argv.slice(2);

console.log(JSON.stringify(await answer()));

async function answer(): Promise<unknown> {
  if (job === "measure") return measure((CASES[argument] as (typeof CASES)[string])());
  return job === "count-growth" ? countGrowth(Number(argument)) : timeGrowth(Number(argument));
}
