import { describe, expect, test } from "vitest";
import { ProtocolError } from "../src/errors.ts";
import { parseRequestTarget, type RequestTarget } from "../src/request-target.ts";

function target(path: string, query?: string, authority?: string): RequestTarget {
  return { path, query, authority };
}

function faultOf(text: string, method: string): unknown {
  try {
    return parseRequestTarget(text, method);
  } catch (error) {
    return error;
  }
}

describe("parseRequestTarget", () => {
  test.each([
    ["/", "GET", target("/")],
    ["/a/b", "GET", target("/a/b")],
    ["/a?", "GET", target("/a", "")],
    ["/a?b?c", "GET", target("/a", "b?c")],
    ["//b/c", "GET", target("//b/c")],
    ["/%41", "GET", target("/%41")],
    ["*", "OPTIONS", target("*")],
    ["http://b", "GET", target("/", undefined, "b")],
    ["http://b/", "GET", target("/", undefined, "b")],
    ["http://b/c?d", "GET", target("/c", "d", "b")],
    ["http://b?d", "GET", target("/", "d", "b")],
    ["hTTpS://b:1/c", "GET", target("/c", undefined, "b:1")],
    ["http://[::1]:80/?", "GET", target("/", "", "[::1]:80")],
    ["b:443", "CONNECT", target("", undefined, "b:443")],
    ["[::1]:443", "CONNECT", target("", undefined, "[::1]:443")],
  ])("understands %s of %s", (text, method, expected) => {
    expect(parseRequestTarget(text, method)).toEqual(expected);
  });

  test.each([
    ["/a#b", "GET", 'a character that is not allowed in "/a#b"'],
    ["/a\xe9", "GET", 'a character that is not allowed in "/a\\xe9"'],
    ["*", "GET", '`*` is for OPTIONS only in "*"'],
    ["*a", "OPTIONS", 'neither a path nor an http URL in "*a"'],
    ["a", "GET", 'neither a path nor an http URL in "a"'],
    ["xhttp://b/", "GET", 'neither a path nor an http URL in "xhttp://b/"'],
    ["http://", "GET", 'its authority is not `host [:port]` in "http://"'],
    ["http://:80/", "GET", 'its authority is not `host [:port]` in "http://:80/"'],
    ["http://u@b/", "GET", 'its authority is not `host [:port]` in "http://u@b/"'],
    ["b", "CONNECT", 'CONNECT needs host:port in "b"'],
    ["b:", "CONNECT", 'CONNECT needs host:port in "b:"'],
    [":443", "CONNECT", 'CONNECT needs host:port in ":443"'],
    ["/", "CONNECT", 'CONNECT needs host:port in "/"'],
  ])("refuses %s of %s and says why", (text, method, reason) => {
    const fault = faultOf(text, method);
    expect(fault).toBeInstanceOf(ProtocolError);
    expect(fault).toMatchObject({ code: "BAD_TARGET", message: `the request target is not valid: ${reason}` });
  });
});
