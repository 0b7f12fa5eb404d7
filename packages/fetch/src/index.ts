// What `@wsgi/fetch` offers. Nothing inside the package imports this file.

export {};
