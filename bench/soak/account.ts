// The books of a soak: what clients and server counted for each kind of traffic, and whether that agrees. Counts in, findings
// in words out. It knows which kinds of traffic must agree how, and nothing of how they are made.

/** How often something happened, by kind of traffic. */
export type Tally = Record<string, number>;

export function count(tally: Tally, kind: string, times = 1): void {
  tally[kind] = (tally[kind] ?? 0) + times;
}

/** What the server's process counted, each by a door of its own. */
export interface ServerBooks {
  /** `onEnviron`: heads that were parsed. */
  readonly parsed: Tally;
  /** `onResponded`. */
  readonly responded: Tally;
  /** Of these, with `completed`. */
  readonly completed: Tally;
  /** Lines of the access log. */
  readonly lines: Tally;
  /** Post hooks that were called. */
  readonly hooks: Tally;
  /** Lines of the log that say that a head was refused. */
  readonly refused: number;
  /** Lines that tell of a fault, by what they say first. */
  readonly faults: Tally;
  /** Warnings of the process, rejections and exceptions that nobody caught. */
  readonly alarms: readonly string[];
}

/** What the clients counted. */
export interface ClientBooks {
  /** Requests whose head was sent whole, or might have been. */
  readonly sent: Tally;
  /** Answers that came whole and were what they had to be. */
  readonly whole: Tally;
  /** What was not as it had to be. */
  readonly failures: readonly string[];
}

/** Clients leave in the middle: nobody but the server knows how far a request came. */
export const ABORTED = "abort";
/** The application breaks off after the head: the client must see that the answer is not whole. */
export const BROKEN = "broken";
/** The application fails before the head: the answer is a whole page. */
export const FAILING = "failing";
/** Heads that are refused: they lead to no request. */
export const REFUSED = "refused";

const SERVER_TALLIES = ["parsed", "responded", "lines", "hooks"] as const;

/** What does not agree; nothing when all is well. To be asked when nothing is on its way. */
export function discrepancies(server: ServerBooks, clients: ClientBooks): string[] {
  const kinds = new Set([...Object.keys(clients.sent), ...SERVER_TALLIES.flatMap((name) => Object.keys(server[name]))]);
  const found = [...kinds].sort().flatMap((kind) => (kind === REFUSED ? [] : ofKind(kind, server, clients)));
  const refusals = clients.sent[REFUSED] ?? 0;
  if (server.refused !== refusals) found.push(`${refusals} heads had to be refused, ${server.refused} were`);
  return [...found, ...ofFaults(server, clients), ...server.alarms, ...clients.failures];
}

function ofKind(kind: string, server: ServerBooks, clients: ClientBooks): string[] {
  const found: string[] = [];
  const [sent, whole] = [clients.sent[kind] ?? 0, clients.whole[kind] ?? 0];
  const counts = SERVER_TALLIES.map((name) => server[name][kind] ?? 0);
  const parsed = counts[0] as number;
  const completed = server.completed[kind] ?? 0;
  if (new Set(counts).size > 1) {
    found.push(`${kind}: ${SERVER_TALLIES.map((name, index) => `${counts[index]} ${name}`).join(", ")}`);
  }
  if (kind === ABORTED) {
    if (parsed > sent) found.push(`${kind}: ${sent} sent, but ${parsed} parsed`);
    if (whole > completed) found.push(`${kind}: ${whole} came whole, but only ${completed} completed`);
    return found;
  }
  if (parsed !== sent) found.push(`${kind}: ${sent} sent, ${parsed} parsed`);
  const expected = kind === BROKEN ? 0 : sent;
  if (whole !== expected) found.push(`${kind}: ${expected} were to come whole, ${whole} did`);
  if (completed !== expected) found.push(`${kind}: ${expected} were to be completed, ${completed} are`);
  return found;
}

/** The log tells of every failure of the application, once, and of nothing else. */
function ofFaults({ faults }: ServerBooks, { sent }: ClientBooks): string[] {
  const expected = (sent[FAILING] ?? 0) + (sent[BROKEN] ?? 0);
  const { "the application failed": told = 0, ...others } = faults;
  const found = Object.entries(others).map(([what, times]) => `the log said ${times} times: ${what}`);
  if (told !== expected) found.push(`the application failed ${expected} times, and the log said so ${told} times`);
  return found;
}

export function total(tally: Tally): number {
  return Object.values(tally).reduce((sum, times) => sum + times, 0);
}
