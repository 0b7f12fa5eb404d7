"""A Flask application that uses what real ones use: uploads, sessions, streams, files, blueprints, error handlers, teardowns."""

import hashlib
import io
import logging
import os
import threading
import time

from flask import Blueprint, Flask, abort, g, jsonify, make_response, redirect, request, send_file, session, url_for
from flask import render_template_string, stream_with_context
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.secret_key = "not a secret"
app.config["MAX_CONTENT_LENGTH"] = 32_000_000

document = os.path.join(os.environ["WSGI_TEST_DATA"], "document.txt")
DOCUMENT = b"".join(b"line %05d\n" % i for i in range(20000))  # 220000 bytes
STAMP = 1700000000
gates = {}
torn_down = []


@app.before_request
def begin():
    g.started = time.monotonic()


@app.after_request
def mark(response):
    response.headers["X-After"] = "after_request"
    return response


@app.teardown_request
def end(error):
    torn_down.append("%s %s" % (request.path, "ok" if error is None else type(error).__name__))


# ---- answers ---------------------------------------------------------------------------------------------------------


@app.get("/")
def index():
    return render_template_string("<p>Hello, {{ name }}!</p>", name=request.args.get("name", "World"))


@app.get("/json")
def json():
    return {"text": "Grüße – ✓", "list": [1, 2.5, None, True]}


@app.post("/json")
def json_echo():
    return jsonify(request.get_json())


@app.get("/environ")
def environ():
    shown = {key: value if isinstance(value, str) else repr(type(value)) for key, value in request.environ.items()}
    return jsonify(shown)


@app.get("/request/<path:rest>")
def about(rest):
    return {
        "rest": rest,
        "path": request.path,
        "full_path": request.full_path,
        "url": request.url,
        "args": request.args.to_dict(flat=False),
        "script_root": request.script_root,
        "remote_addr": request.remote_addr,
        "scheme": request.scheme,
        "host": request.host,
        "agent": request.headers.get("User-Agent"),
        "x": request.headers.getlist("X-Twice"),
    }


@app.get("/redirect")
def redirected():
    return redirect(url_for("json", after="redirect"))


@app.get("/cookies")
def many_cookies():
    response = make_response("two cookies", 202)
    response.set_cookie("one", "1", max_age=60)
    response.set_cookie("two", "zwei;=", httponly=True, samesite="Lax")
    return response


# ---- sessions --------------------------------------------------------------------------------------------------------


@app.post("/login")
def login():
    session["user"] = request.form["user"]
    return redirect(url_for("me"), code=303)


@app.get("/me")
def me():
    return {"user": session.get("user")}


@app.post("/logout")
def logout():
    session.clear()
    return "", 204


# ---- uploads ---------------------------------------------------------------------------------------------------------


@app.post("/upload")
def upload():
    files = request.files.getlist("file")
    described = []
    for file in files:
        digest, size = hashlib.sha256(), 0
        for piece in iter(lambda: file.stream.read(65536), b""):
            digest.update(piece)
            size += len(piece)
        described.append({"name": file.filename, "type": file.mimetype, "size": size, "sha256": digest.hexdigest()})
    return {"files": described, "form": request.form.to_dict()}


@app.post("/raw")
def raw():
    """Reads the body as it comes, while the response is on its way: a digest after each megabyte."""

    def progress():
        digest, size, told = hashlib.sha256(), 0, 0
        for piece in iter(lambda: request.stream.read(65536), b""):
            digest.update(piece)
            size += len(piece)
            if size - told >= 1 << 20:
                told = size
                yield "%d\n" % size
        yield "%d %s\n" % (size, digest.hexdigest())

    return app.response_class(stream_with_context(progress()), mimetype="text/plain")


@app.post("/ignored")
def ignored():
    return "not read", 403


# ---- streams ---------------------------------------------------------------------------------------------------------


@app.get("/stream/<int:count>")
def stream(count):
    def lines():
        for i in range(count):
            yield "%s %d\n" % (request.args.get("word", "line"), i)

    return app.response_class(stream_with_context(lines()), mimetype="text/plain")


@app.get("/gated/<name>")
def gated(name):
    """Its second item comes when /open/<name> was asked for."""
    gate = gates.setdefault(name, threading.Event())

    def events():
        yield "data: first\n\n"
        gate.wait(20)
        yield "data: second\n\n"

    return app.response_class(events(), mimetype="text/event-stream")


@app.get("/open/<name>")
def open_gate(name):
    gates.setdefault(name, threading.Event()).set()
    return "opened"


@app.get("/endless")
def endless():
    def noise():
        try:
            while True:
                yield b"x" * 16384
        finally:
            app.logger.warning("endless: the generator was closed")

    response = app.response_class(stream_with_context(noise()), mimetype="application/octet-stream")
    response.call_on_close(lambda: app.logger.warning("endless: call_on_close"))
    return response


@app.get("/torn-down")
def show_torn_down():
    return jsonify(torn_down)


# ---- files -----------------------------------------------------------------------------------------------------------


@app.get("/file")
def file():
    return send_file(document, mimetype="text/plain", conditional=True, last_modified=STAMP, max_age=60)


@app.get("/download")
def download():
    return send_file(document, as_attachment=True, download_name="Grüße.txt", etag="v1", last_modified=STAMP)


@app.get("/memory")
def memory():
    return send_file(io.BytesIO(b"from memory"), mimetype="text/plain", etag=False)


# ---- errors ----------------------------------------------------------------------------------------------------------


class OutOfTea(Exception):
    pass


@app.errorhandler(404)
def missing(error):
    return {"error": "nothing at " + request.path}, 404


@app.errorhandler(OutOfTea)
def teapot(error):
    return "out of tea", 418


@app.get("/abort/<int:code>")
def aborted(code):
    abort(code)


@app.get("/tea")
def tea():
    raise OutOfTea


@app.get("/error")
def error():
    raise RuntimeError("asked for – ✗")


@app.get("/error-in-stream")
def error_in_stream():
    def lines():
        yield "one\n"
        raise RuntimeError("in the middle")

    return app.response_class(lines(), mimetype="text/plain")


@app.get("/log")
def log():
    app.logger.error("logged: ü ✓")
    logging.getLogger("other").warning("logged by another")
    print("printed")
    request.environ["wsgi.errors"].write("written to wsgi.errors\n")
    return "logged"


# ---- a blueprint, and the application as others see it ---------------------------------------------------------------

shop = Blueprint("shop", __name__, url_prefix="/shop")


@shop.get("/basket/<name>")
def basket(name):
    return {"here": url_for(".basket", name=name), "outside": url_for(".basket", name=name, _external=True)}


app.register_blueprint(shop)

with open(document, "wb") as target:
    target.write(DOCUMENT)
os.utime(document, (STAMP, STAMP))

behind_proxy = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
