// What is said of a program before it is walked: where jumps and calls go, and where functions begin. Programs that the
// assembler would not write, put together by hand; where the running kernel answers, it is asked as well.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Insn } from "../../src/isa/insn.ts";
import { makeProgram, type Program } from "../../src/isa/program.ts";
import { judge } from "../../src/kernel/judge.ts";
import { verify } from "../../src/verifier/verify.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const zero: Insn = { kind: "alu", op: "mov", width: 64, dst: 0, src: { kind: "imm", value: 0 } };
const exit: Insn = { kind: "exit" };
const wide: Insn = { kind: "imm64", what: "value", dst: 1, low: 1, high: 0 };
const call = (off: number): Insn => ({ kind: "callLocal", off });
const jump = (off: number): Insn => ({ kind: "goto", long: false, off });
const coin = (off: number): Insn => ({
  kind: "jump",
  op: "jeq",
  width: 64,
  dst: 0,
  src: { kind: "imm", value: 1 },
  off,
});
const perhaps = (off: number): Insn => ({ kind: "mayGoto", off });
const callback = (low: number): Insn => ({ kind: "imm64", what: "func", dst: 1, low, high: 0 });
const nothing = "";
const NEVER = "this instruction can never run";

const OUT = "call to invalid destination";
const MIDDLE = "last insn is not an exit or jmp";
it.each<readonly [name: string, insns: readonly (Insn | null)[], text: string, kernel: string]>([
  ["a call behind the end", [call(2), zero, exit], "calls a function that is not in the program", OUT],
  ["a call before the start", [call(-2), zero, exit], "calls a function that is not in the program", OUT],
  [
    "a call into a wide load",
    [zero, wide, null, call(-2), exit],
    "calls a function that is not in the program",
    MIDDLE,
  ],
  ["a call to what follows", [call(1), exit, zero, exit], nothing, nothing],
  ["a jump behind the end", [zero, coin(1), exit], "jumps out of the program", "jump out of range from insn 1 to 3"],
  [
    "a jump before the start",
    [zero, coin(-3), exit],
    "jumps out of the program",
    "jump out of range from insn 1 to -1",
  ],
  ["a jump to the start", [zero, coin(-2), exit], nothing, nothing],
  [
    "a jump into another function",
    [call(2), coin(1), exit, zero, exit],
    "jumps out of its function",
    "jump out of range from insn 1 to 3",
  ],
  [
    "a jump out of a function, backwards",
    [call(1), exit, zero, coin(-3), exit],
    "jumps out of its function",
    "jump out of range from insn 3 to 1",
  ],
  [
    "a jump from a function to the start of the program",
    [call(1), exit, zero, coin(-4), exit],
    "jumps out of its function",
    "jump out of range from insn 3 to 0",
  ],
  [
    "a perhaps behind the end",
    [zero, perhaps(1), exit],
    "jumps out of the program",
    "jump out of range from insn 1 to 3",
  ],
  ["a jump that alone leads somewhere", [zero, coin(1), jump(2), zero, exit, exit], nothing, nothing],
  ["a perhaps to what follows", [zero, perhaps(1), zero, exit], nothing, nothing],
  [
    "a jump into a wide load",
    [zero, coin(1), wide, null, exit],
    "jumps into the middle of a 64-bit immediate load",
    "jump into the middle of ldimm64 insn 2",
  ],
  [
    "a perhaps into a wide load",
    [zero, perhaps(1), wide, null, exit],
    "jumps into the middle of a 64-bit immediate load",
    "jump into the middle of ldimm64 insn 2",
  ],
  ["what nobody calls", [zero, exit, call(-1), exit], NEVER, "unreachable insn 2"],
  ["a callback", [callback(3), null, zero, exit, zero, exit], nothing, nothing],
  ["a callback that nobody is given", [zero, exit, callback(-3), null, exit], NEVER, "unreachable insn 2"],
  ["a jump to the start of its function", [call(1), exit, zero, coin(-2), exit], nothing, nothing],
  ["an end that runs on", [zero, coin(-2)], "the function can run off its end", MIDDLE],
  ["an end that jumps back", [zero, coin(1), jump(-3), exit, jump(-2)], NEVER, "unreachable insn 4"],
])("%s", (_, insns, text, kernel) => {
  const program = makeProgram({ insns, type: "socket_filter", rcu: "implicit" });
  const ours = verify(program);
  expect(ours.verdict === "accepted" ? nothing : ours.diagnostics[0]?.text).toBe(text);
  expect(ours.verdict === "accepted" ? nothing : ours.kernelMessage).toBe(kernel);
  if (!kernelThere) return;
  const theirs = judge(theKernel(), program);
  expect([theirs.verdict, theirs.log.includes(kernel)]).toEqual([kernel === nothing ? "accept" : "reject", true]);
});

function assembled(text: string): Program {
  const outcome = assemble(text);
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return outcome.value;
}

it("a callback begins where its address is taken, whether or not a symbol says so", () => {
  const program = assembled(`.prog syscall\n.rcu implicit
r1 = 3\nr2 = more ll\nr3 = 0\nr4 = 0\ncall bpf_loop\nr0 = 0\nexit\nmore:\nr0 = 0\nexit`);
  expect(verify(program).verdict).toBe("accepted");
  expect(verify({ ...program, functions: [] }).verdict).toBe("accepted");
});

it("a function sees as deep into what it calls as that goes", () => {
  const text = (first: string, called: string) => `.prog syscall
.rcu explicit
${first}
r1 = 0
call outer
r6 = r0
${first === "" ? "" : "call bpf_rcu_read_unlock"}
r0 = 0
exit
.global outer(scalar)
outer:
call inner
r0 = 0
exit
inner:
${called}
r0 = 0
exit`;
  const sleep = "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall bpf_copy_from_user";
  const sleepToo = "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\nr4 = 0\ncall bpf_copy_from_user_str";
  const said = (program: Program): string => {
    const verdict = verify({ ...program, sleepable: true });
    return verdict.verdict === "accepted" ? "accepted" : (verdict.diagnostics[0]?.code ?? "");
  };
  expect(said(assembled(text("call bpf_rcu_read_lock", "r0 = 1")))).toBe("accepted");
  for (const called of [sleep, sleepToo]) {
    expect(said(assembled(text("", called)))).toBe("accepted");
    expect(said(assembled(text("call bpf_rcu_read_lock", called)))).toBe("E0606");
  }
  const around = "call bpf_preempt_disable\ncall bpf_preempt_enable\n";
  const sections = (n: number): string => `call bpf_rcu_read_lock\n${around}call bpf_rcu_read_unlock\n`.repeat(n);
  const nested = (outer: number, inner: number): Program =>
    assembled(
      text("call bpf_rcu_read_lock", sections(inner)).replace("outer:\n", `outer:\n${sections(outer)}call inner\n`),
    );
  // One is open, and the two calls of `inner` come one after the other.
  expect([nested(3, 4), nested(0, 7)].map(said)).toEqual(["accepted", "accepted"]);
  expect([nested(3, 5), nested(4, 4), nested(0, 8)].map(said)).toEqual(["E0604", "E0604", "E0604"]);
});

it("what a global function calls may call itself, for which it is refused", () => {
  const verdict = verify(
    assembled(`.prog syscall\n.rcu explicit
r1 = 0\ncall outer\nr0 = 0\nexit
.global outer(scalar)\nouter:\ncall inner\nr0 = 0\nexit
inner: r0 = 0\nif r0 == 0 goto end\ncall inner\nend: exit`),
  );
  expect(verdict.verdict === "accepted" ? "" : verdict.diagnostics[0]?.code).toBe("E0204");
});

it("a function that calls itself is called by its name", () => {
  const label = (program: Program): string | undefined => {
    const verdict = verify(program);
    return verdict.verdict === "accepted" ? "" : verdict.diagnostics[0]?.label;
  };
  const program = assembled(".prog syscall\nr0 = 0\ncall f\nexit\nf: r0 = 0\nif r0 == 0 goto end\ncall f\nend: exit");
  expect(label(program)).toBe("`f` is already running");
  expect(label({ ...program, functions: [] })).toBe("`func_3` is already running");
  expect(label(assembled("main: r0 = 0\nif r0 == 0 goto end\ncall main\nend: exit"))).toBe("`main` is already running");
});

it("a pointer of which only a part is stored is shown with where it came from", () => {
  const verdict = verify(assembled(".prog socket_filter\nr2 = r10\n*(u32 *)(r10 - 8) = r2\nr0 = 0\nexit"));
  if (verdict.verdict === "accepted") throw new Error("accepted");
  expect(verdict.diagnostics[0]?.notes.map(({ text }) => text)).toEqual(["copied to r2"]);
});

it("refuses a program without instructions", () => {
  const { verdict, diagnostics } = verify(makeProgram({ insns: [] }));
  expect([verdict, diagnostics[0]?.code, diagnostics[0]?.text]).toEqual(["rejected", "E0203", "the program is empty"]);
});

it("walks as many instructions as it may, and no more", () => {
  const program = makeProgram({ insns: [zero, zero, exit] });
  const walked = (instructions: number) => verify(program, {}, { limits: { instructions } }).verdict;
  expect([walked(3), walked(2)]).toEqual(["accepted", "undecided"]);
});
