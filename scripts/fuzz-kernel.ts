// Random programs about bounds, judged by the running kernel and by the verifier:
//   npm run fuzz:kernel -- --programs 100000 --seed 1
// Two classes count: what the kernel refuses and we accept must be explained each, what it accepts and we refuse is at
// most 1 % of what it accepts. Each difference is made small and put with those of the same cause. Half of the
// programs have their access moved to the very end of what our verifier finds allowed, so that bounds that differ by
// one show. `--about steps` takes short programs about single instructions instead. Loads only; nothing is attached.
//
// An acceptance is explained if at the instruction that the kernel refuses we have states that lie within the one it
// refuses and none that equals it, or if we never come there, or no run does with what the kernel believes; and if 64 runs
// with inputs near the edges of numbers stay within our states and do not fault. Then our bounds are sharper, not wrong.
import { parseArgs } from "node:util";
import { assemble } from "../src/asm/assemble.ts";
import { disassemble } from "../src/asm/disassemble.ts";
import type { Program } from "../src/isa/program.ts";
import { createMap } from "../src/kernel/judge.ts";
import { readLog } from "../src/kernel/log.ts";
import { errnoName, openKernel } from "../src/kernel/syscall.ts";
import { valueText } from "../src/verifier/log-text.ts";
import { liveness } from "../src/verifier/search/liveness.ts";
import type { Profile } from "../src/verifier/verdict.ts";
import { verify } from "../src/verifier/verify.ts";
import { type Boundary, boundaryProgram, boundaryTypes, openTypes, shifted } from "../test/support/boundary.ts";
import { Campaign } from "../test/support/containment-campaign.ts";
import { randomFrom } from "../test/support/generate.ts";
import { apart, mayBe, statesOf } from "../test/support/kernel-log.ts";
import { shrinkProgram } from "../test/support/shrink-insns.ts";
import { stepProgram } from "../test/support/step-programs.ts";

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "100000" },
    seed: { type: "string" },
    /** Groups of differences shown of each class. */
    show: { type: "string", default: "12" },
    /** Differences made small, of each class. */
    shrink: { type: "string", default: "60" },
    unprivileged: { type: "boolean", default: false },
    about: { type: "string", default: "bounds" },
  },
});
if (values.about !== "bounds" && values.about !== "steps") {
  console.error(`--about ${values.about}: there are bounds and steps`);
  process.exit(2);
}
const programs = Number(values.programs);
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);

const opened = await openKernel();
if ("unavailable" in opened) {
  console.log(`skipped: ${opened.unavailable}`);
  process.exit(0);
}
const kernel = opened;

interface Said {
  readonly verdict: "accept" | "reject" | "unable";
  readonly message: string;
}

/** Maps are made once: programs only want their descriptors. */
const descriptors = new Map<string, number>();
function descriptorOf(program: Program, index: number): number {
  const def = program.maps[index];
  if (def === undefined) return -1;
  const known = descriptors.get(def.name);
  if (known !== undefined) return known;
  const made = createMap(kernel, def, []);
  if (made.fd === undefined) throw new Error(`map ${def.name}: ${errnoName(made.errno)}`);
  descriptors.set(def.name, made.fd);
  return made.fd;
}

function askKernel(program: Program, flags: number, logLevel = 0): Said & { readonly log: string } {
  const insns = program.bytes("little");
  const view = new DataView(insns.buffer, insns.byteOffset, insns.byteLength);
  for (const [pc, insn] of program.insns.entries()) {
    if (insn?.kind === "imm64" && (insn.what === "mapFd" || insn.what === "mapValue")) {
      view.setInt32(pc * 8 + 4, descriptorOf(program, insn.low), true);
    }
  }
  const type = program.type ?? "socket_filter";
  const answer = kernel.loadProgram({ type, insns, flags, logLevel, unprivileged: values.unprivileged });
  if (answer.fd !== undefined) {
    kernel.close(answer.fd);
    return { verdict: "accept", message: "", log: answer.log };
  }
  const name = errnoName(answer.errno);
  const message = readLog(answer.log).message || name;
  return {
    verdict: name === "EACCES" || name === "EINVAL" || name === "E2BIG" ? "reject" : "unable",
    message,
    log: answer.log,
  };
}

function profileOf(flags: number): Partial<Profile> {
  return {
    rcu: "implicit",
    privileged: !values.unprivileged,
    ...(flags & STRICT ? { strictAlignment: true } : {}),
  };
}

function askUs(program: Program, flags: number): Said {
  const verdict = verify(program, profileOf(flags));
  if (verdict.verdict === "accepted") return { verdict: "accept", message: "" };
  const lines = verdict.kernelMessage.split("\n");
  // Linux has one answer for what it refuses and what it gives up on.
  return { verdict: "reject", message: lines[lines.length - 1] ?? "" };
}

/** BPF_F_STRICT_ALIGNMENT. */
const STRICT = 1;

/** The next random program. */
function next(): Program {
  if (values.about === "bounds") {
    const made = boundaryProgram(random, values.unprivileged ? openTypes : boundaryTypes);
    return (random() < 0.5 ? made : tuned(made, random)).program;
  }
  const made = assemble(stepProgram(random));
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  return made.value;
}

/** Moves the access to the last bytes that our verifier allows, or one byte further. */
function tuned(boundary: Boundary, random: () => number): Boundary {
  if (boundary.access < 0) return boundary;
  const fits = (by: number): boolean => askUs(shifted(boundary, by).program, 0).verdict === "accept";
  if (!fits(0)) return boundary;
  let least = 0;
  let most = 256;
  while (most - least > 1) {
    const middle = (least + most) >> 1;
    if (fits(middle)) least = middle;
    else most = middle;
  }
  return shifted(boundary, random() < 0.85 ? least : most);
}

interface Difference {
  readonly program: Program;
  readonly flags: number;
  readonly at: number;
}

const runs = new Campaign(seed, 64);
const RUNS = 2000;

/** Why it is right to accept what the kernel refuses; undefined: it is not known. */
function explanation(program: Program, flags: number): string | undefined {
  const states = statesOf(askKernel(program, flags, 2).log);
  const { pc } = states[states.length - 1] ?? {};
  if (pc === undefined || runs.violationOf(program, seed) !== undefined) return undefined;
  const live = liveness(program)[pc] ?? 0;
  const last = [...(states[states.length - 1]?.regs ?? [])];
  const theirs = last.filter(([reg]) => ((live >> reg) & 1) === 1);
  let visits = 0;
  let within = 0;
  let sharper = 0;
  verify(program, profileOf(flags), {
    onState: (state) => {
      if (state.pc !== pc || state.frames.length > 1) return;
      visits++;
      // Those that are not within belong to other ways here, which the kernel never walked.
      if (theirs.some(([reg, text]) => apart(state.reg(reg), text) !== undefined)) return;
      within++;
      if (theirs.some(([reg, text]) => valueText(state.reg(reg)) !== text)) sharper++;
    },
  });
  if (visits === 0) return "we never come there";
  if (within > 0 && sharper === within) return "our bounds are sharper";
  // Where what is known contradicts itself, each of us goes on with something else, and no run does.
  const reached = runs.reaches(program, pc, seed, RUNS, (register) =>
    last.every(([reg, text]) => mayBe(register(reg), text)),
  );
  return within === 0 && !reached ? `none of ${RUNS} runs comes there with what the kernel believes` : undefined;
}

const differs = { tooStrict: [] as Difference[], tooLax: [] as Difference[] };
const random = randomFrom(seed);
let accepted = 0;
let unable = 0;
const unableMessages = new Map<string, number>();
let kernelTime = 0;
let ourTime = 0;
console.log(`${programs} programs from seed ${seed}`);
const began = performance.now();
for (let at = 0; at < programs; at++) {
  const program = next();
  const flags = random() < 0.05 ? STRICT : 0;
  const start = performance.now();
  const theirs = askKernel(program, flags);
  const between = performance.now();
  const ours = askUs(program, flags);
  kernelTime += between - start;
  ourTime += performance.now() - between;
  if (theirs.verdict === "accept") accepted++;
  if (theirs.verdict === "unable" || ours.verdict === "unable") {
    unable++;
    const key = `kernel ${theirs.verdict} ${theirs.message}, we ${ours.verdict}`;
    unableMessages.set(key, (unableMessages.get(key) ?? 0) + 1);
  } else if (theirs.verdict !== ours.verdict) {
    (theirs.verdict === "accept" ? differs.tooStrict : differs.tooLax).push({ program, flags, at });
  }
}
const seconds = (performance.now() - began) / 1000;

const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`;
console.log(
  `kernel accepts ${accepted} (${percent(accepted, programs)}); ${(programs / seconds).toFixed(0)} programs/s in all ` +
    `(kernel ${(programs / (kernelTime / 1000)).toFixed(0)}/s, we ${(programs / (ourTime / 1000)).toFixed(0)}/s)`,
);
if (unable > 0) console.log(`no verdict on one side: ${unable}`, Object.fromEntries(unableMessages));
const explained = new Map<string, number>();
const unexplained: Difference[] = [];
for (const difference of differs.tooLax) {
  const why = explanation(difference.program, difference.flags);
  if (why === undefined) unexplained.push(difference);
  else explained.set(why, (explained.get(why) ?? 0) + 1);
}
const why = [...explained].map(([text, count]) => `${count} because ${text}`).join(", ") || "none";
console.log(`kernel rejects, we accept: ${differs.tooLax.length}; explained: ${why}`);
report("kernel rejects, we accept, unexplained", unexplained, "reject", "accept");
report("kernel accepts, we reject", differs.tooStrict, "accept", "reject");
const strictShare = differs.tooStrict.length / Math.max(1, accepted);
process.exit(unexplained.length === 0 && strictShare <= 0.01 ? 0 : 1);

function report(title: string, found: readonly Difference[], theirs: Said["verdict"], ours: Said["verdict"]): void {
  const of = theirs === "accept" ? accepted : programs - accepted;
  console.log(`\n${title}: ${found.length} (${percent(found.length, of)} of those the kernel ${theirs}s)`);
  const groups = new Map<string, { count: number; least: Difference; shapes: Map<string, number> }>();
  for (const difference of found.slice(0, Number(values.shrink))) {
    const { flags } = difference;
    const refusal = (program: Program): string =>
      (theirs === "reject" ? askKernel(program, flags, 1) : askUs(program, flags)).message.replace(
        /0x[0-9a-f]+|-?\d+/g,
        "_",
      );
    const first = refusal(difference.program);
    // The same refusal throughout, or it becomes another difference on the way down.
    const small = shrinkProgram(
      difference.program,
      (each) =>
        askUs(each, flags).verdict === ours && askKernel(each, flags).verdict === theirs && refusal(each) === first,
    );
    const group = groups.get(first);
    const smaller = group === undefined || small.insns.length < group.least.program.insns.length;
    const least = smaller ? { program: small, flags, at: difference.at } : group.least;
    const shapes = group?.shapes ?? new Map<string, number>();
    shapes.set(shape(small), (shapes.get(shape(small)) ?? 0) + 1);
    groups.set(first, { count: (group?.count ?? 0) + 1, least, shapes });
  }
  const sorted = [...groups].sort(([, a], [, b]) => b.count - a.count);
  for (const [cause, { count, least }] of sorted.slice(0, Number(values.show))) {
    console.log(
      `\n${count} x ${cause}\n# program ${least.at} of seed ${seed}${least.flags === 0 ? "" : ", strict alignment"}`,
    );
    console.log(`# kernel: ${askKernel(least.program, least.flags, 1).message || "accepts"}`);
    console.log(`# we: ${askUs(least.program, least.flags).message || "accept"}`);
    console.log(disassemble(least.program).trimEnd());
  }
  if (sorted.length > Number(values.show)) console.log(`\n... and ${sorted.length - Number(values.show)} more causes`);
}

/** The kinds of operations in a small program, each once: programs with one cause nearly always share it. */
function shape(program: Program): string {
  const names = program.insns.flatMap((insn) => {
    if (insn === null) return [];
    if (insn.kind === "alu") return insn.op === "mov" && insn.width === 64 ? [] : [`${insn.op}${insn.width}`];
    if (insn.kind === "jump") return [`${insn.op}${insn.width}`];
    if (insn.kind === "swap") return [`${insn.op}${insn.size}`];
    if (insn.kind === "movsx" || insn.kind === "neg" || insn.kind === "atomic" || insn.kind === "callLocal")
      return [insn.kind];
    return [];
  });
  return [...new Set(names)].sort().join(" ");
}
