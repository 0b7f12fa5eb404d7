"""Programs that were written for eventlet: what they give to eventlet.wsgi.server() is the application, installed or not.

It knows the names that such programs use, and nothing of how an application is served.
"""

import importlib.util
import sys
import time


class NotListening:
    """What eventlet.listen() returns here: the server listens, and has been told where."""

    def __init__(self, address):
        self._address = address

    def getsockname(self):
        return self._address

    def close(self):
        pass


def offer_eventlet(serve_here):
    """Lets programs that were written for eventlet run: what they give to eventlet.wsgi.server() goes to `serve_here`."""

    def serve(
        sock,
        site,
        log=None,
        environ=None,
        max_size=None,
        max_http_version=None,
        protocol=None,
        server_event=None,
        minimum_chunk_size=None,
        **others,
    ):
        others.update(log=log, max_size=max_size, max_http_version=max_http_version)
        ignored = ", ".join(name for name, value in others.items() if value is not None)
        if ignored:
            text = "wsgi: Python: eventlet.wsgi.server(): not used here, but options of the server have these names: %s\n"
            sys.stderr.write(text % ignored)
        serve_here(site, environ=environ, minimum_chunk_size=minimum_chunk_size)

    def listen(addr, *args, **kwargs):
        return NotListening(addr)

    def wrap_ssl(sock, *args, **kwargs):
        return sock

    class Finder:
        """Stands before the other finders for eventlet alone: finds theirs, and puts our functions into it."""

        @staticmethod
        def find_spec(name, path=None, target=None):
            if name not in ("eventlet", "eventlet.wsgi"):
                return None
            sys.meta_path.remove(Finder)
            try:
                found = importlib.util.find_spec(name)
            except ModuleNotFoundError:
                found = None
            finally:
                sys.meta_path.insert(0, Finder)
            if found is None:
                return importlib.util.spec_from_loader(name, StandIn, is_package=name == "eventlet")
            load_theirs = found.loader.exec_module

            def exec_module(module):
                load_theirs(module)
                patch(module)

            found.loader.exec_module = exec_module
            return found

    class StandIn:
        """eventlet where it is not installed: what its programs need to be served."""

        @staticmethod
        def create_module(spec):
            return None

        @staticmethod
        def exec_module(module):
            if module.__name__ == "eventlet":
                module.sleep = time.sleep
                module.monkey_patch = lambda *args, **kwargs: None
            patch(module)

    def patch(module):
        if module.__name__ == "eventlet":
            module.listen = listen
            module.wrap_ssl = wrap_ssl
        else:
            module.server = serve

    sys.meta_path.insert(0, Finder)
