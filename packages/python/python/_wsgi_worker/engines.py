"""What runs requests: takes frames apart, and gives each request its turn, on one thread or on several.

An engine knows the socket and the order of things; what a request means is the exchange's business.
"""

import collections
import json
import queue
import socket
import threading
import time
import traceback

from .exchange import Exchange
from .frames import (
    ABORT,
    BODY_PIECE,
    COUNT,
    CREDIT,
    FILE_TAKEN,
    FILES,
    FLAGS_AT,
    FRAME,
    HOOKS_DONE,
    LIST_FILES,
    QUIT,
    RECEIPT,
    REQUEST,
    STREAMED,
)
from .loading import own_files
from .tracebacks import cut, describe

# A piece of a body and what is around it. What malloc() gets from the system for itself, each time, begins at 128 KiB.
RECEIVE_BYTES = 96 * 1024
# So many responses are held: with a processor for each side, the parent has something to do meanwhile.
HOLD_COUNT = 8
# Responses that are held leave after this time, even if the application is busy.
HOLD_SECONDS = 0.005
# An application whose items follow one another faster is not looked up for at each of them.
POLL_SECONDS = 0.001
# Payloads from this size on are not copied to stand behind their head: that takes longer than a call with both (measured).
GATHERED_BYTES = 16 * 1024
# Looks without anything to send, after which the thread that looks goes to sleep.
IDLE_LOOKS = 100


def send_both(sock, head, payload):
    """Sends a frame on a socket that blocks."""
    if len(payload) < GATHERED_BYTES:
        sock.sendall(head + payload)
        return
    sent = sock.sendmsg((head, payload))
    rest = len(head) + len(payload) - sent
    if rest > 0:  # a signal came in between
        if rest > len(payload):
            sock.sendall(head[sent:])
            rest = len(payload)
        sock.sendall(memoryview(payload)[-rest:])


class Engine:
    """Takes frames apart and gives requests their turn; what both kinds of engine have in common."""

    def __init__(self, sock, application, base):
        self.socket = sock
        self.application = application
        self.base = base
        # Requests that frames may still come for, and environs whose hooks wait for the receipt.
        self.streams = {}
        self.hooked = {}
        self.is_quitting = False
        self.lock = threading.Condition()
        self._rest = b""

    def receive(self, data):
        """Takes bytes apart into frames, and these to where they belong."""
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        while end - at >= FRAME.size:
            length, id, kind = FRAME.unpack_from(data, at)
            start = at + FRAME.size
            if start + length > end:
                break
            at = start + length
            self._take(kind, id, data[start:at])
        self._rest = data[at:]

    def _take(self, kind, id, payload):
        if kind == REQUEST:
            exchange = Exchange(id, self)
            if payload[FLAGS_AT] & STREAMED:
                exchange.expect_pieces(payload[FLAGS_AT])
            return self.add((exchange.run, self.application, payload))
        if kind == RECEIPT:
            return self.add((self._run_hooks, id, payload))
        if kind == LIST_FILES:
            return self.add((self._list_files, id, payload))
        if kind == QUIT:
            self.is_quitting = True
            return
        exchange = self.streams.get(id)
        if exchange is None:
            return  # it is over: what crossed its end on the way
        with self.lock:
            if kind == BODY_PIECE:
                exchange.pieces.add(payload)
            elif kind == CREDIT:
                exchange.credit += COUNT.unpack(payload)[0]
            elif kind == FILE_TAKEN:
                exchange.file_taken = payload == b"\1"
            elif kind == ABORT:
                exchange.abort_reason = payload.decode("utf-8", "replace")
            self.lock.notify_all()

    def _list_files(self, id, payload):
        text = json.dumps(own_files()).encode()
        self.send(FRAME.pack(len(text), id, FILES), text)

    def _run_hooks(self, id, payload):
        environ, hooks = self.hooked.pop(id)
        environ["wsgi.exchange"] = json.loads(payload)
        faults = []
        for hook in hooks:  # hooks may add further ones
            try:
                func, args, kwargs = hook
                func(environ, *args, **kwargs)
            except BaseException:
                faults.append("post hook %s failed\n%s" % (describe(hook), traceback.format_exc()))
        text = cut("\n".join(faults))
        self.send(FRAME.pack(len(text), id, HOOKS_DONE), text)


class InlineEngine(Engine):
    """One thread: requests run one after the other, and whoever waits for a frame reads.

    Responses that are complete are held while other requests wait here, and leave in one write: the parent wakes once for all of
    them. Only those of requests which may be answered once more by another process when this one dies, in the next of them.
    """

    def __init__(self, *args):
        super().__init__(*args)
        self._tasks = collections.deque()
        self.add = self._tasks.append
        self._held = []
        self._polled = 0.0
        # An RLock: a destructor may write to wsgi.errors at any time.
        self._sending = threading.RLock()
        self._is_watched = False
        self._watch = threading.Semaphore(0)

    def serve(self):
        threading.Thread(target=self._send_late, name="wsgi-late", daemon=True).start()
        tasks = self._tasks
        while tasks or not self.is_quitting:
            while tasks:
                task, id, payload = tasks.popleft()
                task(id, payload)
            self.flush()
            if not self.is_quitting:
                self._pump()

    def _pump(self):
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise EOFError
        self.receive(data)

    def wait(self, is_so):
        while not is_so():
            self._pump()

    def poll(self):
        """Looks whether something came, such as the news that the client has left: now and then, as each look is a call of the system."""
        now = time.perf_counter()
        if now - self._polled < POLL_SECONDS:
            return
        self._polled = now
        try:
            data = self.socket.recv(RECEIVE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if not data:
            raise EOFError
        self.receive(data)

    def send(self, head, payload):
        self.flush()
        with self._sending:
            send_both(self.socket, head, payload)

    def answer(self, head, payload, is_safe):
        if not is_safe or not self._tasks or len(self._held) >= HOLD_COUNT:
            return self.send(head, payload)
        with self._sending:
            self._held.append(head + payload)
        if not self._is_watched:
            self._is_watched = True
            self._watch.release()

    def flush(self):
        """Sends what is held."""
        if self._held:
            with self._sending:
                held, self._held = self._held, []
                self.socket.sendall(b"".join(held))

    def _send_late(self):
        """A thread: what is held leaves although the application that runs takes its time."""
        while True:
            self._watch.acquire()
            looks = 0
            while looks < IDLE_LOOKS:
                before = self._held
                time.sleep(HOLD_SECONDS)
                looks = 0 if self._held else looks + 1
                if before and self._held is before:
                    try:
                        self.flush()
                    except OSError:
                        return  # the parent is gone
            self._is_watched = False
            if self._held:
                self._is_watched = True
                self._watch.release()


class ThreadedEngine(Engine):
    """Several threads run requests; the main thread reads."""

    def __init__(self, sock, application, base, threads):
        super().__init__(sock, application, base)
        self._tasks = queue.SimpleQueue()
        self.add = self._tasks.put
        self._sending = threading.RLock()
        self._threads = [threading.Thread(target=self._work, name="wsgi-%d" % i, daemon=True) for i in range(threads)]

    def serve(self):
        for thread in self._threads:
            thread.start()
        while not self.is_quitting:
            data = self.socket.recv(RECEIVE_BYTES)
            if not data:
                raise EOFError
            self.receive(data)
        for _ in self._threads:  # all is answered, but they may still be closing bodies
            self.add((None, 0, b""))
        for thread in self._threads:
            thread.join()

    def _work(self):
        while True:
            task, id, payload = self._tasks.get()
            if task is None:
                return
            try:
                task(id, payload)
            except OSError:
                return  # the parent is gone

    def wait(self, is_so):
        with self.lock:
            self.lock.wait_for(is_so)

    def poll(self):
        pass

    def send(self, head, payload):
        with self._sending:
            self.socket.sendall(head + payload)

    def answer(self, head, payload, is_safe):
        self.send(head, payload)

    def flush(self):
        pass
