// Mutual TLS: clients show certificates. One page is for everybody, the other for those whom our authority knows; a
// certificate of anybody else does not get past the handshake. Needs four files, which openssl makes:
//
//   openssl req -x509 -newkey rsa:2048 -nodes -subj '/CN=localhost' -addext 'subjectAltName=DNS:localhost' -keyout private.key -out cert.crt
//   openssl req -x509 -newkey rsa:2048 -nodes -subj '/CN=Our clients' -keyout clients.key -out clients.crt
//   openssl req -newkey rsa:2048 -nodes -subj '/O=Example/CN=alice' -keyout alice.key -out alice.csr
//   openssl x509 -req -in alice.csr -CA clients.crt -CAkey clients.key -CAcreateserial -days 30 -out alice.crt
//
//   node --import tsx examples/client-certificates.ts
//   curl --cacert cert.crt --cert alice.crt --key alice.key https://localhost:8090/members

import { type Application, listen, server } from "@wsgi/core";
import { wrapSsl } from "@wsgi/tls";

const application: Application = (environ, startResponse) => {
  const isMember = environ["SSL_CLIENT_VERIFY"] === "SUCCESS";
  if (environ.PATH_INFO === "/members" && !isMember) {
    startResponse("403 Forbidden", [["Content-Type", "text/plain"]]);
    return ["Come back with a certificate.\r\n"];
  }
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [isMember ? `Hello, ${environ["SSL_CLIENT_S_DN"]}.\r\n` : "Hello, whoever you are.\r\n"];
};

const listener = wrapSsl(listen(["", Number(process.argv[2] ?? 8090)]), {
  certfile: "cert.crt",
  keyfile: "private.key",
  certReqs: "optional",
  caCerts: "clients.crt",
});
const running = server(listener, application);
await running.ready;
console.log(`Serving on https://localhost:${running.addresses[0]?.port}/ - Ctrl-C stops it`);
