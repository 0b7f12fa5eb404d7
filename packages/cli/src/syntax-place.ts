// Where a syntax error is. Node knows the file and the line of an error in an ES module, and shows both when the error ends a
// process, but not to whoever catches it: so a process is made to end with it. Nothing of the user's runs there: every module
// is read before the first one begins, and the first one ends the process.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const TIMEOUT_MILLISECONDS = 5000;
const LEAVE = "data:text/javascript,process.exit()";

/** @returns file and line, such as `/srv/app.mjs:3`; undefined when importing this URL shows no syntax error */
export function syntaxPlace(url: string): Promise<string | undefined> {
  const args = ["--input-type=module", "--eval", `import ${JSON.stringify(LEAVE)}; import ${JSON.stringify(url)};`];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: TIMEOUT_MILLISECONDS }, (_error, _stdout, stderr) => {
      const [, file, line] = /^(file:\/\/\S+):(\d+)\n[\s\S]*^SyntaxError/m.exec(stderr) ?? [];
      resolve(file === undefined ? undefined : `${fileURLToPath(file)}:${line}`);
    });
  });
}
