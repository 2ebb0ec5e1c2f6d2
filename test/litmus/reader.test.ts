// The reader of herd7's syntax: what it takes, and where it says that something is wrong.
import { describe, expect, it } from "vitest";
import { judgeLitmus } from "../../src/lab/litmus-test.ts";

const test = (init: string, rows: string, question: string): string => `BPF t\n{ ${init} }\n${rows}\n${question}\n`;
const one = (rows: string, question: string): string => test("0:r1=x;", ` P0 ;\n${rows}`, question);

function said(text: string): string {
  const outcome = judgeLitmus(text, "t.litmus", "sc");
  if (outcome.ok)
    return `${outcome.value.observation}: ${outcome.value.states.map((s) => s.values.map((v) => `${v.term}=${v.value}`).join(" ")).join(", ")}`;
  const [first] = outcome.diagnostics;
  return `${first?.code} ${text.slice(first?.at?.start, first?.at?.end)}`;
}

describe("what is read", () => {
  it.each([
    ["an immediate store", one("*(u32 *)(r1 + 0) = -1 ;", "exists (x=-1)"), "Always: x=-1"],
    ["registers in capitals", one("R2 = *(u64 *)(R1 + 0) ;", "exists (0:R2=0)"), "Always: 0:r2=0"],
    ["nested comments", one("(* a (* b *) c *) r2 = 7 ;", "forall (0:r2=7)"), "Always: 0:r2=7"],
    ["a bar in an instruction", one("r2 |= 6 ;", "exists (0:r2=6)"), "Always: 0:r2=6"],
    ["several rows on a line", one("r2 = 7 ; r2 += 1 ;", "exists (0:r2=8)"), "Always: 0:r2=8"],
    ["a label at the end", one("if r2 == 0 goto OUT ;\nr2 = 1 ;\nOUT: ;", "exists (0:r2=0)"), "Always: 0:r2=0"],
    [
      "pointers to locations",
      test("int *x = y; 0:r1=x;", "P0 ;\nr2 = *(u64 *)(r1 + 0) ;", "exists (0:r2=y)"),
      "Always: 0:r2=y",
    ],
    ["or, and, not", one("r2 = 7 ;", "exists (0:r2=1 \\/ ~0:r2=2 /\\ not (0:r2=3) /\\ 0:r2!=4)"), "Always: 0:r2=7"],
    ["brackets around locations", one("r2 = 1 ;", "exists [x]=0"), "Always: x=0"],
    ["more to observe", one("r2 = 1 ;", "locations [0:r2; x;] exists (true)"), "Always: 0:r2=1 x=0"],
    [
      "a type that cuts its value",
      test("uint8_t x=258; 0:r1=x;", "P0 ;\nr2 = *(u64 *)(r1 + 0) ;", "exists (0:r2=2)"),
      "Always: 0:r2=2",
    ],
    [
      "herd7's 32-bit exchange",
      one("r2 = 5 ;\nr2 = xchg_32_32(r1 + 0, r2) ;", "exists (0:r2=0 /\\ x=5)"),
      "Always: 0:r2=0 x=5",
    ],
    [
      "its compare-and-exchange",
      one("r2 = 5 ;\nr0 = cmpxchg32_32(r1 + 0, r0, r2) ;", "exists (0:r0=0 /\\ x=5)"),
      "Always: 0:r0=0 x=5",
    ],
    ["a signed load", one("*(u8 *)(r1 + 0) = 255 ;\nr2 = *(s8 *)(r1 + 0) ;", "exists (0:r2=-1)"), "Always: 0:r2=-1"],
    [
      "parts of a location",
      one("*(u64 *)(r1 + 0) = 0x102 ;\nr2 = *(u8 *)(r1 + 1) ;", "exists (0:r2=1)"),
      "Always: 0:r2=1",
    ],
    ["a filter", one("r2 = 1 ;", "filter (0:r2=2) exists (0:r2=1)"), "Never: "],
  ])("%s", (_, text, wanted) => expect(said(text)).toBe(wanted));
});

describe("what is wrong, and where", () => {
  it.each([
    ["another architecture", "X86 t\n{ }\n P0 ;\n", "E1001 X86"],
    ["no name", "BPF\n{ }\n P0 ;\n", "E1001 BPF"],
    ["no initial state", "BPF t\nP0 ;\nexists (true)", "E1001 )"],
    ["an open comment", "BPF t (* {}", "E1001 (*"],
    ["an array", test("int x[2];", "P0 ;", "exists (true)"), "E1001 ["],
    ["no value", test("0:r1=;", "P0 ;", "exists (true)"), "E1001 ;"],
    ["no such register", test("0:r11=x;", "P0 ;", "exists (true)"), "E1001 r11"],
    ["no such thread in the initial state", test("1:r1=x;", "P0 ;", "exists (true)"), "E1002 1"],
    ["a header out of order", test("", "P1 | P0 ;", "exists (true)"), "E1001 P1"],
    ["a cell too many", test("0:r1=x;", "P0 ;\nr2 = 1 | r3 = 1 ;", "exists (true)"), "E1001 r3 = 1"],
    ["a row without an end", test("0:r1=x;", "P0 ;\nr2 = 1", ""), "E1001 r"],
    ["an instruction", one("r2 = = 1 ;", "exists (true)"), "E0101 ="],
    ["a register of an instruction", one("r12 = 1 ;", "exists (true)"), "E0102 r12"],
    ["an unknown label", one("goto nowhere ;", "exists (true)"), "E0108 nowhere"],
    ["a call", one("call bpf_ktime_get_ns ;", "exists (true)"), "E1003 call bpf_ktime_get_ns"],
    ["an unknown location", one("r2 = 1 ;", "exists (y=1)"), "E1002 y"],
    ["an unknown thread", one("r2 = 1 ;", "exists (3:r1=1)"), "E1002 3"],
    ["no question", one("r2 = 1 ;", ""), "E1001 "],
    ["an open parenthesis", one("r2 = 1 ;", "exists (x=1"), "E1001 "],
    ["something behind the question", one("r2 = 1 ;", "exists (x=1) x"), "E1001 x"],
    ["an address that is nowhere", one("r2 = *(u32 *)(r3 + 0) ;", "exists (true)"), "E1003 r2 = *(u32 *)(r3 + 0)"],
    ["an access behind the location", one("r2 = *(u32 *)(r1 + 64) ;", "exists (true)"), "E1003 r2 = *(u32 *)(r1 + 64)"],
    ["a misaligned atomic", one("lock *(u32 *)(r1 + 2) += r2 ;", "exists (true)"), "E1003 lock *(u32 *)(r1 + 2) += r2"],
    ["an access that may tear", one("r2 = *(u32 *)(r1 + 6) ;", "exists (true)"), "E1003 r2 = *(u32 *)(r1 + 6)"],
  ])("%s", (_, text, wanted) => expect(said(text)).toBe(wanted));

  it("says of nothing that it is a crash", () => {
    const whole = one("if r2 == 0 goto OUT ;\n*(u32 *)(r1 + 0) = 1 ;\nOUT: ;", "exists (x=1 \\/ ~(0:r2=2))");
    for (let at = 0; at < whole.length; at++) {
      for (const text of [whole.slice(0, at), whole.slice(0, at) + whole.slice(at + 1)]) {
        const outcome = judgeLitmus(text, "t", "bpf");
        if (!outcome.ok)
          expect(
            outcome.diagnostics.every((each) => each.at !== undefined),
            text,
          ).toBe(true);
      }
    }
  });

  it("gives up with a word on a test that is too large", () => {
    const rows = Array(6)
      .fill("lock *(u32 *)(r1 + 0) += r1 | r2 = *(u32 *)(r1 + 0) | *(u32 *)(r1 + 0) = 1 ;")
      .join("\n");
    const text = test("0:r1=x; 1:r1=x; 2:r1=x;", `P0 | P1 | P2 ;\n${rows}`, "exists (true)");
    const outcome = judgeLitmus(text, "t", "sc", { candidates: 1000 });
    expect(outcome.ok ? "judged" : outcome.diagnostics.map((each) => each.code)).toEqual(["E1004"]);
  });
});
