// Frames as a client may send them, good and bad, in the categories of the Autobahn suite: what comes back must be what comes back
// from ws on node:http, byte for byte. The suite itself, `wstest` of autobahntestsuite, runs on Python 2 alone, which neither Debian
// nor CI has any more: so its categories are rows here.

import { describe, expect, test } from "vitest";
import { websocket } from "../src/index.ts";
import { exchange, type FrameParts, frame } from "./support/raw.ts";
import { serve, serveReference } from "./support/serve.ts";

const MAX_PAYLOAD = 100_000;
const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

type Row = readonly [name: string, frames: readonly FrameParts[], pieces?: number];

const closing = (code: number, reason: string | Uint8Array = ""): FrameParts => ({
  opcode: CLOSE,
  payload: Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason as string)]),
});
const x = (length: number): string => "x".repeat(length);

const framing: Row[] = [0, 1, 125, 126, 127, 128, 65_535, 65_536].flatMap((length): Row[] => [
  [`text of ${length} bytes`, [{ opcode: TEXT, payload: x(length) }]],
  [`${length} bytes`, [{ opcode: BINARY, payload: Buffer.alloc(length, 0xfe) }]],
]);

const pings: Row[] = [
  ["a ping without a payload", [{ opcode: PING }]],
  ["a ping with text", [{ opcode: PING, payload: "Hello" }]],
  ["a ping with bytes", [{ opcode: PING, payload: Buffer.from([0, 255, 254, 253]) }]],
  ["a ping of 125 bytes", [{ opcode: PING, payload: x(125) }]],
  ["a ping of 126 bytes", [{ opcode: PING, payload: x(126) }]],
  ["a ping, byte by byte", [{ opcode: PING, payload: x(125) }], 131],
  ["a pong that nobody asked for", [{ opcode: PONG, payload: "unasked" }]],
  ["ten pings", Array.from({ length: 10 }, (_, n) => ({ opcode: PING, payload: `ping ${n}` }))],
  ["a fragmented ping", [{ opcode: PING, fin: false, payload: "He" }]],
];

const reserved: Row[] = [1, 2, 3, 4, 5, 6, 7].flatMap((rsv): Row[] => [
  [`reserved bits ${rsv} of a text`, [{ opcode: TEXT, payload: "Hello", rsv }]],
  [
    `reserved bits ${rsv} of a ping, after a text`,
    [
      { opcode: TEXT, payload: "Hello" },
      { opcode: PING, rsv },
    ],
  ],
  [`reserved bits ${rsv} of a close`, [{ opcode: CLOSE, rsv }]],
]);

const opcodes: Row[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode): Row[] => [
  [`opcode ${opcode}`, [{ opcode }]],
  [
    `opcode ${opcode} with a payload, after a text`,
    [
      { opcode: TEXT, payload: "Hello" },
      { opcode, payload: "?" },
    ],
  ],
]);

const fragments: Row[] = [
  [
    "text in two fragments",
    [
      { opcode: TEXT, payload: "Hel", fin: false },
      { opcode: CONTINUATION, payload: "lo" },
    ],
  ],
  [
    "bytes in many fragments, with pings between",
    [
      { opcode: BINARY, payload: "a", fin: false },
      { opcode: PING, payload: "one" },
      ...Array.from({ length: 20 }, () => ({ opcode: CONTINUATION, payload: "b", fin: false })),
      { opcode: PING, payload: "two" },
      { opcode: CONTINUATION, payload: "c" },
    ],
  ],
  [
    "fragments without anything",
    [{ opcode: TEXT, fin: false }, { opcode: CONTINUATION, fin: false }, { opcode: CONTINUATION }],
  ],
  ["a continuation of nothing", [{ opcode: CONTINUATION, payload: "lost" }]],
  ["a continuation of nothing that goes on", [{ opcode: CONTINUATION, payload: "lost", fin: false }]],
  [
    "a text inside a text",
    [
      { opcode: TEXT, payload: "one", fin: false },
      { opcode: TEXT, payload: "two" },
    ],
  ],
  ["a text that is not continued", [{ opcode: TEXT, payload: "one", fin: false }]],
];

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const UTF8: Readonly<Record<string, string>> = {
  "a text beyond ASCII": Buffer.from("Hello-µ@ßöäüàá-UTF-8!! κόσμε 👋").toString("hex"),
  "the last code point": "f48fbfbf",
  "a code point beyond the last": "f4908080",
  "a surrogate": "eda080",
  "an overlong slash": "c0af",
  "an overlong zero": "e08080",
  "a lone continuation byte": "80",
  "a sequence that is cut": "cebae1bdb9cf83cebcceb5eda080656469746564",
  "a byte that never is": "fe",
  "a noncharacter": "efbfbf",
  "an end inside a character": "ceba41e1bd",
};
const utf8: Row[] = Object.entries(UTF8).flatMap(([name, hex]): Row[] => {
  const payload = bytes(hex);
  const halves: FrameParts[] = [
    { opcode: TEXT, payload: payload.subarray(0, 1), fin: false },
    { opcode: CONTINUATION, payload: payload.subarray(1) },
  ];
  return [
    [name, [{ opcode: TEXT, payload }]],
    [`${name}, in two fragments`, halves],
    [`${name}, byte by byte`, [{ opcode: TEXT, payload }], 100],
    [`${name}, as the reason of a close`, [closing(1000, payload)]],
    [`${name}, as bytes`, [{ opcode: BINARY, payload }]],
  ];
});

const codes = [0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015];
const closes: Row[] = [
  ["a close without anything", [{ opcode: CLOSE }]],
  ["a close of one byte", [{ opcode: CLOSE, payload: "x" }]],
  ["a close with a reason", [closing(1000, "done")]],
  ["a close with the longest reason", [closing(1000, x(123))]],
  ["a close that is too long", [closing(1000, x(124))]],
  ["a text after a close", [closing(1000), { opcode: TEXT, payload: "late" }]],
  ["a ping after a close", [closing(1000), { opcode: PING }]],
  ["two closes", [closing(1000), closing(1001)]],
  ["a close inside a fragmented text", [{ opcode: TEXT, payload: "one", fin: false }, closing(1000)]],
  ...[...codes, 1016, 1100, 2000, 2999, 3000, 3999, 4000, 4999, 5000, 65_535].map(
    (code): Row => [`a close with ${code}`, [closing(code)]],
  ),
];

const limits: Row[] = [
  ["the largest message", [{ opcode: BINARY, payload: x(MAX_PAYLOAD) }]],
  ["a message beyond the largest", [{ opcode: BINARY, payload: x(MAX_PAYLOAD + 1) }]],
  [
    "fragments that sum up beyond the largest",
    [
      { opcode: BINARY, payload: x(MAX_PAYLOAD), fin: false },
      { opcode: CONTINUATION, payload: "x" },
    ],
  ],
  ["a message in pieces of a few bytes", [{ opcode: TEXT, payload: x(50_000) }], 500],
  ["many messages at once", Array.from({ length: 200 }, (_, n) => ({ opcode: TEXT, payload: `message ${n}` }))],
];

const masks: Row[] = [
  ["a text without a mask", [{ opcode: TEXT, payload: "Hello", masked: false }]],
  ["a ping without a mask", [{ opcode: PING, masked: false }]],
  ["a close without a mask", [{ ...closing(1000), masked: false }]],
];

/** The frames of an answer: those of messages, then those that may come between them. */
function inOrder(answer: string): string[][] {
  const [hex = "", ending = ""] = answer.split(" ");
  const messages: string[] = [];
  const controls: string[] = [];
  let rest = Buffer.from(hex, "hex");
  while (rest.length > 0) {
    const short = (rest[1] as number) & 0x7f;
    const [head, length] =
      short < 126 ? [2, short] : short === 126 ? [4, rest.readUInt16BE(2)] : [10, Number(rest.readBigUInt64BE(2))];
    const isControl = ((rest[0] as number) & 8) > 0;
    (isControl ? controls : messages).push(rest.subarray(0, head + length).toString("hex"));
    rest = rest.subarray(head + length);
  }
  return [messages, controls, [ending]];
}

const categories: readonly (readonly [string, readonly Row[]])[] = Object.entries({
  framing,
  pings,
  reserved,
  opcodes,
  fragments,
  utf8,
  closes,
  limits,
  masks,
});

describe.each(categories)("%s", (_category, rows) => {
  test.each(rows.map(([name, parts, pieces = 1]) => ({ name, parts, pieces })))("$name", async ({ parts, pieces }) => {
    const sent = Buffer.concat(parts.map(frame));
    const reference = await serveReference((ws) => {
      ws.on("message", (data, binary) => ws.send(data, { binary }));
    }, MAX_PAYLOAD);
    const expected = await exchange(reference, sent, pieces);
    const iterating = await serve(
      websocket(
        async (ws) => {
          for await (const message of ws) await ws.send(message);
        },
        { maxPayload: MAX_PAYLOAD },
      ),
    );
    const least = expected.indexOf(" ") / 2;
    const iterated = await exchange(iterating.port, sent, pieces, least);
    // A loop gets its message in a turn of its own: a pong, or the answer to a fault that came with it, may overtake the echo.
    if (expected.endsWith("open")) expect(inOrder(iterated)).toEqual(inOrder(expected));
    else expect(expected).toContain(iterated);
    const listening = await serve(
      websocket((ws) => void ws.on("message", (data, binary) => ws.send(data, { binary })), {
        maxPayload: MAX_PAYLOAD,
      }),
    );
    expect(await exchange(listening.port, sent, pieces)).toBe(expected);
  });
});
