// What is put off to the end of a turn: called once, in its order, in the same turn, and before the process ends.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { atTurnEnd } from "../src/turn-end.ts";

test("calls back once, in order, and what is asked for meanwhile before anything else of the next turn", async () => {
  const calls: string[] = [];
  atTurnEnd(() => {
    calls.push("first");
    atTurnEnd(() => calls.push("asked for meanwhile"));
  });
  atTurnEnd(() => calls.push("second"));
  setImmediate(() => calls.push("asked for after them"));
  expect(calls).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(calls).toEqual(["first", "second", "asked for meanwhile", "asked for after them"]);
  atTurnEnd(() => calls.push("of another turn"));
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls.at(-1)).toBe("of another turn");
});

test("calls back when the process ends in that turn", async () => {
  const file = join(import.meta.dirname, "../src/turn-end.ts");
  const program = `const { atTurnEnd } = await import(${JSON.stringify(file)});
    atTurnEnd(() => { process.stdout.write("one "); atTurnEnd(() => process.stdout.write("two")); });
    process.exit();`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", program],
    {
      cwd: join(import.meta.dirname, ".."),
    },
  );
  expect(stdout).toBe("one two");
});
