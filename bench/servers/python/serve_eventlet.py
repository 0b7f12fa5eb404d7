# The application on eventlet's own server: `serve_eventlet.py PORT`.

import sys

import eventlet
from eventlet import wsgi

from application import application

wsgi.server(eventlet.listen(("127.0.0.1", int(sys.argv[1]))), application, log_output=False)
