// The documentation says what is: options, codes, keys of the environ, counters and parameters of eventlet, none left out.

import { describe, expect, test } from "vitest";
import { withOptionsTable } from "../../../scripts/options-table.ts";
import { sslOptionsTable } from "../../../scripts/ssl-options.ts";
import { below, firstColumn, headings, read } from "../../core/test/support/pages.ts";
import { SSL_OPTION_TABLE, TLS_ERRORS } from "../src/index.ts";
import { Authority } from "./support/authority.ts";
import { ask, connectSecurely, serveSecure } from "./support/serve.ts";

const readme = "packages/tls/README.md";

test("the README's table of options is the one that `pnpm run docs` makes", () => {
  expect(read(readme)).toBe(withOptionsTable(read(readme), sslOptionsTable()));
});

test("docs/errors.md has a heading and a text for every code", () => {
  const section = below("docs/errors.md", "## Faults of certificates and of TLS options");
  expect(headings(section, 3)).toEqual(Object.keys(TLS_ERRORS));
  for (const code of Object.keys(TLS_ERRORS)) expect(section).toMatch(new RegExp(`^### ${code}\\n\\n[A-Z\`]`, "m"));
});

test("the README tells of every value of certReqs", () => {
  const [, values = ""] = /one of (.+)/.exec(SSL_OPTION_TABLE.certReqs.expected) ?? [];
  const rows = [...below(readme, "## Certificates of clients").matchAll(/^\| `("\w+")` \|/gm)];
  expect(rows.map(([, value]) => value).join(", ")).toBe(values);
});

describe("a connection whose client shows a certificate", () => {
  const keys = (page: string, heading: string): string[] =>
    firstColumn(below(page, heading)).filter((key) => key.startsWith("SSL_"));

  test.each([
    ["docs/environ.md", "## TLS"],
    [readme, "## Certificates of clients"],
  ])("has the keys that %s lists, and no other", async (page, heading) => {
    const authority = await Authority.create();
    const { cert, key } = await authority.issue({ names: ["localhost"] });
    const client = await authority.issue();
    const { port, listener } = await serveSecure(
      { cert, key, certReqs: "required", ca: authority.cert },
      (environ, startResponse) => {
        startResponse("200 OK", []);
        return [JSON.stringify(Object.keys(environ).filter((name) => name.startsWith("SSL_")))];
      },
    );
    const { cert: clientCert, key: clientKey } = client;
    const ours = { ca: authority.cert, servername: "localhost" };
    const socket = await connectSecurely(port, { ...ours, cert: clientCert, key: clientKey });
    const [, body = ""] = (await ask(socket)).split("\r\n\r\n");
    expect(JSON.parse(body)).toEqual(keys(page, heading));
    expect(Object.keys(listener.counters)).toEqual(firstColumn(below(readme, "## Counters")));
  });
});

test("every parameter of eventlet.wrap_ssl is in the migration guide, with its option", () => {
  const parameters = [
    ...["keyfile", "certfile", "server_side", "cert_reqs", "ssl_version", "ca_certs"],
    ...["do_handshake_on_connect", "suppress_ragged_eofs", "ciphers"],
  ];
  const rows = [...below("docs/migrating-from-eventlet.md", "## TLS").matchAll(/^\| (.+?) \| (.+) \|$/gm)];
  for (const parameter of parameters) {
    const [, , here = ""] = rows.find(([, there = ""]) => new RegExp(`\\b${parameter}\\b`).test(there)) ?? [];
    const option = Object.entries(SSL_OPTION_TABLE).find(([, { python }]) => python === parameter)?.[0];
    expect(here, parameter).toMatch(new RegExp(`\\b(the same names?|${option ?? "minVersion"})\\b`));
  }
});
