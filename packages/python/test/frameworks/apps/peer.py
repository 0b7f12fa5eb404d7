"""Serves `module:callable` by another server and prints the port that it listens on: `peer.py SERVER APP`."""

import importlib
import sys

kind, spec = sys.argv[1:]
if kind == "eventlet":
    import eventlet
    import eventlet.wsgi

    eventlet.monkey_patch()
module, name = spec.split(":")
sys.path.insert(0, ".")
app = getattr(importlib.import_module(module), name)

if kind == "eventlet":
    sock = eventlet.listen(("127.0.0.1", 0))
    print("port=%d" % sock.getsockname()[1])
    eventlet.wsgi.server(sock, app, debug=False, log_output=False)
elif kind == "waitress":
    import waitress

    server = waitress.create_server(app, host="127.0.0.1", port=0)
    print("port=%s" % server.effective_port)
    server.run()
else:
    import socketserver
    import wsgiref.simple_server

    class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
        daemon_threads = True

    server = wsgiref.simple_server.make_server("127.0.0.1", 0, app, Server)
    print("port=%d" % server.server_port)
    server.serve_forever()
