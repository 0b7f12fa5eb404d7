// The headers of a response on the wire: what an application may not give, how names are written, hop-by-hop options, and
// the 103 Early Hints.

import { describe, expect, test } from "vitest";
import type { Application, Header, Options } from "../src/index.ts";
import { answersIn, ask, askNext } from "./support/answers.ts";
import { deferred } from "./support/deferred.ts";
import { type Served, serve } from "./support/serve.ts";
import { get, post, request } from "./wire/wire.ts";

const withHeaders =
  (headers: unknown, status = "200 OK"): Application =>
  (_environ, startResponse) => {
    startResponse(status, headers as Header[]);
    return ["Hello"];
  };

async function expectRefused(application: Application, text: string): Promise<void> {
  const served = await serve(application);
  const client = await served.connect();
  const answer = await askNext(client, get());
  expect(answer).toMatchObject({ statusLine: "HTTP/1.1 500 Internal Server Error", body: "", complete: true });
  expect(await served.logged(/the application failed/)).toContain(`UsageError: ${text}`);
  expect((await askNext(client, get())).status).toBe(500);
  expect(client.received).not.toContain("Forged");
}

describe("startResponse refuses, with 500 and a log entry,", () => {
  test.each<[string, unknown]>([
    ["an empty name", ["", "1"]],
    ["a space in a name", ["X Y", "1"]],
    ["a colon in a name", ["X:", "1"]],
    ["a line end in a name", ["X\r\nForged", "1"]],
    ["a name beyond ASCII", ["X-\xe9", "1"]],
  ])("%s", async (_name, header) => {
    await expectRefused(withHeaders([header]), "a header name is a token");
  });

  test.each<[string, unknown]>([
    ["a CRLF in a value", ["X", "1\r\nForged: 2"]],
    ["a bare LF in a value", ["X", "1\nForged: 2"]],
    ["a bare CR in a value", ["X", "1\rForged: 2"]],
    ["a NUL in a value", ["X", "1\0"]],
    ["a DEL in a value", ["X", "\x7f"]],
    ["a character beyond latin-1 in a value", ["X", "€"]],
    ["a character whose low byte is LF", ["X", "1\u010aForged: 2"]],
    ["a number for a value", ["X", 5]],
    ["undefined for a value", ["X", undefined]],
    ["a list for a value", ["X", ["1", "2"]]],
  ])("%s", async (_name, header) => {
    await expectRefused(withHeaders([header]), "a header value is a string of latin-1 characters");
  });

  test.each<[string, unknown]>([
    ["an object of headers", { "X-One": "1" }],
    ["no headers at all", undefined],
    ["null", null],
    ["a string", "X-One: 1"],
    ["a pair of one", [["X-One"]]],
    ["a pair of three", [["X-One", "1", "2"]]],
    ["a flat list", ["X-One", "1"]],
  ])("%s", async (_name, headers) => {
    await expectRefused(withHeaders(headers), "headers are a list of [name, value] pairs");
  });

  test.each<[string, string]>([
    ["Connection", "keep-alive"],
    ["Connection", "close, X-One"],
    ["connection", "Upgrade"],
    ["Keep-Alive", "timeout=5"],
    ["Proxy-Connection", "close"],
    ["TE", "trailers"],
    ["Trailer", "X-Sum"],
    ["transfer-ENCODING", "chunked"],
    ["Upgrade", "websocket"],
  ])("the hop-by-hop header %s: %s", async (name, value) => {
    await expectRefused(withHeaders([[name, value]]), "hop-by-hop headers belong to the server");
  });

  test.each(["abc", "-1", "5, 5", "", "1e3"])("Content-Length: %s", async (value) => {
    await expectRefused(withHeaders([["Content-Length", value]]), "Content-Length is one decimal number");
  });

  test("two Content-Lengths", async () => {
    const headers = [
      ["Content-Length", "5"],
      ["content-length", "5"],
    ];
    await expectRefused(withHeaders(headers), "Content-Length is one decimal number: given twice");
  });

  test.each<[string, unknown]>([
    ["a status without digits", "OK"],
    ["a status of two digits", "20 OK"],
    ["a status of four digits", "2000 OK"],
    ["a status of zeros", "000 OK"],
    ["a status with a line end", "200 OK\r\nForged: 1"],
    ["a status beyond latin-1", "200 €"],
    ["a number for a status", 200],
    ["an empty status", ""],
    ["a status without its space", "200OK"],
  ])("%s", async (_name, status) => {
    await expectRefused(withHeaders([], status as string), "a status is a string of three digits");
  });
});

test("throws the refusal at the call, so that an application can answer otherwise", async () => {
  const served = await serve((_environ, startResponse) => {
    try {
      startResponse("200 OK", [["X", "1\r\n2"]]);
    } catch (error) {
      startResponse("502 Bad Gateway", [["X-Code", (error as { code: string }).code]]);
    }
    return ["Hello"];
  });
  const answer = await askNext(await served.connect(), get());
  expect(answer.status).toBe(502);
  expect(answer.header("x-code")).toBe("BAD_HEADER_VALUE");
});

test("sends headers in their order, repeated ones and odd but lawful ones", async () => {
  const headers: Header[] = [
    ["Set-Cookie", "a=1"],
    ["X-Empty", ""],
    ["Set-Cookie", "b=2"],
    ["X-Latin", "\xe9\t!"],
    ["!#$%&'*+-.^_`|~", "1"],
  ];
  const served = await serve(withHeaders(headers));
  const answer = await askNext(await served.connect(), get());
  expect(answer.headers.slice(0, 5).map(([name, value]) => [name, value])).toEqual(headers);
  expect((await served.exchange()).headers).toEqual(headers);
});

test("takes any iterable of headers", async () => {
  for (const headers of [
    new Map([["X-One", "1"]]),
    new Headers({ "x-one": "1" }),
    new Set([["X-One", "1"] as const]),
  ]) {
    const served = await serve(withHeaders(headers));
    expect((await askNext(await served.connect(), get())).header("x-one")).toBe("1");
  }
});

test.each([
  ["conTENT-type", "Content-Type"],
  ["x-UPPER-lower", "X-Upper-Lower"],
  ["ETAG", "Etag"],
  ["x--y-", "X--Y-"],
])("writes %s as %s, or as it is without capitalizeResponseHeaders", async (name, capitalized) => {
  const names = async (options: Options): Promise<string[]> => {
    const served = await serve(withHeaders([[name, "5"]]), options);
    const { headers } = await askNext(await served.connect(), get());
    return headers.map(([one]) => one).filter((one) => one.toLowerCase() === name.toLowerCase());
  };
  expect(await names({})).toEqual([capitalized]);
  expect(await names({ capitalizeResponseHeaders: true })).toEqual([capitalized]);
  expect(await names({ capitalizeResponseHeaders: false })).toEqual([name]);
});

test("obeys Connection: close from the application", async () => {
  const served = await serve(withHeaders([["CONNECTION", " Close"]]));
  const client = await served.connect();
  client.send(Buffer.concat([get(), get()]));
  const answers = answersIn(await client.end());
  expect(answers).toHaveLength(1);
  expect(answers[0]?.header("connection")).toBe("close");
});

test("lets a 426 name the protocol it wants", async () => {
  const headers = [
    ["Connection", "upgrade"],
    ["Upgrade", "h2c"],
  ];
  const served = await serve(withHeaders(headers, "426 Upgrade Required"));
  const answer = await askNext(await served.connect(), get());
  expect([answer.header("connection"), answer.header("upgrade")]).toEqual(["upgrade", "h2c"]);
});

describe("wsgi.early_hints", () => {
  /** Gives the hints, answers with the codes of the errors that came of it. */
  async function serveHints(...hints: unknown[]): Promise<Served> {
    return await serve((environ, startResponse) => {
      const codes = hints.map((headers) => {
        try {
          environ["wsgi.early_hints"]?.(headers as Header[]);
          return "sent";
        } catch (error) {
          return (error as { code: string }).code;
        }
      });
      startResponse("200 OK", []);
      return [codes.join()];
    });
  }

  test("sends 103 with its headers before the response, as often as it is called", async () => {
    const served = await serveHints([["link", "</a.css>; rel=preload"]], new Map([["Link", "</b.css>"]]), []);
    const client = await served.connect();
    client.send(get());
    await client.receive("sent,sent,sent");
    const [first, second, third, final] = answersIn(client.received);
    expect(first?.head).toBe("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
    expect(second?.head).toBe("HTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\n");
    expect(third?.head).toBe("HTTP/1.1 103 Early Hints\r\n\r\n");
    expect(final?.status).toBe(200);
    const { totalBytes } = await served.exchange();
    expect(totalBytes).toBe(client.received.length);
  });

  test("goes out at once, while the application works on", async () => {
    const told = deferred();
    const served = await serve(async (environ, startResponse) => {
      environ["wsgi.early_hints"]?.([["Link", "</a.css>"]]);
      await told.promise;
      startResponse("200 OK", []);
      return ["done"];
    });
    const client = await served.connect();
    client.send(get());
    await client.receive("Link: </a.css>\r\n\r\n");
    told.resolve();
    await client.receive("done");
  });

  test("refuses what would frame or split, and nothing of it is sent", async () => {
    const served = await serveHints(
      [["Link", "a\r\nForged: 1"]],
      [["Bad Name", "1"]],
      [["Content-Length", "5"]],
      [["Transfer-Encoding", "chunked"]],
      [["Connection", "close"]],
      [["Link", 5]],
      "Link: a",
    );
    const client = await served.connect();
    expect((await askNext(client, get())).body).toBe(
      "BAD_HEADER_VALUE,BAD_HEADER_NAME,HOP_BY_HOP_HEADER,HOP_BY_HOP_HEADER,HOP_BY_HOP_HEADER,BAD_HEADER_VALUE,BAD_HEADERS",
    );
    expect(client.received).not.toContain("103");
  });

  test("is absent for HTTP/1.0 clients and servers", async () => {
    const served = await serveHints([["Link", "a"]]);
    expect(await ask(served, request("GET / HTTP/1.0"))).toMatchObject({ status: 200, body: "sent" });
    const old = await serve(
      (environ, startResponse) => {
        startResponse("200 OK", []);
        return [typeof environ["wsgi.early_hints"]];
      },
      { maxHttpVersion: "HTTP/1.0" },
    );
    expect((await ask(old, get())).body).toBe("undefined");
  });

  test("is a usage error after the client has left", async () => {
    const codes: string[] = [];
    const called = deferred();
    const failed = deferred();
    const served = await serve(async (environ) => {
      const left = new Promise((resolve) => environ["wsgi.signal"].addEventListener("abort", resolve));
      called.resolve();
      await left;
      await new Promise((resolve) => setImmediate(resolve)); // the signal fires before all else is settled
      try {
        environ["wsgi.early_hints"]?.([["Link", "a"]]);
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
      failed.resolve();
      return [];
    });
    const client = await served.connect();
    client.send(get());
    await called.promise;
    client.reset();
    await failed.promise;
    expect(codes).toEqual(["INTERIM_TOO_LATE"]);
  });

  test("is a usage error after the response began, and after it ended", async () => {
    const kept: (((headers: Header[]) => void) | undefined)[] = [];
    const codes: string[] = [];
    const hint = (): void => {
      try {
        kept[0]?.([["Link", "a"]]);
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
    };
    const served = await serve(async (environ, startResponse) => {
      kept.push(environ["wsgi.early_hints"]);
      await startResponse("200 OK", [])("begun");
      hint();
      return [];
    });
    const client = await served.connect();
    await askNext(client, get());
    hint();
    client.send(post(["Content-Length: 5"])); // the hint of the first request is none of the second one's
    await client.receive(/begun.*begun/s);
    hint();
    expect(codes).toEqual(["INTERIM_TOO_LATE", "INTERIM_TOO_LATE", "INTERIM_TOO_LATE", "INTERIM_TOO_LATE"]);
    expect(client.received).not.toContain("103");
  });
});
