# Counts the bytes of a body that is sent to it; else sends 10 MiB in pieces of 64 KiB.

PIECE = b"x" * 65536
PIECES = 160


def application(environ, start_response):
    if environ["REQUEST_METHOD"] == "POST":
        read, count = environ["wsgi.input"].read, 0
        while True:
            block = read(65536)
            if not block:
                break
            count += len(block)
        body = [str(count).encode()]
        length = len(body[0])
    else:
        body = (PIECE for _ in range(PIECES))
        length = PIECES * len(PIECE)
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(length))])
    return body
