import { describe, expect, test } from "vitest";
import { isHost } from "../src/host.ts";

describe("isHost takes", () => {
  test.each([
    ["", "an empty host"],
    ["a", "a name"],
    ["A.Example", "capitals"],
    ["a.example.", "the root's dot"],
    ["xn--bcher-kva.example", "punycode"],
    ["b%C3%BCcher", "percent-encoding"],
    ["%41", "percent-encoding alone"],
    ["my_host", "an underscore"],
    ["-._~!$&'()*+,;=", "every mark of a reg-name"],
    ["127.0.0.1", "an IPv4 address"],
    ["999.999.999.999", "what is no IPv4 address, and so a name"],
    ["a:", "an empty port"],
    [":", "an empty host and an empty port"],
    [":80", "an empty host and a port"],
    ["a:0", "port 0"],
    ["a:00080", "zeros before a port"],
    ["a:65535", "the highest port"],
    ["[::1]:80", "an address and a port"],
    ["[::1]:", "an address and an empty port"],
  ])("%j: %s", (value) => {
    expect(isHost(value)).toBe(true);
  });

  test.each([
    "::",
    "::1",
    "1::",
    "2001:db8::7",
    "2001:DB8:0:0:8:800:200C:417A",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "1::3:4:5:6:7:8",
    "::ffff:127.0.0.1",
    "::255.249.199.0",
    "1:2:3:4:5:6:10.20.30.40",
    "fe80::1%25eth0",
    "fe80::1%25a-b.c_d~e",
    "v1.a",
    "vF0.fe80::a+en1",
    "V1.:",
  ])("[%s]", (address) => {
    expect(isHost(`[${address}]`)).toBe(true);
  });
});

describe("isHost refuses", () => {
  test.each([
    ["a b", "a space"],
    ["a\t", "a tab"],
    ["a/b", "a path"],
    ["a?b", "a query"],
    ["a#b", "a fragment"],
    ["a@b", "a user"],
    ["a\\b", "a backslash"],
    ['a"b', "a quote"],
    ["a<b>", "angle brackets"],
    ["caf\xe9", "a byte above ASCII"],
    ["caf\u0141", "a character above latin-1"],
    ["a\0", "NUL"],
    ["a%", "a percent sign at the end"],
    ["a%4", "one digit after a percent sign"],
    ["a%4g", "a bad second digit"],
    ["a%g4", "a bad first digit"],
    ["%41%", "a bad encoding after a good one"],
    ["a:b", "a port of letters"],
    ["a:8 0", "a space in a port"],
    ["a:-1", "a negative port"],
    ["a:65536", "a port that is too high"],
    ["a:000080", "a port of six digits"],
    ["a:1:2", "two ports"],
    ["::1", "IPv6 without brackets"],
    ["[::1", "an unclosed bracket"],
    ["::1]", "an unopened bracket"],
    ["[]", "empty brackets"],
    ["[", "a bracket alone"],
    ["[::1]80", "a port without its colon"],
    ["[::1]:65536", "an address and a port that is too high"],
    ["[::1]]", "two closing brackets"],
    ["a[::1]", "text before an address"],
    ["[[::1]]", "nested brackets"],
  ])("%j: %s", (value) => {
    expect(isHost(value)).toBe(false);
  });

  test.each([
    ":",
    ":::",
    "1",
    "a.example",
    "127.0.0.1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "1::2:3:4:5:6:7:8",
    "1::2::3",
    "1:",
    ":1",
    "12345::",
    "g::",
    "::1 ",
    "::256.0.0.1",
    "::1.2.3",
    "::1.2.3.4.5",
    "::01.2.3.4",
    "::1.2.3.4:5",
    "1.2.3.4::",
    "::1.2.3.",
    "1:2:3:4:5:6:7:1.2.3.4",
    "fe80::1%eth0",
    "fe80::1%25",
    "fe80::1%25a%25b",
    "fe80::1%25a%2",
    "%25eth0",
    "v1.",
    "v.a",
    "vg.a",
    "v1a",
    "v1.a%25b",
    "v1.a/b",
  ])("[%s]", (address) => {
    expect(isHost(`[${address}]`)).toBe(false);
  });
});
