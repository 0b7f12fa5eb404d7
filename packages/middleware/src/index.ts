// What `@wsgi/middleware` offers. Nothing inside the package imports this file.

export {};
