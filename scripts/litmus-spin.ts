// Scenarios judged here and by SPIN on generated Promela, with the same verdict:
//   npx tsx scripts/litmus-spin.ts --count 200 --seed 1
// Needs spin and a C compiler. Prints how many are violated, and how many use each map type, wait and lock. Exits with 1 if a
// verdict differs, if fewer than 30 % or more than 70 % are violated, or if a map type, a wait or a lock is in none.
import { parseArgs } from "node:util";
import { randomFrom } from "../test/support/generate.ts";
import { compared, isThere } from "./litmus-spin/compare.ts";
import { Dice, kinds, type Plan, sections, waits } from "./litmus-spin/plan.ts";

const { values } = parseArgs({
  options: { count: { type: "string" }, seed: { type: "string" }, show: { type: "string" } },
});
const count = Number(values.count ?? 200);
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);
const show = Number(values.show ?? 3);

if (!isThere()) {
  console.log("spin and gcc are needed, and one of them is not there");
  process.exit(2);
}

/** What a plan has in it, for the distribution. */
function ingredients({ maps, programs, script, outerWaits }: Plan): readonly string[] {
  const found = maps.map(({ kind }) => `map ${kind}`);
  for (const command of script) if (command.kind === "wait") found.push(`wait ${command.how}`);
  if (outerWaits && script.some(({ kind }) => kind === "exchange")) found.push("wait of an outer map's update");
  for (const { section, blocks } of programs) {
    found.push(`section ${section}`);
    if (blocks.some((block) => block.kind === "element" && block.locked)) found.push("lock of a program");
  }
  if (script.some((command) => "locked" in command && command.locked)) found.push("lock of bpf(2)");
  return [...new Set(found)];
}

const wanted = [
  ...kinds.map((kind) => `map ${kind}`),
  ...waits.map((wait) => `wait ${wait}`),
  ...sections.map((section) => `section ${section}`),
  "wait of an outer map's update",
  "lock of a program",
  "lock of bpf(2)",
];

console.log(`${count} scenarios from seed ${seed}`);
const dice = new Dice(randomFrom(seed));
const distribution = new Map(wanted.map((each) => [each, 0]));
const total = { violated: 0, different: 0, here: 0, spin: 0 };
for (let at = 0; at < count; at++) {
  const { plan, text, model, here, spin } = compared(dice);
  total.here += here.statistics.states;
  total.spin += spin.states;
  if (spin.violated) total.violated++;
  for (const each of ingredients(plan)) distribution.set(each, (distribution.get(each) ?? 0) + 1);
  if ((here.status === "violated") !== spin.violated && total.different++ < show) {
    const bySpin = spin.violated ? "violated" : "holds";
    console.log(`\nscenario ${at}: ${here.status} here, ${bySpin} by SPIN\n${text}\n${model}`);
  }
  if (process.stderr.isTTY) process.stderr.write(`\r${at + 1} `);
}
const share = (100 * total.violated) / count;
console.log(`${total.different} verdicts differ; ${total.violated} violated (${share.toFixed(1)} %)`);
console.log(`${total.here} states here, ${total.spin} by SPIN`);
for (const [what, number] of [...distribution].sort()) console.log(`  ${String(number).padStart(5)}  ${what}`);
const missing = wanted.filter((each) => distribution.get(each) === 0);
if (missing.length > 0) console.log(`in none: ${missing.join(", ")}`);
process.exit(total.different > 0 || share < 30 || share > 70 || missing.length > 0 ? 1 : 0);
