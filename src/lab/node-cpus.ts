// Threads for the CPUs of a machine, in Node.
import type { Worker } from "node:worker_threads";
import type { Outcome } from "../diag/diagnostic.ts";
import type { Program } from "../isa/program.ts";
import type { Compiled } from "../jit/compile.ts";
import type { Loaded, RunInput } from "../vm/machine.ts";
import { type CpuReport, type CpuTask, signal } from "./cpus.ts";
import { type ExecuteOptions, type Execution, prepareRun } from "./execute.ts";
import { startThread } from "./node-threads.ts";

export interface CpusOptions {
  /** Of the machine's CPUs, those to run the program on: all when absent. */
  readonly cpus?: readonly number[];
  readonly input?: Omit<RunInput, "cpu">;
  /** Runs on each CPU; when absent they go on until `stop`. */
  readonly repeat?: number;
}

/** `runs` is the sum over the CPUs; `result` that of one which faulted, or of the first. */
export interface CpusExecution extends Execution {
  readonly reports: readonly CpuReport[];
}

/** A program that runs on several CPUs of a shared machine at the same time. */
export class Cpus {
  readonly #signals = new SharedArrayBuffer(signal.words * 4);
  readonly #workers: readonly Worker[];
  readonly #ready: Promise<unknown>;
  readonly #reports: Promise<readonly CpuReport[]>;

  /** The machine was made with `shared`, and every program is loaded: threads do not learn of later ones. */
  constructor(program: Loaded | Compiled, options: CpusOptions = {}) {
    const loaded = "loaded" in program ? program.loaded : program;
    const { machine } = loaded;
    const common = {
      machine: machine.share(),
      program: loaded.index,
      ...("loaded" in program ? { code: program.share() } : {}),
      repeat: options.repeat ?? Number.POSITIVE_INFINITY,
      signals: this.#signals,
    };
    const started = (options.cpus ?? machine.cpus.map((_, cpu) => cpu)).map((cpu) => {
      if (machine.cpus[cpu] === undefined) throw new RangeError(`there is no CPU ${cpu}`);
      return thread({ ...common, input: { ...options.input, cpu } });
    });
    this.#workers = started.map(({ worker }) => worker);
    this.#ready = Promise.all(started.map(({ ready }) => ready));
    this.#reports = Promise.all(started.map(({ report }) => report));
    // Whoever waits for `ready` is told of an error there.
    this.#reports.catch(() => {});
  }

  /** Lets them run as soon as all are ready; the promise is for the moment when they do. */
  async start(): Promise<void> {
    await this.#ready;
    this.#signal(signal.go);
  }

  /** Asks them to end after the run they are in. */
  stop(): void {
    this.#signal(signal.stop);
  }

  /** What became of each, in the order of the CPUs, when all have ended. */
  get reports(): Promise<readonly CpuReport[]> {
    return this.#reports;
  }

  /** Ends them wherever they are. Locks that they hold stay taken: the machine is of no more use. */
  async terminate(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #signal(word: number): void {
    const signals = new Int32Array(this.#signals);
    Atomics.store(signals, word, 1);
    Atomics.notify(signals, word);
  }
}

/** As `execute`, with every run on each of `cpus` CPUs at the same time. */
export async function executeOnCpus(
  program: Program,
  cpus: number,
  options: ExecuteOptions = {},
): Promise<Outcome<CpusExecution>> {
  const { repeat = 1 } = options;
  // Starting a thread takes longer than compiling, so `auto` does not wait for the second run.
  const ready = prepareRun(program, { ...options, repeat: repeat + 1 }, { cpus, shared: true });
  if (!ready.ok) return ready;
  const { machine, loaded, compiled, refusal, input } = ready.value;
  const team = new Cpus(compiled ?? loaded, { input, repeat });
  await team.start();
  const reports = await team.reports;
  const failed = reports.find(({ result }) => result.kind === "fault") ?? reports[0];
  const result = {
    ...failed.result,
    warnings: reports.flatMap((report) => report.result.warnings),
    output: reports.flatMap((report) => report.result.output),
  };
  const runs = reports.reduce((sum, report) => sum + report.runs, 0);
  const { engine } = failed;
  const value = { machine, result, runs, engine, reports, ...(refusal === undefined ? {} : { refusal }) };
  return { ok: true, value, diagnostics: [] };
}

function thread(task: CpuTask): { worker: Worker; ready: Promise<void>; report: Promise<CpuReport> } {
  const worker = startThread("node-worker", task);
  const message = <T>(kind: "ready" | "report"): Promise<T> =>
    new Promise((resolve, reject) => {
      worker.on("message", (got: { readonly kind: string; readonly value: T }) => {
        if (got.kind === kind) resolve(got.value);
      });
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error(`the thread of CPU ${task.input.cpu} ended early`)));
    });
  return { worker, ready: message<void>("ready"), report: message<CpuReport>("report") };
}
