// Takes the code out of the documentation, puts it into a folder where the packages are installed, and compiles it.

import { execFile } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll } from "vitest";

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, "../..");

export interface CodeBlock {
  /** The page, and the heading the block stands under. */
  readonly title: string;
  readonly line: number;
  readonly source: string;
  /** Whether it starts a server. */
  readonly isProgram: boolean;
  /** The name of its file without the ending. */
  readonly name: string;
  readonly ending: "ts" | "mjs" | "cjs";
}

/** The `ts` and `js` blocks of these pages. */
export function findCodeBlocks(pages: readonly string[]): CodeBlock[] {
  return pages.flatMap((page) => {
    const text = readFileSync(join(root, page), "utf8");
    return [...text.matchAll(/^```(ts|js)\n([\s\S]*?)^```$/gm)].map(({ 1: language, 2: source = "", index }) => {
      const before = text.slice(0, index).replace(/^```[\s\S]*?^```$/gm, (block) => block.replace(/[^\n]/g, ""));
      const line = before.split("\n").length + 1;
      return {
        title: `${page}: ${before
          .match(/^#+ .+$/gm)
          ?.at(-1)
          ?.replace(/^#+ /, "")}`,
        line,
        source,
        isProgram: /^ *(?:const running = )?server\(/m.test(source),
        name: `${page.replaceAll("/", "-")}-line-${line}`,
        ending: language === "ts" ? "ts" : source.includes("require(") ? "cjs" : "mjs",
      };
    });
  });
}

/** A folder with these blocks as files, and free-ports.ts beside them. It ends with the tests. */
export function writeCodeBlocks(blocks: readonly CodeBlock[]): string {
  const folder = mkdtempSync(join(tmpdir(), "wsgi-docs-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "node_modules/@wsgi"), { recursive: true });
  for (const name of readdirSync(join(root, "packages"))) {
    symlinkSync(join(root, "packages", name), join(folder, "node_modules/@wsgi", name));
  }
  mkdirSync(join(folder, "node_modules/@types"));
  for (const name of ["express", "@types/express"]) {
    symlinkSync(join(root, "examples/node_modules", name), join(folder, "node_modules", name));
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  copyFileSync(join(import.meta.dirname, "free-ports.ts"), join(folder, "free-ports.ts"));
  for (const { name, ending, source } of blocks) writeFileSync(join(folder, `${name}.${ending}`), source);
  return folder;
}

/** Compiles the TypeScript of a folder with the options of this project; resolves with what the compiler says of it. */
export async function compile(folder: string): Promise<string> {
  const compilerOptions = {
    typeRoots: [dirname(dirname(require.resolve("@types/node/package.json")))],
    noEmit: false,
    allowImportingTsExtensions: false,
  };
  const config = { extends: join(root, "tsconfig.base.json"), compilerOptions, include: ["*.ts"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = require.resolve("typescript/bin/tsc");
  const failed = ({ stdout }: { stdout: string }): string => stdout;
  return await promisify(execFile)(process.execPath, [tsc], { cwd: folder }).then(() => "", failed);
}
