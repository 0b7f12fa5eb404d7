"""One request and its response: calls the application, and sends what becomes of it.

It knows what frames mean for a request; when its turn comes, and how bytes reach the socket, is the engine's business.
"""

import itertools
import json
import time
import types

from .file_wrapper import FileWrapper
from .frames import (
    COMPLETE,
    END,
    ERRORS,
    EXPECTS_CONTINUE,
    FAILED,
    FILE,
    FLAGS_AT,
    FRAME,
    HAS_HOOKS,
    HINTS,
    HOOKS_WAIT,
    ITEM,
    OUTPUT_WINDOW,
    REQUEST_HEAD,
    RESPONSE,
    RESPONSE_FRAME,
    RESPONSE_HEAD,
    SLOW,
    SPEAKS_11,
    STREAMED,
    WHOLE_BYTES,
)
from .streams import BodyPieces, ClientDisconnected, ErrorStream, StreamedInput, WholeInput
from .texts import as_bytes, encode_strings, join_pairs
from .tracebacks import of_application

# An application that answers within this time holds up nobody who was given to it ahead.
QUICK_SECONDS = 0.005
# Methods that do nothing but read (RFC 9110 section 9.2.1): the parent gives such a request to another process when this one dies.
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
# The environ of a request that has not begun, or is over.
NOTHING = types.MappingProxyType({})


class Exchange:
    """A request and its response. What is the same for most of them stands in the class: to make one has to cost little."""

    environ = NOTHING
    status = None
    headers = None
    # Whether the head of the response was sent, and whether nothing more is.
    is_sent = False
    is_over = False
    # Why nobody waits for the response any more.
    abort_reason = None
    # Bytes of the body that may be sent.
    credit = OUTPUT_WINDOW
    # Whether the parent could open the file of a FILE frame, once it has said so.
    file_taken = None
    # The body of the request, where it comes in pieces.
    pieces = None
    errors = None

    def __init__(self, id, engine):
        self.id = id
        self.engine = engine

    def send(self, kind, payload=b""):
        self.engine.send(FRAME.pack(len(payload), self.id, kind), payload)

    # -- the request

    def expect_pieces(self, flags):
        """Makes a place for the body of a request: its pieces may come before its turn."""
        self.pieces = BodyPieces(self, bool(flags & EXPECTS_CONTINUE))
        self.engine.streams[self.id] = self

    def begin(self, payload):
        """Makes the environ of a REQUEST frame."""
        pairs, fields, flags, length, path_length = REQUEST_HEAD.unpack_from(payload)
        end = REQUEST_HEAD.size + length
        count = 2 * (pairs + fields)
        strings = payload[REQUEST_HEAD.size : end].decode("latin-1").split("\0", count)
        path = strings.pop()
        if len(path) != path_length or len(strings) != count:
            raise ValueError("a string of the environ, put there by middleware, holds a NUL")
        environ = self.engine.base.copy()
        rest = iter(strings)
        of_environ = itertools.islice(rest, 2 * pairs)
        environ.update(zip(of_environ, of_environ))
        environ["PATH_INFO"] = path
        environ["headers_raw"] = tuple(zip(rest, rest))
        environ["wsgi.errors"] = self.errors = ErrorStream(self)
        body = StreamedInput(self.pieces) if flags & STREAMED else WholeInput(payload[end:])
        environ["wsgi.input"] = environ["eventlet.input"] = body
        if flags & SPEAKS_11:
            environ["wsgi.early_hints"] = self.send_early_hints
        if flags & HAS_HOOKS:
            environ["eventlet.posthooks"] = []
        self.environ = environ
        return environ

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
            self._send_head(RESPONSE, first)
            self.credit -= len(first)
            self._send_items(data[WHOLE_BYTES:])

    def _send_head(self, kind, body):
        """The head of a response whose end is to come."""
        frame = self._frame(kind, 0, body)
        self.is_sent = True
        self.engine.streams[self.id] = self  # frames about it will come
        self.engine.send(frame, body)

    def _frame(self, kind, flags, body):
        """All of a frame with the head of the response, but the body."""
        if self.status is None:
            raise AssertionError("start_response() must be called before the body's first item is sent")
        strings = [self.status]
        for name, value in self.headers:
            strings += name, value
        text = encode_strings(strings)
        size = len(text)
        return RESPONSE_FRAME.pack(RESPONSE_HEAD.size + size + len(body), self.id, kind, len(self.headers), flags, size) + text

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
                environ = self.begin(payload)
                self.is_safe = environ["REQUEST_METHOD"] in SAFE_METHODS
                if not self.is_safe:
                    self.engine.flush()  # what is held would be lost with this process, and could not be done again
                body = application(environ, self.start_response)
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
            # It holds this exchange: without the circle both are gone at once, and the collector of garbage has nothing to do.
            self.environ = NOTHING

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
        self.errors.flush()
        hooks = self.environ.get("eventlet.posthooks")
        if hooks:
            self._keep_hooks(hooks)
        frame = self._frame(RESPONSE, COMPLETE | (HOOKS_WAIT if hooks else 0) | self._pace(), data)
        self.is_sent = self.is_over = True
        self.engine.answer(frame, data, self.is_safe)

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
        self._send_head(FILE, json.dumps(place).encode())
        self.engine.wait(lambda: self.file_taken is not None or self.abort_reason is not None)
        return self.file_taken is not False

    def _end(self):
        self.errors.flush()  # text without a line end, while the request is there that it belongs to
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
            text = of_application(error)
        if self.errors is not None:
            self.errors.flush()
        if self.is_over:  # after a complete body: in close(), or beyond the announced length
            return self.send(ERRORS, text)
        hooks = self.environ.get("eventlet.posthooks")
        if hooks:
            self._keep_hooks(hooks)
        has_input_failed = self.pieces is not None and self.pieces.has_failed
        self.send(FAILED, bytes([(1 if has_input_failed else 0) | (2 if hooks else 0)]) + text)
