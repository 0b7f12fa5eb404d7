"""The application that APP names: a module or file in, a callable out; and the files that it was read from.

It imports what the user asked for, and says whose fault it was where that fails. It knows nothing of requests.
"""

import importlib
import importlib.util
import os
import sys

from .eventlet_programs import offer_eventlet
from .tracebacks import is_ours


class NotLoaded(Exception):
    """The application cannot be had; `kind` says what is missing."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def load_and_serve(spec, folder, serve):
    """Gives the application to `serve`: `package.module`, `module:name`, `file.py`, `file.py:name.inner`, `module:create()`.

    A program that calls eventlet.wsgi.server() is served within that call, and goes on when the server has ended.
    """
    module_name, _, name = spec.partition(":")
    if module_name.endswith(".py"):
        path = os.path.abspath(os.path.join(folder, module_name))
        if not os.path.isfile(path):
            raise NotLoaded("module", "there is no file %s%s" % (path, nearest_file(path)))
        sys.path.insert(0, os.path.dirname(path))
        module_name = os.path.basename(path)[: -len(".py")]
    else:
        path = None
        sys.path.insert(0, folder)
    served = []

    def serve_here(site, **settings):
        if not callable(site):
            raise NotLoaded("callable", "eventlet.wsgi.server() was given %.80r: expected a callable" % (site,))
        served.append((site, settings))
        # In a module that has a name others may import it meanwhile, and would wait until it is loaded.
        if path is not None and not name:
            serve(site, **settings)

    offer_eventlet(serve_here)
    module = import_by_path(module_name, path) if path is not None else import_by_name(module_name)
    if name or not served:
        serve(pick(module, module_name, name))
    elif path is None:
        site, settings = served[-1]
        serve(site, **settings)


def import_by_name(module_name):
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # The module itself, or a package that it is in, is missing; what it imports is its own affair.
        if error.name is not None and (module_name + ".").startswith(error.name + "."):
            raise NotLoaded("module", "there is no module %s in %s" % (error.name, describe_path())) from None
        raise


def import_by_path(name, path):
    """A file under its own name, whatever else has that name: `json.py` is the user's."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def describe_path():
    return ", ".join(path or "." for path in sys.path[:1]) + " or among the installed packages of " + sys.prefix


def pick(module, module_name, name):
    """The callable of a module: by name, or under the usual names."""
    if name:
        is_factory = name.endswith("()")
        found = module
        for part in (name[:-2] if is_factory else name).split("."):
            try:
                found = getattr(found, part)
            except AttributeError:
                raise NotLoaded("callable", "%s has no %s%s" % (module_name, part, nearest(part, dir(found)))) from None
        found = found() if is_factory else found
    else:
        names = ("application", "app")
        found = next((getattr(module, n) for n in names if callable(getattr(module, n, None))), None)
        if found is None:
            functions = [n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", 0) == module_name]
            hint = "; it defines " + ", ".join(functions[:8]) if functions else ""
            raise NotLoaded("callable", "%s has neither application nor app%s" % (module_name, hint))
    if not callable(found):
        raise NotLoaded("callable", "%s is %.80r: expected a callable" % (name or module_name, found))
    return found


def nearest(name, names):
    import difflib

    close = difflib.get_close_matches(name, names, 1)
    return "; did you mean %s?" % close[0] if close else ""


def nearest_file(path):
    folder, name = os.path.split(path)
    if not os.path.isdir(folder):
        return ""
    return nearest(name, [file for file in os.listdir(folder) if file.endswith(".py")])


def own_files():
    """The files of loaded modules that are the user's: not those of Python or of installed packages."""
    foreign = tuple({os.path.join(p, "") for p in (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))})
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    own = {f for f in files if isinstance(f, str) and not f.startswith(foreign) and "-packages" not in f}
    return sorted(f for f in own if not is_ours(f))
