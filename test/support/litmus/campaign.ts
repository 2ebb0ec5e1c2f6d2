// Random litmus tests judged by axioms and run on machines: the same final states under sequential consistency, and under
// total store order with and without a barrier in failed exchanges.
import { assemble } from "../../../src/asm/assemble.ts";
import { judgeLitmus, type LitmusOptions, type MemoryModel } from "../../../src/lab/litmus-test.ts";
import { readLitmus } from "../../../src/litmus/herd/read.ts";
import { machineStates } from "./machine.ts";
import { randomLitmus } from "./random.ts";

export interface Disagreement {
  readonly seed: number;
  readonly mixed: boolean;
  readonly model: string;
  readonly axioms: readonly string[];
  readonly machine: readonly string[];
}

export interface Tally {
  /** Tests, and final states compared. */
  tests: number;
  states: number;
  /** Tests that have states under total store order, and under the BPF model, which interleaving does not give. */
  buffered: number;
  weak: number;
  readonly disagreements: Disagreement[];
}

export function emptyTally(): Tally {
  return { tests: 0, states: 0, buffered: 0, weak: 0, disagreements: [] };
}

const runs: readonly { readonly name: string; readonly model: MemoryModel; readonly options: LitmusOptions }[] = [
  { name: "sc", model: "sc", options: {} },
  { name: "tso", model: "tso", options: {} },
  { name: "tso, failed exchanges fence", model: "tso", options: { failedExchangeFences: true } },
];

export function compare(seed: number, mixed: boolean, tally: Tally): void {
  const text = randomLitmus(seed, { mixed });
  const test = readLitmus({ name: `random-${seed}`, text }, (source) => assemble(source));
  if (!test.ok) throw new Error(`seed ${seed}: ${test.diagnostics[0]?.text}`);
  tally.tests += 1;
  const counts = new Map<string, number>();
  for (const { name, model, options } of runs) {
    const axioms = statesOf(text, model, options);
    const ran = machineStates(test.value, { buffers: model === "tso", ...options });
    const machine = ran === undefined ? ["outside"] : [...ran].sort();
    counts.set(name, machine.length);
    tally.states += machine.length;
    if (axioms.join("\n") !== machine.join("\n"))
      tally.disagreements.push({ seed, mixed, model: name, axioms, machine });
  }
  const interleaved = counts.get("sc") ?? 0;
  if ((counts.get("tso") ?? 0) > interleaved) tally.buffered += 1;
  if (statesOf(text, "bpf", {}).length > interleaved) tally.weak += 1;
}

function statesOf(text: string, model: MemoryModel, options: LitmusOptions): readonly string[] {
  const verdict = judgeLitmus(text, "random", model, options);
  if (!verdict.ok) return verdict.diagnostics.map((each) => each.text);
  return verdict.value.states.map((state) => state.values.map((each) => each.value).join()).sort();
}
