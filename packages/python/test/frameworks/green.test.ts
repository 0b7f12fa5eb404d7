// Programs that eventlet or gevent has monkey-patched: the worker's threads are green threads of theirs, many requests wait at a time,
// and the program's own green threads go on meanwhile.

import { describe, expect, onTestFinished, test } from "vitest";
import { ask } from "./support/ask.ts";
import { pythonWith, titled } from "./support/pythons.ts";
import { ServedPython } from "./support/serve-python.ts";

describe.each([
  ["eventlet", "eventlet_green.py"],
  ["gevent", "gevent_green.py"],
])("%s", (module, app) => {
  const python = pythonWith(module);
  const need = `no Python here has ${module}: apt-get install python3-${module}`;
  const isThere = titled(`a program patched by ${module}`, python, need);

  describe.skipIf(!python)(isThere, () => {
    const serve = async (threads: number): Promise<ServedPython> => {
      const served = await ServedPython.start({ python: { app, python: python as string, threads } });
      onTestFinished(() => served[Symbol.asyncDispose]());
      return served;
    };
    const body = async ({ port }: ServedPython, path: string): Promise<string> =>
      String((await ask(port, { path })).body);

    test("runs as many requests at a time as it has green threads", async () => {
      const served = await serve(50);
      const answers = await Promise.all(Array.from({ length: 50 }, () => body(served, "/wait?50")));
      expect(answers).toEqual(Array.from({ length: 50 }, () => "50"));
      await served.application.close();
      expect(served.log).toContain("the program has ended\n");
    });

    test("has its own green threads run meanwhile, with one thread for requests", async () => {
      const served = await serve(1);
      expect(await body(served, "/ticks")).toBe("0");
      expect(await body(served, "/ticks")).toBe("0");
    });

    test("reads and streams bodies", async () => {
      const { port } = await serve(2);
      const sent = Buffer.alloc(1_000_000, "green");
      const answers = await Promise.all([1, 2, 3].map(() => ask(port, { method: "POST", path: "/echo", body: sent })));
      for (const answer of answers) expect(answer.body.equals(sent)).toBe(true);
    });
  });
});
