// Flaws in what a server does with connections and time, which bytes alone do not show: each row names its tests.

import { type Incident, incident } from "./history.ts";
import type { NamedTest } from "./rules.ts";

const titled =
  (file: string) =>
  (title: string): NamedTest => ({ file: `packages/core/test/${file}.test.ts`, title });
const here = titled("history.connections");
const timeouts = titled("timeouts");
const progress = titled("timeouts.progress");

export const behaviourHistory: readonly Incident[] = [
  incident(
    "CVE-2024-49768",
    "waitress",
    "served a request that came while the connection was being closed for the bad one before it",
    "after a fault nothing is interpreted, and after `close` nothing is served",
    here("serves nothing that comes behind a bad request, whenever it comes"),
    here("serves nothing that comes behind a request which says close, whenever it comes"),
  ),
  incident(
    "CVE-2024-49769",
    "waitress",
    "kept the descriptor of a connection that was gone when it asked for its peer, and span",
    "such a connection is closed and counted out",
    here("keeps nothing of connections that are gone before they are looked at"),
  ),
  incident(
    "CVE-2023-46137",
    "Twisted",
    "answered pipelined requests out of order when one was answered later",
    "one request of a connection at a time",
    here("answers pipelined requests in their order, however long each takes"),
  ),
  incident(
    "CVE-2024-41671",
    "Twisted",
    "answered pipelined requests out of order, so that a response could reach another client through a proxy",
    "as above",
    here("answers pipelined requests in their order, however long each takes"),
  ),
  incident(
    "CVE-2020-7694",
    "uvicorn",
    "wrote escape sequences of a decoded path to the terminal that shows the log",
    "the log has the target as it came, and a target holds no controls",
    here("writes no control of a request to the log"),
  ),
  incident(
    "CVE-2018-12122",
    "Node.js",
    "waited without end for a head that drips (Slowloris)",
    "30 s for a head (`headTimeout`), not extended by single bytes",
    timeouts("is not extended by single bytes"),
    timeouts("answers a part of a head with 408 and closes"),
  ),
  incident(
    "CVE-2007-6750",
    "Apache httpd",
    "as above (Slowloris)",
    "as above",
    timeouts("is not extended by single bytes"),
  ),
  incident(
    "CVE-2020-8251",
    "Node.js",
    "waited without end for a body that drips",
    "a body has a lowest rate (`minimumDataRate`), and a silent client is dropped (`socketTimeout`)",
    progress("is dropped while it drips"),
    progress("%s is answered with 408 and dropped"),
  ),
  incident(
    "CVE-2019-5737",
    "Node.js",
    "gave a kept connection the long time of a fresh one for its next head",
    "the time between two requests is bounded by `keepalive`, that of a head by `headTimeout`",
    timeouts("answers a part of a later head with 408"),
    timeouts("closes a connection quietly that has been idle for so many seconds"),
  ),
];
