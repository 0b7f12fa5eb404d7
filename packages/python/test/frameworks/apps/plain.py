"""WSGI applications without a framework."""

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import time


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


def square(number):
    return number * number


def processes(environ, start_response):
    """Forks, ends what it has forked, and interrupts a program."""
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        squares = pool.map(square, [1, 2, 3])
    sleeper = context.Process(target=time.sleep, args=(60,))
    sleeper.start()
    sleeper.terminate()
    sleeper.join()
    program = subprocess.Popen(["sleep", "60"])
    os.kill(program.pid, signal.SIGINT)
    found = {"pool": squares, "terminated": sleeper.exitcode, "interrupted": program.wait()}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(found).encode()]


def hops(environ, start_response):
    """Says what many examples of server-sent events say."""
    connection = "close" if environ["PATH_INFO"] == "/close" else "keep-alive"
    fields = [("Connection", connection), ("keep-alive", "timeout=5")]
    start_response("200 OK", [("Content-Type", "text/event-stream"), *fields])
    yield b"data: 1\n\n"
