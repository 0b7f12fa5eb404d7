"""The Python side of @wsgi/python: runs one WSGI application (PEP 3333) in this process.

It knows the application, and frames: requests come in through one socket from the process that started it, responses go
out through the same one. It must never know HTTP on the wire, listen anywhere, or open what a client names. Standard
library only, Python 3.9 and newer. Started as `wsgi_worker.py APP OPTIONS`, APP as `load_and_serve()` reads it, OPTIONS as JSON.
"""

import collections
import faulthandler
import gc
import importlib
import importlib.util
import io
import json
import os
import queue
import select
import signal
import socket
import stat
import struct
import sys
import tempfile
import threading
import time
import traceback

# ---- frames: the same table stands in src/frames.ts, and a test keeps the two equal ----------------------------------

# Little-endian: length of the payload, number of the request, kind.
FRAME = struct.Struct("<IIB")

REQUEST = ord("R")  # REQUEST_HEAD, text, whole body
BODY_PIECE = ord("D")  # bytes of the request's body; none at its end
ABORT = ord("X")  # nobody waits for the response any more; the payload says why
CREDIT = ord("C")  # COUNT more bytes of the response's body may be sent
FILE_TAKEN = ord("F")  # whether the file of a FILE frame was opened: one byte, 0 or 1
RECEIPT = ord("T")  # JSON: what became of the response; the post hooks may run
LIST_FILES = ord("M")  # say which files the application was read from
QUIT = ord("Q")  # finish what is here, then end

READY = ord("P")  # JSON: the application is loaded
NOT_LOADED = ord("U")  # JSON: why it is not
RESPONSE = ord("H")  # RESPONSE_HEAD, text, the first bytes of the body
ITEM = ord("B")  # bytes of the response's body
END = ord("E")  # the response is complete: flags of a RESPONSE in one byte
FILE = ord("L")  # RESPONSE_HEAD, text, JSON of where the body is to be read from
FAILED = ord("A")  # one byte, 1 when the fault was the client's; then the traceback
WANT = ord("N")  # COUNT more bytes of the request's body may be sent
CONTINUE = ord("K")  # send 100 Continue with these headers
HINTS = ord("I")  # send 103 Early Hints with these headers
ERRORS = ord("W")  # text for wsgi.errors
FILES = ord("m")  # JSON: a list of paths
HOOKS_DONE = ord("O")  # the post hooks of the request have run; the payload tells of those that failed

# Pairs of the environ, pairs of headers, flags, length of the text, length of PATH_INFO at its end, which alone may hold a
# NUL. The text: all these strings, a NUL after each, then PATH_INFO; latin-1.
REQUEST_HEAD = struct.Struct("<HHBII")
FLAGS_AT = 4
STREAMED, EXPECTS_CONTINUE, SPEAKS_11, HAS_HOOKS = 1, 2, 4, 8
# Pairs of headers, flags, length of the text: the status and these strings.
RESPONSE_HEAD = struct.Struct("<HBI")
COMPLETE, HOOKS_WAIT, SLOW = 1, 2, 4
COUNT = struct.Struct("<I")

# Written where stacks go, when the process is asked to end.
ASKED_TO_END = b"\0"

RECEIVE_BYTES = 256 * 1024
# An application that answers within this time holds up nobody who was given to it ahead.
QUICK_SECONDS = 0.005
# Bodies up to this many bytes leave with their head, in one frame.
WHOLE_BYTES = 64 * 1024
# Text for a log goes in frames of at most so many bytes; of a traceback, which may show values of any size, so many are kept.
LOG_BYTES = 256 * 1024
# Bytes of a request's body that may be on their way to the application.
INPUT_WINDOW = 256 * 1024
# Bytes of a response's body that may be on their way to the client.
OUTPUT_WINDOW = 256 * 1024
# What monkey patching puts a green one in the place of.
NATIVE_SOCKET = socket.socket


class ClientDisconnected(ConnectionError):
    """The client left, or its body was malformed or too slow: raised by reads of wsgi.input and by write()."""


# ---- wsgi.input, wsgi.errors, wsgi.file_wrapper ----------------------------------------------------------------------


class WholeInput(io.BytesIO):
    """wsgi.input of a request whose body came with its head."""

    def set_hundred_continue_response_headers(self, headers, capitalize_response_headers=True):
        """As eventlet has it; the client does not wait, so they are never sent."""

    def send_hundred_continue_response(self):
        raise ValueError("100 Continue goes to clients that wait for it, before the response: this one does not wait")

    def get_socket(self):
        raise io.UnsupportedOperation("the connection belongs to the server: a Python application cannot take it over")


class StreamedSource(io.RawIOBase):
    """The pieces of a body, one after the other, as they come from the parent."""

    def __init__(self, exchange):
        self._exchange = exchange
        self._piece = b""

    def readable(self):
        return True

    def readinto(self, target):
        piece = self._piece or memoryview(self._exchange.next_piece())
        count = min(len(piece), len(target))
        target[:count] = piece[:count]
        self._piece = piece[count:]
        return count


class StreamedInput(io.BufferedReader):
    """wsgi.input of a larger body: what is not read stays with the client."""

    def __init__(self, exchange):
        super().__init__(StreamedSource(exchange), 64 * 1024)
        self._exchange = exchange

    def set_hundred_continue_response_headers(self, headers, capitalize_response_headers=True):
        self._exchange.continue_headers = list(headers)

    def send_hundred_continue_response(self):
        self._exchange.send_continue()

    get_socket = WholeInput.get_socket


class ErrorStream:
    """wsgi.errors: text for the server's log, in whole lines where it is made of pieces, as print() makes it."""

    __slots__ = ("_exchange", "_line")

    def __init__(self, exchange):
        self._exchange = exchange
        self._line = ""

    def write(self, text):
        lines, end, self._line = (self._line + text).rpartition("\n")
        self._send(lines + end)
        if len(self._line) > WHOLE_BYTES:
            self.flush()
        return len(text)

    def writelines(self, lines):
        self.write("".join(lines))

    def flush(self):
        line, self._line = self._line, ""
        self._send(line)

    def _send(self, text):
        data = text.encode("utf-8", "backslashreplace")
        for start in range(0, len(data), LOG_BYTES):
            self._exchange.send(ERRORS, data[start : start + LOG_BYTES])


class FileWrapper:
    """wsgi.file_wrapper: a regular file is opened and sent by the parent; of anything else the blocks are sent."""

    def __init__(self, filelike, block_size=64 * 1024):
        self.filelike = filelike
        self.block_size = block_size
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        block = self.filelike.read(self.block_size)
        if not block:
            raise StopIteration
        return block

    def place(self):
        """Where the parent finds the file; None when it must come through here: not a plain file, or not a file at all."""
        file = self.filelike
        if isinstance(file, tempfile._TemporaryFileWrapper):
            file = file.file
        raw = getattr(file, "raw", file)
        # By type: a compressed file has a descriptor too, of other bytes than it reads.
        if type(file) not in (io.BufferedReader, io.BufferedRandom, io.FileIO) or type(raw) is not io.FileIO:
            return None
        try:
            file.flush()
            status = os.fstat(raw.fileno())
            offset = file.tell()
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode) or status.st_size == 0:  # files of /proc say that they are empty
            return None
        paths = ["/proc/%d/fd/%d" % (os.getpid(), raw.fileno())]
        if isinstance(raw.name, (str, os.PathLike)):
            paths.append(os.path.abspath(raw.name))
        return {"paths": paths, "offset": offset, "device": status.st_dev, "inode": status.st_ino}


# ---- one request -----------------------------------------------------------------------------------------------------


class Exchange:
    """A request and its response."""

    __slots__ = (
        *("id", "engine", "started", "environ", "status", "headers", "is_sent", "is_over", "abort_reason", "credit"),
        *("pieces", "input_ended", "input_failed", "wanted", "is_waiting", "continue_headers", "file_taken", "errors"),
    )

    def __init__(self, id, engine):
        self.id = id
        self.engine = engine
        self.environ = {}
        self.status = None
        self.headers = None
        self.is_sent = False
        self.is_over = False
        self.abort_reason = None
        self.credit = OUTPUT_WINDOW
        self.pieces = None
        self.input_failed = False
        self.errors = None

    def send(self, kind, payload=b""):
        self.engine.send(FRAME.pack(len(payload), self.id, kind), payload)

    # -- the request

    def expect_pieces(self, payload):
        """Makes a place for the body of a REQUEST: its pieces may come before its turn."""
        flags = payload[FLAGS_AT]
        if flags & STREAMED:
            self.pieces = collections.deque()
            self.input_ended = False
            self.is_waiting = bool(flags & EXPECTS_CONTINUE)
            self.wanted = INPUT_WINDOW if self.is_waiting else 0
            self.continue_headers = []
            self.engine.streams[self.id] = self

    def begin(self, payload):
        """Makes the environ of a REQUEST frame."""
        pairs, fields, flags, length, path_length = REQUEST_HEAD.unpack_from(payload)
        start = REQUEST_HEAD.size
        end = start + length
        path = end - path_length
        strings = payload[start:path].decode("latin-1").split("\0")
        pairs *= 2
        if len(strings) != pairs + 2 * fields + 1:
            raise ValueError("a string of the environ, put there by middleware, holds a NUL")
        environ = self.engine.base.copy()
        environ.update(zip(strings[0:pairs:2], strings[1:pairs:2]))
        environ["PATH_INFO"] = payload[path:end].decode("latin-1")
        environ["headers_raw"] = tuple(zip(strings[pairs:-1:2], strings[pairs + 1 :: 2]))
        environ["wsgi.errors"] = self.errors = ErrorStream(self)
        body = StreamedInput(self) if flags & STREAMED else WholeInput(payload[end:])
        environ["wsgi.input"] = environ["eventlet.input"] = body
        if flags & SPEAKS_11:
            environ["wsgi.early_hints"] = self.send_early_hints
        if flags & HAS_HOOKS:
            environ["eventlet.posthooks"] = []
        self.environ = environ
        return environ

    def next_piece(self):
        """The next bytes of the body, empty at its end; waits for them."""
        pieces = self.pieces
        if not pieces and not self.input_ended:
            if self.is_waiting:  # the first bytes that are wanted send 100 Continue, with these headers
                self.is_waiting = False
                if self.continue_headers and not self.is_sent:
                    self.send(CONTINUE, join_pairs(self.continue_headers))
            self._grant(0)
            self.engine.wait(lambda: pieces or self.input_ended or self.abort_reason is not None)
        if pieces:
            piece = pieces.popleft()
            self._grant(len(piece))
            return piece
        if self.abort_reason is not None:
            self.input_failed = True
            raise ClientDisconnected(self.abort_reason)
        return b""

    def _grant(self, count):
        """Tells the parent how much was read, in few frames."""
        self.wanted += count
        if self.wanted >= INPUT_WINDOW // 2 and not self.input_ended:
            self.send(WANT, COUNT.pack(self.wanted))
            self.wanted = 0

    def send_continue(self):
        if not self.is_waiting or self.is_sent:
            raise ValueError("100 Continue goes to clients that wait for it, once, before the response")
        self.is_waiting = False
        self.send(CONTINUE, join_pairs(self.continue_headers))

    def send_early_hints(self, headers):
        """wsgi.early_hints: sends 103 Early Hints, before the response."""
        if self.is_sent or self.is_over:
            raise ValueError("103 Early Hints go out before the response")
        self.send(HINTS, join_pairs(headers))

    # -- the response

    def start_response(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.is_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # a frame must not keep its own traceback
        elif self.status is not None:
            raise AssertionError("start_response() was called twice without exc_info")
        if not isinstance(status, str):
            raise TypeError("the status must be a str such as '200 OK', not %r" % (status,))
        self.status = status
        self.headers = [*headers]
        return self.write

    def write(self, data):
        """PEP 3333's write(): sends at once, and waits while the client is behind."""
        if self.is_over:
            raise AssertionError("write() was called after the response ended")
        data = as_bytes(data)
        if self.is_sent:
            self._send_items(data)
        elif data:
            first = data[:WHOLE_BYTES]
            self._send_head(RESPONSE, 0, first)
            self.credit -= len(first)
            self._send_items(data[WHOLE_BYTES:])

    def _send_head(self, kind, flags, body):
        if self.status is None:
            raise AssertionError("start_response() must be called before the body's first item is sent")
        strings = [self.status]
        for name, value in self.headers:
            strings += name, value
        text = encode_strings(strings)
        head = RESPONSE_HEAD.pack(len(self.headers), flags, len(text))
        self.is_sent = True
        if not flags & COMPLETE:
            self.engine.streams[self.id] = self  # frames about it will come
        self.engine.send(FRAME.pack(len(head) + len(text) + len(body), self.id, kind) + head + text, body)

    def _send_items(self, data):
        rest = memoryview(data)
        while rest:
            if self.credit <= 0:
                self.engine.wait(lambda: self.credit > 0 or self.abort_reason is not None)
            if self.abort_reason is not None:
                raise ClientDisconnected(self.abort_reason)
            count = min(len(rest), self.credit, WHOLE_BYTES)
            self.send(ITEM, rest[:count])
            with self.engine.lock:
                self.credit -= count
            rest = rest[count:]

    def run(self, application, payload):
        """Calls the application and sends what it returns; whatever happens, the body is closed and an end is sent."""
        body = None
        self.started = time.perf_counter()
        try:
            try:
                body = application(self.begin(payload), self.start_response)
                self._send_body(body)
            finally:
                if hasattr(body, "close"):
                    body.close()
            if not self.is_over:
                self._end()
        except BaseException as error:  # SystemExit as well: an application must not end the server's process
            self._fail(error)
        finally:
            self.is_over = True
            self.engine.streams.pop(self.id, None)

    def _send_body(self, body):
        if not self.is_sent:
            if type(body) in (list, tuple):
                data = b"".join([as_bytes(item) for item in body])
                if len(data) <= WHOLE_BYTES:
                    return self._send_whole(data)
                return self.write(data)
            if type(body) is FileWrapper and self._send_file(body):
                return
        try:
            items = iter(body)
        except TypeError:
            raise TypeError("the application returned %.80r: expected an iterable of bytes" % (body,)) from None
        self._iterate(items)

    def _send_whole(self, data):
        self._flush_errors()
        hooks = self.environ.get("eventlet.posthooks")
        if hooks:
            self._keep_hooks(hooks)
        self._send_head(RESPONSE, COMPLETE | (HOOKS_WAIT if hooks else 0) | self._pace(), data)
        self.is_over = True

    def _iterate(self, items):
        minimum = self.environ.get("eventlet.minimum_write_chunk_size") or 0
        held = []
        for item in items:
            data = as_bytes(item)
            if not data or self.is_over:
                continue  # what comes after a complete body is not sent
            if not self.is_sent and not held and len(data) <= WHOLE_BYTES and len(data) == self._content_length():
                self._send_whole(data)
                continue
            if minimum:
                held.append(data)
                if sum(map(len, held)) < minimum:
                    continue
                data = b"".join(held)
                held = []
            self.write(data)
            self.engine.poll()
            if self.abort_reason is not None:
                return
        if held:
            self.write(b"".join(held))
        if not self.is_sent and not self.is_over:
            self._send_whole(b"")

    def _content_length(self):
        """The length that the application announced: with so many bytes the response is complete, its iterator or not."""
        if self.status is None:
            raise AssertionError("start_response() must be called before the body's first item is sent")
        for name, value in self.headers:
            if len(name) == 14 and name.lower() == "content-length":
                return int(value) if value.isdigit() else None
        return None

    def _send_file(self, wrapper):
        place = wrapper.place()
        if place is None:
            return False
        self.file_taken = None
        self._send_head(FILE, 0, json.dumps(place).encode())
        self.engine.wait(lambda: self.file_taken is not None or self.abort_reason is not None)
        return self.file_taken is not False

    def _flush_errors(self):
        """Text without a line end, while the request is there that it belongs to."""
        if self.errors is not None:
            self.errors.flush()

    def _end(self):
        self._flush_errors()
        hooks = self.environ.get("eventlet.posthooks")
        if hooks:
            self._keep_hooks(hooks)
        self.send(END, bytes([(HOOKS_WAIT if hooks else 0) | self._pace()]))

    def _pace(self):
        """Whether the application took its time: then its process is given no requests ahead."""
        return SLOW if time.perf_counter() - self.started > QUICK_SECONDS else 0

    def _keep_hooks(self, hooks):
        with self.engine.lock:
            self.engine.hooked[self.id] = self.environ, hooks

    def _fail(self, error):
        if self.abort_reason is not None and isinstance(error, ClientDisconnected):
            text = b""  # it gave up, as it should
        else:
            own = error.__traceback__  # from the application's first frame on
            while own.tb_next is not None and own.tb_frame.f_code.co_filename == __file__:
                own = own.tb_next
            text = cut("".join(traceback.format_exception(type(error), error, own)))
        self._flush_errors()
        if self.is_over:  # after a complete body: in close(), or beyond the announced length
            return self.send(ERRORS, text)
        hooks = self.environ.get("eventlet.posthooks")
        if hooks:
            self._keep_hooks(hooks)
        self.send(FAILED, bytes([(1 if self.input_failed else 0) | (2 if hooks else 0)]) + text)


def cut(text):
    """A traceback for the log; where it shows a value that is very large, its middle is left out."""
    if len(text) > LOG_BYTES:
        text = text[: LOG_BYTES // 2] + "\n...\n" + text[-LOG_BYTES // 2 :]
    return text.encode("utf-8", "backslashreplace")


def describe(value):
    """A value of the application's for a message: to show it may fail, too."""
    try:
        return "%.80r" % (value,)
    except Exception:
        return "of type %s" % type(value).__name__


def as_bytes(data):
    """A piece of a body. PEP 3333 has bytes only; eventlet takes ASCII text as well, and so do we."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        try:
            return data.encode("ascii")
        except UnicodeEncodeError:
            raise TypeError("a body is bytes: encode %.60r to bytes first" % data) from None
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    raise TypeError("a body is an iterable of bytes, but an item is %.80r" % (data,))


def join_pairs(headers):
    return encode_strings([text for name, value in headers for text in (name, value)])


def encode_strings(strings):
    """Strings as one text; what the parent takes apart again must be what was put together."""
    try:
        text = "\0".join(strings).encode("latin-1")
    except (TypeError, UnicodeEncodeError):
        wrong = next(s for s in strings if not isinstance(s, str) or not s.isascii() and max(s) > "\xff")
        raise TypeError("status and headers are str of latin-1 characters, got %.80r" % (wrong,)) from None
    if text.count(0) != max(len(strings) - 1, 0):
        raise ValueError("status and headers cannot hold a NUL: %.200r" % (text.replace(b"\0", b"\\0"),))
    return text


# ---- what runs requests ----------------------------------------------------------------------------------------------


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
            exchange.expect_pieces(payload)
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
                if payload:
                    exchange.pieces.append(payload)
                else:
                    exchange.input_ended = True
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
    """One thread: requests run one after the other, and whoever waits for a frame reads."""

    def __init__(self, *args):
        super().__init__(*args)
        self._tasks = collections.deque()
        self.add = self._tasks.append

    def serve(self):
        tasks = self._tasks
        while tasks or not self.is_quitting:
            while tasks:
                task, id, payload = tasks.popleft()
                task(id, payload)
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
        """Looks whether something came, such as the news that the client has left."""
        try:
            data = self.socket.recv(RECEIVE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if not data:
            raise EOFError
        self.receive(data)

    def send(self, head, payload):
        if len(payload) <= WHOLE_BYTES:
            self.socket.sendall(head + payload)
        else:
            self.socket.sendall(head)
            self.socket.sendall(payload)


class ThreadedEngine(Engine):
    """Several threads run requests; the main thread reads."""

    def __init__(self, sock, application, base, threads):
        super().__init__(sock, application, base)
        self._tasks = queue.SimpleQueue()
        self.add = self._tasks.put
        self._sending = threading.Lock()
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


# ---- the application -------------------------------------------------------------------------------------------------


class NotLoaded(Exception):
    """The application cannot be had; `kind` says what is missing."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def load_and_serve(spec, folder, serve):
    """Gives the application to `serve`: `package.module`, `module:name`, `file.py`, `file.py:name.inner`, `module:create()`.

    A program that calls eventlet.wsgi.server() is served within that call, and goes on when the server has ended.
    """
    module_name, _, name = spec.partition(":")
    if module_name.endswith(".py"):
        path = os.path.abspath(os.path.join(folder, module_name))
        if not os.path.isfile(path):
            raise NotLoaded("module", "there is no file %s%s" % (path, nearest_file(path)))
        sys.path.insert(0, os.path.dirname(path))
        module_name = os.path.basename(path)[: -len(".py")]
    else:
        path = None
        sys.path.insert(0, folder)
    served = []

    def serve_here(site, **settings):
        if not callable(site):
            raise NotLoaded("callable", "eventlet.wsgi.server() was given %.80r: expected a callable" % (site,))
        served.append((site, settings))
        # In a module that has a name others may import it meanwhile, and would wait until it is loaded.
        if path is not None and not name:
            serve(site, **settings)

    offer_eventlet(serve_here)
    module = import_by_path(module_name, path) if path is not None else import_by_name(module_name)
    if name or not served:
        serve(pick(module, module_name, name))
    elif path is None:
        site, settings = served[-1]
        serve(site, **settings)


def import_by_name(module_name):
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # The module itself, or a package that it is in, is missing; what it imports is its own affair.
        if error.name is not None and (module_name + ".").startswith(error.name + "."):
            raise NotLoaded("module", "there is no module %s in %s" % (error.name, describe_path())) from None
        raise


def import_by_path(name, path):
    """A file under its own name, whatever else has that name: `json.py` is the user's."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def describe_path():
    return ", ".join(path or "." for path in sys.path[:1]) + " or among the installed packages of " + sys.prefix


def pick(module, module_name, name):
    """The callable of a module: by name, or under the usual names."""
    if name:
        is_factory = name.endswith("()")
        found = module
        for part in (name[:-2] if is_factory else name).split("."):
            try:
                found = getattr(found, part)
            except AttributeError:
                raise NotLoaded("callable", "%s has no %s%s" % (module_name, part, nearest(part, dir(found)))) from None
        found = found() if is_factory else found
    else:
        names = ("application", "app")
        found = next((getattr(module, n) for n in names if callable(getattr(module, n, None))), None)
        if found is None:
            functions = [n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", 0) == module_name]
            hint = "; it defines " + ", ".join(functions[:8]) if functions else ""
            raise NotLoaded("callable", "%s has neither application nor app%s" % (module_name, hint))
    if not callable(found):
        raise NotLoaded("callable", "%s is %.80r: expected a callable" % (name or module_name, found))
    return found


def nearest(name, names):
    import difflib

    close = difflib.get_close_matches(name, names, 1)
    return "; did you mean %s?" % close[0] if close else ""


def nearest_file(path):
    folder, name = os.path.split(path)
    if not os.path.isdir(folder):
        return ""
    return nearest(name, [file for file in os.listdir(folder) if file.endswith(".py")])


class NotListening:
    """What eventlet.listen() returns here: the server listens, and has been told where."""

    def __init__(self, address):
        self._address = address

    def getsockname(self):
        return self._address

    def close(self):
        pass


def offer_eventlet(serve_here):
    """Lets programs that were written for eventlet run: what they give to eventlet.wsgi.server() goes to `serve_here`."""

    def serve(
        sock,
        site,
        log=None,
        environ=None,
        max_size=None,
        max_http_version=None,
        protocol=None,
        server_event=None,
        minimum_chunk_size=None,
        **others,
    ):
        others.update(log=log, max_size=max_size, max_http_version=max_http_version)
        ignored = ", ".join(name for name, value in others.items() if value is not None)
        if ignored:
            text = "wsgi: Python: eventlet.wsgi.server(): not used here, but options of the server have these names: %s\n"
            sys.stderr.write(text % ignored)
        serve_here(site, environ=environ, minimum_chunk_size=minimum_chunk_size)

    def listen(addr, *args, **kwargs):
        return NotListening(addr)

    def wrap_ssl(sock, *args, **kwargs):
        return sock

    class Finder:
        """Stands before the other finders for eventlet alone: finds theirs, and puts our functions into it."""

        @staticmethod
        def find_spec(name, path=None, target=None):
            if name not in ("eventlet", "eventlet.wsgi"):
                return None
            sys.meta_path.remove(Finder)
            try:
                found = importlib.util.find_spec(name)
            except ModuleNotFoundError:
                found = None
            finally:
                sys.meta_path.insert(0, Finder)
            if found is None:
                return importlib.util.spec_from_loader(name, StandIn, is_package=name == "eventlet")
            load_theirs = found.loader.exec_module

            def exec_module(module):
                load_theirs(module)
                patch(module)

            found.loader.exec_module = exec_module
            return found

    class StandIn:
        """eventlet where it is not installed: what its programs need to be served."""

        @staticmethod
        def create_module(spec):
            return None

        @staticmethod
        def exec_module(module):
            if module.__name__ == "eventlet":
                module.sleep = time.sleep
                module.monkey_patch = lambda *args, **kwargs: None
            patch(module)

    def patch(module):
        if module.__name__ == "eventlet":
            module.listen = listen
            module.wrap_ssl = wrap_ssl
        else:
            module.server = serve

    sys.meta_path.insert(0, Finder)


def own_files():
    """The files of loaded modules that are the user's: not those of Python or of installed packages."""
    foreign = tuple({os.path.join(p, "") for p in (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))})
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return sorted({f for f in files if isinstance(f, str) and not f.startswith(foreign) and "-packages" not in f})


# ---- the process -----------------------------------------------------------------------------------------------------


def watch_parent(sock):
    """Ends the process when the parent is gone, also when the application never comes back to read."""
    poll = select.poll()
    poll.register(sock, 0)  # nothing but hang-up

    def watch():
        poll.poll()
        time.sleep(5)
        os._exit(1)

    threading.Thread(target=watch, name="wsgi-parent", daemon=True).start()


def forked_processes_end_as_others():
    """What the application forks, as multiprocessing does, ends when it is told to, also when it has hardly begun."""
    masks = threading.local()

    def hold():
        masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})

    def let_go():
        signal.pthread_sigmask(signal.SIG_SETMASK, masks.before)

    def restore():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        let_go()

    os.register_at_fork(before=hold, after_in_parent=let_go, after_in_child=restore)


def is_importing(filename):
    """Whether a frame is of what loads modules, not of a module."""
    return filename in (__file__, importlib.__file__) or filename.startswith("<frozen importlib")


def report(sock, frame_kind, **facts):
    payload = json.dumps(facts).encode()
    sock.sendall(FRAME.pack(len(payload), 0, frame_kind) + payload)


def run_engine(sock, application, environ, options):
    """Serves until the parent has no more requests."""
    base = {
        "SERVER_SOFTWARE": "wsgi",
        "QUERY_STRING": "",
        "wsgi.version": (1, 0),
        "wsgi.multithread": options["threads"] > 1,
        "wsgi.multiprocess": options["multiprocess"],
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
        "eventlet.minimum_write_chunk_size": options["minimumChunkSize"],
        **environ,
    }
    # In a monkey-patched program the threads are green, so they go on only while no other call blocks: the socket is one of theirs.
    is_green = socket.socket is not NATIVE_SOCKET
    if is_green:
        sock = socket.socket(sock.family, sock.type, fileno=sock.detach())
    if options["threads"] > 1 or is_green:
        engine = ThreadedEngine(sock, application, base, options["threads"])
    else:
        engine = InlineEngine(sock, application, base)
    gc.collect()
    gc.freeze()  # what is loaded stays: the collector need not look at it again
    report(sock, READY, version=sys.version.split()[0], prefix=sys.prefix, pid=os.getpid())
    try:
        engine.serve()
    except (EOFError, ConnectionError, BrokenPipeError):
        pass  # the parent is gone, or has closed


def main(spec, options):
    sock = socket.socket(fileno=options["socket"])
    sock.setblocking(True)
    for descriptor in (options["socket"], options["stacks"]):
        os.set_inheritable(descriptor, False)
    # Terminals and service managers signal every process: when to end, and after which requests, is the parent's business.
    # Not SIG_IGN, which programs that the application runs would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: os.write(options["stacks"], ASKED_TO_END))
    forked_processes_end_as_others()
    faulthandler.register(signal.SIGUSR2, file=options["stacks"], all_threads=True)
    watch_parent(sock)
    sys.path.pop(0)  # the folder of this file
    sys.argv = [spec]
    is_serving = False

    def serve(application, environ=None, minimum_chunk_size=None):
        nonlocal is_serving
        if is_serving:
            return  # there is one application
        is_serving = True
        if minimum_chunk_size is not None:
            options["minimumChunkSize"] = minimum_chunk_size
        run_engine(sock, application, environ or {}, options)

    try:
        load_and_serve(spec, os.getcwd(), serve)
    except NotLoaded as error:
        report(sock, NOT_LOADED, kind=error.kind, message=str(error), traceback="", files=own_files())
        return 3
    except BaseException as error:
        if is_serving:
            raise  # of a program that goes on when its server has ended
        own = error.__traceback__
        while own is not None and is_importing(own.tb_frame.f_code.co_filename):
            own = own.tb_next
        text = cut("".join(traceback.format_exception(type(error), error, own))).decode()
        line = traceback.format_exception_only(type(error), error)[-1].strip()[:LOG_BYTES]
        files = {frame.filename for frame in traceback.extract_tb(own)}
        if isinstance(error, SyntaxError) and error.filename:
            files.add(error.filename)
        report(sock, NOT_LOADED, kind="error", message=line, traceback=text, files=sorted({*files, *own_files()}))
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2])))
