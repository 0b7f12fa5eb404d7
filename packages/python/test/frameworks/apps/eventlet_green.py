"""A program in eventlet's style: monkey-patched, with a green thread of its own, and a server in another one."""

import eventlet

eventlet.monkey_patch()

import sys
import threading
import time

from eventlet import wsgi

waiting = []
ticks = []


def tick():
    while True:
        ticks.append(1)
        time.sleep(0.01)


def site(env, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if env["PATH_INFO"] == "/wait":  # until as many wait as are asked for
        waiting.append(threading.get_ident())
        while len(waiting) < int(env["QUERY_STRING"]):
            time.sleep(0.01)
    if env["PATH_INFO"] == "/ticks":
        begin = len(ticks)
        while len(ticks) < begin + 3:
            eventlet.sleep(0.01)
    if env["PATH_INFO"] == "/echo":
        return iter(lambda: env["wsgi.input"].read(50000), b"")
    return [b"%d" % len(waiting)]


eventlet.spawn(tick)
serving = eventlet.spawn(wsgi.server, eventlet.listen(("127.0.0.1", 8090)), site)
serving.wait()
sys.stderr.write("the program has ended\n")
