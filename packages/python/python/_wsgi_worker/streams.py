"""wsgi.input and wsgi.errors: files for the application in front of what crosses the socket.

They know of their exchange how to send a frame, and how to wait for one.
"""

import collections
import io

from .frames import CONTINUE, COUNT, ERRORS, INPUT_WINDOW, LOG_BYTES, WANT, WHOLE_BYTES
from .texts import join_pairs


class ClientDisconnected(ConnectionError):
    """The client left, or its body was malformed or too slow: raised by reads of wsgi.input and by write()."""


class WholeInput(io.BytesIO):
    """wsgi.input of a request whose body came with its head."""

    def set_hundred_continue_response_headers(self, headers, capitalize_response_headers=True):
        """As eventlet has it; the client does not wait, so they are never sent."""

    def send_hundred_continue_response(self):
        raise ValueError("100 Continue goes to clients that wait for it, before the response: this one does not wait")

    def get_socket(self):
        raise io.UnsupportedOperation("the connection belongs to the server: a Python application cannot take it over")


class BodyPieces:
    """The body of a request as the parent sends it, as far as it is asked for: memory is bounded, the rest stays with the client."""

    def __init__(self, exchange, is_waiting):
        self._exchange = exchange
        self._pieces = collections.deque()
        # Whether the client waits for 100 Continue, and what is to be in it.
        self._is_waiting = is_waiting
        self.continue_headers = []
        # Bytes that were taken and not told yet.
        self._wanted = INPUT_WINDOW if is_waiting else 0
        self._is_ended = False
        self.has_failed = False

    def add(self, piece):
        """A piece has come; an empty one is the end."""
        if piece:
            self._pieces.append(piece)
        else:
            self._is_ended = True

    def take(self):
        """The next bytes, none at the end; waits for them."""
        exchange = self._exchange
        pieces = self._pieces
        if not pieces and not self._is_ended:
            if self._is_waiting:  # the first bytes that are wanted send 100 Continue, with these headers
                self._is_waiting = False
                if self.continue_headers and not exchange.is_sent:
                    exchange.send(CONTINUE, join_pairs(self.continue_headers))
            self._grant(0)
            exchange.engine.wait(lambda: pieces or self._is_ended or exchange.abort_reason is not None)
        if pieces:
            piece = pieces.popleft()
            self._grant(len(piece))
            return piece
        if exchange.abort_reason is not None:
            self.has_failed = True
            raise ClientDisconnected(exchange.abort_reason)
        return b""

    def _grant(self, count):
        """Tells the parent how much was taken, in few frames."""
        self._wanted += count
        if self._wanted >= INPUT_WINDOW // 2 and not self._is_ended:
            self._exchange.send(WANT, COUNT.pack(self._wanted))
            self._wanted = 0

    def send_continue(self):
        if not self._is_waiting or self._exchange.is_sent:
            raise ValueError("100 Continue goes to clients that wait for it, once, before the response")
        self._is_waiting = False
        self._exchange.send(CONTINUE, join_pairs(self.continue_headers))


class PiecesFile(io.RawIOBase):
    """The same as a file without a buffer."""

    def __init__(self, pieces):
        self._pieces = pieces
        self._piece = b""

    def readable(self):
        return True

    def readinto(self, target):
        piece = self._piece or memoryview(self._pieces.take())
        count = min(len(piece), len(target))
        target[:count] = piece[:count]
        self._piece = piece[count:]
        return count


class StreamedInput(io.BufferedReader):
    """wsgi.input of a larger body."""

    def __init__(self, pieces):
        super().__init__(PiecesFile(pieces), 64 * 1024)
        self._pieces = pieces

    def set_hundred_continue_response_headers(self, headers, capitalize_response_headers=True):
        self._pieces.continue_headers = list(headers)

    def send_hundred_continue_response(self):
        self._pieces.send_continue()

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
        if self._line:
            line, self._line = self._line, ""
            self._send(line)

    def _send(self, text):
        data = text.encode("utf-8", "backslashreplace")
        for start in range(0, len(data), LOG_BYTES):
            self._exchange.send(ERRORS, data[start : start + LOG_BYTES])
