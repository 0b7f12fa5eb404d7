"""An application of the standard library alone: the time, by Python. Post hooks tell what became of each response."""

import time


def tell(environ, name):
    receipt = environ["wsgi.exchange"]
    print("%s: %d bytes in %.3f s" % (name, receipt["body_bytes"], receipt["seconds"]))


def app(environ, start_response):
    environ["eventlet.posthooks"].append((tell, (environ["SCRIPT_NAME"] + environ["PATH_INFO"],), {}))
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [time.strftime("Python says: it is %H:%M:%S\r\n").encode()]
