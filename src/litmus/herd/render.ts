// A verdict as text, in the form of herd7 (states, witnesses, observation), and after it the execution that shows it: one
// in which the condition holds, or why none can.
import type { Event } from "../axioms/event.ts";
import { type Execution, initial } from "../axioms/execution.ts";
import type { LitmusVerdict } from "../axioms/judge.ts";
import type { MemoryModel } from "../axioms/models.ts";
import { type LitmusTest, valueText } from "../axioms/test.ts";

export const modelNames: Readonly<Record<MemoryModel, string>> = {
  sc: "sequential consistency",
  tso: "total store order",
  bpf: "BPF memory model",
};

export function litmusText(verdict: LitmusVerdict): string {
  const { test, states, positive, negative, observation } = verdict;
  const lines = [
    `Test ${test.name}, ${modelNames[verdict.model]}`,
    `States ${states.length}`,
    ...states.map((state) => {
      const values = state.values.map((each) => `${each.term}=${each.value};`).join(" ");
      return `${state.satisfies ? "*" : " "} ${values}`;
    }),
    verdict.holds ? "Ok" : "No",
    "Witnesses",
    `Positive: ${positive} Negative: ${negative}`,
    `Condition ${test.question}`,
    `Observation ${test.name} ${observation} ${positive} ${negative}`,
  ];
  if (verdict.cut) lines.push("Loops were followed twice around; longer executions were not looked at.");
  return `${[...lines, ...example(verdict)].join("\n")}\n`;
}

function example(verdict: LitmusVerdict): readonly string[] {
  if (verdict.example === undefined) return [];
  const { execution, forbidden } = verdict.example;
  const model = modelNames[verdict.model];
  const head =
    forbidden === undefined
      ? "An execution in which the condition holds:"
      : `An execution in which it would hold, which ${model} forbids:`;
  const table = execution.frame.events.map((event) => eventText(verdict.test, execution, event));
  if (forbidden === undefined) return ["", head, ...table];
  const cycle = [...forbidden.cycle, forbidden.cycle[0] ?? 0].map(letter).join(" -> ");
  return ["", head, ...table, `Each would have to come before the next (${forbidden.axiom}): ${cycle}`];
}

function letter(id: number): string {
  const last = String.fromCharCode(97 + (id % 26));
  return id < 26 ? last : `${letter(Math.floor(id / 26) - 1)}${last}`;
}

const orderText = { plain: "", acquire: " acquire", release: " release", relaxed: "", full: "", failed: "" } as const;

function eventText(test: LitmusTest, execution: Execution, event: Event): string {
  const place = valueText(test, BigInt(event.address));
  const number = (value: bigint | undefined): string =>
    valueText(test, BigInt.asUintN(64, BigInt.asIntN(event.size * 8, value ?? 0n)));
  const got = `${place} = ${number(execution.got[event.id])}`;
  const from = event.reads ? ` from ${sourceText(execution, event)}` : "";
  const wrote = number(execution.wrote[event.id]);
  const what = !event.reads
    ? `write${orderText[event.order]} ${place} = ${wrote}`
    : event.writes
      ? `update ${got}${from}, to ${wrote}`
      : `read${orderText[event.order]} ${got}${from}`;
  return `  ${letter(event.id)}: P${event.thread} ${what}`;
}

function sourceText(execution: Execution, event: Event): string {
  const sources = [...new Set(execution.sources[event.id])];
  return sources.map((source) => (source === initial ? "the start" : letter(source))).join(" and ");
}
