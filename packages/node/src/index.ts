// What `@wsgi/node` offers. Nothing inside the package imports this file.

export {};
