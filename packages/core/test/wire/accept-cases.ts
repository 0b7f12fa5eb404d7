// Every message that is understood, by theme.

import { chunkedCases } from "./accept-chunked.ts";
import { connectionCases } from "./accept-connection.ts";
import { fieldCases } from "./accept-fields.ts";
import { framingCases } from "./accept-framing.ts";
import { limitCases } from "./accept-limits.ts";
import { requestLineCases } from "./accept-request-line.ts";
import { targetCases } from "./accept-targets.ts";
import type { AcceptCase } from "./cases.ts";

export const acceptCases: readonly AcceptCase[] = [
  ...requestLineCases,
  ...targetCases,
  ...fieldCases,
  ...connectionCases,
  ...framingCases,
  ...chunkedCases,
  ...limitCases,
];
