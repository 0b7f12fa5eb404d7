from eventlet import wsgi
import eventlet

def hello_world(env, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return ['Hello, World! This is %s, from %s.\r\n' % (env['wsgi.url_scheme'], env['example.name'])]

try:
    wsgi.server(eventlet.wrap_ssl(eventlet.listen(('', 8090)),
                                  certfile='cert.crt',
                                  keyfile='private.key',
                                  server_side=True),
                hello_world, environ={'example.name': 'eventlet'}, minimum_chunk_size=10, keepalive=False)
finally:
    import sys
    sys.stderr.write('the program has cleaned up\n')
