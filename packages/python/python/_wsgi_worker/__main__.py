"""Started as `python THIS_FILE APP OPTIONS`: APP as `loading` reads it, OPTIONS as JSON.

It sees to it that this package is found under its one name, and that no module of its folder is seen by the application.
"""

import json
import os
import sys

if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        sys.path.pop(0)  # the folder of this file
    # Nothing is written where this is installed; what becomes of the application's modules is not ours to say.
    writes_none = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from _wsgi_worker.process import main

    sys.path.pop(0)
    sys.dont_write_bytecode = writes_none
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2])))
