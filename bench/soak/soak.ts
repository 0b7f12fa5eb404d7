// A soak from start to end: rounds of traffic, and after each a silence in which the server is looked at and the books are
// compared. Settings in; samples, verdicts and findings out. It prints nothing and knows nothing of what is asked.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientBooks, discrepancies, type ServerBooks } from "./account.ts";
import type { ClientMessage } from "./clients.ts";
import { Party } from "./party.ts";
import type { Sample } from "./sample.ts";
import type { ServerMessage } from "./server.ts";
import { type Gauge, judge, type Verdict } from "./verdict.ts";

export interface SoakSettings {
  readonly minutes: number;
  readonly seed: number;
  /** Visitors at a time. */
  readonly users: number;
  /** The server keeps the environ of one request of so many, and the soak must find out; 0: of none. */
  readonly leakedEvery: number;
  /** The Node of the server. */
  readonly node: string;
  /** Told after each round. */
  readonly onRound?: (round: number, rounds: number, sample: Sample) => void;
}

export interface SoakReport {
  readonly samples: readonly Sample[];
  readonly verdicts: readonly Verdict[];
  /** What must not be, in words; empty when all is well. */
  readonly findings: readonly string[];
  readonly server: ServerBooks;
  readonly clients: ClientBooks;
}

const FILE_BYTES = 700_000;
const MIB = 1024 * 1024;
/** A round is this long, or shorter when there would be too few. */
const ROUND_SECONDS = 15;
const FEWEST_ROUNDS = 24;
/** Findings that are kept; the first say what is wrong. */
const MOST_FINDINGS = 30;

export async function soak(settings: SoakSettings): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), "wsgi-soak-"));
  const file = join(folder, "file");
  writeFileSync(file, Buffer.alloc(FILE_BYTES, "x"));
  const server = new Party<ServerMessage>("server.ts", [file, String(settings.leakedEvery)], settings.node);
  let clients: Party<ClientMessage> | undefined;
  try {
    const { port, tlsPort } = await server.ask("listening");
    const { seed, users } = settings;
    clients = new Party("clients.ts", [port, tlsPort, seed, users, FILE_BYTES].map(String), process.execPath);
    await clients.ask("ready");
    return await run(server, clients, settings);
  } finally {
    await Promise.all([server.stop(), clients?.stop()]);
    rmSync(folder, { recursive: true });
  }
}

async function run(
  server: Party<ServerMessage>,
  clients: Party<ClientMessage>,
  { minutes, onRound }: SoakSettings,
): Promise<SoakReport> {
  const seconds = minutes * 60;
  const rounds = Math.max(FEWEST_ROUNDS, Math.round(seconds / ROUND_SECONDS));
  const samples: Sample[] = [];
  const findings = new Set<string>();
  for (let round = 1; round <= rounds; round++) {
    clients.order("resume");
    await new Promise((resolve) => setTimeout(resolve, (seconds / rounds) * 1000));
    const { books } = await clients.ask("paused", "pause");
    const { sample, books: ofServer, busy } = await server.ask("sample", "sample");
    samples.push(sample);
    const found = discrepancies(ofServer, books);
    if (busy !== undefined) found.push(`not over after a long silence: ${busy}`);
    for (const finding of found) if (findings.size < MOST_FINDINGS) findings.add(`round ${round}: ${finding}`);
    onRound?.(round, rounds, sample);
  }
  const { books: ofClients } = await clients.ask("paused", "pause");
  const { books, cut } = await server.ask("closed", "close");
  if (cut > 0) findings.add(`${cut} connections had to be cut at the end`);
  for (const finding of discrepancies(books, ofClients)) findings.add(`at the end: ${finding}`);
  const verdicts = gaugesOf(samples).map(judge);
  for (const { name, grown } of verdicts) if (grown) findings.add(`${name} has grown`);
  return { samples, verdicts, findings: [...findings], server: books, clients: ofClients };
}

/** What is judged of the samples, and how much is nothing. */
export function gaugesOf(samples: readonly Sample[]): Gauge[] {
  const mebibytes = (value: number): string => `${(value / MIB).toFixed(2)} MiB`;
  const gauges: Gauge[] = [
    { name: "heap", values: samples.map(({ heap }) => heap), tolerance: 0.75 * MIB, show: mebibytes },
    { name: "external", values: samples.map(({ external }) => external), tolerance: 0.75 * MIB, show: mebibytes },
    // The allocator gives back late, and in the process of a busy machine not at all.
    { name: "resident", values: samples.map(({ rss }) => rss), tolerance: 32 * MIB, show: mebibytes },
  ];
  const kinds = new Set(samples.flatMap(({ handles }) => Object.keys(handles)));
  for (const kind of [...kinds].sort()) {
    const values = samples.map(({ handles }) => handles[kind] ?? 0);
    gauges.push({ name: `handles: ${kind}`, values, tolerance: 0, show: String });
  }
  if (samples.every(({ descriptors }) => descriptors !== undefined)) {
    const values = samples.map(({ descriptors }) => descriptors as number);
    gauges.push({ name: "descriptors", values, tolerance: 0, show: String });
  }
  return gauges;
}
