// One attack in a process of its own: attacker.ts NAME PORT. It goes on until it is ended.

import { ATTACKS } from "./attacks.ts";

const [, , name, port] = process.argv;
const attack = ATTACKS.find((one) => one.name === name);
if (attack === undefined) throw new Error(`no attack is called ${name}`);
attack.start(Number(port));
process.on("disconnect", () => process.exit());
