// HUP reads settings anew in the supervisor too, wherever they are: modules of a config file and what these import, files of
// --env-file. What is bad leaves everything as it was.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Files, type ServingCommand, serve, textOf, writeFiles } from "./support/command.ts";
import { answeredBy, childrenOf, ended, eventually, served } from "./support/workers.ts";

const APP = `export default (environ, startResponse) => {
  const until = performance.now() + (environ.PATH_INFO === "/busy" ? 5 : 0);
  while (performance.now() < until);
  startResponse("200 OK", []);
  return [process.env.MARK + " " + environ.mark + " " + process.pid];
};`;
const QUIET = ["--access-log", "off"];

async function hup(command: ServingCommand, files: Files): Promise<void> {
  writeFiles(command.folder, files);
  const seen = command.output.length;
  command.kill("SIGHUP");
  await command.printed(/all workers are new|the old ones stay/, seen);
}

const MODULES: readonly [string, (count: string) => string, string][] = [
  ["wsgi.config.mjs", (count) => `export { default } from "./${count}";`, "values.mjs"],
  ["wsgi.config.ts", (count) => `import all from "./${count}";\nexport default all satisfies object;`, "values.ts"],
  ["wsgi.config.cjs", (count) => `module.exports = require("./${count}");`, "values.cjs"],
];

test.each(MODULES)("%s and what it imports is read again", async (name, text, values) => {
  const files = (workers: number, mark: string): Files => {
    const object = `{ workers: ${workers}, gracefulTimeout: Infinity, environ: { mark: "${mark}" } }`;
    return { [values]: values.endsWith(".cjs") ? `module.exports = ${object};` : `export default ${object};` };
  };
  const command = await serve([...QUIET, "app.mjs"], { "app.mjs": APP, [name]: text(values), ...files(1, "old") });
  expect(await textOf(command.url)).toMatch(/^undefined old /);
  await hup(command, files(2, "new"));
  await command.printed(/2 workers from now on/);
  await eventually(() => served(command).length === 3);
  await ended(...served(command).slice(0, 1));
  for (const body of await answeredBy(command.url, 2)) expect(body).toMatch(/^undefined new /);
});

test("files of --env-file are read again, by workers and for the settings; a config file sees them", async () => {
  const command = await serve(["--chdir", "site", "-E", "my.env", "-w", "1", ...QUIET, "app.mjs"], {
    "site/app.mjs": APP,
    "site/wsgi.config.mjs":
      "export default { drainDelay: Number(process.env.DELAY), environ: { mark: process.env.MARK } };",
    "site/my.env": "MARK=old\nDELAY=0",
  });
  expect(await textOf(command.url)).toMatch(/^old old /);
  await hup(command, { "site/my.env": "MARK=new\nDELAY=0.5\nWSGI_GRACEFUL_TIMEOUT=7" });
  expect(await textOf(command.url)).toMatch(/^new new /);
  command.kill("SIGTERM");
  await command.printed(/SIGTERM: finishing/);
  expect(await textOf(command.url)).toMatch(/^new new /); // within the delay
  expect((await command.ended).code).toBe(0);
});

test.each<[string, Files, RegExp]>([
  [
    "throws",
    { "wsgi.config.mjs": "throw new Error('no such colour');" },
    /stay: cannot read the config file .*no such colour/,
  ],
  [
    "is no longer good",
    { "wsgi.config.mjs": "export default { workers: 'x' };" },
    /stay: wsgi\.config\.mjs: workers: expected/,
  ],
  [
    "ends the process",
    { "wsgi.config.mjs": "process.exit(7);" },
    /stay: reading them ended without an answer \(code 7\)/,
  ],
])("a config file that %s leaves the old settings and workers", async (_what, files, message) => {
  const command = await serve(QUIET.concat("app.mjs"), {
    "app.mjs": APP,
    "wsgi.config.mjs": "export default { workers: 1 };",
  });
  const workers = childrenOf(command.pid);
  await hup(command, files);
  expect(command.output).toMatch(message);
  expect(served(command)).toEqual(workers);
  writeFileSync(join(command.folder, "wsgi.config.mjs"), "export default { workers: 1, environ: { mark: 'mended' } };");
  await hup(command, {});
  await ended(...workers);
  expect(await textOf(command.url)).toMatch(/ mended /);
});
