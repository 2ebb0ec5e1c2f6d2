// Random programs in every engine: the interpreter, compiled code of verified programs, compiled code that checks, and for
// programs of arithmetic the reference of isa/:
//   npm run fuzz:jit -- --programs 100000 --seed 1
// What they return, print and leave in memory (stacks, packets, maps) must be the same after each run. At the end it says which
// forms of instructions, lowerings and helpers were executed, and names those that were not. --kernel N gives as many programs
// to the running kernel too (BPF_PROG_TEST_RUN; nothing is attached) and compares what it returns and leaves in maps and
// packets. Exits with 1 if anything differs.
import { parseArgs } from "node:util";
import { openKernel } from "../src/kernel/syscall.ts";
import { everyForm } from "../test/support/forms.ts";
import { JitCampaign } from "../test/support/jit-campaign.ts";
import { KernelCampaign } from "../test/support/kernel-campaign.ts";

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "100000" },
    seed: { type: "string" },
    show: { type: "string", default: "5" },
    kernel: { type: "string", default: "0" },
  },
});
const programs = Number(values.programs);
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);
const ofKernel = Number(values.kernel);
if (!(programs >= 0 && Number.isInteger(seed) && ofKernel >= 0)) {
  console.error("--programs, --kernel and --seed take whole numbers");
  process.exit(2);
}
console.log(`${programs} programs from seed ${seed}`);
const campaign = new JitCampaign(seed);
const began = performance.now();
let differences = 0;
for (let at = 0; at < programs; at++) {
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

if (ofKernel > 0) {
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
process.exitCode = differences === 0 ? 0 : 1;
