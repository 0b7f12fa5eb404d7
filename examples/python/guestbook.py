"""A guest book in Flask: a form, a session, an upload, and a stream of what is written meanwhile."""

import queue

from flask import Flask, redirect, render_template_string, request, session, url_for

app = Flask(__name__)
app.secret_key = "example"

PAGE = """<!doctype html><title>Guest book</title>
<ul>{% for name, text in entries %}<li><b>{{ name }}</b>: {{ text }}</li>{% endfor %}</ul>
<form method="post" enctype="multipart/form-data">
<input name="name" value="{{ session.name or '' }}"><input name="text"><input type="file" name="picture"><button>Sign</button>
</form>"""

entries = []
listeners = []


@app.get("/")
def index():
    return render_template_string(PAGE, entries=entries)


@app.post("/")
def sign():
    session["name"] = request.form["name"]
    text = request.form["text"]
    picture = request.files.get("picture")
    if picture:
        text += " (%s, %d bytes)" % (picture.filename, len(picture.read()))
    entries.append((session["name"], text))
    for listener in listeners:
        listener.put(text)
    return redirect(url_for("index"))


@app.get("/live")
def live():
    """Server-sent events: each holds a thread for as long as its listener stays."""
    news = queue.Queue()
    listeners.append(news)

    def events():
        try:
            yield ": welcome\n\n"
            while True:
                yield "data: %s\n\n" % news.get()
        finally:
            listeners.remove(news)

    return app.response_class(events(), mimetype="text/event-stream")
