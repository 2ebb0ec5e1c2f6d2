// Random scenarios judged with each reduction and without: the same verdicts and the same final states.
//   npx tsx scripts/litmus-reductions.ts --count 5000 --seed 1
// Judged by one thread and by several: the same states, verdicts, final states, races and counterexamples.
//   npx tsx scripts/litmus-reductions.ts --count 1000 --seed 1 --threads 3
import { Walkers } from "../src/lab/node-walkers.ts";
import { compareReductions } from "../test/support/litmus-campaign.ts";
import { compareThreads } from "../test/support/litmus-threads.ts";

const value = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const count = value("count", 5000);
const seed = value("seed", 1);

const threads = value("threads", 1);
const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(0)} %`;

process.exitCode = threads > 1 ? await severalThreads() : reductions();

/** 0 where nothing differs. */
async function severalThreads(): Promise<number> {
  const team = new Walkers(threads, 0);
  const sums = { states: 0, violated: 0, round: 0, endless: 0, symmetric: 0 };
  const wrong: string[] = [];
  for (let n = 0; n < count; n++) {
    const one = await compareThreads(seed + n, team);
    sums.states += one.states;
    if (one.verdict === "violated") sums.violated++;
    if (one.round) sums.round++;
    if (one.endless) sums.endless++;
    if (one.symmetric) sums.symmetric++;
    for (const each of one.wrong) wrong.push(`seed ${one.seed}: ${each}`);
    if ((n + 1) % 100 === 0) process.stderr.write(`${n + 1} of ${count}\n`);
  }
  await team.close();
  console.log(`${count} scenarios from seed ${seed}, ${threads} threads: ${percent(sums.violated, count)} violated`);
  console.log(
    `${sums.states} states; ${sums.round} scenarios go round, ${sums.endless} of them for ever; ${sums.symmetric} have programs that are alike`,
  );
  for (const each of wrong) console.log(each);
  console.log(wrong.length === 0 ? "no difference between one thread and several" : `${wrong.length} differences`);
  return wrong.length === 0 ? 0 : 1;
}

function reductions(): number {
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
  return wrong.length === 0 ? 0 : 1;
}
