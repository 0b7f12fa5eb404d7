// Large frames leave the Python side whole, whatever interrupts the sending.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findPython } from "../src/find-python.ts";

const WORKER_FOLDER = join(import.meta.dirname, "../python");

/** Sends a frame of 4 MiB, and is sent a signal before every read of the other side. */
const PROGRAM = `
import signal, socket, sys, threading
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from _wsgi_worker import engines

here, there = socket.socketpair()
signal.signal(signal.SIGUSR1, lambda *_: None)
head, payload = b"the head ", bytes(range(256)) * (4 * 4096)
counts, received = [], bytearray()

class Counted(socket.socket):
    def sendmsg(self, buffers):
        counts.append(super().sendmsg(buffers))
        return counts[-1]

def read():
    while len(received) < len(head) + len(payload):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
        received.extend(there.recv(65536))

reader = threading.Thread(target=read, daemon=True)
reader.start()
engines.send_both(Counted(fileno=here.detach()), head, payload)
reader.join(5)
print(counts[0] < len(head) + len(payload), received == head + payload)
`;

test("a frame is sent whole although signals come in between", () => {
  const { path } = findPython(undefined, process.cwd());
  const options = { encoding: "utf8", timeout: 20_000 } as const;
  expect(execFileSync(path, ["-c", PROGRAM, WORKER_FOLDER], options)).toBe("True True\n");
});
