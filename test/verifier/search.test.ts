// What the search keeps, compares and gives up: verdicts that hang on it, and the two engines side by side.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Verdict, VerifyOptions } from "../../src/verifier/verdict.ts";
import { verify } from "../../src/verifier/verify.ts";
import { generate, randomFrom } from "../support/generate.ts";
import { assemblyOf } from "../support/text.ts";

function judged(text: string, options: VerifyOptions = {}): Verdict {
  const outcome = assemble(text);
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return verify(outcome.value, {}, options);
}

const answer = (verdict: Verdict): string =>
  verdict.verdict === "accepted" ? "accepted" : (verdict.diagnostics[0]?.code ?? verdict.verdict);

const value = ".map m, type=array, key=4, value=16, max=1\n.rcu implicit\n.prog xdp\n";
const found = `*(u32 *)(r10 - 4) = 0
r1 = m ll
r2 = r10
r2 += -4
call bpf_map_lookup_elem
if r0 == 0 goto out
r9 = r0
`;
const coin = (target: string): string => `call bpf_get_prandom_u32\nif r0 == 0 goto ${target}\n`;

it("a number that decided nothing does not keep states apart", () => {
  // Twenty coins, each leaving another number behind: a million ways, if numbers were compared.
  const coins = Array.from({ length: 20 }, (_, n) => `${coin(`l${n}`)}r6 += ${1 << n}\nl${n}:\n`).join("");
  const verdict = judged(`r6 = 0\n${coins}r0 = r6\nexit`);
  expect(answer(verdict)).toBe("accepted");
  expect(verdict.statistics.instructions).toBeLessThan(500);
});

it.each([
  ["moved by it", "r9 += r6\nr0 = *(u8 *)(r9 + 0)"],
  ["moved by a copy of it", "r7 = r6\nr9 += r7\nr0 = *(u8 *)(r9 + 0)"],
  ["moved by it after a spill", "*(u64 *)(r10 - 16) = r6\nr7 = *(u64 *)(r10 - 16)\nr9 += r7\nr0 = *(u8 *)(r9 + 0)"],
  [
    "moved by what an atomic operation finds",
    "*(u64 *)(r10 - 16) = r6\nr7 = 1\nr7 = atomic_fetch_add((u64 *)(r10 - 16), r7)\nr9 += r7\nr0 = *(u8 *)(r9 + 0)",
  ],
  [
    "moved by what an exchange finds",
    "*(u64 *)(r10 - 16) = r6\nr0 = 1\nr7 = 1\nr0 = cmpxchg_64(r10 - 16, r0, r7)\nr9 += r0\nr0 = *(u8 *)(r9 + 0)",
  ],
  ["moved by what a function makes of it", "r1 = r6\ncall f\nr9 += r0\nr0 = *(u8 *)(r9 + 0)"],
  ["a branch decided by it", "if r6 == 0 goto out\nif r6 == 1 goto out\nr0 = *(u8 *)(r9 + 99)"],
  ["a branch decided by it, on the right", "r7 = 1\nif r7 == r6 goto out\nr0 = *(u8 *)(r9 + 99)"],
  ["a size given by it", "r1 = r9\nr2 = r6\nr3 = 0\ncall bpf_probe_read_kernel"],
])("a number that a verdict rests on does: %s", (_, use) => {
  // The first way walked leaves 1; the second, met at the same place, leaves 100.
  const text = `${value}${found}${coin("other")}r6 = 1\ngoto join\nother:\nr6 = 100\njoin:\n${use}\nout:\nr0 = 0\nexit\n${
    use.includes("call f") ? ".func f\nf:\nr0 = r1\nr0 += 0\nexit\n" : ""
  }`;
  const wrong = text.replace("xdp", use.includes("probe") ? "kprobe" : "xdp");
  expect([judged(wrong), judged(wrong, { engine: "reference" })].map(answer)).not.toContain("accepted");
  const right = wrong.replace("r6 = 100", "r6 = 1");
  expect([judged(right), judged(right, { engine: "reference" })].map(answer)).toEqual(["accepted", "accepted"]);
});

it.each([16, 264, 328])(
  "a slot %i bytes down that is not read any more does not keep states apart, one that is read does",
  (depth) => {
    const slot = `*(u64 *)(r10 - ${depth})`;
    const text = (end: string) =>
      `${value}${found}${coin("other")}${slot} = r9\ngoto join\nother:\n${slot} = 5\njoin:\n${end}\nout:\nr0 = 0\nexit`;
    expect(answer(judged(text(`r3 = ${slot}\nr0 = *(u8 *)(r3 + 0)`)))).toBe("E0306");
    const unread = judged(text(`${slot} = 0\nr3 = ${slot}`));
    expect(answer(unread)).toBe("accepted");
  },
);

it("a number deep in the stack that something rested on earlier is not rested on later", () => {
  const walked = (depth: number): number => {
    const slot = `*(u64 *)(r10 - ${depth})`;
    const coins = Array.from(
      { length: 6 },
      (_, n) => `${coin(`other${n}`)}${slot} = ${n}\ngoto join${n}\nother${n}:\n${slot} = ${n + 50}\njoin${n}:`,
    ).join("\n");
    // First the slot decides where an access goes, then it is only read, and another number decides.
    const text = `${value}${found}${slot} = 3\nr3 = ${slot}\nr4 = r9\nr4 += r3\nr0 = *(u8 *)(r4 + 0)
${coins}
r5 = 2\nr4 = r9\nr4 += r5\nr0 = *(u8 *)(r4 + 0)\nr3 = ${slot}\nout:\nr0 = 0\nexit`;
    const verdict = judged(text);
    expect(answer(verdict)).toBe("accepted");
    return verdict.statistics.instructions;
  };
  expect(walked(16)).toBeLessThan(200);
  expect([264, 328, 512].map(walked)).toEqual([16, 16, 16].map(walked));
});

it("what a slot held before it was written over is not rested on", () => {
  const walked = (depth: number): number => {
    const slot = `*(u64 *)(r10 - ${depth})`;
    const coins = Array.from(
      { length: 6 },
      (_, n) => `${coin(`other${n}`)}${slot} = ${n}\ngoto join${n}\nother${n}:\n${slot} = ${n + 50}\njoin${n}:`,
    ).join("\n");
    const text = `${value}${found}${coins}\nr3 = ${slot}\n${slot} = 3\nr3 = ${slot}\nr9 += r3\nr0 = *(u8 *)(r9 + 0)\nout:\nr0 = 0\nexit`;
    const verdict = judged(text);
    expect(answer(verdict)).toBe("accepted");
    return verdict.statistics.instructions;
  };
  expect(walked(16)).toBeLessThan(100);
  expect([256, 264, 512].map(walked)).toEqual([16, 16, 16].map(walked));
});

it.each([16, 512])("a loop around one that ends goes on for ever: the iterator %i bytes down", (depth) => {
  // What is new in its second round is written over before the inner loop; only the third is like the second.
  const iterator = `r1 = r10\nr1 += -${depth}`;
  const text = (end: string) => `.prog syscall
r9 = 0
again:
if r9 == 5 goto out
r9 = 1
${iterator}
r2 = 0
r3 = 10
call bpf_iter_num_new
next:
${iterator}
call bpf_iter_num_next
if r0 == 0 goto done
goto next
done:
${iterator}
call bpf_iter_num_destroy
r0 = 1
r0 = 2
r0 = 3
r0 = 4
if r0 == 0 goto out
if r0 == 0 goto out
${end}
out:
r0 = 0
exit`;
  // Linux notices at the same place, at the inner loop's second beginning.
  const endless = judged(text("goto again"));
  expect([answer(endless), endless.statistics.instructions]).toEqual(["E0201", 30]);
  expect(answer(judged(text("r0 = 0")))).toBe("accepted");
});

it.each([
  [
    "zeroes",
    (at: number) => `*(u8 *)(r10 - ${8 * at + 7}) = r6`,
    (at: number) => `*(u8 *)(r10 - ${8 * at + 7}) = 0`,
    7,
  ],
  [
    "a number's bytes",
    (at: number) => `*(u8 *)(r10 - ${8 * at + 8}) = r6\n*(u8 *)(r10 - ${8 * at + 7}) = r6`,
    (at: number) => `*(u16 *)(r10 - ${8 * at + 8}) = 5`,
    8,
  ],
] as const)("unknown bytes on the stack stand for %s", (_, unknown, known, byte) => {
  const each = (text: (at: number) => string): string => Array.from({ length: 12 }, (_, at) => text(at)).join("\n");
  const coins = each((at) => `${coin(`l${at}`)}${unknown(at)}\ngoto j${at}\nl${at}: ${known(at)}\nj${at}:`);
  const verdict = judged(
    `call bpf_get_prandom_u32\nr6 = r0\n${coins}\n${each((at) => `r1 = *(u8 *)(r10 - ${8 * at + byte})`)}\nr0 = 0\nexit`,
  );
  expect(answer(verdict)).toBe("accepted");
  expect(verdict.statistics.instructions).toBeLessThan(600);
});

it.each([
  ["unknown bytes", "*(u32 *)(r10 - 16) = r6\n*(u32 *)(r10 - 12) = r6"],
  ["bytes never written", "r0 = 0"],
])("%s on the stack do not stand for a pointer", (_, first) => {
  const text = `${value}${found}call bpf_get_prandom_u32
r6 = r0
${coin("other")}${first}
goto join
other:
*(u64 *)(r10 - 16) = r9
join:
r1 = *(u64 *)(r10 - 16)
r1 *= 2
out:
r0 = 0
exit`;
  expect([judged(text), judged(text, { engine: "reference" })].map(answer)).toEqual(["E0405", "E0405"]);
});

it("a byte of some number does not stand for a byte of a dynptr", () => {
  const text = (second: string) => `${value}${found}call bpf_get_prandom_u32
r6 = r0
${coin("other")}*(u8 *)(r10 - 23) = r6
goto join
other: ${second}
join: r1 = *(u8 *)(r10 - 23)
out: r0 = 0
exit`;
  const dynptr = "r1 = r9\nr2 = 16\nr3 = 0\nr4 = r10\nr4 += -32\ncall bpf_dynptr_from_mem";
  expect([text(dynptr), text("r0 = 0")].map((each) => answer(judged(each)))).toEqual(["E0305", "accepted"]);
});

it("a callback that was called inside a section does not end it, even if another run of it began its own", () => {
  // A run that finds 0 begins a section, one that finds 1 was called in one; from there on both do the same.
  const text = (second: string) => `.prog xdp\n.rcu explicit
*(u64 *)(r10 - 8) = 0
${coin("other")}goto join
other: ${second}
join: r1 = 1\nr2 = run ll\nr3 = r10\nr3 += -8\nr4 = 0
call bpf_loop
r1 = *(u64 *)(r10 - 8)
if r1 != 1 goto out
call bpf_rcu_read_unlock
out: r0 = 0
exit
.func run
run: r6 = r2
r1 = *(u64 *)(r6 + 0)
*(u64 *)(r6 + 0) = 2
if r1 != 0 goto inside
call bpf_rcu_read_lock
inside: call bpf_rcu_read_unlock
r0 = 0
exit`;
  const inside = "call bpf_rcu_read_lock\n*(u64 *)(r10 - 8) = 1";
  expect([text(inside), text("r0 = 0")].map((each) => answer(judged(each)))).toEqual(["E0609", "accepted"]);
});

it("a function that a symbol puts behind the end is none", () => {
  const outcome = assemble("r0 = 0\nexit");
  if (!outcome.ok) throw new Error("does not assemble");
  const program = { ...outcome.value, functions: [{ name: "behind", pc: 2, global: false }] };
  expect(answer(verify(program))).toBe("accepted");
});

it("what a loop relied on in a later round counts for the states of its first", () => {
  // r7 is 0 in the first round; what it is in later ones decides an access behind the loop.
  const text = `${value}${found}r7 = 0
r1 = r10
r1 += -32
r2 = 0
r3 = 10
call bpf_iter_num_new
next:
r1 = r10
r1 += -32
call bpf_iter_num_next
if r0 == 0 goto done
${coin("next")}r7 = 15
goto next
done:
r1 = r10
r1 += -32
call bpf_iter_num_destroy
r9 += r7
r0 = *(u16 *)(r9 + 0)
out:
r0 = 0
exit`;
  expect(answer(judged(text))).toBe("E0302");
  expect(answer(judged(text.replace("r7 = 15", "r7 = 14")))).toBe("accepted");
});

it("a may_goto to itself never goes on", () => {
  expect(answer(judged("may_goto -1\nr0 = 0\nexit"))).toBe("E0201");
  expect(answer(judged("r6 = 0\nagain:\nmay_goto +2\nr6 += 1\ngoto again\nr0 = 0\nexit"))).toBe("accepted");
});

it("the context may be 0 for all that Linux knows, a checked value may not", () => {
  expect(answer(judged("again:\nif r1 == 0 goto again\nr0 = 0\nexit"))).toBe("E0201");
  expect(answer(judged(`${value}${found}again:\nif r9 == 0 goto again\nout:\nr0 = 0\nexit`))).toBe("accepted");
});

it("bpf_loop runs its callback no more often than it is told", () => {
  const text = (times: number) => `${value}.global main
${found}*(u64 *)(r10 - 16) = 0
r1 = ${times}
r2 = more ll
r3 = r10
r3 += -16
r4 = 0
call bpf_loop
r2 = *(u64 *)(r10 - 16)
r9 += r2
r0 = *(u8 *)(r9 + 0)
out:
r0 = 0
exit
more:
r1 = *(u64 *)(r2 + 0)
r1 += 1
*(u64 *)(r2 + 0) = r1
r0 = 0
exit`;
  expect(answer(judged(text(15)))).toBe("accepted");
  expect(answer(judged(text(16)))).toBe("E0302");
});

it("one kind of iterator does not stand for another", () => {
  const make = (kind: "num" | "task") =>
    `r1 = r10\nr1 += -24\nr2 = 0\nr3 = ${kind === "num" ? 3 : 0}\ncall bpf_iter_${kind}_new\n`;
  const text = (other: "num" | "task") => `.prog syscall\n.rcu implicit
call bpf_rcu_read_lock
${coin("other")}${make("num")}goto join
other: ${make(other)}
join: r1 = r10\nr1 += -24\ncall bpf_iter_num_destroy
call bpf_rcu_read_unlock
r0 = 0
exit`;
  expect(answer(judged(text("num")))).toBe("accepted");
  expect(answer(judged(text("task")))).toBe("E0702");
});

it("an iterator whose section ended on the second way only is not stepped", () => {
  const iterator = "r1 = r10\nr1 += -24\n";
  const text = (between: string) => `.prog syscall\n.rcu implicit
call bpf_rcu_read_lock
${iterator}r2 = 0\nr3 = 0\ncall bpf_iter_task_new
${coin("other")}goto join
other: ${between}
join: ${iterator}call bpf_iter_task_next
${iterator}call bpf_iter_task_destroy
call bpf_rcu_read_unlock
r0 = 0
exit`;
  expect(answer(judged(text("r0 = 0")))).toBe("accepted");
  expect(answer(judged(text("call bpf_rcu_read_unlock\ncall bpf_rcu_read_lock")))).toBe("E0612");
});

it("what a loop reads of the stack is told around it once, however deep", () => {
  const walked = (depth: number): readonly unknown[] => {
    const slot = `*(u64 *)(r10 - ${depth})`;
    const verdict = judged(`${value}${found}${slot} = 3
r1 = r10\nr1 += -32\nr2 = 0\nr3 = 10\ncall bpf_iter_num_new
next:\nr1 = r10\nr1 += -32\ncall bpf_iter_num_next\nif r0 == 0 goto done
r3 = ${slot}\nr4 = r9\nr4 += r3\nr0 = *(u8 *)(r4 + 0)
${coin("next")}${slot} = 4\ngoto next
done:\nr1 = r10\nr1 += -32\ncall bpf_iter_num_destroy
r3 = ${slot}\nr9 += r3\nr0 = *(u8 *)(r9 + 0)
out:\nr0 = 0\nexit`);
    return [answer(verdict), verdict.statistics.instructions];
  };
  expect(walked(16)[0]).toBe("accepted");
  expect([256, 264, 512].map(walked)).toEqual([16, 16, 16].map(walked));
});

const SEED = 51;
it(`both engines judge 2000 random programs alike, seed ${SEED}`, { timeout: 60_000 }, () => {
  const random = randomFrom(SEED);
  const different: string[] = [];
  for (let at = 0; at < 2000; at++) {
    const text = assemblyOf(generate(random));
    const fast = answer(judged(text));
    const slow = answer(judged(text, { engine: "reference" }));
    if (fast !== slow) different.push(`${fast}, reference ${slow}:\n${text}`);
  }
  expect(different.slice(0, 3)).toEqual([]);
});

it("an iterator is walked alike wherever on the stack it is", () => {
  const walked = (depth: number): readonly unknown[] => {
    const iterator = `r1 = r10\nr1 += -${depth}`;
    const verdict = judged(`.prog syscall
r6 = 0
r7 = 1
${iterator}
r2 = 0
r3 = 10
call bpf_iter_num_new
next:
${iterator}
call bpf_iter_num_next
if r0 == 0 goto done
r6 += 1
r8 = *(u32 *)(r0 + 0)
r7 ^= r8
goto next
done:
${iterator}
call bpf_iter_num_destroy
r0 = 0
exit`);
    return [answer(verdict), verdict.statistics.instructions];
  };
  expect(walked(16)[0]).toBe("accepted");
  expect([512, 264].map(walked)).toEqual([16, 16].map(walked));
});
