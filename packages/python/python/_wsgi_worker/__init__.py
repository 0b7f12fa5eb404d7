"""The Python side of @wsgi/python: runs one WSGI application (PEP 3333) in this process.

Requests come in as frames, through one socket, from the process that started this one; responses go out through the same. It
must never know HTTP on the wire, listen anywhere, or open what a client names. Standard library only, Python 3.9 and newer.
Its name begins with an underscore since it lies among the modules of the application.
"""
