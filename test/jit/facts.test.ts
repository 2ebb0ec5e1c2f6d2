// What compiled code rests on was proven: the same code would be wrong of programs that the verifier refuses, and those are
// compiled with checks only.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Program } from "../../src/isa/program.ts";
import { compile, compileChecked } from "../../src/jit/compile.ts";
import { verify } from "../../src/verifier/verify.ts";
import { Machine } from "../../src/vm/machine.ts";
import { both, unverified } from "../support/engines.ts";

function programOf(text: string): Program {
  const made = assemble(`.rcu implicit\n${text}\n`);
  if (!made.ok) throw new Error(`${made.diagnostics[0]?.text}\n${text}`);
  return made.value;
}

/** The text of the compiled program; undefined where it is not verified. */
function verifiedText(program: Program): string | undefined {
  const verdict = verify(program, {});
  if (verdict.verdict !== "accepted") return undefined;
  const made = compile(verdict.program, new Machine());
  if (!made.ok) throw new Error(made.refusal.text);
  return made.value.text(() => undefined);
}

function checkedText(program: Program): string {
  const made = compileChecked(program, new Machine());
  if (!made.ok) throw new Error(made.refusal.text);
  return made.value.text(() => undefined);
}

const inputs = [1, 20, 40].map((length) => ({ packet: Uint8Array.from({ length }, (_, n) => n * 7 + 1) }));

describe("which loads are from the context", () => {
  const packetByte = `
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 1
    r0 = 0
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 0)
    r5 = *(u32 *)(r1 + 12)
    r0 += r5
out: exit`;

  it("is looked at in no run of a verified program", () => {
    const program = programOf(`.prog xdp${packetByte}`);
    expect(verifiedText(program)).not.toContain("$context");
    expect(checkedText(program)).toContain("$context");
    expect(both(program, "implicit", inputs)?.difference).toBe(undefined);
  });

  /** The same bytes in a frame are a number. */
  const onStack = `
    *(u64 *)(r10 - 16) = 77
    *(u64 *)(r10 - 8) = 5
    r2 = r10
    r2 += -16`;

  it("tells memory whose offsets are those of a pointer field", () => {
    const program = programOf(`.prog xdp${onStack}\nr0 = *(u32 *)(r2 + 0)\nr3 = *(u32 *)(r2 + 4)\nr0 += r3\nexit`);
    const { difference, results } = both(program, "implicit", inputs) ?? {};
    expect(difference).toBe(undefined);
    expect(results?.map((each) => each.kind === "exit" && each.r0)).toEqual([77n, 77n, 77n]);
  });

  it("does not refuse a program for an offset at which the context has a socket", () => {
    // __sk_buff.sk lies at 168, of 8 bytes.
    const text = `.prog sched_cls
    *(u64 *)(r10 - 8) = 9
    r2 = r10
    r2 += -176
    r0 = *(u64 *)(r2 + 168)
    exit`;
    const { refusal, difference } = both(programOf(text), "implicit", inputs) ?? {};
    expect({ refusal, difference }).toEqual({ refusal: undefined, difference: undefined });
  });

  it("is the same on every way, or the program is not compiled without checks", () => {
    const program = programOf(`.prog xdp${onStack}
    r3 = *(u32 *)(r1 + 12)
    if r3 == 0 goto load
    r2 = r1
load:
    r3 = *(u32 *)(r2 + 0)
    r0 = r3
    r0 -= r3
    r0 += 1
    exit`);
    expect(verify(program, {})).toMatchObject({ verdict: "rejected", diagnostics: [{ code: "E0311" }] });
    expect(verifiedText(program)).toBe(undefined);
    const { refusal, difference } = unverified(program, "implicit", inputs);
    expect({ refusal, difference }).toEqual({ refusal: undefined, difference: undefined });
  });
});

describe("which map a call is about", () => {
  const maps = `.prog xdp
.map one, type=array, key=4, value=8, max=4
.map two, type=array, key=4, value=8, max=4
.entry one, 1 = 11
.entry two, 1 = 22`;
  const key = "r6 = *(u32 *)(r1 + 12)\n*(u32 *)(r10 - 4) = 1\nr2 = r10\nr2 += -4\n";
  const read = "r0 = 0\nif r1 == 0 goto out\nr0 = *(u64 *)(r1 + 0)\nout: exit";

  it("is known where the map was loaded in another block", () => {
    const program = programOf(`${maps}
${key}r1 = one ll
    if r6 == 0 goto call
    r6 += 1
call: call bpf_map_lookup_elem
    r1 = r0\n${read}`);
    expect(verifiedText(program)).not.toContain("call $m.helper");
    expect(both(program, "implicit", inputs)?.difference).toBe(undefined);
  });

  it("is asked at run time where it is now this one, now that", () => {
    for (const [jump, value] of [
      ["==", 22n],
      ["!=", 11n],
    ] as const) {
      const program = programOf(`${maps}
${key}r1 = one ll
    if r6 ${jump} 5 goto call
    r1 = two ll
call: call bpf_map_lookup_elem
    r1 = r0\n${read}`);
      const { difference, results } = both(program, "implicit", inputs) ?? {};
      expect(difference).toBe(undefined);
      expect(results?.map((each) => each.kind === "exit" && each.r0)).toEqual([value, value, value]);
    }
  });

  it("is asked at run time where it is one, then another, and then the first again", () => {
    for (const [first, second, value] of [
      [1, 0, 22n],
      [0, 1, 11n],
    ] as const) {
      // What r9 holds on the third way keeps the first from standing for it.
      const program = programOf(`${maps}
${key}r9 = r10
    r1 = one ll
    if r6 == ${first} goto call
    r9 = 3
    r1 = two ll
    if r6 == ${second} goto call
    r9 = two ll
    r1 = one ll
call: call bpf_map_lookup_elem
    *(u64 *)(r10 - 16) = r9
    r9 = *(u64 *)(r10 - 16)
    r1 = r0\n${read}`);
      const { difference, results } = both(program, "implicit", inputs) ?? {};
      expect(difference).toBe(undefined);
      expect(results?.map((each) => each.kind === "exit" && each.r0)).toEqual([value, value, value]);
    }
  });

  it("is not the one that inner maps are made like", () => {
    const program = programOf(`${maps}
.map outer, type=array_of_maps, key=4, value=4, max=2, inner=one
.entry outer, 1 = two
${key}r1 = outer ll
    call bpf_map_lookup_elem
    if r0 == 0 goto none
    r1 = r0
    r2 = r10
    r2 += -4
    call bpf_map_lookup_elem
    r1 = r0
    goto some
none: r1 = 0
some: ${read}`);
    const { difference, results } = both(program, "implicit", inputs) ?? {};
    expect(difference).toBe(undefined);
    expect(results?.map((each) => each.kind === "exit" && each.r0)).toEqual([22n, 22n, 22n]);
  });

  it("is a map, or the program is not compiled without checks", () => {
    const program = programOf(`${maps}
${key}r1 = one ll
    if r6 == 0 goto call
    r1 = 12
call: call bpf_map_lookup_elem
    r0 = 0
    exit`);
    expect(verify(program, {}).verdict).toBe("rejected");
    const { refusal, difference } = unverified(program, "implicit", inputs);
    expect({ refusal, difference }).toEqual({ refusal: undefined, difference: undefined });
  });
});
