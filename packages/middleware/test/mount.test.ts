import type { Application, Environ } from "@wsgi/core";
import { describe, expect, test } from "vitest";
import { MountError, mount } from "../src/index.ts";
import { ask, serveIt } from "./support/ask.ts";

/** Says who it is and where it was found. */
const named =
  (name: string): Application =>
  ({ SCRIPT_NAME, PATH_INFO, RAW_PATH_INFO }, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
    return [JSON.stringify([name, SCRIPT_NAME, PATH_INFO, RAW_PATH_INFO])];
  };

const site = mount({
  "/": named("root"),
  "/api": named("api"),
  "/api/v2": named("v2"),
  "/caf%C3%A9": named("café"),
  "/a b": named("blank"),
  "/nested": mount({ "/inner": named("inner"), "/": named("outer") }),
});

async function find(application: Application, target: string, method = "GET"): Promise<unknown> {
  const answer = await ask(await serveIt(application), target, method);
  if (answer.status !== 200) return answer.status;
  return JSON.parse(Buffer.from(answer.body, "latin1").toString());
}

describe("finds the application, and moves what it took to SCRIPT_NAME:", () => {
  test.each([
    ["/", "root", "", "/", "/"],
    ["/api", "api", "/api", "", ""],
    ["/api/", "api", "/api", "/", "/"],
    ["/api/x?y=/z", "api", "/api", "/x", "/x"],
    ["/apix", "root", "", "/apix", "/apix"],
    ["/api/v2", "v2", "/api/v2", "", ""],
    ["/api/v2/x", "v2", "/api/v2", "/x", "/x"],
    ["/api/v20", "api", "/api", "/v20", "/v20"],
    ["/%61pi/%78", "api", "/api", "/x", "/%78"],
    ["/api/%2F", "api", "/api", "//", "/%2F"],
    ["/api%2Fv2/x", "root", "", "/api/v2/x", "/api%2Fv2/x"],
    ["/api/v2%2Fx", "api", "/api", "/v2/x", "/v2%2Fx"],
    ["/api%", "root", "", "/api%", "/api%"],
    ["/api/%ff", "api", "/api", "/\ufffd", "/%ff"],
    ["/api//x", "api", "/api", "//x", "//x"],
    ["//api", "root", "", "//api", "//api"],
    ["/API", "root", "", "/API", "/API"],
    ["/caf%c3%a9/%e2%82%ac", "café", "/café", "/€", "/%e2%82%ac"],
    ["/caf%e9", "root", "", "/caf\ufffd", "/caf%e9"],
    ["/a%20b/c", "blank", "/a b", "/c", "/c"],
    ["/api/../x", "api", "/api", "/../x", "/../x"],
    ["/nested", "outer", "/nested", "", ""],
    ["/nested/inner/x%2Fy", "inner", "/nested/inner", "/x/y", "/x%2Fy"],
    ["/nested/%69nner", "inner", "/nested/inner", "", ""],
    ["http://b/api/x", "api", "/api", "/x", "/x"],
  ])("%s", async (target, ...expected) => {
    expect(await find(site, target)).toEqual(expected);
  });
});

test("gives OPTIONS * and CONNECT to the application at the root", async () => {
  expect(await find(site, "*", "OPTIONS")).toEqual(["root", "", "*", "*"]);
  expect((await ask(await serveIt(mount({ "/": named("root") })), "a:80", "CONNECT")).status).toBe(200);
  expect(await find(mount({ "/api": named("api") }), "*", "OPTIONS")).toBe(404);
});

test("does not depend on the order in which they are given", async () => {
  const application = mount({ "/a/b/c": named("3"), "/": named("0"), "/a": named("1"), "/a/b": named("2") });
  for (const [path, name] of [["/a/b/c", "3"], ["/a/b", "2"], ["/a/x", "1"], ["/x", "0"]] as const) {
    expect(await find(application, path)).toHaveProperty("0", name);
  } // biome-ignore format: a table
});

test("answers 404 where nothing is mounted", async () => {
  const answer = await ask(await serveIt(mount({ "/api": named("api") })), "/other");
  expect([answer.statusLine, answer.header("content-type"), answer.body]).toEqual([
    "HTTP/1.1 404 Not Found",
    "text/plain; charset=utf-8",
    "Not Found\r\n",
  ]);
});

test("asks `notFound`, with the environ as it was", async () => {
  const application = mount(
    { "/api": mount({ "/x": named("x") }, { notFound: named("inner") }) },
    { notFound: named("not") },
  );
  expect(await find(application, "/oth%65r")).toEqual(["not", "", "/other", "/oth%65r"]);
  expect(await find(application, "/api/y")).toEqual(["inner", "/api", "/y", "/y"]);
});

describe("an environ that middleware has changed", () => {
  const changed =
    (change: Partial<Environ>): Application =>
    (environ, startResponse) =>
      site(Object.assign(environ, change), startResponse);

  test("is judged by PATH_INFO, and RAW_PATH_INFO is made to say the same", async () => {
    expect(await find(changed({ PATH_INFO: "/api/é%/x" }), "/secret%2Fpath")).toEqual(
      ["api", "/api", "/é%/x", "/%C3%A9%25/x"],
    ); // biome-ignore format: short
  });

  test("keeps the mount it already has", async () => {
    expect(await find(changed({ SCRIPT_NAME: "/up" }), "/api/x")).toEqual(["api", "/up/api", "/x", "/x"]);
  });
});

test("passes the application's result and failure through", async () => {
  const failing = mount({ "/": () => Promise.reject(new Error("meant")) });
  const served = await serveIt(failing);
  expect((await ask(served, "/")).status).toBe(500);
  await served.logged(/meant/);
});

const application = named("any");

describe("refuses at once, and says what is expected:", () => {
  test.each([
    ["BAD_PREFIX", { "": application }, /"" is empty; "\/" is for every path/],
    ["BAD_PREFIX", { api: application }, /"api" does not begin with a slash: "\/api"\?/],
    ["BAD_PREFIX", { "/api/": application }, /"\/api\/" ends with a slash: "\/api"\?/],
    ["BAD_PREFIX", { "//": application }, /ends with a slash: "\/"\?/],
    ["BAD_PREFIX", { "/a//b": application }, /empty segment/],
    ["BAD_PREFIX", { "/a?b": application }, /`\?` or a `#`/],
    ["BAD_PREFIX", { "/a#b": application }, /`\?` or a `#`/],
    ["BAD_PREFIX", { "/a/../b": application }, /segment `\.` or `\.\.`/],
    ["BAD_PREFIX", { "/%2e": application }, /segment `\.` or `\.\.`/],
    ["BAD_PREFIX", { "/a%2Fb": application }, /%2F/],
    ["BAD_PREFIX", { "/100%": application }, /without two hexadecimal digits/],
    ["BAD_PREFIX", { "/%ff": application }, /octets that are not UTF-8/],
    ["BAD_PREFIX", { "/a\n": application }, /control character/],
    ["REPEATED_PREFIX", { "/é": application, "/%C3%A9": application }, /"\/%C3%A9"/],
    ["REPEATED_PREFIX", { "/a": application, "/%61": application }, /"\/%61"/],
    ["BAD_APPLICATION", { "/a": { fetch() {} } }, /at "\/a": got an object/],
    ["BAD_MOUNTS", {}, /got none/],
    ["BAD_MOUNTS", [application], /got an array of 1/],
    ["BAD_MOUNTS", undefined, /got undefined/],
  ])("%s, %#", (code, applications, message) => {
    const attempt = (): unknown => mount(applications as unknown as Record<string, Application>);
    expect(attempt).toThrow(MountError);
    expect(attempt).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  test("BAD_OPTION", () => {
    const attempt = (): unknown => mount({ "/": application }, { notFound: "404" as unknown as Application });
    expect(attempt).toThrow(
      expect.objectContaining({ code: "BAD_OPTION", message: expect.stringMatching(/notFound: got "404"/) }),
    );
  });
});
