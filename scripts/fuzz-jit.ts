// Random programs in every engine: the interpreter, compiled code of verified programs, compiled code that checks, and for
// programs of arithmetic the reference of isa/:
//   npm run fuzz:jit -- --programs 100000 --seed 1
// What they return, print and leave in memory (stacks, packets, maps) must be the same after each run. At the end it says which
// forms of instructions, lowerings and helpers were executed, and names those that were not. --kernel N gives as many programs
// to the running kernel too (BPF_PROG_TEST_RUN; nothing is attached) and compares what it returns and leaves in maps and
// packets. --corpus FILE.jsonl does so, without the kernel, with the programs of a corpus (src/lab/corpus.ts says of what form).
// Exits with 1 if anything differs.
import { parseArgs } from "node:util";
import { openKernel } from "../src/kernel/syscall.ts";
import { everyForm } from "../test/support/forms.ts";
import { JitCampaign } from "../test/support/jit-campaign.ts";
import { runCorpus } from "../test/support/jit-corpus.ts";
import { KernelCampaign } from "../test/support/kernel-campaign.ts";

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "100000" },
    seed: { type: "string" },
    show: { type: "string", default: "5" },
    kernel: { type: "string", default: "0" },
    corpus: { type: "string", multiple: true, default: [] },
  },
});
const programs = Number(values.programs);
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);
const ofKernel = Number(values.kernel);
if (!(programs >= 0 && Number.isInteger(seed) && ofKernel >= 0)) {
  console.error("--programs, --kernel and --seed take whole numbers");
  process.exit(2);
}
let differences = 0;
if (programs > 0) generated();
if (ofKernel > 0) await besideKernel();
for (const file of values.corpus) {
  const done = runCorpus(file);
  for (const line of done.differences) console.log(line);
  differences += done.differences.length;
  console.log(
    `${file}: ${done.compiled} accepted programs compiled, ${done.refused} others run with checks, ${done.differences.length} ` +
      `differences; not compiled: ${JSON.stringify(Object.fromEntries(done.notCompiled))}`,
  );
}
process.exitCode = differences === 0 ? 0 : 1;

function generated(): void {
  console.log(`${programs} programs from seed ${seed}`);
  const campaign = new JitCampaign(seed);
  const began = performance.now();
  for (let at = 0; at < programs; at++) {
    if (at > 0 && at % 10_000 === 0) console.error(`${at} programs`);
    const difference = campaign.next();
    if (difference === undefined) continue;
    if (++differences > Number(values.show)) continue;
    console.log(`\nprogram ${at}: ${difference.text}\n${campaign.shrunk(difference)}`);
  }
  const seconds = (performance.now() - began) / 1000;
  const share = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
  const { accepted, rich, refused, referenced, runs } = campaign;
  console.log(
    `${accepted} verified and compiled (${share(rich, accepted)} with memory, maps and calls), ${refused} refused and run with ` +
      `checks only, ${referenced} held to the reference too; ${runs} runs an engine; ${seconds.toFixed(0)} s`,
  );
  if (campaign.notCompiled.size > 0) console.log("not compiled:", Object.fromEntries(campaign.notCompiled));
  const { missing } = campaign;
  const said = (names: readonly string[]): string => (names.length === 0 ? "" : `; missing: ${names.join(", ")}`);
  console.log(
    `forms run in compiled code of verified programs: ${campaign.compiled.size} of ${everyForm.length}${said(missing.compiled)}`,
  );
  console.log(
    `forms run in compiled code that checks: ${campaign.checked.size} of ${everyForm.length}${said(missing.checked)}`,
  );
  console.log(`lowerings that were not run: ${missing.lowerings.join(", ") || "none"}`);
  for (const [name, types] of [...campaign.helpers].sort()) {
    const on = [...types].filter((type) => type !== "").sort();
    console.log(`  ${name}${on.length === 0 ? "" : `: ${on.join(", ")}`}`);
  }
  console.log(`${differences} differences between engines`);
}

async function besideKernel(): Promise<void> {
  const kernel = await openKernel();
  if ("unavailable" in kernel) console.log(`the kernel is not asked: ${kernel.unavailable}`);
  else {
    const judged = new KernelCampaign(kernel, seed);
    for (let at = 0; at < ofKernel; at++) {
      const difference = judged.next();
      if (difference === undefined) continue;
      if (++differences <= Number(values.show)) console.log(`\nprogram ${at}: ${difference}`);
    }
    console.log(
      `kernel: ${judged.programs} programs, ${judged.accepted} accepted by both and run, ${judged.runs} runs, ` +
        `${judged.differences} differences; not run: ${JSON.stringify(Object.fromEntries(judged.notRun))}`,
    );
  }
}
