import { expect, test } from "vitest";
import { parseReport, script } from "../load-wrk.ts";
import { PLAIN } from "../under-load.ts";

const REPORT = `Running 1s test @ http://127.0.0.1:8090/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   113.99ms  254.88ms   3.32s    97.51%
    Req/Sec    52.88k     7.45k   68.09k    75.86%
  Latency Distribution
     50%  839.90us
     75%   95.86ms
     90%  107.70ms
     99%    1.72s 
  189631 requests in 4.06s, 21.16MB read
Requests/sec:  46685.92
Transfer/sec:      5.21MB
`;

test("its report is read, whatever unit a latency has", () => {
  const { requests, seconds, p50, p99 } = parseReport(REPORT);
  expect([requests, p99]).toEqual([189_631, 1720]);
  expect(p50).toBeCloseTo(0.8399);
  expect(seconds).toBeCloseTo(4.06, 1);
});

test.each([
  ["failed requests", REPORT.replace("Requests/sec", "  Non-2xx or 3xx responses: 7\nRequests/sec")],
  [
    "broken connections",
    REPORT.replace("Requests/sec", "  Socket errors: connect 0, read 3, write 0, timeout 0\nRequests/sec"),
  ],
  ["no answers", REPORT.replace("189631 requests", "0 requests")],
  ["no percentiles", REPORT.replace("99%    1.72s", "")],
])("a report of %s is no result", (_title, text) => {
  expect(() => parseReport(text)).toThrow(/^wrk: /);
});

test("a load becomes a script", () => {
  expect(script({ ...PLAIN, method: "POST", headers: [["X-A", 'a"b']], body: "é\n", reconnect: true })).toBe(
    `wrk.method = "POST"
wrk.headers["X-A"] = "a\\034b"
wrk.headers["Connection"] = "close"
wrk.body = "\\195\\169\\010"
`,
  );
  expect(script({ ...PLAIN, pipelined: 16 })).toContain("string.rep(wrk.format(), 16)");
});
