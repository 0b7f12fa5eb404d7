// Hello world on Express, on this server or on node:http. Called as `express.ts PORT FOLDER SERVER`.

import http from "node:http";
import { listen, server } from "@wsgi/core";
import { fromNodeListener } from "@wsgi/node";
import express from "express";
import { HELLO } from "./workload.ts";

const [, , port, , kind] = process.argv;
const app = express();
app.get("/", (_request, response) => {
  response.type("text/plain").send(HELLO);
});
if (kind === "node:http") http.createServer(app).listen(Number(port), "127.0.0.1");
else server(listen(["127.0.0.1", Number(port)]), fromNodeListener(app), { accessLog: false });
