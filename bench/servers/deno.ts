// Hello world on Deno.serve. Run by Deno: `deno run --allow-net deno.ts PORT`.

declare const Deno: {
  readonly args: readonly string[];
  serve(
    options: { port: number; hostname: string; onListen(): void },
    handler: (request: Request) => Response,
  ): unknown;
};

Deno.serve(
  { port: Number(Deno.args[0]), hostname: "127.0.0.1", onListen() {} },
  () => new Response("Hello, World!\r\n", { headers: { "Content-Type": "text/plain" } }),
);

export {};
