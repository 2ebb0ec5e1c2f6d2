// Random scenarios judged with each reduction and without: the same verdicts and the same final states.
//   npx tsx scripts/litmus-reductions.ts --count 5000 --seed 1
import { compareReductions } from "../test/support/litmus-campaign.ts";

const value = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const count = value("count", 5000);
const seed = value("seed", 1);

const sums = {
  violated: 0,
  states: 0,
  reduced: 0,
  symmetric: 0,
  twins: 0,
  sorted: 0,
  fused: 0,
  unfused: 0,
  walkedUnfused: 0,
};
const wrong: string[] = [];
for (let n = 0; n < count; n++) {
  const one = compareReductions(seed + n);
  if (one.verdict === "violated") sums.violated++;
  sums.states += one.states;
  sums.reduced += one.reduced;
  if (one.symmetric) {
    sums.symmetric++;
    sums.twins += one.states;
    sums.sorted += one.sorted;
  }
  if (one.unfused !== undefined) {
    sums.walkedUnfused++;
    sums.fused += one.states;
    sums.unfused += one.unfused;
  }
  for (const each of one.wrong) wrong.push(`seed ${one.seed}: ${each}`);
  if ((n + 1) % 500 === 0) process.stderr.write(`${n + 1} of ${count}\n`);
}
const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(0)} %`;
console.log(`${count} scenarios from seed ${seed}: ${percent(sums.violated, count)} violated`);
console.log(
  `states: ${sums.states}; with ample sets and CPU symmetry ${sums.reduced} (${percent(sums.reduced, sums.states)})`,
);
console.log(
  `of ${sums.symmetric} with programs that are alike: ${sums.twins} states; with CPU symmetry alone ${sums.sorted} (${percent(sums.sorted, sums.twins)})`,
);
console.log(
  `of ${sums.walkedUnfused} walked without step fusion: ${sums.fused} states with it, ${sums.unfused} without`,
);
for (const each of wrong) console.log(each);
console.log(wrong.length === 0 ? "no difference in verdicts or final states" : `${wrong.length} differences`);
process.exitCode = wrong.length === 0 ? 0 : 1;
