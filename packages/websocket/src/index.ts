// What `@wsgi/websocket` offers. Nothing inside the package imports this file.

export {};
