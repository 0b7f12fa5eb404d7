// FastResponse beside the runtime's own Response: whatever is asked of both, both answer alike.

import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { FastResponse, knownResponse } from "../src/fast-response.ts";

type Arguments = ConstructorParameters<typeof Response>;

const stream = (): ReadableStream<Uint8Array> => new Blob(["streamed"]).stream() as ReadableStream<Uint8Array>;

const CASES: readonly [title: string, make: () => Arguments, isKnown: boolean][] = [
  ["nothing", () => [], true],
  ["null", () => [null], true],
  ["text", () => ["é"], true],
  ["an empty text", () => [""], true],
  ["bytes", () => [new Uint8Array([0xff, 1])], true],
  ["an ArrayBuffer", () => [new ArrayBuffer(3)], false],
  ["a Blob", () => [new Blob(["x"], { type: "a/b" })], false],
  ["a stream", () => [stream()], false],
  ["a form", () => [new URLSearchParams("a=1")], false],
  ["a status", () => ["x", { status: 404 }], true],
  ["a reason", () => ["x", { status: 200, statusText: "Fine" }], true],
  ["an empty reason", () => ["x", { statusText: "" }], true],
  ["204", () => [null, { status: 204 }], true],
  ["304", () => [undefined, { status: 304 }], true],
  ["headers as an object", () => ["x", { headers: { "X-A": "1", "Content-Type": "a/b" } }], true],
  ["headers without a type", () => ["x", { headers: { "X-A": "1" } }], true],
  ["headers of bytes without a type", () => [new Uint8Array(1), { headers: { "X-A": "1" } }], true],
  ["no headers", () => ["x", { headers: undefined as never }], true],
  ["a header twice", () => ["x", { headers: { "X-A": "1", "x-a": "2" } }], false],
  ["white space around a value", () => ["x", { headers: { "X-A": " 1 " } }], false],
  ["an empty value", () => ["x", { headers: { "X-A": "" } }], false],
  ["a number as a value", () => ["x", { headers: { "X-A": 1 as never } }], false],
  ["pairs", () => ["x", { headers: [["a", "1"], ["set-cookie", "a"], ["set-cookie", "b"]] }], false],
  ["Headers", () => ["x", { headers: new Headers([["a", "1"], ["set-cookie", "a"], ["set-cookie", "b"]]) }], true],
  ["Headers with a type", () => ["x", { headers: new Headers({ "content-type": "a/b" }) }], true],
]; // biome-ignore format: a table

async function facts(response: Response): Promise<unknown> {
  const { status, statusText, ok, type, url, redirected, headers, bodyUsed } = response;
  const cookies = headers.getSetCookie();
  const clone = await response.clone().text();
  const facts = { status, statusText, ok, type, url, redirected, headers: [...headers], cookies, bodyUsed, clone };
  const bytes = Buffer.from(await response.arrayBuffer()).toString("hex");
  return { ...facts, bytes, usedAfter: response.bodyUsed };
}

describe("answers like a Response:", () => {
  test.each(CASES)("%s", async (_title, make, isKnown) => {
    const fast = new FastResponse(...make());
    expect(fast).toBeInstanceOf(Response);
    expect(knownResponse(fast) !== undefined).toBe(isKnown);
    expect(await facts(fast)).toEqual(await facts(new Response(...make())));
    expect(knownResponse(fast)).toBeUndefined(); // it was looked at more closely
  });

  test.each([
    ["status 99", ["x", { status: 99 }]],
    ["status 600", [null, { status: 600 }]],
    ["a text with 204", ["x", { status: 204 }]],
    ["an empty text with 304", ["", { status: 304 }]],
    ["a reason with a line end", ["x", { statusText: "a\nb" }]],
    ["a name that is none", ["x", { headers: { "a b": "1" } }]],
    ["a value that is none", ["x", { headers: { a: "1\n2" } }]],
    ["a value beyond latin-1", ["x", { headers: { a: "€" } }]],
  ] as unknown as [string, Arguments][])("refuses %s", (_title, given) => {
    let expected: unknown;
    expect(() => {
      try {
        return new Response(...given);
      } catch (error) {
        expected = error;
        throw error;
      }
    }).toThrow();
    expect(() => new FastResponse(...given)).toThrow((expected as Error).constructor as never);
  });
});

test("what was given may change afterwards", () => {
  const bytes = new Uint8Array([1]);
  const headers = new Headers({ a: "1" });
  const plain = { a: "1" };
  const first = new FastResponse(bytes, { headers });
  const second = new FastResponse("", { headers: plain });
  bytes[0] = 2;
  headers.set("a", "2");
  plain.a = "2";
  expect(knownResponse(first)).toMatchObject({ body: new Uint8Array([1]) });
  expect([first.headers.get("a"), second.headers.get("a")]).toEqual(["1", "1"]);
});

test("its headers can be changed, before and after the rest was looked at", async () => {
  const response = new FastResponse("x");
  response.headers.set("a", "1");
  response.headers.append("set-cookie", "b");
  expect([...(knownResponse(response)?.headers ?? [])]).toContainEqual(["set-cookie", "b"]);
  await response.text();
  response.headers.set("c", "2");
  expect([response.headers.get("a"), response.headers.get("c")]).toEqual(["1", "2"]);
});

test("has the static methods of a Response", async () => {
  expect(FastResponse.error().type).toBe("error");
  expect(FastResponse.redirect("http://a/", 302).headers.get("location")).toBe("http://a/");
  expect(await FastResponse.json({ a: 1 }).json()).toEqual({ a: 1 });
  expect([FastResponse.name, knownResponse(new Response()), knownResponse(1)]).toEqual([
    "Response",
    undefined,
    undefined,
  ]);
});

test("can be made of another one, and be the base of a class", async () => {
  const copy = new FastResponse(
    new FastResponse("x", { headers: { a: "1" } }).body,
    new FastResponse("y", { status: 201 }),
  );
  expect([copy.status, await copy.text()]).toEqual([201, "x"]);
  class Own extends FastResponse {
    readonly extra = 1;
  }
  expect([new Own("z").extra, await new Own("z").text(), new Own() instanceof Response]).toEqual([1, "z", true]);
});

describe("is read as a Response is:", () => {
  const READERS: readonly [string, (response: Response) => Promise<unknown>][] = [
    ["text()", (response) => response.text()],
    ["json()", (response) => response.json()],
    ["arrayBuffer()", async (response) => Buffer.from(await response.arrayBuffer()).toString("hex")],
    ["blob()", async (response) => (await response.blob()).text()],
  ];
  const BODIES: readonly [string, () => ResponseBody][] = [
    ["a text", () => '{"é":1}'],
    ["an empty text", () => ""],
    ["a text with a byte order mark", () => '\ufeff"x"'],
    ["a text with half a character", () => '"\ud800"'],
    ["bytes", () => new TextEncoder().encode('\ufeff"é"').subarray(0)],
    ["bytes that are no text", () => new Uint8Array([0xff])],
    ["nothing", () => null],
  ];
  type ResponseBody = Arguments[0];
  const outcome = async (reading: Promise<unknown>): Promise<unknown> => reading.catch((error: Error) => error.name);

  test.each(BODIES.flatMap(([of, make]) => READERS.map(([how, read]) => [how, of, read, make] as const)))(
    "%s of %s, and no second time",
    async (_how, _of, read, make) => {
      const [fast, native] = [new FastResponse(make()), new Response(make())];
      const facts = async (response: Response): Promise<unknown> => {
        const before = response.bodyUsed;
        const first = await outcome(read(response));
        const { bodyUsed } = response;
        const second = await outcome(response.text());
        return { before, first, bodyUsed, second, third: await outcome(response.arrayBuffer().then(() => "read")) };
      };
      expect(await facts(fast)).toEqual(await facts(native));
    },
  );

  test("the server is not told of one that was read, and its body is used up", async () => {
    const response = new FastResponse("x");
    const reading = response.text();
    expect([knownResponse(response), response.bodyUsed]).toEqual([undefined, true]);
    expect([await reading, response.body?.locked, (await response.body?.getReader().read())?.done]).toEqual(["x", false, true]);
    expect(() => response.clone()).toThrow(TypeError);
  }); // biome-ignore format: short
});

test("a type that was taken away does not come back", async () => {
  const response = new FastResponse("x", { statusText: "Fine" });
  response.headers.delete("content-type");
  expect([response.clone().headers.has("content-type"), response.headers.has("content-type")]).toEqual([false, false]);
  expect([response.statusText, new Response(null, response).statusText]).toEqual(["Fine", "Fine"]);
});

test.each([
  ["an object", [{ a: "é" }]],
  ["null", [null]],
  ["a status and a reason", [[1], { status: 201, statusText: "Made" }]],
  ["headers", [1, { headers: { "X-A": "1" } }]],
  ["a type", [1, { headers: [["Content-Type", "application/problem+json"]] }]],
  ["a status without a body", [1, { status: 204 }]],
  ["what is no JSON", [undefined]],
  ["a function", [() => {}]],
  ["what cannot be written", [1n]],
] as [string, [unknown, ResponseInit?]][])("json() of %s is as a Response's", async (_title, given) => {
  const of = async (make: () => Response): Promise<unknown> => {
    try {
      return await facts(make());
    } catch (error) {
      return (error as Error).name;
    }
  };
  expect(await of(() => FastResponse.json(...given))).toEqual(await of(() => Response.json(...given)));
  if (given[1] === undefined && given[0] === null) expect(knownResponse(FastResponse.json(...given))).toBeDefined();
});

test("is shown with what it is", () => {
  expect(inspect(new FastResponse("x", { status: 404 }))).toMatch(/^Response \{[\s\S]*status: 404/);
});
