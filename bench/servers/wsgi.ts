// Every workload on @wsgi/core, as built; over TLS with @wsgi/tls.

import { constants } from "node:crypto";
import { type Application, type Environ, type Item, type Listener, listen, server } from "@wsgi/core";
import { wrapSsl } from "@wsgi/tls";
import { args, HELLO, items, LARGE, PIECE, PIECES, type Settings, tellMemory, type Workload } from "./workload.ts";

const { port, file, cert, key, workload, settings } = args();
const TEXT = [["Content-Type", "text/plain"]] as const;
const BYTES = [["Content-Type", "application/octet-stream"]] as const;

const applications: Readonly<Record<Workload, Application>> = {
  hello(_environ, startResponse) {
    startResponse("200 OK", TEXT);
    return [HELLO];
  },
  async echo(environ, startResponse) {
    const body = await environ["wsgi.input"].read();
    startResponse("200 OK", BYTES);
    return [body];
  },
  async upload(environ, startResponse) {
    const size = await count(environ);
    startResponse("200 OK", TEXT);
    return [String(size)];
  },
  large(_environ, startResponse) {
    startResponse("200 OK", TEXT);
    return [LARGE];
  },
  download(_environ, startResponse) {
    startResponse("200 OK", BYTES);
    return pieces();
  },
  items(_environ, startResponse) {
    startResponse("200 OK", TEXT);
    return items();
  },
  file(environ, startResponse) {
    startResponse("200 OK", BYTES);
    return environ["wsgi.file_wrapper"](file);
  },
};

async function count(environ: Environ): Promise<number> {
  const input = environ["wsgi.input"];
  let size = 0;
  for (;;) {
    const { length } = await input.read1();
    if (length === 0) return size;
    size += length;
  }
}

function* pieces(): Generator<Item, void, undefined> {
  for (let n = 0; n < PIECES; n++) yield PIECE;
}

function secure(listener: Listener, { full }: NonNullable<Settings["tls"]>): Listener {
  return wrapSsl(listener, {
    certfile: cert,
    keyfile: key,
    secureContext: ({ secureOptions = 0, ...others }) => ({
      ...others,
      secureOptions: full ? secureOptions | constants.SSL_OP_NO_TICKET : secureOptions,
    }),
  });
}

const { tls, connections, accessLog = false } = settings;
const plain = listen(["127.0.0.1", port], connections === undefined ? {} : { backlog: connections });
const running = server(tls === undefined ? plain : secure(plain, tls), applications[workload], {
  accessLog,
  ...(connections !== undefined && { maxSize: connections }),
});
await running.ready;
tellMemory();
