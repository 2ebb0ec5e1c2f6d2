// A litmus test as a scenario: its locations are maps, its registers are set before and kept after, and the explorer runs
// what the axioms judge.
import { print } from "../../../src/isa/print.ts";
import { areaOf, extended, type LitmusTest, type Term } from "../../../src/litmus/axioms/test.ts";
import type { Final } from "../../../src/litmus/finals.ts";

const hex = (value: bigint, size: number): string =>
  Array.from({ length: size }, (_, at) => ((value >> BigInt(8 * at)) & 0xffn).toString(16).padStart(2, "0")).join("");

/** The scenario's text; its `exists` names every term that the test observes, in their order. */
export function scenarioOf(test: LitmusTest): string {
  const maps = test.locations.map(
    ({ initial }, at) => `  l${at}: {type: array, value: 64, init: {0: "hex:${hex(initial, 64)}"}}`,
  );
  const kept = (thread: number): readonly number[] =>
    test.observed.flatMap((term) => (term.kind === "register" && term.thread === thread ? [term.reg] : []));
  const results = test.threads.map((_, at) => `  res${at}: {type: array, value: ${8 * Math.max(1, kept(at).length)}}`);
  const programs = test.threads.flatMap(({ program, registers }, thread) => {
    const set = Array.from({ length: 10 }, (_, reg) => {
      const value = registers.get(reg) ?? 0n;
      const location = areaOf(test, Number(value), 1);
      return location === undefined
        ? `r${reg} = ${BigInt.asIntN(64, value)} ll`
        : `r${reg} = map_value[l${location}] ll`;
    });
    // r9 and r8 are needed to keep the others: r9 waits on the stack.
    const regs = kept(thread);
    const keep = [
      "keep:",
      "*(u64 *)(r10 - 8) = r9",
      `r9 = map_value[res${thread}] ll`,
      ...regs.flatMap((reg, at) => (reg === 9 ? [] : [`*(u64 *)(r9 + ${8 * at}) = r${reg}`])),
      ...regs.flatMap((reg, at) => (reg === 9 ? ["r8 = *(u64 *)(r10 - 8)", `*(u64 *)(r9 + ${8 * at}) = r8`] : [])),
    ];
    const body = program.insns.flatMap((insn) =>
      insn === null ? [] : insn.kind === "exit" ? ["goto keep"] : print(insn),
    );
    return [
      `  p${thread}: |`,
      ...[".prog syscall", ...set, ...body, ...keep, "r0 = 0", "exit"].map((line) => `    ${line}`),
    ];
  });
  const terms = test.observed.map((term) => `${termText(test, term)} == 0`);
  return [
    `name: ${JSON.stringify(test.name)}`,
    "maps:",
    ...maps,
    ...results,
    "programs:",
    ...programs,
    "threads:",
    ...test.threads.map((_, at) => `  t${at}: {run: p${at}, rcu: explicit}`),
    "assert:",
    `  - exists: "${terms.join(" || ")}"`,
    "",
  ].join("\n");
}

function termText(test: LitmusTest, term: Term): string {
  if (term.kind === "location") return `l${term.location}[0]`;
  const regs = test.observed.flatMap((each) =>
    each.kind === "register" && each.thread === term.thread ? [each.reg] : [],
  );
  const word = regs.indexOf(term.reg);
  return `res${term.thread}[0]${word === 0 ? "" : `.${word}`}`;
}

/** A final state of the explorer as the values of the test's terms. */
export function valuesOf(test: LitmusTest, final: Final): readonly string[] {
  return test.observed.map((term, at) => {
    const value = final.values[at];
    const size = term.kind === "location" ? test.locations[term.location].size : 8;
    return BigInt.asIntN(64, extended(value, size)).toString();
  });
}
