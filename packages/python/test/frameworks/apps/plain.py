"""WSGI applications without a framework."""

import hashlib


def digest(environ, start_response):
    """The length of the body and its digest, read piece by piece."""
    found, size = hashlib.sha256(), 0
    for piece in iter(lambda: environ["wsgi.input"].read(50000), b""):
        found.update(piece)
        size += len(piece)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d %s" % (size, found.hexdigest().encode())]


def path(environ, start_response):
    """SCRIPT_NAME and PATH_INFO as they are in Python, in ASCII."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [ascii((environ["SCRIPT_NAME"], environ["PATH_INFO"])).encode()]
