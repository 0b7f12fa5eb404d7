"""The process: its signals, its parent, and the application, served from its loading to its end. It knows no requests."""

import faulthandler
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback

from .engines import InlineEngine, ThreadedEngine
from .file_wrapper import FileWrapper
from .frames import FRAME, LOG_BYTES, NOT_LOADED, READY, SEND_BUFFER_BYTES
from .loading import NotLoaded, load_and_serve, own_files
from .tracebacks import cut, of_loading

# Written where stacks go, when the process is asked to end.
ASKED_TO_END = b"\0"

# What monkey patching puts a green one in the place of.
NATIVE_SOCKET = socket.socket


def watch_parent(sock):
    """Ends the process when the parent is gone, also when the application never comes back to read."""
    poll = select.poll()
    poll.register(sock, 0)  # nothing but hang-up

    def watch():
        poll.poll()
        time.sleep(5)
        os._exit(1)

    threading.Thread(target=watch, name="wsgi-parent", daemon=True).start()


def forked_processes_end_as_others():
    """What the application forks, as multiprocessing does, ends when it is told to, also when it has hardly begun."""
    masks = threading.local()

    def hold():
        masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})

    def let_go():
        signal.pthread_sigmask(signal.SIG_SETMASK, masks.before)

    def restore():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        let_go()

    os.register_at_fork(before=hold, after_in_parent=let_go, after_in_child=restore)


def report(sock, frame_kind, **facts):
    payload = json.dumps(facts).encode()
    sock.sendall(FRAME.pack(len(payload), 0, frame_kind) + payload)


def run_engine(sock, application, environ, options):
    """Serves until the parent has no more requests."""
    base = {
        "SERVER_SOFTWARE": "wsgi",
        "QUERY_STRING": "",
        "wsgi.version": (1, 0),
        "wsgi.multithread": options["threads"] > 1,
        "wsgi.multiprocess": options["multiprocess"],
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
        "eventlet.minimum_write_chunk_size": options["minimumChunkSize"],
        **environ,
    }
    # In a monkey-patched program the threads are green, so they go on only while no other call blocks: the socket is one of theirs.
    is_green = socket.socket is not NATIVE_SOCKET
    if is_green:
        sock = socket.socket(sock.family, sock.type, fileno=sock.detach())
    if options["threads"] > 1 or is_green:
        engine = ThreadedEngine(sock, application, base, options["threads"])
    else:
        engine = InlineEngine(sock, application, base)
    gc.collect()
    gc.freeze()  # what is loaded stays: the collector need not look at it again
    report(sock, READY, version=sys.version.split()[0], prefix=sys.prefix, pid=os.getpid())
    try:
        engine.serve()
    except (EOFError, ConnectionError, BrokenPipeError):
        pass  # the parent is gone, or has closed


def main(spec, options):
    sock = socket.socket(fileno=options["socket"])
    sock.setblocking(True)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    for descriptor in (options["socket"], options["stacks"]):
        os.set_inheritable(descriptor, False)
    # Terminals and service managers signal every process: when to end, and after which requests, is the parent's business.
    # Not SIG_IGN, which programs that the application runs would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: os.write(options["stacks"], ASKED_TO_END))
    forked_processes_end_as_others()
    faulthandler.register(signal.SIGUSR2, file=options["stacks"], all_threads=True)
    watch_parent(sock)
    sys.argv = [spec]
    is_serving = False

    def serve(application, environ=None, minimum_chunk_size=None):
        nonlocal is_serving
        if is_serving:
            return  # there is one application
        is_serving = True
        if minimum_chunk_size is not None:
            options["minimumChunkSize"] = minimum_chunk_size
        run_engine(sock, application, environ or {}, options)

    try:
        load_and_serve(spec, os.getcwd(), serve)
    except NotLoaded as error:
        report(sock, NOT_LOADED, kind=error.kind, message=str(error), traceback="", files=own_files())
        return 3
    except BaseException as error:
        if is_serving:
            raise  # of a program that goes on when its server has ended
        own = of_loading(error)
        text = cut("".join(traceback.format_exception(type(error), error, own))).decode()
        line = traceback.format_exception_only(type(error), error)[-1].strip()[:LOG_BYTES]
        files = {frame.filename for frame in traceback.extract_tb(own)}
        if isinstance(error, SyntaxError) and error.filename:
            files.add(error.filename)
        report(sock, NOT_LOADED, kind="error", message=line, traceback=text, files=sorted({*files, *own_files()}))
        return 3
    return 0
