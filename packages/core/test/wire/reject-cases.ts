// Every message that is refused, by theme.

import type { RejectCase } from "./cases.ts";
import { attackFaults, leftoverFaults } from "./reject-attacks.ts";
import { chunkedFaults } from "./reject-chunked.ts";
import { fieldFaults } from "./reject-fields.ts";
import { framingFaults } from "./reject-framing.ts";
import { knownFaults } from "./reject-known.ts";
import { limitFaults } from "./reject-limits.ts";
import { requestLineFaults, targetFaults } from "./reject-request-line.ts";

export const rejectCases: readonly RejectCase[] = [
  ...requestLineFaults,
  ...targetFaults,
  ...fieldFaults,
  ...framingFaults,
  ...chunkedFaults,
  ...limitFaults,
  ...attackFaults,
  ...leftoverFaults,
  ...knownFaults,
];
