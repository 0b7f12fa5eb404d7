// Handshakes of real clients: who gets in, with which version and cipher, and who does not.

import { expect, test } from "vitest";
import { Authority } from "./support/authority.ts";
import { ask, connectSecurely, serveSecure } from "./support/serve.ts";

test.each(["TLSv1.2", "TLSv1.3"] as const)("speaks %s, and tells the application so", async (version) => {
  const authority = await Authority.create();
  const served = await serveSecure(await own(authority));
  const socket = await connectSecurely(served.port, {
    ca: authority.cert,
    servername: "localhost",
    maxVersion: version,
  });
  const answer = await ask(socket);
  expect(JSON.parse(answer.split("\r\n\r\n")[1] as string)).toEqual({
    SSL_PROTOCOL: version,
    SSL_CIPHER: socket.getCipher()?.name ?? expect.any(String),
    SSL_TLS_SNI: "localhost",
    HTTPS: "on",
    "wsgi.url_scheme": "https",
  });
});

async function own(authority: Authority): Promise<{ cert: string; key: string }> {
  const { cert, key } = await authority.issue({ names: ["localhost", "127.0.0.1"] });
  return { cert, key };
}
