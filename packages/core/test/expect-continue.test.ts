// Expect: 100-continue, RFC 9110 §10.1.1 and eventlet: when the interim response goes out, what it carries, and what
// becomes of a connection whose client was never told to continue.

import { describe, expect, test } from "vitest";
import { type Application, type Input, UsageError } from "../src/index.ts";
import { answersIn, ask, askNext } from "./support/answers.ts";
import type { Client } from "./support/client.ts";
import { type Served, serve } from "./support/serve.ts";
import { chunkedRaw, get, post, request } from "./wire/wire.ts";

const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
const expecting = (length: number): Buffer => post([`Content-Length: ${length}`, "Expect: 100-continue"]);

/** Runs `use` on the input, then answers with what it returned. */
async function serveInput(use: (input: Input, hint: (name: string) => void) => Promise<unknown>): Promise<Served> {
  return await serve(async (environ, startResponse) => {
    // An early hint marks the moment in what the client receives.
    const body = await use(environ["wsgi.input"], (name) => environ["wsgi.early_hints"]?.([["X-Moment", name]]));
    startResponse("200 OK", []);
    return [String(body)];
  });
}

/** Everything up to the final response, as a list: each 100 with its headers, and the moments. */
function interims(text: string): string[] {
  const heads = answersIn(text).filter(({ status }) => status < 200);
  return heads.map(({ status, headers }) =>
    status === 100
      ? ["100", ...headers.map(([name, value]) => `${name}: ${value}`)].join(", ")
      : (headers[0]?.[1] ?? ""),
  );
}

async function waiting(served: Served, bytes: Uint8Array): Promise<Client> {
  const client = await served.connect();
  client.send(bytes);
  await client.receive(CONTINUE);
  return client;
}

describe("the 100 Continue", () => {
  test.each([
    ["read", (input: Input) => input.read()],
    ["read of a size", (input: Input) => input.read(5)],
    ["read1", (input: Input) => input.read1()],
    ["readline", (input: Input) => input.readline()],
    ["readlines", (input: Input) => input.readlines()],
    ["step of an iteration", async (input: Input) => (await input[Symbol.asyncIterator]().next()).value],
  ])("goes out at the first %s, not before", async (_name, read) => {
    const served = await serveInput(async (input, moment) => {
      moment("called");
      const body = await read(input);
      moment("read");
      return body;
    });
    const client = await waiting(served, expecting(5));
    client.send("Hello");
    const text = await client.receive(/Hello$/m);
    expect(interims(text)).toEqual(["called", "100", "read"]);
  });

  test("goes out at discard()", async () => {
    const served = await serveInput((input) => input.discard());
    const client = await waiting(served, expecting(5));
    expect((await askNext(client, "Hello")).status).toBe(200);
  });

  test("does not go out for a read of nothing", async () => {
    const served = await serveInput(async (input, moment) => {
      await input.read(0);
      await input.readline(0);
      moment("nothing read");
      return input.read();
    });
    const client = await waiting(served, expecting(5));
    client.send("Hello");
    expect(interims(await client.receive(/Hello$/m))).toEqual(["nothing read", "100"]);
  });

  test("goes out once, however many reads follow", async () => {
    const served = await serveInput(
      async (input) => `${await input.read(2)}${await input.read(2)}${await input.read()}`,
    );
    const client = await waiting(served, expecting(5));
    for (const byte of "Hello") await client.sendAll(byte);
    expect(interims(await client.receive(/Hello$/m))).toEqual(["100"]);
  });

  test("goes out for a chunked body", async () => {
    const served = await serveInput((input) => input.read());
    const client = await waiting(served, post(["Transfer-Encoding: chunked", "Expect: 100-Continue"]));
    client.send("5\r\nHello\r\n0\r\n\r\n");
    expect(interims(await client.receive(/Hello$/m))).toEqual(["100"]);
  });

  test("goes out for each request of a connection that waits for it", async () => {
    const served = await serveInput((input) => input.read());
    const client = await served.connect();
    for (const body of ["Hello", "World"]) {
      const before = client.received.length;
      client.send(expecting(5));
      while (!client.received.slice(before).includes(CONTINUE)) await client.more();
      expect(await askNext(client, body)).toMatchObject({ status: 200, body });
    }
    expect(interims(client.received)).toEqual(["100", "100"]);
  });

  test("does not go out when the body is there already, or there is none", async () => {
    const served = await serveInput((input) => input.read());
    const client = await served.connect();
    await askNext(client, post(["Content-Length: 5", "Expect: 100-continue"], "Hello"));
    await askNext(client, expecting(0));
    await askNext(client, get("Expect: 100-continue"));
    expect(interims(client.received)).toEqual([]);
    expect(answersIn(client.received).map(({ body }) => body)).toEqual(["Hello", "", ""]);
  });

  test("does not go out to a client that does not wait for it", async () => {
    const served = await serveInput((input, moment) => {
      const body = input.read();
      moment("reading");
      return body;
    });
    const client = await served.connect();
    client.send(post(["Content-Length: 5"]));
    await client.receive("reading");
    client.send("Hello");
    expect(interims(await client.receive(/Hello$/m))).toEqual(["reading"]);
  });

  test("does not go out after the response began, and the body can still be read", async () => {
    const served = await serve(async (environ, startResponse) => {
      const write = startResponse("200 OK", []);
      await write("read: ");
      return [await environ["wsgi.input"].read()];
    });
    const client = await served.connect();
    client.send(expecting(5));
    await client.receive("read: ");
    client.send("Hello");
    const [answer, ...others] = answersIn(await client.end());
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ status: 200, body: "read: Hello", complete: true });
    expect(answer?.header("connection")).toBe("close");
  });

  test("goes out when startResponse was called and nothing sent yet", async () => {
    const served = await serve(async (environ, startResponse) => {
      startResponse("200 OK", []);
      return [await environ["wsgi.input"].read()];
    });
    const client = await waiting(served, expecting(5));
    expect((await askNext(client, "Hello")).body).toBe("Hello");
  });
});

describe("an application that answers without reading", () => {
  const answers: Application = (_environ, startResponse) => {
    startResponse("401 Unauthorized", []);
    return ["no"];
  };

  test("sends no 100, and the connection closes after its response", async () => {
    const served = await serve(answers);
    const client = await served.connect();
    client.send(expecting(5));
    const [answer, ...others] = answersIn(await client.end());
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ status: 401, body: "no", complete: true });
    expect(answer?.header("connection")).toBe("close");
  });

  test("never has the body taken for a request, whether it comes or not", async () => {
    const served = await serve(answers);
    const forged = request("GET /forged HTTP/1.1");
    const client = await served.connect();
    client.send(Buffer.concat([expecting(forged.length), forged, get()]));
    expect(answersIn(await client.end()).map(({ status }) => status)).toEqual([401]);
    expect(served.exchanges).toHaveLength(1);
  });

  test("keeps the connection when there is no body to come", async () => {
    const served = await serve(answers);
    const client = await served.connect();
    expect((await askNext(client, expecting(0))).header("connection")).toBeUndefined();
    expect((await askNext(client, get())).status).toBe(401);
  });
});

describe("setHundredContinueResponseHeaders", () => {
  test("adds headers to the 100 Continue", async () => {
    const served = await serveInput((input) => {
      input.setHundredContinueResponseHeaders([
        ["x-one", "1"],
        ["X-Two", "2"],
      ]);
      return input.read();
    });
    const client = await served.connect();
    client.send(expecting(5));
    await client.receive("HTTP/1.1 100 Continue\r\nX-One: 1\r\nX-Two: 2\r\n\r\n");
    expect((await askNext(client, "Hello")).body).toBe("Hello");
  });

  test("changes them between several reads", async () => {
    const served = await serveInput(async (input) => {
      input.setHundredContinueResponseHeaders([["X-Part", "1"]]);
      const first = await input.read(2);
      input.setHundredContinueResponseHeaders([["X-Part", "2"]]);
      input.sendHundredContinueResponse();
      const second = await input.read(3);
      input.setHundredContinueResponseHeaders([["X-Part", "3"]]);
      return `${first}${second}${await input.read()}`;
    });
    const client = await served.connect();
    client.send(expecting(6));
    await client.receive("X-Part: 1\r\n\r\n");
    client.send("He");
    await client.receive("X-Part: 2\r\n\r\n");
    client.send("llo!");
    expect(interims(await client.receive(/Hello!$/m))).toEqual(["100, X-Part: 1", "100, X-Part: 2"]);
  });

  test.each([
    ["a header that splits the response", ["X", "1\r\nX-Forged: 2"]],
    ["Content-Length", ["Content-Length", "5"]],
    ["Transfer-Encoding", ["Transfer-Encoding", "chunked"]],
    ["Connection", ["Connection", "close"]],
  ] as [string, [string, string]][])("is a usage error at the read with %s", async (_name, header) => {
    const errors: unknown[] = [];
    const served = await serveInput(async (input) => {
      input.setHundredContinueResponseHeaders([header]);
      await input.read().catch((error) => errors.push(error));
    });
    const client = await served.connect();
    const answer = await askNext(client, expecting(5));
    expect(errors).toEqual([expect.any(UsageError)]);
    expect(answer.status).toBe(200);
    // The client was never told to continue: nobody knows whether a body follows.
    expect(answer.header("connection")).toBe("close");
    expect(interims(await client.end())).toEqual([]);
  });

  test("lets the next read continue after a usage error", async () => {
    const served = await serveInput(async (input) => {
      input.setHundredContinueResponseHeaders([["Bad Name", "1"]]);
      await input.read().catch(() => {});
      input.setHundredContinueResponseHeaders([]);
      return input.read();
    });
    const client = await waiting(served, expecting(5));
    expect((await askNext(client, "Hello")).body).toBe("Hello");
  });
});

describe("sendHundredContinueResponse", () => {
  test("sends it before any read, and then the read does not", async () => {
    const served = await serveInput(async (input, moment) => {
      input.sendHundredContinueResponse();
      moment("sent");
      return input.read();
    });
    const client = await waiting(served, expecting(5));
    client.send("Hello");
    expect(interims(await client.receive(/Hello$/m))).toEqual(["100", "sent"]);
  });

  test.each([
    ["to a client that does not wait for it", post(["Content-Length: 0"])],
    ["to an HTTP/1.0 client", request("POST / HTTP/1.0", "Content-Length: 0", "Expect: 100-continue")],
  ])("is a usage error %s", async (_name, bytes) => {
    const errors: unknown[] = [];
    const served = await serveInput(async (input) => {
      try {
        input.sendHundredContinueResponse();
      } catch (error) {
        errors.push(error);
      }
    });
    const client = await served.connect();
    client.send(bytes);
    expect(interims(await client.receive("undefined"))).toEqual([]);
    expect(errors).toEqual([expect.objectContaining({ name: "UsageError", code: "INTERIM_TOO_LATE" })]);
  });

  test("is a usage error after the response began", async () => {
    const errors: unknown[] = [];
    const served = await serve(async (environ, startResponse) => {
      await startResponse("200 OK", [])("begun");
      try {
        environ["wsgi.input"].sendHundredContinueResponse();
      } catch (error) {
        errors.push(error);
      }
      return [];
    });
    expect((await ask(served, expecting(5))).body).toBe("begun");
    expect(errors).toEqual([expect.objectContaining({ code: "INTERIM_TOO_LATE" })]);
  });

  test("is a usage error on a server that answers as HTTP/1.0", async () => {
    const errors: unknown[] = [];
    const served = await serve(
      (environ, startResponse) => {
        try {
          environ["wsgi.input"].sendHundredContinueResponse();
        } catch (error) {
          errors.push(error);
        }
        startResponse("200 OK", []);
        return ["done"];
      },
      { maxHttpVersion: "HTTP/1.0" },
    );
    expect((await ask(served, expecting(5))).body).toBe("done");
    expect(errors).toEqual([expect.objectContaining({ code: "INTERIM_TOO_LATE" })]);
  });
});

test("sends no 100 as an HTTP/1.0 server", async () => {
  const served = await serve(
    async (environ, startResponse) => {
      const body = environ["wsgi.input"].read();
      environ["wsgi.errors"].write("reading");
      startResponse("200 OK", []);
      return [await body];
    },
    { maxHttpVersion: "HTTP/1.0" },
  );
  const client = await served.connect();
  client.send(expecting(5));
  await served.logged(/reading/);
  client.send("Hello");
  const [answer, ...others] = answersIn(await client.end());
  expect(others).toEqual([]);
  expect(answer?.body).toBe("Hello");
});

describe("Expect from an HTTP/1.0 client", () => {
  const forged = request("GET /forged HTTP/1.0");
  const bytes = Buffer.concat([
    request("POST / HTTP/1.0", "Connection: keep-alive", "Expect: 100-continue", `Content-Length: ${forged.length}`),
    forged,
  ]);

  test.each([
    ["that is read", true],
    ["that is not read", false],
  ])("does not break the framing of a body %s", async (_name, reads) => {
    const served = await serve(async (environ, startResponse) => {
      const body = reads ? await environ["wsgi.input"].read() : "";
      startResponse("200 OK", []);
      return [`${environ.PATH_INFO}:`, body];
    });
    const client = await served.connect();
    const answer = await askNext(client, bytes);
    expect(answer.body).toBe(reads ? `/:${forged}` : "/:");
    expect(answer.header("connection")).toBe("keep-alive");
    expect((await askNext(client, request("GET /next HTTP/1.0"))).body).toBe("/next:");
    expect(interims(client.received)).toEqual([]);
    expect(served.exchanges.map(({ environ }) => environ.PATH_INFO)).toEqual(["/", "/next"]);
  });

  test("is ignored whatever it expects", async () => {
    const served = await serveInput((input) => input.read());
    expect((await ask(served, request("GET / HTTP/1.0", "Expect: the-unexpected"))).status).toBe(200);
  });
});

test("refuses other expectations with 417", async () => {
  const served = await serveInput((input) => input.read());
  const answer = await ask(served, post(["Content-Length: 5", "Expect: the-unexpected"], "Hello"));
  expect(answer.status).toBe(417);
  expect(served.exchanges).toEqual([]);
});

test("discards a chunked body whose client was told to continue and whose application stopped reading", async () => {
  const served = await serveInput((input) => input.read(1));
  const client = await waiting(served, post(["Transfer-Encoding: chunked", "Expect: 100-continue"]));
  const [, body = ""] = chunkedRaw("5\r\nHello\r\n0\r\n\r\n")
    .toString()
    .split(/(?<=\r\n\r\n)(?=5)/);
  expect((await askNext(client, body)).body).toBe("H");
  expect((await askNext(client, get())).status).toBe(200);
});
