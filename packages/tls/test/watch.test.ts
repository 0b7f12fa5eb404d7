// watch: renewed files are noticed however they come, taken when they have settled, and no request fails meanwhile.
//
// A change is noticed by a look, so a test first waits until the look at the start is over: that one would find it too.

import { execFile } from "node:child_process";
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  unwatchFile,
  utimesSync,
  watchFile,
  writeFileSync,
} from "node:fs";
import { stat } from "node:fs/promises";
import https from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../../core/src/index.ts";
import { serve } from "../../core/test/support/serve.ts";
import { until } from "../../core/test/support/until.ts";
import { wrapSsl } from "../src/index.ts";
import { Authority, type Issued, writeFiles } from "./support/authority.ts";
import { ask, connectSecurely, type SecureServed, serveSecure, showing } from "./support/serve.ts";

const authority = await Authority.create();
const issue = () => authority.issue({ names: ["localhost"] });
const INTERVAL = 0.03;

interface Files {
  readonly certfile: string;
  readonly keyfile: string;
}

/** Serves with `watch`; resolves after the look at the start. `errors` are the error lines of the log. */
async function serveWatched(
  ssl: Parameters<typeof serveSecure>[0] & Files,
): Promise<SecureServed & { errors: string[]; infos: string[] }> {
  const [infos, errors]: [string[], string[]] = [[], []];
  const log = {
    info: (line: string) => void (line.includes("new connections") && infos.push(line)),
    debug: () => {},
    error: (line: string) => void errors.push(line),
  };
  const served = await serveSecure({ watch: true, watchInterval: INTERVAL, ...ssl }, showing("HTTPS"), { log });
  await interval();
  await stat(ssl.certfile); // goes the way of the first looks, behind them
  return { ...served, infos, errors };
}

/** Ends behind every timer of one interval that runs already. */
const interval = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, INTERVAL * 1000));

/** Resolves when a look has noticed a change; `then` is called at once, behind those who look as often. */
function noticed(file: string, then: () => void = () => {}): Promise<void> {
  return new Promise((resolve) => {
    const onChange = (): void => {
      unwatchFile(file, onChange);
      then();
      resolve();
    };
    watchFile(file, { interval: INTERVAL * 1000, persistent: false }, onChange);
  });
}

function write({ certfile, keyfile }: Files, { cert, key }: Issued): void {
  writeFileSync(certfile, cert);
  writeFileSync(keyfile, key);
}

async function newFiles(): Promise<Files> {
  const { cert, key } = await issue();
  const files = writeFiles({ "cert.pem": cert, "key.pem": key });
  return { certfile: files["cert.pem"], keyfile: files["key.pem"] };
}

const fingerprint = (served: SecureServed): string | undefined => served.listener.certificates[0]?.fingerprint;

/** Waits until another certificate is taken, and that clients see it. */
async function renewed(served: SecureServed, before: string | undefined): Promise<void> {
  await until(() => fingerprint(served) !== before);
  const socket = await connectSecurely(served.port, { ca: authority.cert, servername: "localhost" });
  expect(socket.getPeerX509Certificate()?.fingerprint256).toBe(fingerprint(served));
  expect(await ask(socket)).toMatch(/^HTTP\/1\.1 200/);
}

/** Ways in which certificates are renewed: lays out the first pair, and answers with what puts the next in its place. */
type Layout = (folder: string, first: Issued) => Files & { swap(next: Issued, count: number): void };

const inPlace: Layout = (folder, first) => {
  const files = { certfile: join(folder, "cert.pem"), keyfile: join(folder, "key.pem") };
  write(files, first);
  return { ...files, swap: (next) => write(files, next) };
};

const keepingTimeAndSize: Layout = (folder, first) => {
  const { certfile, keyfile } = inPlace(folder, first);
  const pad = ({ cert, key }: Issued) => ({ cert: cert.padEnd(1000), key: key.padEnd(1000), serialNumber: "" });
  const swap = (next: Issued): void => {
    write({ certfile, keyfile }, pad(next));
    for (const file of [certfile, keyfile]) utimesSync(file, 1_700_000_000, 1_700_000_000);
  };
  swap(first);
  return { certfile, keyfile, swap };
};

const renamedOver: Layout = (folder, first) => {
  const { certfile, keyfile } = inPlace(folder, first);
  const swap = (next: Issued): void => {
    write({ certfile: `${certfile}.new`, keyfile: `${keyfile}.new` }, next);
    for (const file of [certfile, keyfile]) renameSync(`${file}.new`, file);
  };
  return { certfile, keyfile, swap };
};

const certbot: Layout = (folder, first) => {
  for (const name of ["live", "archive"]) mkdirSync(join(folder, name));
  const files = { certfile: join(folder, "live/fullchain.pem"), keyfile: join(folder, "live/privkey.pem") };
  const swap = (next: Issued, count: number): void => {
    const own = (name: string): string => join(folder, `archive/${name}${count}.pem`);
    write({ certfile: own("fullchain"), keyfile: own("privkey") }, next);
    for (const name of ["fullchain", "privkey"]) {
      rmSync(join(folder, `live/${name}.pem`), { force: true });
      symlinkSync(`../archive/${name}${count}.pem`, join(folder, `live/${name}.pem`));
    }
  };
  swap(first, 0);
  return { ...files, swap };
};

const kubernetes: Layout = (folder, first) => {
  const swap = (next: Issued, count: number): void => {
    const own = join(folder, `..2026_${count}`);
    mkdirSync(own);
    write({ certfile: join(own, "tls.crt"), keyfile: join(own, "tls.key") }, next);
    symlinkSync(`..2026_${count}`, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    rmSync(join(folder, `..2026_${count - 1}`), { recursive: true, force: true });
  };
  swap(first, 0);
  for (const name of ["tls.crt", "tls.key"]) symlinkSync(`..data/${name}`, join(folder, name));
  return { certfile: join(folder, "tls.crt"), keyfile: join(folder, "tls.key"), swap };
};

const LAYOUTS: readonly [name: string, layout: Layout][] = [
  ["written in place", inPlace],
  ["written in place, of the same size and time", keepingTimeAndSize],
  ["renamed over the old ones", renamedOver],
  ["behind certbot's links", certbot],
  ["behind the links of a Kubernetes secret", kubernetes],
];

test.each(LAYOUTS)("takes files that are %s, each time, without a complaint", async (_name, layout) => {
  const { certfile, keyfile, swap } = layout(writeFiles({}).folder, await issue());
  const served = await serveWatched({ certfile, keyfile });
  for (let count = 1; count <= 3; count++) {
    const before = fingerprint(served);
    swap(await issue(), count);
    await renewed(served, before);
    expect(served.infos).toHaveLength(count);
  }
  expect(served.errors).toEqual([]);
});

test.each(["certfile", "keyfile"] as const)("waits for the other file when %s is there first", async (name) => {
  const files = await newFiles();
  const served = await serveWatched(files);
  const [before, { cert, key }] = [fingerprint(served), await issue()];
  const content = { certfile: cert, keyfile: key };
  const other = name === "certfile" ? "keyfile" : "certfile";
  const seen = noticed(files[name], () => writeFileSync(files[other], content[other]));
  writeFileSync(files[name], content[name]);
  await seen;
  expect(fingerprint(served)).toBe(before);
  await renewed(served, before);
  expect(served.errors).toEqual([]);
});

test("takes what was renewed before it began to watch", async () => {
  const files = await newFiles();
  const listener = wrapSsl(listen(["127.0.0.1", 0]), { ...files, watch: true, watchInterval: INTERVAL });
  const before = listener.certificates[0]?.fingerprint;
  write(files, await issue());
  await serve(showing("HTTPS"), {}, listener);
  await until(() => listener.certificates[0]?.fingerprint !== before);
});

test.each<[what: string, spoil: (files: Files) => unknown, reason: RegExp]>([
  [
    "deleted",
    (files) => [files.certfile, files.keyfile].map((file) => unlinkSync(file)),
    /certfile: \S+: there is no such file/,
  ],
  ["bad", async (files) => writeFileSync(files.certfile, (await issue()).cert), /do not belong together: /],
])("tells of files that are %s, and takes the good ones that follow", async (_what, spoil, reason) => {
  const files = await newFiles();
  const served = await serveWatched(files);
  const before = fingerprint(served);
  await spoil(files);
  await until(() => served.errors.length > 0);
  expect(served.errors).toEqual([expect.stringMatching(new RegExp(`${reason.source}.*stays in use$`))]);
  expect(fingerprint(served)).toBe(before);
  write(files, await issue());
  await renewed(served, before);
  expect(served.errors).toHaveLength(1);
});

test("takes changed authorities and revocation lists", async () => {
  const files = await newFiles();
  const { ca, crl } = writeFiles({ ca: authority.cert, crl: await authority.crl() });
  const served = await serveWatched({ ...files, caCerts: ca, crlfile: crl, certReqs: "optional" });
  writeFileSync(crl, `${readFileSync(crl, "utf8")}\n`);
  await until(() => served.infos.length === 1);
  writeFileSync(ca, `${authority.cert}\n`);
  await until(() => served.infos.length === 2);
  expect(served.infos).toEqual([expect.stringContaining("authorities"), expect.stringContaining("authorities")]);
});

test("does nothing without being told to", async () => {
  const files = await newFiles();
  const served = await serveWatched({ ...files, watch: false });
  const [before, seen] = [fingerprint(served), noticed(files.keyfile)];
  write(files, await issue());
  await seen;
  await interval();
  expect(fingerprint(served)).toBe(before);
});

test.each(["noticed", "not noticed"])("ends with the server: a change that is %s is not taken", async (what) => {
  const files = await newFiles();
  const served = await serveWatched(files);
  const [before, next] = [fingerprint(served), await issue()];
  let closed: Promise<unknown> | undefined;
  if (what === "not noticed") await served.server.close();
  const seen = noticed(files.certfile, () => {
    closed = served.server.close();
  });
  await stat(files.certfile);
  write(files, next);
  await seen;
  await closed;
  await interval();
  expect(fingerprint(served)).toBe(before);
  expect(served.infos).toEqual([]);
});

describe("a process that watches", () => {
  /** Runs a program that has `options`, `next` and the modules; resolves with what it printed when it ends by itself. */
  async function run(program: string): Promise<string> {
    const [files, next] = [await newFiles(), await issue()];
    const given = { options: { ...files, watch: true, watchInterval: INTERVAL }, next };
    const core = join(import.meta.dirname, "../../core/src/index.ts");
    const code = `
      import { writeFileSync } from "node:fs";
      import { listen, server } from ${JSON.stringify(core)};
      import { wrapSsl } from ${JSON.stringify(join(import.meta.dirname, "../src/index.ts"))};
      const { options, next } = ${JSON.stringify(given)};
      ${program}`;
    const node = ["--import", "tsx", "--input-type=module", "-e", code];
    const child = promisify(execFile)(process.execPath, node, { cwd: import.meta.dirname, timeout: 20_000 });
    onTestFinished(() => void child.child.kill("SIGKILL"));
    return (await child).stdout;
  }

  test("is not kept alive by it", async () => {
    const printed = await run(`
      const nothing = () => {};
      const inner = { scheme: "http", served: false, ready: new Promise(nothing), accept: nothing, close: async () => {} };
      const logger = { info: nothing, debug: nothing, warn: nothing, error: nothing };
      const handlers = { logger, onConnection: nothing, onClose: nothing, onError: nothing };
      wrapSsl(inner, { ...options, watchInterval: 600 }).accept(handlers);
      console.log("watching");`);
    expect(printed).toBe("watching\n");
  });

  test("ends when its server is closed, after a renewal", async () => {
    const printed = await run(`
      const renewed = (line) => {
        if (!line.includes("new connections use")) return;
        console.log("renewed");
        served.close();
      };
      const log = { info: renewed, debug: () => {}, error: console.log };
      const served = server(wrapSsl(listen(["127.0.0.1", 0]), options), () => [], { log });
      await served.ready;
      writeFileSync(options.certfile, next.cert);
      writeFileSync(options.keyfile, next.key);`);
    expect(printed).toBe("renewed\n");
  });
});

test("fails no request under load, over several renewals", async () => {
  const { certfile, keyfile, swap } = kubernetes(writeFiles({}).folder, await issue());
  const served = await serveWatched({ certfile, keyfile });
  const failures: unknown[] = [];
  const seen = new Set<string>();
  let [answers, running] = [0, true];
  const agents = [
    new https.Agent({ keepAlive: true, maxSockets: 4 }),
    new https.Agent({ keepAlive: false, maxCachedSessions: 0 }),
    new https.Agent({ keepAlive: false }), // resumes sessions
  ];
  const work = async (agent: https.Agent): Promise<void> => {
    while (running) {
      try {
        const { status, body, shown } = await get(agent, served.port);
        expect([status, body]).toEqual([200, '{"HTTPS":"on"}']);
        if (shown !== undefined) seen.add(shown);
        answers++;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const workers = agents.flatMap((agent) => Array.from({ length: 4 }, () => work(agent)));
  for (let count = 1; count <= 5; count++) {
    const [before, sofar] = [fingerprint(served), answers];
    swap(await issue(), count);
    await until(() => fingerprint(served) !== before);
    await until(() => seen.has(fingerprint(served) as string) && answers > sofar + 50);
  }
  running = false;
  await Promise.all(workers);
  for (const agent of agents) agent.destroy();
  expect(failures).toEqual([]);
  expect(served.errors).toEqual([]);
  expect(served.infos).toHaveLength(5);
  expect(served.listener.counters).toMatchObject({ failed: 0, timedOut: 0, silent: 0 });
  expect(served.listener.counters.resumed).toBeGreaterThan(0);
});

/** One request; `shown` is the certificate of a connection that is new. */
function get(agent: https.Agent, port: number): Promise<{ status: number | undefined; body: string; shown?: string }> {
  return new Promise((resolve, reject) => {
    const options = { agent, port, host: "127.0.0.1", servername: "localhost", ca: authority.cert };
    const request = https.get(options, async (response) => {
      try {
        const socket = response.socket as import("node:tls").TLSSocket;
        const shown = socket.isSessionReused() ? undefined : socket.getPeerX509Certificate()?.fingerprint256;
        let body = "";
        for await (const piece of response.setEncoding("utf8")) body += piece;
        resolve({ status: response.statusCode, body, ...(shown !== undefined && { shown }) });
      } catch (error) {
        reject(error);
      }
    });
    request.on("error", reject);
  });
}
