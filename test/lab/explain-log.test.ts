// Logs of the Linux verifier read back. kernel-logs.txt holds what Linux 6.18 printed for examples of ours, with the code
// and the instruction that our verifier gives for them; other styles are written here by hand.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { judge } from "../../src/kernel/judge.ts";
import { type ExplainedLog, explainLogs } from "../../src/lab/explain-log.ts";
import { statesIn } from "../../src/lab/kernel-log.ts";
import { codeOfMessage, registerOf } from "../../src/lab/kernel-messages.ts";
import { verifierCodes } from "../../src/verifier/codes.ts";
import { verify } from "../../src/verifier/verify.ts";
import { randomFrom } from "../support/generate.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const fixture = readFileSync(join(import.meta.dirname, "kernel-logs.txt"), "utf8");
const logs = [...fixture.matchAll(/^==== (\S+): (\S+) (\S+)\n([\s\S]*?)(?=^==== |$(?![\s\S]))/gm)].map((found) => ({
  name: found[1] ?? "",
  code: found[2] ?? "",
  pc: found[3] === "-" ? undefined : Number(found[3]),
  log: found[4] ?? "",
}));
const logOf = (name: string): string => logs.find((each) => each.name === name)?.log ?? "";

function only(text: string): ExplainedLog {
  const all = explainLogs(text);
  expect(all.length).toBe(1);
  const [first] = all;
  if (first === undefined) throw new Error("no log was found");
  return first;
}

const notes = (text: string): readonly string[] =>
  only(text).diagnostic?.notes.map((note) => `${note.event} ${note.pc}: ${note.text}`) ?? [];

describe("logs of Linux 6.18", () => {
  it("are there", () => {
    expect(logs.length).toBeGreaterThan(15);
  });

  it.each(logs)("$name: $code at $pc", ({ code, pc, log }) => {
    const { outcome, diagnostic } = only(log);
    if (code === "accepted") expect({ outcome, diagnostic }).toEqual({ outcome: "accepted", diagnostic: undefined });
    else expect({ outcome, code: diagnostic?.code, pc: diagnostic?.pc }).toEqual({ outcome: "refused", code, pc });
  });

  it("tell where a register came from", () => {
    expect(notes(logOf("no-null-check"))).toEqual([
      "born 6: r0 is what the call returns: map_value_or_null(id=1,ks=4,vs=8)",
    ]);
    expect(notes(logOf("record-late"))).toContain("lost 9: given back here, with every copy of it");
    expect(notes(logOf("record-kept")).at(-1)).toBe("acquired 4: the reference is acquired here");
  });

  it("tell of moves and comparisons", () => {
    const events = only(logOf("past-the-packet")).diagnostic?.notes.map((note) => note.event);
    expect(events?.[0]).toBe("born");
    const value = only(logOf("past-the-value")).diagnostic?.notes.map((note) => note.event);
    expect(value).toContain("moved");
    expect(value).toContain("checked");
  });
});

/** The same refusal as kernels of other years print it. */
const styles: readonly (readonly [name: string, text: string])[] = [
  [
    "5.10, level 1",
    `0: (b7) r1 = 0
1: (7b) *(u64 *)(r10 -8) = r1
2: (bf) r2 = r10
3: (07) r2 += -8
4: (18) r1 = 0xffff9a2bc5e4f000
6: (85) call bpf_map_lookup_elem#1
7: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0`,
  ],
  [
    "5.10, level 2",
    `0: R1=ctx(id=0,off=0,imm=0) R10=fp0
0: (b7) r1 = 0
1: R1_w=inv0 R10=fp0
1: (7b) *(u64 *)(r10 -8) = r1
last_idx 1 first_idx 0
regs=2 stack=0 before 0: (b7) r1 = 0
2: R1_w=invP0 R10=fp0 fp-8_w=00000000
2: (bf) r2 = r10
3: R1_w=invP0 R2_w=fp0 R10=fp0 fp-8_w=00000000
3: (07) r2 += -8
4: R1_w=invP0 R2_w=fp-8 R10=fp0 fp-8_w=00000000
4: (18) r1 = 0xffff9a2bc5e4f000
6: R1_w=map_ptr(id=0,off=0,ks=8,vs=8,imm=0) R2_w=fp-8 R10=fp0 fp-8_w=00000000
6: (85) call bpf_map_lookup_elem#1
7: R0_w=map_value_or_null(id=1,off=0,ks=8,vs=8,imm=0) R10=fp0 fp-8_w=mmmmmmmm
7: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0`,
  ],
  [
    "5.16",
    `0: R1=ctx(id=0,off=0,imm=0) R10=fp0
; int prog(void *ctx)
0: (b7) r1 = 0                        ; R1_w=inv0
; long key = 0;
1: (7b) *(u64 *)(r10 -8) = r1         ; R1_w=invP0 R10=fp0 fp-8_w=00000000
2: (bf) r2 = r10                      ; R2_w=fp0 R10=fp0
3: (07) r2 += -8                      ; R2_w=fp-8
4: (18) r1 = 0xffff9a2bc5e4f000       ; R1_w=map_ptr(id=0,off=0,ks=8,vs=8,imm=0)
6: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,off=0,ks=8,vs=8,imm=0)
; return *value; @ prog.c:12
7: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0`,
  ],
];
const six = styles[2]?.[1] ?? "";
const each = (head: string): string => six.replace(/^/gm, head);
const dressed: readonly (readonly [name: string, text: string])[] = [
  ...styles,
  ["dmesg", each("[  123.456789] ")],
  ["dmesg with the caller", each("[  123.456789][ T1234] ")],
  ["the journal", each("Nov 23 12:00:01 host kernel: ")],
  ["a container", each("2026-11-23T12:00:01.123456Z stderr F ")],
  ["a mail", each("> > ")],
  ["colours", each("\u001b[31m")],
  ["line ends of Windows", six.replace(/\n/g, "\r\n")],
  [
    "libbpf",
    `libbpf: prog 'prog': BPF program load failed: Permission denied
libbpf: prog 'prog': -- BEGIN PROG LOAD LOG --
${six}
-- END PROG LOAD LOG --
libbpf: prog 'prog': failed to load: -13
libbpf: failed to load object 'prog.bpf.o'
Error: failed to load object file`,
  ],
  ["libbpf, twice", `libbpf: -- BEGIN DUMP LOG ---\nlibbpf:\n${six}\n\nlibbpf: -- END LOG --\n${six}`],
  ["a Go error", `load program: permission denied:\n${each("\t")}`],
  ["an aya error", `Error: the BPF_PROG_LOAD syscall failed. Verifier output: ${six}`],
  ["Cilium's agent", six.replace(/"/g, '\\"').replace(/^(.*)$/gm, 'level=warning msg="$1" subsys=datapath-loader')],
  ["JSON", JSON.stringify({ log: six })],
  ["Markdown", `I get this:\n\n\`\`\`\n${six}\n\`\`\`\n`],
  ["no beginning", six.split("\n").slice(8).join("\n")],
  ["no end", six.split("\n").slice(0, -1).join("\n")],
];

describe("other styles", () => {
  it.each(dressed)("%s", (_, text) => {
    const { diagnostic } = only(text);
    expect(diagnostic).toMatchObject({
      code: "E0301",
      pc: 7,
      kernelMessage: "R0 invalid mem access 'map_value_or_null'",
    });
    expect(diagnostic?.notes.map((note) => [note.event, note.pc])).toEqual([["born", 6]]);
  });

  it("read the states that older kernels print on lines of their own", () => {
    const text = `9: (55) if r0 != 0x0 goto pc+1
 R0=inv0 R6=ctx(id=0,off=0,imm=0) R10=fp0 fp-8=mmmmmmmm

from 9 to 11: R0=map_value(id=0,off=0,ks=4,vs=16,imm=0) R6=ctx(id=0,off=0,imm=0) R7=inv(id=0) R10=fp0
11: (0f) r0 += r7
last_idx 11 first_idx 9
regs=80 stack=0 before 9: (55) if r0 != 0x0 goto pc+1
 R0=map_value(id=0,off=0,ks=4,vs=16,imm=0) R6=ctx(id=0,off=0,imm=0) R7=inv(id=0) R10=fp0
fp-8=mmmmmmmm fp-16=mmmmmmmm
math between map_value pointer and register with unbounded min value is not allowed
processed 12 insns (limit 1000000), stack depth 16`;
    const { diagnostic } = only(text);
    expect(diagnostic).toMatchObject({ code: "E0402", pc: 11 });
    expect(diagnostic?.facts?.[0]).toEqual({ name: "state", text: "r7 = inv(id=0)" });
  });

  it("read the one line of an error of Go", () => {
    const text =
      "program tail: load program: permission denied: 2908: (69) r5 = *(u16 *)(r1 +36): R1 invalid mem access " +
      "'map_value_or_null' (4703 line(s) omitted)";
    expect(only(text).diagnostic).toMatchObject({ code: "E0301", pc: 2908 });
  });

  it("reads logs of the first kernels", () => {
    const text = `bpf: Permission denied
0: (79) r6 = *(u64 *)(r1 +112)
1: (85) call 14
2: (15) if r6 == 0x0 goto pc+55
 R0=inv R6=inv R10=fp
3: (b7) r1 = 0
4: (61) r3 = *(u32 *)(r1 +0)
R1 invalid mem access 'imm'

Traceback (most recent call last):`;
    const { diagnostic } = only(text);
    expect(diagnostic).toMatchObject({ code: "E0306", pc: 4 });
    expect(diagnostic?.notes.map((note) => [note.event, note.pc])).toEqual([["born", 3]]);
  });

  it("keep the line of C", () => {
    expect(only(six).diagnostic?.facts).toContainEqual({ name: "source", text: "return *value; @ prog.c:12" });
  });

  it("shows the instructions around", () => {
    expect(only(six).around.map(({ pc, refused }) => [pc, refused])).toEqual([
      [2, false],
      [3, false],
      [4, false],
      [6, false],
      [7, true],
    ]);
  });
});

describe("a path", () => {
  const walk = `0: R1=ctx() R10=fp0
0: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
1: (bf) r6 = r0                       ; R0=scalar(id=1) R6=scalar(id=1)
2: (7b) *(u64 *)(r10 -8) = r6         ; R6=scalar(id=1) R10=fp0 fp-8=scalar(id=1)
3: (15) if r6 == 0x0 goto pc+2        ; R6=scalar(id=1,umin=1)
4: (b7) r0 = 0                        ; R0=0
5: (95) exit

from 3 to 6: R0=0 R6=0 R10=fp0 fp-8=0
6: R0=0 R6=0 R10=fp0 fp-8=0
6: (79) r7 = *(u64 *)(r10 -8)         ; R7=0 R10=fp0 fp-8=0
7: (07) r7 += 8                       ; R7=8
8: (71) r0 = *(u8 *)(r7 +0)
R7 invalid mem access 'scalar'
processed 9 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0`;

  it("goes back to the branch where it was taken up", () => {
    expect(notes(walk)).toEqual([
      "born 0: r0 is what the call returns: scalar()",
      "copied 1: copied to r6: scalar(id=1)",
      "spilled 2: r6 is saved on the stack",
      "filled 6: r7 is loaded back from the stack: 0",
      "moved 7: r7 is changed: 8",
    ]);
    expect(only(walk).diagnostic?.facts?.[0]).toEqual({ name: "state", text: "r7 = 8" });
  });

  it("goes through a call", () => {
    const text = `0: R1=ctx() R10=fp0
0: (bf) r6 = r1                       ; R1=ctx() R6=ctx()
1: (85) call pc+1
caller:
 R6=ctx() R10=fp0
callee:
 frame1: R1=ctx() R10=fp0
3: frame1: R1=ctx() R10=fp0
3: (71) r0 = *(u8 *)(r1 +400)
invalid bpf_context access off=400 size=1
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0`;
    expect(only(text).diagnostic).toMatchObject({ code: "E0307", pc: 3 });
  });
});

describe("what cannot be explained", () => {
  it("keeps the place and the words of an unknown message", () => {
    const { outcome, known, diagnostic } = only(
      "0: (b7) r0 = 0\n1: (95) exit\nthe moon is in the wrong phase\nprocessed 2 insns (limit 1000000)",
    );
    expect({ outcome, known }).toEqual({ outcome: "refused", known: false });
    expect(diagnostic).toMatchObject({ code: "E0115", pc: 1, kernelMessage: "the moon is in the wrong phase" });
  });

  it("reads a message alone", () => {
    expect(only("R1 !read_ok").diagnostic).toMatchObject({ code: "E0401", kernelMessage: "R1 !read_ok" });
  });

  it("says when the log ends too early", () => {
    const { outcome, diagnostic } = only("0: R1=ctx() R10=fp0\n0: (b7) r0 = 0   ; R0=0\n1: (bf) r1 = r");
    expect(outcome).toBe("open");
    expect(diagnostic).toMatchObject({ code: "E0115", pc: 1 });
  });

  it.each(["", "\n\n", "hello", "Error: failed to load object file", "; a comment", "int main(void) { return 0; }"])(
    "finds no log in %j",
    (text) => {
      expect(explainLogs(text)).toEqual([]);
    },
  );

  it("survives every cut and any mixture of what logs are made of", () => {
    const random = randomFrom(7);
    const pieces = fixture.split(/(?<=[\s=();:,])/);
    const broken: string[] = [];
    for (let round = 0; round < 300; round++) {
      const from = Math.floor(random() * fixture.length);
      const cut = fixture.slice(from, from + Math.floor(random() * 3000));
      const mixed = Array.from({ length: 200 }, () => pieces[Math.floor(random() * pieces.length)]).join("");
      for (const text of [cut, mixed]) {
        try {
          explainLogs(text);
        } catch (error) {
          broken.push(`${error}: ${text.slice(0, 200)}`);
        }
      }
    }
    expect(broken).toEqual([]);
  });

  it.each([
    ["one line without end", `0: (b7) ${"r0 = ".repeat(400_000)}`],
    ["spaces", `${" ".repeat(1_000_000)}x\n`.repeat(3)],
    ["digits", "1".repeat(1_000_000)],
    ["words that begin many messages", "write math between type= ".repeat(40_000)],
    ["numbers out of range", "9999999: (ff) r99 = r99\nfrom 9999999 to 9999999: R99=\nR99 !read_ok"],
    ["brackets without end", `0: (b7) r0 = 0 ; R0=${"(".repeat(100_000)}`],
    ["a line of keys", `level=warning ${"a=b=".repeat(4000)} x`],
    ["a summary without end", `${"1: (00) : ".repeat(1600)} (1 line(s) omitted)\n`.repeat(20)],
    ["many paths", "1: (05) goto pc-1\nfrom 2 to 1: R0=0\n".repeat(50_000)],
  ])("takes no time over %s", (_, text) => {
    const began = performance.now();
    explainLogs(text);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe("messages", () => {
  it.each([
    ["R3 invalid mem access 'ptr_or_null_'", "E0301"],
    ["R2 min value is negative, either use unsigned or 'var &= const'", "E0402"],
    ["back-edge from insn 9 to 4", "E0201"],
    ["BPF program is too large. Processed 1000001 insn", "E0202"],
    ["The sequence of 8193 jumps is too complex.", "E0202"],
    ["combined stack size of 3 calls is 544. Too large", "E0204"],
    ["invalid indirect read from stack R2 off -8+4 size 8", "E0305"],
    ["invalid stack type R1 off=-520 access_size=8", "E0304"],
    ["R0 invalid mem access 'inv'", "E0306"],
    ["R0 leaks addr as return value", "E0404"],
    ["R1 pointer comparison prohibited", "E0407"],
    ["At program exit the register R0 has value (0x2; 0x0) should have been in (0x0; 0x1)", "E0403"],
    ["bpf_rcu_read_unlock is missing", "E0603"],
    ["R2 must be a rcu pointer", "E0702"],
    ["arg#0 expected pointer to stack or const struct bpf_dynptr", "E0702"],
    ["kernel function bpf_task_acquire args#0 expected pointer to STRUCT task_struct", "E0702"],
    ["calling kernel function bpf_x is not allowed", "E0701"],
    ["unknown func bpf_x#999", "E0701"],
    ["helper call might sleep in a non-sleepable prog", "E0606"],
    ["nothing of the sort", undefined],
  ])("%s: %s", (message, code) => {
    expect(codeOfMessage(message)).toBe(code);
  });

  it("name their register", () => {
    expect([registerOf("R10 !read_ok"), registerOf("R2 offset"), registerOf("off=R")]).toEqual([10, 2, undefined]);
  });

  it("have codes of the verifier's table", () => {
    const codes = new Set(logs.map(({ log }) => only(log).diagnostic?.code));
    codes.delete(undefined);
    expect([...codes].filter((code) => code !== undefined && !(code in verifierCodes))).toEqual([]);
  });
});

it("states are read with their brackets", () => {
  expect([...statesIn("frame1: R0_w=scalar(umax=255,var_off=(0x0; 0xff)) R10=fp0 fp-8_r=????mmmm refs=2")]).toEqual([
    ["R0", "scalar(umax=255,var_off=(0x0; 0xff))"],
    ["R10", "fp0"],
    ["fp-8", "????mmmm"],
  ]);
});

describe("logs of our own verifier", () => {
  it("come back to the diagnostic that they were printed for", () => {
    const folder = join(import.meta.dirname, "../../examples/refused");
    const wrong: string[] = [];
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".bpf"))) {
      const made = assemble(readFileSync(join(folder, file), "utf8"), { name: file });
      if (!made.ok) continue;
      for (const logLevel of [1, 2] as const) {
        const verdict = verify(made.value, { rcu: "implicit" }, { logLevel });
        const said = verdict.diagnostics[0];
        if (verdict.verdict !== "rejected" || verdict.kernelMessage === "" || said === undefined) continue;
        const { diagnostic } = only(verdict.log ?? "");
        const walked = verdict.statistics.instructions > 0;
        const found = `${diagnostic?.code} ${walked ? diagnostic?.pc : said.pc}`;
        if (found !== `${said.code} ${said.pc}`) wrong.push(`${file}: ${said.code} ${said.pc}, read back ${found}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe.skipIf(!kernelThere)("what the running kernel says of the refused examples", () => {
  it("comes to the code and the place that we give", () => {
    const folder = join(import.meta.dirname, "../../examples/refused");
    const wrong: string[] = [];
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".bpf"))) {
      const made = assemble(readFileSync(join(folder, file), "utf8"), { name: file });
      if (!made.ok) continue;
      const { profile, ...verdict } = verify(made.value, { rcu: "implicit" });
      const said = verdict.diagnostics[0];
      if (verdict.verdict !== "rejected" || said === undefined) continue;
      const options = { logLevel: 5, sleepable: profile.sleepable };
      const answer = judge(theKernel(), { ...made.value, type: profile.type }, options);
      if (answer.verdict !== "reject") continue;
      const { diagnostic } = only(answer.log);
      // What falls off the end is no instruction, and Linux names none.
      const found = `${diagnostic?.code} ${diagnostic?.pc ?? said.pc}`;
      if (found !== `${said.code} ${said.pc}`) wrong.push(`${file}: ${said.code} ${said.pc}, read ${found}`);
    }
    expect(wrong).toEqual([]);
  });
});
