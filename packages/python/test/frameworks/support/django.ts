// The data of the Django project: a new folder with its database, for the tests of one file.

import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { apps } from "./serve-python.ts";

export interface DjangoData extends AsyncDisposable {
  /** What the project finds it by. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs the migrations and makes the administrator `admin`, whose password is `secret`. */
export async function makeDjangoData(python: string): Promise<DjangoData> {
  const folder = mkdtempSync(join(tmpdir(), "wsgi-django-"));
  const env = { WSGI_TEST_DATA: folder, PYTHONDONTWRITEBYTECODE: "1" };
  await promisify(execFile)(python, ["django_site.py"], { cwd: apps, env: { ...process.env, ...env } });
  return { env, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
