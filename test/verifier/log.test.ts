// The log in the kernel's format: word for word what Linux 6.18 printed for the same programs, and, where there is a
// kernel to ask, what it prints now. Left out on both sides are the kernel's notes to its developers and the addresses of
// maps.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Program } from "../../src/isa/program.ts";
import { judge } from "../../src/kernel/judge.ts";
import { verify } from "../../src/verifier/verify.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

function program(text: string): Program {
  const outcome = assemble(text);
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return outcome.value;
}

function logOf(text: string, level: 1 | 2): readonly string[] {
  const lines = (verify(program(text), { rcu: "implicit" }, { logLevel: level }).log ?? "").trimEnd().split("\n");
  // How much is walked and kept is the search's business.
  expect(lines.pop()).toMatch(
    /^processed \d+ insns \(limit 1000000\) max_states_per_insn \d+ total_states \d+ peak_states \d+ mark_read 0$/,
  );
  return lines;
}

const lookup = `.prog socket_filter
.map m, type=hash, key=4, value=8, max=4
*(u32 *)(r10 - 4) = 0
r2 = r10
r2 += -4
r1 = m ll
call bpf_map_lookup_elem
`;

const programs: readonly (readonly [name: string, text: string])[] = [
  ["nothing much", ".prog socket_filter\nr0 = 0\nexit"],
  ["a lookup", `${lookup}if r0 == 0 goto out\nr1 = *(u32 *)(r0 + 4)\n*(u64 *)(r0 + 0) = r1\nout:\nr0 = 0\nexit`],
  ["a lookup unchecked", `${lookup}r1 = *(u64 *)(r0 + 0)\nr0 = 0\nexit`],
  [
    "spills of three sizes",
    `.prog socket_filter
call bpf_get_prandom_u32
r6 = r0
r6 &= 255
*(u64 *)(r10 - 8) = r6
*(u32 *)(r10 - 16) = r6
*(u8 *)(r10 - 17) = r6
r7 = *(u64 *)(r10 - 8)
r8 = *(u8 *)(r10 - 17)
*(u64 *)(r10 - 32) = -1
*(u16 *)(r10 - 32) = 0
r0 = 0
exit`,
  ],
  [
    "a function and a stack pointer handed in",
    `.prog socket_filter
r1 = r10
r1 += -8
r2 = 7
call set
r0 = *(u64 *)(r10 - 8)
exit
set:
r3 = r1
*(u64 *)(r3 + 0) = r2
r0 = 0
exit`,
  ],
  [
    "bounds from branches",
    `.prog xdp
.map m, type=hash, key=4, value=64, max=1
*(u32 *)(r10 - 4) = 0
r6 = *(u32 *)(r1 + 12)
r2 = r10
r2 += -4
r1 = m ll
call bpf_map_lookup_elem
if r0 == 0 goto out
if r6 > 40 goto out
r6 <<= 1
if r6 s> 50 goto out
r0 += r6
r1 = *(u8 *)(r0 + 3)
out:
r0 = 2
exit`,
  ],
  [
    "a packet",
    `.prog xdp
r2 = *(u32 *)(r1 + 0)
r3 = *(u32 *)(r1 + 4)
r4 = r2
r4 += 14
if r4 > r3 goto out
r5 = *(u8 *)(r2 + 12)
r2 += r5
r0 = *(u8 *)(r2 + 0)
out:
r0 = 2
exit`,
  ],
  ["no register", ".prog socket_filter\nif r1 == 0 goto out\nr0 = r7\nout:\nexit"],
];

describe("the log", () => {
  it("of level 2 shows every path", () => {
    expect(logOf(`${lookup}if r0 == 0 goto out\nr1 = *(u32 *)(r0 + 4)\nout:\nr0 = 0\nexit`, 2).join("\n")).toBe(
      `func#0 @0
0: R1=ctx() R10=fp0
0: (62) *(u32 *)(r10 -4) = 0          ; R10=fp0 fp-8=0000????
1: (bf) r2 = r10                      ; R2=fp0 R10=fp0
2: (07) r2 += -4                      ; R2=fp-4
3: (18) r1 = 0xffff888100000000       ; R1=map_ptr(map=m,ks=4,vs=8)
5: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=m,ks=4,vs=8)
6: (15) if r0 == 0x0 goto pc+1        ; R0=map_value(map=m,ks=4,vs=8)
7: (61) r1 = *(u32 *)(r0 +4)          ; R0=map_value(map=m,ks=4,vs=8) R1=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))
8: (b7) r0 = 0                        ; R0=0
9: (95) exit

from 6 to 8: safe`,
    );
  });

  it("of level 1 shows the refused path alone", () => {
    const lines = logOf(
      `.prog socket_filter\ncall bpf_get_prandom_u32\nif r0 == 0 goto bad\nr0 = 0\nexit\nbad:\nr0 = r7\nexit`,
      1,
    );
    expect(lines).toEqual([
      "0: R1=ctx() R10=fp0",
      "0: (85) call bpf_get_prandom_u32#7    ; R0=scalar()",
      "1: (15) if r0 == 0x0 goto pc+2",
      "4: R0=0 R10=fp0",
      "4: (bf) r0 = r7",
      "R7 !read_ok",
    ]);
  });

  it("of level 1 is the statistics alone where a program is accepted", () => {
    expect(logOf(programs[0]?.[1] ?? "", 1)).toEqual([]);
  });

  it("tells the frames of a call and of its return", () => {
    const lines = logOf(programs[4]?.[1] ?? "", 2);
    const from = lines.indexOf("caller:");
    expect(lines.slice(from, from + 5)).toEqual([
      "caller:",
      " R10=fp0",
      "callee:",
      " frame1: R1=fp[0]-8 R2=7 R10=fp0",
      "6: frame1: R1=fp[0]-8 R2=7 R10=fp0",
    ]);
    const back = lines.indexOf("returning from callee:");
    expect(lines.slice(back, back + 6)).toEqual([
      "returning from callee:",
      " frame1: R0=0 R1=fp[0]-8 R2=7 R3=fp[0]-8 R10=fp0",
      "to caller at 4:",
      " R0=0 R10=fp0 fp-8=7",
      "",
      "from 9 to 4: R0=0 R10=fp0 fp-8=7",
    ]);
  });

  it("ends with the two states of an endless loop", () => {
    const lines = logOf(".prog socket_filter\nr0 = 0\nagain:\nr0 &= 1\ngoto again", 2);
    expect(lines.slice(-3)).toEqual([
      "infinite loop detected at insn 1",
      "cur state: R0=0 R1=ctx() R10=fp0",
      "old state: R0=0 R1=ctx() R10=fp0",
    ]);
  });

  it("keeps the end of a walk that is longer than anyone reads", () => {
    const text = ".prog socket_filter\nr1 = 0\nagain:\nr1 += 1\nif r1 < 20000 goto again\nr0 = 0\nexit";
    const log = verify(program(text), { rcu: "implicit" }, { logLevel: 2 }).log ?? "";
    expect(log.length).toBeLessThan(128 << 20);
    expect(log.trimEnd()).toMatch(/processed \d+ insns[^\n]*$/);
  });
});

const noise =
  /^(?:mark_precise:|\(\d+(?:,\d+)*\) |SCC |frame \d+: propagating|Live regs|verification time|stack depth|processed |\d+:$|func#| *\d* *\d+: [.0-9]{10} \(|$)/;

/** The lines that both have, with what Linux puts on a line of its own joined to the instruction before. */
function bare(log: string): readonly string[] {
  const out: string[] = [];
  for (const raw of log.split("\n")) {
    if (noise.test(raw)) continue;
    const line = raw.replace(/0xffff[0-9a-f]{12}\b/g, "ADDRESS").replace(/=P(?=-?\d|0x)/g, "=");
    const state = /^\d+: ((?:frame\d+: )?R\d.*)$/.exec(line);
    const last = out[out.length - 1] ?? "";
    if (state !== null && /^\d+: \([0-9a-f]{2}\) (?!.*;)(?!exit)/.test(last)) {
      out[out.length - 1] = `${last.trimEnd()} ; ${state[1]}`;
    } else {
      out.push(line.replace(/ +;/, " ;").trimEnd());
    }
  }
  return out;
}

describe.skipIf(!kernelThere)("beside the running kernel's", () => {
  // Up to the first path that is taken up again: where states are kept differs, and so what is walked twice.
  const first = (lines: readonly string[]): readonly string[] => {
    const end = lines.findIndex((line) => line.startsWith("from ") && !line.startsWith("from 9 to 4"));
    return end < 0 ? lines : lines.slice(0, end);
  };

  it.each(programs)("is the same: %s", (_, text) => {
    const made = program(text);
    const maps = made.maps.map((map) => ({ ...map, name: "" }));
    const ours = verify({ ...made, maps }, { rcu: "implicit" }, { logLevel: 2 }).log ?? "";
    const theirs = judge(theKernel(), made, { logLevel: 2 }).log;
    expect(first(bare(ours))).toEqual(first(bare(theirs)));
  });
});
