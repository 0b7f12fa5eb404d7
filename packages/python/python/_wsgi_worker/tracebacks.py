"""Tracebacks for the log, and other text of which nobody knows how long it is. What is of this package is left out."""

import importlib
import os
import traceback

from .frames import LOG_BYTES

FOLDER = os.path.dirname(__file__)


def of_application(error):
    """The traceback of an error as bytes, from the application's first frame on."""
    own = error.__traceback__
    while own.tb_next is not None and is_ours(own.tb_frame.f_code.co_filename):
        own = own.tb_next
    return cut("".join(traceback.format_exception(type(error), error, own)))


def of_loading(error):
    """The part of an error's traceback that is of the modules of the application; None where none is."""
    own = error.__traceback__
    while own is not None and is_importing(own.tb_frame.f_code.co_filename):
        own = own.tb_next
    return own


def is_ours(filename):
    return os.path.dirname(filename) == FOLDER


def is_importing(filename):
    """Whether a frame is of what loads modules, not of a module."""
    return is_ours(filename) or filename == importlib.__file__ or filename.startswith("<frozen importlib")


def cut(text):
    """Text for the log; where it shows a value that is very large, its middle is left out."""
    if len(text) > LOG_BYTES:
        text = text[: LOG_BYTES // 2] + "\n...\n" + text[-LOG_BYTES // 2 :]
    return text.encode("utf-8", "backslashreplace")


def describe(value):
    """A value of the application's for a message: to show it may fail, too."""
    try:
        return "%.80r" % (value,)
    except Exception:
        return "of type %s" % type(value).__name__
