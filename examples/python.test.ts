import { once } from "node:events";
import net from "node:net";
import { expect, test } from "vitest";
import { pythonWith, pythonWithout, titled } from "../packages/python/test/frameworks/support/pythons.ts";
import { curl, runExample } from "./support/program.ts";

const python = pythonWith("sys");
test.skipIf(!python)(
  titled(
    "python.ts serves Python and JavaScript side by side, and runs post hooks in Python",
    python,
    "there is no python3",
  ),
  async () => {
    const { url, program } = await runExample("python.ts");
    expect(await curl(`${url}clock/now`)).toMatch(/^Python says: it is \d\d:\d\d:\d\d\r\n$/);
    expect(await curl(`${url}clocks`)).toMatch(/^JavaScript says: it is \d\d:\d\d:\d\d\r\n$/);
    await program.prints(/^\/clock\/now: 29 bytes in \d\.\d{3} s$/m);
    program.kill("SIGTERM");
    expect(await program.exit).toEqual({ code: 0, signal: null });
  },
);

const flask = pythonWith("flask");
test.skipIf(!flask)(
  titled("python-flask.ts serves a guest book", flask, "no Python here has flask: apt-get install python3-flask"),
  async () => {
    const { url, port } = await runExample("python-flask.ts", undefined, { PYTHON: flask });
    const live = net.connect(port, "localhost").setEncoding("utf8");
    live.write("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const read = async (text: string): Promise<void> => {
      for (let seen = ""; !seen.includes(text); ) seen += (await once(live, "data"))[0];
    };
    await read(": welcome\n\n");
    const form = new FormData();
    form.append("name", "Jürgen");
    form.append("text", "<hello>");
    form.append("picture", new File([Buffer.alloc(500_000)], "me.png"));
    const [page] = await Promise.all([
      fetch(url, { method: "POST", body: form }).then((response) => response.text()),
      read("data: <hello> (me.png, 500000 bytes)\n\n"),
    ]);
    expect(page).toContain("<li><b>Jürgen</b>: &lt;hello&gt; (me.png, 500000 bytes)</li>");
    live.destroy();
  },
);

test.each([
  ["with eventlet", pythonWith("eventlet"), "no Python here has eventlet: apt-get install python3-eventlet"],
  ["without eventlet", pythonWithout("eventlet"), "every Python here has eventlet"],
])("python-eventlet.ts accounts by a hook what was sent, %s", async (title, python, need) => {
  if (python === undefined) return void titled(`python-eventlet.ts ${title}`, python, need);
  const { url, program } = await runExample("python-eventlet.ts", undefined, { PYTHON: python });
  expect((await curl(`${url}20`)).length).toBe(180_000);
  await program.prints(/^\/20: 180000 of 180000 bytes$/m);
  const socket = net.connect(Number(new URL(url).port), "localhost");
  socket.write("GET /100000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await once(socket, "data");
  socket.resetAndDestroy();
  const [, sent] = await program.prints(/^\/100000: (\d+) of 900000000 bytes$/m);
  expect(Number(sent)).toBeLessThan(900_000_000);
});
