// What a person writes as an address, and how it is shown again.

import { describe, expect, test } from "vitest";
import { type ListenAddress, parseAddress, showAddress } from "../src/address.ts";

describe("an address", () => {
  test.each<[ListenAddress, object, string]>([
    [["", 8090], { kind: "tcp", host: "", port: 8090 }, "*:8090"],
    [["::1", 8090], { kind: "tcp", host: "::1", port: 8090 }, "[::1]:8090"],
    [8090, { kind: "tcp", host: "", port: 8090 }, "*:8090"],
    ["8090", { kind: "tcp", host: "", port: 8090 }, "*:8090"],
    [":8090", { kind: "tcp", host: "", port: 8090 }, "*:8090"],
    ["127.0.0.1:0", { kind: "tcp", host: "127.0.0.1", port: 0 }, "127.0.0.1:0"],
    ["localhost:65535", { kind: "tcp", host: "localhost", port: 65535 }, "localhost:65535"],
    ["[fe80::1%eth0]:80", { kind: "tcp", host: "fe80::1%eth0", port: 80 }, "[fe80::1%eth0]:80"],
    ["[::1]:80", { kind: "tcp", host: "::1", port: 80 }, "[::1]:80"],
    ["unix:/run/app.sock", { kind: "unix", path: "/run/app.sock", abstract: false }, "unix:/run/app.sock"],
    ["unix:///run/app.sock", { kind: "unix", path: "/run/app.sock", abstract: false }, "unix:/run/app.sock"],
    ["unix:app.sock", { kind: "unix", path: "app.sock", abstract: false }, "unix:app.sock"],
    ["unix:@name", { kind: "unix", path: "name", abstract: true }, "unix:@name"],
    ["fd://3", { kind: "fd", fd: 3 }, "fd://3"],
  ])("of %j is understood and shown", (given, parsed, shown) => {
    expect(parseAddress(given)).toEqual(parsed);
    expect(showAddress(parseAddress(given))).toBe(shown);
  });

  test.each<[unknown, RegExp]>([
    ["", /expected .*"127\.0\.0\.1:8090".*; got ""$/],
    ["localhost", /; got "localhost"$/],
    ["::1:80", /; got "::1:80"$/],
    ["[::1]", /; got "\[::1\]"$/],
    ["[]:80", /; got "\[\]:80"$/],
    ["http://a:80", /; got "http:\/\/a:80"$/],
    ["fd://x", /; got "fd:\/\/x"$/],
    ["unix:", /; got "unix:"$/],
    ["unix:@", /; got "unix:@"$/],
    ["unix:a\0b", /; got "unix:a\\u0000b"$/],
    [`unix:/${"x".repeat(107)}`, /at most 107 bytes/],
    ["a:65536", /from 0 to 65535; got "a:65536"$/],
    [-1, /from 0 to 65535; got -1$/],
    [80.5, /from 0 to 65535; got 80\.5$/],
    [["a", "80"], /from 0 to 65535; got \["a", "80"\]$/],
    [["a"], /; got \["a"\]$/],
    [[80, "a"], /; got \[80, "a"\]$/],
    ["[::1%]:80", /; got "\[::1%\]:80"$/],
    [Symbol("a"), /; got Symbol\(a\)$/],
    [undefined, /; got undefined$/],
  ])("of %j is refused", (given, message) => {
    expect(() => parseAddress(given as ListenAddress)).toThrow(
      expect.objectContaining({ code: "BAD_ADDRESS", message: expect.stringMatching(message) }),
    );
  });
  test("that JSON cannot show is refused", () => {
    const address = ["", 5n] as unknown as ListenAddress;
    expect(() => parseAddress(address)).toThrow(/a port is a whole number from 0 to 65535; got \["", 5\]$/);
  });
});
