// The books of the soak: each way in which they can disagree is found, and nothing is found when they agree.

import { expect, test } from "vitest";
import { type ClientBooks, discrepancies, type ServerBooks } from "../soak/account.ts";

const tallies = { small: 100, broken: 5, failing: 7, abort: 20 };
const server: ServerBooks = {
  parsed: tallies,
  responded: tallies,
  lines: tallies,
  hooks: tallies,
  completed: { small: 100, failing: 7, abort: 9 },
  refused: 3,
  faults: { "the application failed": 12 },
  alarms: [],
};
const clients: ClientBooks = {
  sent: { small: 100, broken: 5, failing: 7, abort: 30, refused: 3 },
  whole: { small: 100, failing: 7, abort: 9 },
  failures: [],
};

test("finds nothing when all agrees", () => {
  expect(discrepancies(server, clients)).toEqual([]);
});

const OFF_BY_ONE = { ...tallies, small: 99 };

test.each<[string, Partial<ServerBooks>, Partial<ClientBooks>, string[]]>([
  ["a request without a line", { lines: OFF_BY_ONE }, {}, ["small: 100 parsed, 100 responded, 99 lines, 100 hooks"]],
  [
    "one that was not reported",
    { responded: OFF_BY_ONE },
    {},
    ["small: 100 parsed, 99 responded, 100 lines, 100 hooks"],
  ],
  ["one whose hook was lost", { hooks: OFF_BY_ONE }, {}, ["small: 100 parsed, 100 responded, 100 lines, 99 hooks"]],
  [
    "one that nobody sent",
    {},
    { sent: { ...clients.sent, small: 99 } },
    ["small: 99 sent, 100 parsed", "small: 99 were to come whole, 100 did", "small: 99 were to be completed, 100 are"],
  ],
  [
    "an answer that did not come whole",
    {},
    { whole: { ...clients.whole, small: 99 } },
    ["small: 100 were to come whole, 99 did"],
  ],
  [
    "one that is called complete and is not",
    { completed: { ...server.completed, broken: 1 } },
    {},
    ["broken: 0 were to be completed, 1 are"],
  ],
  ["more parsed than any client sent", {}, { sent: { ...clients.sent, abort: 19 } }, ["abort: 19 sent, but 20 parsed"]],
  [
    "more come whole than were sent whole",
    {},
    { whole: { ...clients.whole, abort: 10 } },
    ["abort: 10 came whole, but only 9 completed"],
  ],
  ["a refusal too many", { refused: 4 }, {}, ["3 heads had to be refused, 4 were"]],
  [
    "a failure that was told twice",
    { faults: { "the application failed": 13 } },
    {},
    ["the application failed 12 times, and the log said so 13 times"],
  ],
  [
    "a fault that nobody made",
    { faults: { ...server.faults, "closing a body failed": 2 } },
    {},
    ["the log said 2 times: closing a body failed"],
  ],
  ["an alarm and a failure", { alarms: ["rejected"] }, { failures: ["timed out"] }, ["rejected", "timed out"]],
])("finds %s", (_title, ofServer, ofClients, found) => {
  expect(discrepancies({ ...server, ...ofServer }, { ...clients, ...ofClients })).toEqual(found);
});
