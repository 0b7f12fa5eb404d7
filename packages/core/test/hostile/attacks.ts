// The attacks that are measured: what each does to a server, and what ends it there. Each opens its connections to a port of this
// machine and goes on until its process is ended. Knows sockets and bytes; who measures what is run.ts's business.

import { once } from "node:events";
import net, { type Socket } from "node:net";

export interface Attack {
  readonly name: string;
  /** What it does. */
  readonly about: string;
  /** What bounds it in the server: an option with its default, or a rule. */
  readonly endedBy: string;
  /** Whether it costs the attacker little: what is paid for in bandwidth and processor time slows a server as honest use does. */
  readonly isCheap: boolean;
  start(port: number): void;
}

const HEAD = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const CHUNKED = "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/** A connection that is opened again a second after it ended. */
function keepOpen(port: number, act: (socket: Socket) => void): void {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  socket.once("close", () => setTimeout(keepOpen, 1000, port, act));
  socket.once("connect", () => act(socket));
}

/** So many of them, opened over half a second. */
function hold(count: number, act: (socket: Socket) => void): (port: number) => void {
  return (port) => {
    for (let i = 0; i < count; i++) setTimeout(keepOpen, (i * 500) / count, port, act);
  };
}

/** Sends something now and then, until the connection ends. */
function drip(socket: Socket, bytes: string, milliseconds: number): void {
  const timer = setInterval(() => socket.write(bytes), milliseconds);
  socket.once("close", () => clearInterval(timer));
  socket.resume();
}

/** Sends the same again and again, as fast as it is taken, and reads what comes. */
function flood(text: string, first = ""): (socket: Socket) => Promise<void> {
  const bytes = Buffer.from(text.repeat(Math.ceil((128 * 1024) / text.length)), "latin1");
  return async (socket) => {
    socket.resume();
    socket.write(first);
    while (!socket.destroyed)
      if (!socket.write(bytes)) await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => {});
  };
}

/** Connections of which each is left as soon as it is open, some at a time. */
function connectAndLeave(count: number, leave: (socket: Socket) => void): (port: number) => void {
  const next = (port: number): void => {
    const socket = net.connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.once("close", () => setImmediate(next, port));
    socket.once("connect", () => leave(socket));
  };
  return (port) => {
    for (let i = 0; i < count; i++) next(port);
  };
}

const fields = `${"X-Some-Field: some value of forty bytes, as usual\r\n".repeat(98)}`;

export const ATTACKS: readonly Attack[] = [
  {
    name: "idle",
    about: "5,000 connections that say nothing",
    endedBy: "`headTimeout` 30 s; after a second when others wait for `maxSize`",
    isCheap: true,
    start: hold(5000, (socket) => void socket.resume()),
  },
  {
    name: "slow heads",
    about: "2,000 heads that get a field each second (Slowloris)",
    endedBy: "`headTimeout` 30 s, 408; after a second when others wait for `maxSize`",
    isCheap: true,
    start: hold(2000, (socket) => {
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n");
      drip(socket, "X-a: b\r\n", 1000);
    }),
  },
  {
    name: "slow bodies",
    about: "900 bodies that get 10 bytes a second",
    endedBy: "`minimumDataRate` 240 bytes a second after `dataRateGrace` 5 s, 408; `socketTimeout` 60 s",
    isCheap: true,
    start: hold(900, (socket) => {
      socket.write("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
      drip(socket, "0123456789", 1000);
    }),
  },
  {
    name: "slow bodies above the rate",
    about: "900 bodies that get 300 bytes a second",
    endedBy: "nothing: they are as fast as `minimumDataRate` asks; `maxSize` bounds how many are at work",
    isCheap: true,
    start: hold(900, (socket) => {
      socket.write("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
      drip(socket, "x".repeat(300), 1000);
    }),
  },
  {
    name: "slow readers",
    about: "500 clients that ask for a megabyte and read nothing",
    endedBy: "`socketTimeout` 60 s, `minimumDataRate` 240; 64 KiB unsent for each meanwhile",
    isCheap: true,
    start: hold(500, (socket) => {
      socket.pause();
      socket.write(HEAD.replace("/", "/large"));
    }),
  },
  {
    name: "expectations",
    about: "900 clients that wait for 100 Continue and send no body",
    endedBy: "`socketTimeout` 60 s, `minimumDataRate` 240 after 5 s, 408",
    isCheap: true,
    start: hold(900, (socket) => {
      socket.resume();
      socket.write("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    }),
  },
  {
    name: "half-closed",
    about: "900 clients that close their side behind half a head, and stay",
    endedBy: "at once; the connection after `lingerTimeout` 2 s",
    isCheap: true,
    start: hold(900, (socket) => {
      socket.allowHalfOpen = true;
      socket.resume();
      socket.end("GET / HT");
    }),
  },
  {
    name: "resets",
    about: "connections that are reset as soon as they are open, 20 at a time",
    endedBy: "at once",
    isCheap: false,
    start: connectAndLeave(20, (socket) => socket.resetAndDestroy()),
  },
  {
    name: "refusals",
    about: "requests that are refused, on new connections, 20 at a time",
    endedBy: "at once, 400; a line of the log for each",
    isCheap: false,
    start: connectAndLeave(20, (socket) => {
      socket.end("NO\r\n\r\n");
      socket.resume();
    }),
  },
  {
    name: "one pipeline",
    about: "one connection that pipelines the smallest requests without end",
    endedBy: "64 requests a turn of the event loop; its own unread answers",
    isCheap: false,
    start: hold(1, (socket) => void flood(HEAD)(socket)),
  },
  {
    name: "chunks of a byte",
    about: "two bodies of chunks of a byte without end",
    endedBy: "128 KiB a turn; `maxBodyBytes` when it is set",
    isCheap: false,
    start: hold(2, (socket) => void flood("1\r\nx\r\n", CHUNKED)(socket)),
  },
  {
    name: "large heads",
    about: "two connections with heads of 99 fields, 5 KiB each, without end",
    endedBy: "128 KiB a turn, a head counts 2 KiB; `maxFieldCount` 100, `maxHeadBytes` 64 KiB",
    isCheap: false,
    start: hold(2, (socket) => void flood(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)(socket)),
  },
  {
    name: "trailers",
    about: "two connections with bodies of nothing but 98 trailer fields, without end",
    endedBy: "128 KiB a turn; `maxFieldCount` 100, `maxHeadBytes` 64 KiB",
    isCheap: false,
    start: hold(2, (socket) => void flood(`${CHUNKED}0\r\n${fields}\r\n`)(socket)),
  },
  {
    name: "an upload",
    about: "one honest body without end, to compare with",
    endedBy: "128 KiB a turn; `maxBodyBytes` when it is set",
    isCheap: false,
    start: hold(
      1,
      (socket) =>
        void flood("x".repeat(1024), "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000000\r\n\r\n")(socket),
    ),
  },
];
