// Hello world on Bun.serve. Run by Bun: `bun bun.ts PORT`.

declare const Bun: {
  serve(options: { port: number; hostname: string; fetch(request: Request): Response }): unknown;
};

Bun.serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  fetch: () => new Response("Hello, World!\r\n", { headers: { "Content-Type": "text/plain" } }),
});
