"""What test applications are wrapped in: the validator of the standard library, and a choice by the first segment of the path.

Two things of the environ must be kept from the validator: eventlet's `headers_raw` is a tuple under a key without a dot.
"""

import warnings
from wsgiref.validate import WSGIWarning, validator

warnings.simplefilter("ignore", WSGIWarning)  # it does not know every method


def checked(application):
    """The application behind the validator; what breaks PEP 3333 on either side is an AssertionError."""
    valid = validator(application)

    def without_raw(environ, start_response):
        environ["test.headers_raw"] = environ.pop("headers_raw")
        return valid(environ, start_response)

    return without_raw


def choose(namespace):
    """Calls the function that the first segment of the path names, checked unless it is in UNCHECKED."""
    unchecked = namespace.get("UNCHECKED", ())
    applications = {
        name: value if name in unchecked else checked(value)
        for name, value in namespace.items()
        if callable(value) and getattr(value, "__code__", None) is not None
    }

    def application(environ, start_response):
        path = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
        return applications[path.split("/")[1]](environ, start_response)

    return application
