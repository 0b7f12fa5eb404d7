"""What crosses the socket to the parent: the same table stands in src/frames.ts, and a test keeps the two equal.

It knows numbers, and nothing of what they are used for.
"""

import struct

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
# The head of a RESPONSE frame and what its payload begins with, in one.
RESPONSE_FRAME = struct.Struct("<IIBHBI")
COUNT = struct.Struct("<I")

# Bodies up to this many bytes leave with their head, in one frame.
WHOLE_BYTES = 64 * 1024
# Text for a log goes in frames of at most so many bytes; of a traceback, which may show values of any size, so many are kept.
LOG_BYTES = 256 * 1024
# Bytes of a request's body that may be on their way to the application.
INPUT_WINDOW = 256 * 1024
# Bytes of a response's body that may be on their way to the client, and those of them that may lie in the socket, where the
# system allows as many: the fewer turns the two processes take, the less a download costs.
OUTPUT_WINDOW = 1024 * 1024
SEND_BUFFER_BYTES = 512 * 1024
