"""An application that uses what eventlet.wsgi gives to its applications, each thing under a path of its own."""

import json

seen_by_hooks = []


def note(env, word, **more):
    seen_by_hooks.append([env["PATH_INFO"], word, more])


def say(start_response, value, status="200 OK"):
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(value, sort_keys=True).encode()]


def keys(env, start_response):
    wanted = (
        *("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "RAW_PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH"),
        *("SERVER_NAME", "REMOTE_ADDR", "GATEWAY_INTERFACE", "HTTP_X_TWICE", "HTTP_COOKIE", "wsgi.url_scheme", "wsgi.run_once"),
    )
    found = {key: env.get(key) for key in wanted}
    found["headers_raw"] = [[name.lower(), value] for name, value in env["headers_raw"]]
    found["types"] = [type(env["headers_raw"]).__name__, type(env["eventlet.posthooks"]).__name__, type(env["wsgi.version"]).__name__]
    found["same"] = env["wsgi.input"] is env["eventlet.input"]
    found["port"] = env["REMOTE_PORT"].isdigit() and env["SERVER_PORT"].isdigit()
    return say(start_response, found)


def lines(env, start_response):
    body = env["wsgi.input"]
    first = body.readline()
    some = body.read(3)
    rest = body.readlines()
    return say(start_response, [text.decode() for text in (first, some, *rest, body.read(), body.read(0))])


def pieces(env, start_response):
    """As lines(), but for readlines(): of a body with a length eventlet's waits for the end of the connection."""
    body = env["wsgi.input"]
    return say(start_response, [text.decode() for text in (body.readline(), body.read(3), body.readline(), body.read())])


def iterated(env, start_response):
    return say(start_response, [line.decode() for line in env["wsgi.input"]])


def hundred(env, start_response):
    env["wsgi.input"].set_hundred_continue_response_headers([("Hundred-Continue-Header-1", "H1"), ("X-Other", "o")])
    return say(start_response, env["wsgi.input"].read().decode())


def sent_hundred(env, start_response):
    env["wsgi.input"].set_hundred_continue_response_headers([("X-Sent", "early")])
    env["wsgi.input"].send_hundred_continue_response()
    return say(start_response, env["wsgi.input"].read().decode())


def hooked(env, start_response):
    env["eventlet.posthooks"].append((note, ("one",), {}))
    env["eventlet.posthooks"].append((note, ("two",), {"more": 2}))
    return say(start_response, "hooked")


def hooks(env, start_response):
    return say(start_response, seen_by_hooks)


def chunks(env, start_response):
    """Text and bytes, nothing among them, in pieces that eventlet joins."""
    env["eventlet.minimum_write_chunk_size"] = 10
    start_response("200 OK", [("content-TYPE", "text/plain"), ("x-lower-case", "1")])
    for piece in ("abc", b"def", "", b"ghi", "jklmnop", b"q"):
        yield piece


def written(env, start_response):
    write = start_response("201 Created", [("Content-Type", "text/plain"), ("Content-Length", "11")])
    write(b"hello ")
    write(b"world")
    return []


def failing(env, start_response):
    raise RuntimeError("asked for")


PAGES = {f.__name__: f for f in (keys, lines, pieces, iterated, hundred, sent_hundred, hooked, hooks, chunks, written, failing)}


def site(env, start_response):
    page = PAGES.get(env["PATH_INFO"].strip("/").split("/")[0])
    if page is None:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return ["Not Found\r\n"]
    return page(env, start_response)
