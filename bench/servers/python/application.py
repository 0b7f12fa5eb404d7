# Hello world as a WSGI application of Python, for eventlet, gunicorn, waitress and uWSGI.

BODY = b"Hello, World!\r\n"


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))])
    return [BODY]
