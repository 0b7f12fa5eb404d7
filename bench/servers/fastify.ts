// Hello world on Fastify. Called as `fastify.ts PORT`.

import fastify from "fastify";
import { HELLO } from "./workload.ts";

const app = fastify({ logger: false });
app.get("/", (_request, reply) => {
  reply.header("Content-Type", "text/plain").send(HELLO);
});
await app.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
