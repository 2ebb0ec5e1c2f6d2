// Random programs, run with random inputs beside the states that the verifier had for them:
//   npm run fuzz:containment -- --programs 100000 --seed 1
// A violation is an instruction at which no state contains what the machine holds, a fault of an accepted program, or
// a refusal of what the reference engine accepts. Exits with 1 if there is one, or if the reference engine refuses more
// than one in a thousand of what the other accepts.
import { parseArgs } from "node:util";
import { disassemble } from "../src/asm/disassemble.ts";
import { Campaign } from "../test/support/containment-campaign.ts";

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "100000" },
    seed: { type: "string" },
    inputs: { type: "string", default: "16" },
    show: { type: "string", default: "5" },
  },
});
const programs = Number(values.programs);
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);
console.log(`${programs} programs from seed ${seed}, ${values.inputs} inputs each`);
const campaign = new Campaign(seed, Number(values.inputs));
const began = performance.now();
for (let at = 0; at < programs; at++) {
  const violation = campaign.next();
  if (violation === undefined || campaign.violations > Number(values.show)) continue;
  console.log(`\nprogram ${at}: ${violation.text}\n${disassemble(campaign.shrunk(violation)).trimEnd()}`);
}
const seconds = (performance.now() - began) / 1000;
const { accepted, instructions, leftOut, violations } = campaign;
console.log(
  `\naccepted ${((100 * accepted) / programs).toFixed(1)} %; ${instructions} instructions compared; ` +
    `${seconds.toFixed(1)} s, ${(programs / seconds).toFixed(0)} programs/s\n` +
    `${leftOut} refused by the reference engine alone; ${violations} violations`,
);
process.exit(violations === 0 && leftOut <= 0.001 * programs && accepted > 0.4 * programs ? 0 : 1);
