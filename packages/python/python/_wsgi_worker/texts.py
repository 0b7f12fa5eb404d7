"""What the application gave as the bytes that are sent: items of bodies, status and headers. Pure.

What it should not have given is an error that says what was expected and what came.
"""


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
