// What `@wsgi/python` offers. Nothing inside the package imports this file.

export {};
