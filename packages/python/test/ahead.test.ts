// Requests that a process was given ahead: their responses are written together, and none waits for one that takes its time; what is
// lost with a process is answered by another, and nothing is done twice that may not be.

import { expect, test } from "vitest";
import { GATE, Gate } from "./support/gate.ts";
import { type ServedPython, servePython } from "./support/python-server.ts";

const SOURCE = `${GATE}
import sys

def ok(environ, start_response):
    body = environ["QUERY_STRING"].encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]

def said(environ, start_response):
    sys.stderr.write("did %s\\n" % environ["QUERY_STRING"])
    return ok(environ, start_response)

def wait(environ, start_response):
    gate(environ["QUERY_STRING"])
    return ok(environ, start_response)

def die(environ, start_response):
    sys.stderr.write("did %s\\n" % environ["QUERY_STRING"])
    os._exit(9)
`;

/** So many requests does a test give ahead. */
const MOST_AHEAD = 5;

/** A process that is given requests ahead, and is busy until the gate opens. */
async function busy(): Promise<{ gate: Gate; served: ServedPython; first: Promise<string> }> {
  const gate = await Gate.make();
  const served = await servePython(SOURCE, { env: gate.env });
  // One answer that is slow, as on a busy machine, and it is given none ahead for a while.
  while ((served.python.processes[0]?.ahead ?? 0) < MOST_AHEAD) await fetch(`${served.url}/ok`);
  const first = ask(served, "/wait?first");
  await gate.entered();
  return { gate, served, first };
}

const ask = async (served: ServedPython, path: string, method = "GET"): Promise<string> => {
  const response = await fetch(`${served.url}${path}`, { method });
  return `${response.status} ${await response.text()}`.trim();
};

/** Asks one after the other, and waits until the process has them all. */
async function askAhead(served: ServedPython, ...questions: [path: string, method?: string][]) {
  const answers: Promise<string>[] = [];
  const before = served.python.processes[0]?.inFlight as number;
  for (const [path, method] of questions) {
    answers.push(ask(served, path, method));
    await expect.poll(() => served.python.processes[0]?.inFlight).toBe(before + answers.length);
  }
  return answers;
}

test("a response does not wait for that to the next request", async () => {
  const { gate, served, first } = await busy();
  const [quick, next] = await askAhead(served, ["/ok?quick"], ["/wait?next"]);
  gate.release();
  await gate.entered(2);
  expect(await Promise.all([first, quick])).toEqual(["200 first", "200 quick"]);
  gate.release();
  expect(await next).toBe("200 next");
});

test("responses that are lost with a process are given by another", async () => {
  const { gate, served, first } = await busy();
  const answers = await askAhead(served, ["/ok?quick"], ["/said?change", "POST"], ["/die?death"], ["/said?after"]);
  gate.open();
  expect(await Promise.all([first, ...answers])).toEqual([
    "200 first",
    "200 quick",
    "200 change",
    "502 502 Bad Gateway",
    "200 after",
  ]);
  expect(served.log.text.match(/did change/g)).toHaveLength(1);
  expect(served.log.text.match(/did death/g)).toHaveLength(2);
});

test("what changes something is done once, and what was done before it is not done again", async () => {
  const { gate, served, first } = await busy();
  const questions = [
    ["/said?one", "GET"],
    ["/said?two", "POST"],
    ["/said?three", "GET"],
    ["/die?death", "POST"],
    ["/said?four", "POST"],
  ] as [string, string][];
  const answers = await askAhead(served, ...questions);
  gate.open();
  expect(await Promise.all([first, ...answers])).toEqual([
    "200 first",
    "200 one",
    "200 two",
    "200 three",
    "502 502 Bad Gateway",
    "200 four",
  ]);
  for (const name of ["one", "two", "three", "death", "four"]) {
    expect(served.log.text.match(new RegExp(`did ${name}$`, "gm")), name).toHaveLength(1);
  }
});
