# Waits for 50 ms, as for a database, and says hello.

import time

BODY = b"Hello, World!\r\n"


def application(environ, start_response):
    time.sleep(0.05)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))])
    return [BODY]
