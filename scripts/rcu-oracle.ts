// The verifier against the brute-force oracle on many random programs under the explicit regime:
//   npm run fuzz:oracle -- --programs 200000 --seed 1
// Prints which rule decided the refusals and the first differences, made small. Exits with 1 if there is any
// difference, or if the programs do not test what they should (30 to 70 % accepted, each rule at least 1 %).
import { parseArgs } from "node:util";
import { compare, shrink } from "../test/support/compare.ts";
import { generate, randomFrom } from "../test/support/generate.ts";
import { assemblyOf } from "../test/support/text.ts";

const { values } = parseArgs({
  options: {
    programs: { type: "string" },
    /** The older name of `programs`. */
    count: { type: "string" },
    seed: { type: "string" },
    show: { type: "string" },
  },
});
const count = Number(values.programs ?? values.count ?? 200_000);
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);
const show = Number(values.show ?? 5);
console.log(`${count} programs from seed ${seed}`);

const random = randomFrom(seed);
const rules = new Map<string, number>();
let accepted = 0;
let tooMany = 0;
let different = 0;
const began = performance.now();
for (let at = 0; at < count; at++) {
  const program = generate(random);
  const { findings, difference } = compare(program);
  if (findings === null) tooMany++;
  else if (findings.length === 0) accepted++;
  else rules.set(findings[0].rule, (rules.get(findings[0].rule) ?? 0) + 1);
  if (difference !== undefined && different++ < show) {
    const small = shrink(program);
    console.log(`\nprogram ${at}: ${compare(small).difference}\n${assemblyOf(small)}`);
  }
}

const refused = count - accepted - tooMany;
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(`\naccepted ${((100 * accepted) / count).toFixed(1)} %, ${tooMany} with too many paths, ${seconds} s`);
console.log("refusals by the rule that comes first on the walk:");
for (const [rule, n] of [...rules].sort((a, b) => b[1] - a[1])) {
  console.log(`  ${rule.padEnd(14)} ${String(n).padStart(7)}  ${((100 * n) / refused).toFixed(2)} %`);
}
const share = (rule: string): number =>
  [...rules].reduce((sum, [name, n]) => sum + (name.split(" ")[0] === rule ? n : 0), 0) / refused;
// E9, E10 and E11 say what is allowed: they can decide no refusal.
const rare = ["E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8", "E12"].filter((rule) => share(rule) < 0.01);
if (rare.length > 0) console.log(`too rare: ${rare.join(", ")}`);
console.log(`${different} differences`);
const balanced = accepted >= 0.3 * count && accepted <= 0.7 * count;
process.exit(different === 0 && balanced && (rare.length === 0 || count < 5000) ? 0 : 1);
