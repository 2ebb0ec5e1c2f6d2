// What becomes of a program: verdict, result and maps as one line of text. It runs in Node and in the page.
import type * as lab from "../../src/lab/index.ts";

export type Lab = Pick<typeof lab, "assemble" | "verify" | "compile" | "Machine" | "contents" | "givenInput">;
export const engines = ["interp", "jit"] as const;

export function outcomeOf(
  { assemble, verify, compile, Machine, contents, givenInput }: Lab,
  file: { readonly name: string; readonly text: string },
  engine: (typeof engines)[number],
): string {
  const program = assemble(file.text, { name: file.name });
  if (!program.ok) return `${file.name}: ${program.diagnostics[0]?.code}`;
  const verdict = verify(program.value);
  const judged = `${file.name}: ${verdict.verdict} ${verdict.diagnostics.map(({ code, text }) => `${code} ${text}`)}`;
  if (verdict.verdict !== "accepted") return judged;
  const machine = new Machine();
  const made = engine === "jit" ? compile(verdict.program, machine) : machine.load(program.value);
  if (!made.ok) return `${judged}, not ${"refusal" in made ? `compiled: ${made.refusal.reason}` : "loaded"}`;
  const result = made.value.run({ packet: new Uint8Array(64), ...given(givenInput(program.value)) });
  const end = result.kind === "exit" ? `exit ${result.r0}` : `fault ${result.fault.code} at ${result.fault.pc}`;
  const left = JSON.stringify(contents(machine, program.value), (_, value) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
  return `${judged}, ${end} after ${result.instructions}, ${left}`;
}

/** Without the members that are not given. */
function given<T extends object>(input: T): T {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as T;
}
