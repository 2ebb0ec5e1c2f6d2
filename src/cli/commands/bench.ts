// `bpflab bench`: the twelve programs of bench/programs in native code, in the running kernel, in the interpreter and compiled.
// What they return is compared first. Then passes over all programs and engines in turn, so that what else the machine does
// meets all of them. The least time counts: what disturbs a run only ever adds.
import { readFileSync, writeFileSync } from "node:fs";
import { assemble, type Benchmark, benchmark, benchmarkInput, type Program } from "../../lab/index.ts";
import { type Kernel, openKernel } from "../../lab/node.ts";
import { inKernel } from "../bench/kernel.ts";
import { Native } from "../bench/native.ts";
import { barsSvg } from "../bench/plot.ts";
import { benchmarkFolder, benchmarks } from "../benchmarks.ts";
import { reasonOf } from "../files.ts";
import { exit, UsageError } from "../io.ts";
import type { Session } from "../session.ts";
import { table } from "../table.ts";

type Name = keyof typeof benchmarks;
const names = Object.keys(benchmarks) as readonly Name[];

/** Where the map is part of what is measured. */
const withMaps: readonly Name[] = ["g", "u"];
const PASS = 30e6;
const WARM_UP = 200e6;

interface Row {
  readonly name: Name;
  readonly at: number;
  readonly program: Program;
  readonly ours: Benchmark;
  readonly times: Record<"native" | "same" | "interp" | "jit" | "kernel", number>;
}

export async function run(session: Session): Promise<number> {
  const { args, io } = session;
  const passes = args.number("passes") ?? 5;
  if (passes === 0) throw new UsageError("--passes wants at least 1");
  const say = (line: string): void => {
    if (!session.quiet) io.err(`${line}\n`);
  };
  const rows = names.map(rowOf);
  const kernel = await openKernel();
  if ("unavailable" in kernel) say(`the kernel is left out: ${kernel.unavailable}`);
  const native = Native.build(benchmarkFolder);
  if (typeof native === "string") say(`native code is left out, and so are all ratios: ${native}`);
  const judge = "unavailable" in kernel ? undefined : kernel;
  const build = typeof native === "string" ? undefined : native;
  try {
    const wrong = differences(rows, build, judge, say);
    if (wrong.length > 0) {
      for (const line of wrong) io.err(`${line}\n`);
      return exit.refused;
    }
    for (let pass = 0; pass <= passes; pass++) {
      if (io.stderrIsTty && !session.quiet) io.err(`pass ${pass} of ${passes}\r`);
      for (const row of rows) measure(row, pass === 0, build, judge);
    }
  } finally {
    build?.close();
  }
  report(session, rows);
  return exit.ok;
}

function rowOf(name: Name, at: number): Row {
  const file = `${benchmarkFolder}${name}.bpf`;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  }
  const program = assemble(text, { name: `${name}.bpf` });
  if (!program.ok) throw new Error(`${name}.bpf does not assemble: ${program.diagnostics[0]?.text}`);
  const ours = benchmark(program.value, benchmarkInput());
  if (!ours.ok) throw new Error(`${name}.bpf is not run: ${ours.diagnostics[0]?.text}`);
  const never = Number.POSITIVE_INFINITY;
  const times = { native: never, same: never, interp: never, jit: never, kernel: never };
  return { name, at, program: program.value, ours: ours.value, times };
}

/** Results of first runs that are not all the same, a line each. */
function differences(
  rows: readonly Row[],
  native: Native | undefined,
  kernel: Kernel | undefined,
  say: (line: string) => void,
): readonly string[] {
  return rows.flatMap(({ name, at, program, ours }) => {
    const answers: (readonly [string, bigint | string])[] = [
      ["interpreter", ours.interpreted],
      ["compiler", ours.compiled],
    ];
    if (native !== undefined) answers.push(["native", native.time(at).r0]);
    const all = new Set(answers.map(([, answer]) => answer));
    if (kernel !== undefined) {
      const low = inKernel(kernel, program, benchmarkInput(), (r0) => r0);
      if (typeof low === "string") say(`${name}: ${low}`);
      else if (BigInt(low) !== BigInt.asUintN(32, BigInt(ours.interpreted))) {
        answers.push(["kernel (32 bits)", BigInt(low)]);
        all.add("the kernel's");
      }
    }
    return all.size === 1 ? [] : [`${name}: ${answers.map((each) => each.join(" ")).join(", ")}`];
  });
}

function measure(
  { name, at, program, ours, times }: Row,
  first: boolean,
  native: Native | undefined,
  kernel?: Kernel,
): void {
  const keep = (what: keyof Row["times"], took: number): void => {
    // The first pass is not counted: engines compile meanwhile.
    if (!first) times[what] = Math.min(times[what], took);
  };
  if (native !== undefined) {
    keep("native", native.time(at).nanoseconds);
    if (withMaps.includes(name)) keep("same", native.time(at, "same-map").nanoseconds);
  }
  keep("interp", ours.timeInterpreted(PASS));
  keep("jit", ours.timeCompiled(first ? WARM_UP : PASS));
  if (kernel === undefined) return;
  const took = inKernel(kernel, program, benchmarkInput(), (_, time) => time(PASS));
  const empty = inKernel(kernel, nothing, new Uint8Array(), (_, time) => time(PASS));
  if (typeof took === "number" && typeof empty === "number") keep("kernel", Math.max(1, took - empty));
}

/** What a test run takes with nothing to run. */
const nothing: Program = nothingProgram();

function nothingProgram(): Program {
  const made = assemble(".prog socket_filter\n.rcu implicit\nr0 = 0\nexit\n");
  if (!made.ok) throw new Error("the empty program does not assemble");
  return made.value;
}

const engines = ["jit", "interp", "kernel"] as const;
type Ratios = Readonly<Record<(typeof engines)[number], number | null>>;

function report(session: Session, rows: readonly Row[]): void {
  const known = (time: number): number | null => (Number.isFinite(time) ? time : null);
  const programs = rows.map(({ name, times }) => {
    const ratio = (time: number): number | null => known(time / times.native);
    const native = known(times.native);
    const none = { jit: null, interp: null, kernel: null };
    const ratios: Ratios =
      native === null ? none : { jit: ratio(times.jit), interp: ratio(times.interp), kernel: ratio(times.kernel) };
    return { name, native, ...ratios };
  });
  const mean = (engine: keyof Ratios): number | null => {
    const values = programs.map((each) => each[engine]);
    const logs = values.flatMap((value) => (value === null ? [] : [Math.log(value)]));
    return logs.length < rows.length ? null : Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  };
  const geomean: Ratios = { jit: mean("jit"), interp: mean("interp"), kernel: mean("kernel") };
  const target = session.args.text("plot");
  if (target !== undefined) plot(target, programs, geomean);
  if (session.json) session.document({ geomean, programs });
  else session.out(textOf(session, rows, programs, geomean));
}

function textOf(
  session: Session,
  rows: readonly Row[],
  programs: readonly ({ readonly name: Name } & Ratios)[],
  geomean: Ratios,
): string {
  const time = (nanoseconds: number): string => (Number.isFinite(nanoseconds) ? nanoseconds.toFixed(0) : "-");
  const ratio = (value: number | null): string => value?.toFixed(value < 10 ? 2 : 1) ?? "-";
  const rowsOf = rows.map(({ name, times }, at) => {
    const of = programs[at];
    const both = engines.flatMap((engine) => [time(times[engine]), ratio(of[engine])]);
    return [`${name} ${benchmarks[name]}`, time(times.native), ...both];
  });
  const means = ["geometric mean", "", ...engines.flatMap((engine) => ["", ratio(geomean[engine])])];
  const head = ["program", "native ns", "compiled", "ratio", "interpreted", "ratio", "kernel", "ratio"];
  const lines = table(head, [...rowsOf, means], "lrrrrrrr", session);
  const same = rows.flatMap(({ name, times }) => {
    if (!Number.isFinite(times.same)) return [];
    return `${name} beside native code with the same map: ${times.same.toFixed(0)} ns, ${ratio(times.jit / times.same)}`;
  });
  return [...lines, ...same].map((line) => `${line}\n`).join("");
}

function plot(target: string, programs: readonly ({ readonly name: Name } & Ratios)[], geomean: Ratios): void {
  const series = [
    { name: "compiled", tone: "jit" },
    { name: "Linux, compiled", tone: "kernel" },
    { name: "interpreted", tone: "interp" },
  ] as const;
  const svg = barsSvg(
    "Time of a run, native C (gcc -O2) being 1",
    [...programs.map(({ name }) => benchmarks[name]), "geometric mean"],
    series.map((each) => ({
      ...each,
      values: [...programs.map((program) => program[each.tone]), geomean[each.tone]],
    })),
  );
  try {
    writeFileSync(target, svg);
  } catch (error) {
    throw new UsageError(`cannot write ${target}: ${reasonOf(error)}`);
  }
}
