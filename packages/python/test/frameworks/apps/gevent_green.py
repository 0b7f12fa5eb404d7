"""A program that gevent has patched, with a green thread of its own."""

import gevent
from gevent import monkey

monkey.patch_all()

import atexit
import sys
import threading
import time

waiting = []
ticks = []


def tick():
    while True:
        ticks.append(1)
        time.sleep(0.01)


def app(env, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if env["PATH_INFO"] == "/wait":  # until as many wait as are asked for
        waiting.append(threading.get_ident())
        while len(waiting) < int(env["QUERY_STRING"]):
            time.sleep(0.01)
    if env["PATH_INFO"] == "/ticks":
        begin = len(ticks)
        while len(ticks) < begin + 3:
            gevent.sleep(0.01)
    if env["PATH_INFO"] == "/echo":
        return iter(lambda: env["wsgi.input"].read(50000), b"")
    return [b"%d" % len(waiting)]


gevent.spawn(tick)
atexit.register(sys.stderr.write, "the program has ended\n")
