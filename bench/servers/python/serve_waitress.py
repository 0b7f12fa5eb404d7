# The application on waitress, with its default of four threads: `serve_waitress.py PORT`.

import logging
import sys

import waitress

from application import application

logging.getLogger("waitress.queue").setLevel(logging.ERROR)
waitress.serve(application, listen=f"127.0.0.1:{sys.argv[1]}")
