"""A program as it was written for eventlet: bandwidth accounted by a post hook. It runs there as it does here."""

import eventlet
from eventlet import wsgi

PIECE = b"download " * 1000


def account(env, promised):
    # Under eventlet a hook has no more than the environ; here it finds what was really sent.
    receipt = env.get("wsgi.exchange", {"body_bytes": promised, "completed": True})
    print("%s: %d of %d bytes" % (env["RAW_PATH_INFO"], receipt["body_bytes"], promised))


def download(env, start_response):
    count = int(env["PATH_INFO"].strip("/") or 1)
    promised = count * len(PIECE)
    env["eventlet.posthooks"].append((account, (promised,), {}))
    env["eventlet.minimum_write_chunk_size"] = 64 * 1024
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(promised))])
    return (PIECE for _ in range(count))


wsgi.server(eventlet.listen(("", 8090)), download)
