// What the operator is told about the end of certificates: in which words and from when, at the start, every half day, and
// after a renewal; and `expiresAt`. Clients are served all the same.

import { writeFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import type { Certificate } from "../src/certificate.ts";
import { expiryNotice } from "../src/expiry.ts";
import { Authority, DAY, type IssueOptions, writeFiles } from "./support/authority.ts";
import { ask, connectSecurely, type SecureServed, serveSecure, showing } from "./support/serve.ts";

const HOUR = DAY / 24;
const authority = await Authority.create();
const pair = async (options: IssueOptions) => {
  const { cert, key } = await authority.issue({ names: ["localhost"], ...options });
  return { cert, key };
};
const after = (milliseconds: number): Date => new Date(Date.now() + milliseconds);

type Level = "info" | "warn" | "error" | "debug";

/** A server whose log lines come with their level, and without the process's number. */
async function serveLogged(
  ssl: Parameters<typeof serveSecure>[0],
): Promise<SecureServed & { notices: () => string[] }> {
  const lines: string[] = [];
  const at = (level: Level) => (text: string) => void lines.push(`${level} ${text.replace(/^\(\d+\) /, "")}`);
  const log = { info: at("info"), debug: at("debug"), warn: at("warn"), error: at("error") };
  const served = await serveSecure(ssl, showing(), { log });
  return { ...served, notices: () => lines.filter((line) => /the certificate /.test(line)) };
}

test.each<[left: number, level: string | undefined, text: RegExp | undefined]>([
  [365 * DAY, undefined, undefined],
  [14 * DAY + 1, undefined, undefined],
  [14 * DAY, "warn", /^the certificate a\.pem expires in 14 days, on 2030-01-15T00:00:00\.000Z$/],
  [14 * DAY - 1, "warn", / expires in 13 days, on /],
  [2 * DAY, "warn", / expires in 2 days, on /],
  [2 * DAY - 1, "warn", / expires in a day, on /],
  [DAY, "warn", / expires in a day, on /],
  [DAY - 1, "warn", / expires within a day, on /],
  [1, "warn", / expires within a day, on /],
  [0, "error", /^the certificate a\.pem expired on 2030-01-01T00:00:00\.000Z: clients refuse it$/],
  [-400 * DAY, "error", / expired on 2028-11-27T/],
])("says of a certificate with %d ms left: %s %s", (left, level, text) => {
  const now = Date.UTC(2030, 0, 1);
  const notice = expiryNotice(certificate(new Date(0), new Date(now + left)), now);
  expect(notice?.level).toBe(level);
  if (text === undefined) expect(notice).toBeUndefined();
  else expect(notice?.text).toMatch(text);
});

test("says of a certificate that its time has not come, and not when it has", () => {
  const now = Date.UTC(2030, 0, 1);
  const from = (milliseconds: number) =>
    expiryNotice(certificate(new Date(now + milliseconds), new Date(now + 90 * DAY)), now);
  expect(from(1)).toEqual({
    level: "error",
    text: "the certificate a.pem is not valid before 2030-01-01T00:00:00.001Z",
  });
  expect(from(0)).toBeUndefined();
});

test.each<[what: string, options: IssueOptions, line: RegExp]>([
  ["in its last 14 days", { until: after(14 * DAY - HOUR) }, /^warn the certificate localhost expires in 13 days, on /],
  ["in its last day", { until: after(HOUR) }, /^warn the certificate localhost expires within a day, on /],
  [
    "expired",
    { from: after(-9 * DAY), until: after(-DAY) },
    /^error the certificate localhost expired on .*refuse it$/,
  ],
  ["not yet valid", { from: after(DAY) }, /^error the certificate localhost is not valid before /],
])("says at the start that the certificate is %s, and serves", async (_what, options, line) => {
  const served = await serveLogged(await pair(options));
  expect(served.notices()).toEqual([expect.stringMatching(line)]);
  const socket = await connectSecurely(served.port, { rejectUnauthorized: false });
  expect(await ask(socket)).toMatch(/^HTTP\/1\.1 200/);
  expect(served.notices()).toHaveLength(1);
});

test("says nothing of a certificate that has more than 14 days left", async () => {
  const served = await serveLogged(await pair({ until: after(14 * DAY + HOUR) }));
  await ask(await connectSecurely(served.port, { ca: authority.cert, servername: "localhost" }));
  expect(served.notices()).toEqual([]);
});

test("says it of each certificate that is concerned; expiresAt is the earliest end", async () => {
  const files = writeFiles({ "soon.pem": Object.values(await pair({ until: after(3.5 * DAY) })).join("") });
  const served = await serveLogged({
    ...(await pair({ until: after(40 * DAY) })),
    certificates: [
      { certfile: files["soon.pem"] },
      await pair({ names: ["late.example"], until: after(30 * DAY) }),
      await pair({ names: ["next.example"], until: after(5.5 * DAY) }),
    ],
  });
  expect(served.notices()).toEqual([
    expect.stringMatching(`^warn the certificate ${files["soon.pem"]} expires in 3 days, on `),
    expect.stringMatching(/^warn the certificate next\.example expires in 5 days, on /),
  ]);
  const ends = served.listener.certificates.map(({ expiresAt }) => expiresAt.getTime());
  expect(ends).toHaveLength(4);
  expect(served.listener.expiresAt.getTime()).toBe(ends[1]);
  expect(Math.abs((ends[1] as number) - after(3.5 * DAY).getTime())).toBeLessThan(60_000);
});

test("says it again twice a day for as long as it serves", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  try {
    const served = await serveLogged(await pair({ until: after(3.5 * DAY) }));
    vi.advanceTimersByTime(DAY + HOUR);
    expect(served.notices()).toHaveLength(3);
    await served.server.close();
    vi.advanceTimersByTime(DAY);
    expect(served.notices()).toHaveLength(3);
  } finally {
    vi.useRealTimers();
  }
});

test("says nothing more when the renewed certificate is a good one, and speaks of it when it ends soon too", async () => {
  const joined = async (options: IssueOptions) => Object.values(await pair(options)).join("");
  const files = writeFiles({ "both.pem": await joined({ until: after(2.5 * DAY) }) });
  const served = await serveLogged({ certfile: files["both.pem"] });
  const first = served.listener.expiresAt;
  const renew = async (options: IssueOptions) => {
    writeFileSync(files["both.pem"], await joined(options));
    expect(served.listener.reload().changed).toEqual([files["both.pem"]]);
    return served.notices().map((line) => line.replace(/, on .*/, "").split(" expires ")[1]);
  };
  expect(await renew({ until: after(90 * DAY) })).toEqual(["in 2 days"]);
  expect(served.listener.expiresAt.getTime()).toBeGreaterThan(first.getTime() + 80 * DAY);
  expect(await renew({ until: after(7.5 * DAY) })).toEqual(["in 2 days", "in 7 days"]);
  expect(served.listener.reload().changed).toEqual([]);
  expect(served.notices()).toHaveLength(2);
});

/** One of which only the times matter. */
function certificate(validFrom: Date, expiresAt: Date): Certificate {
  const rest = { chain: "", key: undefined as never, serverNames: [], fingerprint: "" };
  return { label: "a.pem", validFrom, expiresAt, ...rest };
}
