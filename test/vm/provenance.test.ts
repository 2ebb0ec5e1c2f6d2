// What the machine knows beside a value: where a pointer may lead, which bytes of a frame's stack were written, which
// registers a call leaves. It goes where the value goes, and no further.
import { describe, expect, it } from "vitest";
import { answer, implicit, load } from "./support.ts";

const memory = { memory: new Uint8Array(16) };

describe("pointers", () => {
  const section = (body: string) => `
.map m, type=array, key=4, value=8, max=1
  call bpf_rcu_read_lock
  *(u32 *)(r10 - 4) = 0
  r1 = m ll
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  r6 = r0
  ${body}
  exit`;
  const unlock = "call bpf_rcu_read_unlock";
  const use = "r0 = *(u64 *)(r7 + 0)";

  // A pointer that is known to be one from the section faults after it; a number with the same bits is a mere address.
  it.each([
    ["moved", `r7 = r6\n ${unlock}`],
    ["moved by a number", `r7 = r6\n r7 += 8\n r7 += -8\n ${unlock}`],
    ["added to a number", `r7 = 0\n r7 += r6\n ${unlock}`],
    ["less a number", `r7 = r6\n r2 = 0\n r7 -= r2\n ${unlock}`],
    ["spilled and filled", `*(u64 *)(r10 - 16) = r6\n ${unlock}\n r7 = *(u64 *)(r10 - 16)`],
    [
      "spilled and filled by way of another register",
      `r8 = r10\n r8 += -16\n *(u64 *)(r8 + 0) = r6\n ${unlock}\n r7 = *(u64 *)(r8 + 0)`,
    ],
    [
      "exchanged into the stack",
      `*(u64 *)(r10 - 16) = 0\n r2 = r6\n r2 = xchg_64(r10 - 16, r2)\n ${unlock}\n r7 = *(u64 *)(r10 - 16)`,
    ],
    ["kept over a call", `call f\n ${unlock}\n r7 = r6`],
    ["handed to a function and back", `r1 = r6\n call g\n r7 = r0\n ${unlock}`],
  ])("are known when %s", (_, body) => {
    const functions = "\n f:\n r6 = 0\n r0 = 0\n exit\n g:\n r0 = r1\n exit";
    expect(answer(section(`${body}\n ${use}`) + functions, {}, {})).toBe("L0601");
  });

  it.each([
    ["pointers are subtracted", `r7 = r6\n r2 = r6\n r7 -= r2\n r7 += 1\n ${unlock}`, "E0301"],
    ["pointers are added", `r7 = r6\n r7 += r6\n ${unlock}`, "E0306"],
    ["one is cut in two", `w7 = w6\n ${unlock}`, "E0306"],
    [
      "one is stored in halves",
      `*(u64 *)(r10 - 16) = r6\n *(u32 *)(r10 - 16) = r6\n ${unlock}\n r7 = *(u64 *)(r10 - 16)`,
      0,
    ],
    ["a bit is set in one", `r7 = r6\n r7 |= 0\n ${unlock}`, 0],
  ])("are numbers when %s", (_, body, want) => {
    expect(answer(section(`${body}\n ${use}`), {}, {})).toBe(want);
  });

  it.each([
    ["inside", "r0 = *(u64 *)(r1 + 8)", 0],
    ["over the end", "r0 = *(u64 *)(r1 + 9)", "E0302"],
    ["before the beginning", "r0 = *(u8 *)(r1 - 1)", "E0302"],
    ["4 GiB on", "r2 = 0x100000000 ll\n r1 += r2\n r0 = *(u64 *)(r1 + 0)", "E0302"],
    ["4 GiB back", "r2 = -0x100000000 ll\n r1 += r2\n *(u64 *)(r1 + 0) = 1\n r0 = 0", "E0302"],
    ["a long way on and back", "r1 += 0x7fffffff\n r1 += -0x7fffffff\n r0 = *(u64 *)(r1 + 0)", 0],
    [
      "near the end of the lower half",
      "w2 = w1\n r3 = 0x7ffffff8 ll\n r3 -= r2\n r1 += r3\n r0 = *(u64 *)(r1 + 0)",
      "E0302",
    ],
  ])("lead %s", (_, body, want) => expect(answer(`${body}\n exit`, memory)).toBe(want));
});

describe("a frame", () => {
  const warned = (source: string) => {
    const result = load(source, implicit).loaded.run();
    return [result.kind, ...result.warnings.map(({ kind, pc }) => `${kind} ${pc}`)];
  };
  const fill = "f:\n *(u64 *)(r10 - 8) = 1\n r0 = 0\n exit";

  it.each([
    ["the whole slot", "r0 = *(u64 *)(r10 - 8)", ["exit", "uninitialisedStack 3"]],
    ["half of it", "r0 = *(u32 *)(r10 - 8)", ["exit", "uninitialisedStack 3"]],
    ["the half it did not write", "*(u32 *)(r10 - 8) = 1\n r0 = *(u32 *)(r10 - 4)", ["exit", "uninitialisedStack 4"]],
    ["both halves, one written", "*(u32 *)(r10 - 8) = 1\n r0 = *(u64 *)(r10 - 8)", ["exit", "uninitialisedStack 4"]],
    ["what it wrote", "*(u32 *)(r10 - 8) = 1\n r0 = *(u32 *)(r10 - 8)", ["exit"]],
  ])("does not know what the frame before it wrote there: reads %s", (_, body, want) => {
    expect(warned(`call f\n call g\n exit\n g:\n ${body}\n exit\n ${fill}`)).toEqual(want);
  });

  it("does not know what the run before it wrote there", () => {
    // Writes if its input says so, and reads.
    const source =
      "r2 = *(u32 *)(r1 + 0)\n if r2 == 0 goto skip\n *(u64 *)(r10 - 8) = 7\n skip: r0 = *(u64 *)(r10 - 8)\n exit";
    const { loaded } = load(`.prog syscall\n ${source}`, implicit);
    const warned = (writes: number): readonly string[] =>
      loaded.run({ ctx: Uint8Array.of(writes, 0, 0, 0) }).warnings.map(({ kind }) => kind);
    expect([warned(0), warned(1), warned(0)]).toEqual([["uninitialisedStack"], [], ["uninitialisedStack"]]);
  });

  it("knows what it wrote when a function it called has returned", () => {
    expect(warned(`*(u64 *)(r10 - 8) = 7\n call f\n r0 = *(u64 *)(r10 - 8)\n exit\n ${fill}`)).toEqual(["exit"]);
  });

  it.each([1, 2, 3, 4, 5])("has nothing in r%i after a call", (n) => {
    const set = [1, 2, 3, 4, 5].map((each) => `r${each} = 1`).join("\n");
    expect(warned(`${set}\n call f\n r0 = r${n}\n exit\n ${fill}`)).toEqual(["exit", "uninitialisedRegister 6"]);
  });

  it.each([6, 7, 8, 9])("has nothing in r%i at first, and its caller's again afterwards", (n) => {
    const source = (body: string) => `r${n} = 5\n call g\n r0 = r${n}\n exit\n g:\n ${body}\n exit`;
    expect(warned(source(`r0 = r${n}`))).toEqual(["exit", "uninitialisedRegister 4"]);
    expect(answer(source(`r${n} = 9\n r0 = 0`))).toBe(5);
  });

  it("has a may_goto of its own", () => {
    expect(answer("call g\n exit\n g:\n r0 = 0\n l: may_goto out\n r0 += 1\n if r0 != 9 goto l\n out: exit")).toBe(9);
  });
});
