// Loaded before a program of the documentation: a fixed port becomes a free one, a socket in /run one in a new
// folder, and the program says which: `[8090 is 41234]`. WSGI_TEST_PORT names the port instead. The program's text stays as it is.

import { mkdtempSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";

const { listen } = net.Server.prototype;

net.Server.prototype.listen = function (this: net.Server, options: net.ListenOptions, ...rest: unknown[]): net.Server {
  const moved = { ...options };
  if (options.port !== undefined) {
    moved.port = Number(process.env["WSGI_TEST_PORT"] ?? 0);
    this.once("listening", () => console.log(`[${options.port} is ${(this.address() as net.AddressInfo).port}]`));
  } else if (options.path?.startsWith("/run/")) {
    const path = join(mkdtempSync("run-"), "socket");
    moved.path = path;
    this.once("listening", () => console.log(`[${options.path} is ${path}]`));
  }
  return Reflect.apply(listen, this, [moved, ...rest]);
} as typeof listen;
