// The verifier beside the brute-force oracle, on one abstract program; and the smallest program on which they part.
import { assemble } from "../../src/asm/assemble.ts";
import type { Program } from "../../src/isa/program.ts";
import { verify } from "../../src/verifier/verify.ts";
import { wellFormed } from "./generate.ts";
import type { Abstract, Op } from "./ops.ts";
import { type Finding, judge } from "./oracle.ts";
import { assemblyOf } from "./text.ts";

export interface Comparison {
  /** What the oracle found; null when the program has too many paths for it. */
  readonly findings: readonly Finding[] | null;
  /** The verifier's code; undefined: accepted. */
  readonly code: string | undefined;
  /** How they differ; undefined when they do not. */
  readonly difference: string | undefined;
}

/** Verdicts must be the same, and the verifier's code must be one that the oracle found on some path. */
export function compare(program: Abstract): Comparison {
  const findings = judge(program);
  const verdict = verify(assembled(program), { rcu: "explicit" });
  const first = verdict.diagnostics.find((d) => d.severity === "error");
  const code = verdict.verdict === "accepted" ? undefined : (first?.code ?? verdict.verdict);
  if (findings === null) return { findings, code, difference: undefined };
  const found = findings.map((f) => `${f.code} (${f.rule}) in f${f.func} at ${f.op}`).join(", ") || "nothing";
  const names = (list: readonly Finding[] | null): boolean =>
    code !== undefined && (list ?? []).some((finding) => finding.code.split("|").includes(code));
  // The verifier may come to a function first that the walk did not reach, for an error before it.
  const same =
    findings.length === 0 ? code === undefined : names(findings) || (code !== undefined && names(judge(program, true)));
  const said = code === undefined ? "accepts" : `refuses with ${code}: ${first?.text ?? ""}`;
  return { findings, code, difference: same ? undefined : `the oracle finds ${found}; the verifier ${said}` };
}

function assembled(program: Abstract): Program {
  const outcome = assemble(assemblyOf(program), { name: "generated" });
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.diagnostics.map((d) => d.text).join("\n")}\n${assemblyOf(program)}`);
}

/** Takes operations away as long as the two still differ. */
export function shrink(program: Abstract): Abstract {
  for (let smaller = true, current = program; ; ) {
    if (!smaller) return current;
    smaller = false;
    for (const next of lesser(current)) {
      if (differs(next)) {
        current = next;
        smaller = true;
        break;
      }
    }
  }
}

function differs(program: Abstract): boolean {
  return wellFormed(program) && compare(program).difference !== undefined;
}

function* lesser(program: Abstract): Generator<Abstract> {
  for (const [at, func] of program.funcs.entries()) {
    for (let gone = 0; gone < func.ops.length - 1; gone++) {
      const moved = (target: number): number => (target > gone ? target - 1 : target);
      const ops = func.ops.flatMap((op, i): Op[] => {
        if (i === gone) return [];
        return ["target" in op ? { ...op, target: moved(op.target) } : op];
      });
      yield { ...program, funcs: program.funcs.map((f, i) => (i === at ? { ...f, ops } : f)) };
    }
  }
}
