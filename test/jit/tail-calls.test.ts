// Tail calls in compiled code: from the program, its functions and its callbacks, into programs that are compiled and into
// what only the interpreter runs.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Program } from "../../src/isa/program.ts";
import { compile } from "../../src/jit/compile.ts";
import { verify } from "../../src/verifier/verify.ts";
import { programHandle } from "../../src/vm/calls.ts";
import { Machine } from "../../src/vm/machine.ts";
import { both } from "../support/engines.ts";

function program(text: string): Program {
  const made = assemble(`.prog xdp\n.rcu implicit\n.map jumps, type=prog_array, key=4, value=4, max=4\n${text}`);
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  return made.value;
}

const jump = "r2 = jumps ll\nr3 = 0\ncall bpf_tail_call\n";
const places = {
  "the program": `main:\n${jump}r0 = 1\nexit\n`,
  "a function": `main:\nr6 = 100\ncall f\nr0 += r6\nexit\nf:\n${jump}r0 = 1\nexit\n`,
  "a function of a function": `main:\nr6 = 100\ncall f\nr0 += r6\nexit\nf:\nr6 = 1000\ncall g\nr0 += r6\nexit\ng:\n${jump}r0 = 1\nexit\n`,
};
/** A function that nothing calls is refused. */
const calling = (text: string): string => text.replace("main:\n", "main:\nr7 = r1\ncall target\nr1 = r7\n");
const packet = new Uint8Array(64);

describe("a tail call", () => {
  it.each(Object.entries(places))("from %s goes on where the slot says", (_, from) => {
    const targets = {
      // A function of the same program: no compiled code begins there.
      "a function": [
        ".entry jumps, 0 = target\n",
        "target:\nr0 = *(u32 *)(r1 + 4)\nr1 = *(u32 *)(r1 + 0)\nr0 -= r1\nexit\n",
      ],
      nothing: ["", ""],
    };
    for (const [name, [entry, code]] of Object.entries(targets)) {
      const made = program(`${entry}${name === "nothing" ? from : calling(from)}${code}`);
      const result = both(made, "implicit", [{ packet }, { packet }]);
      expect({ name, difference: result?.difference }).toEqual({ name, difference: undefined });
      expect(result?.results).toMatchObject([{ kind: "exit" }, { kind: "exit" }]);
    }
  });

  it.each(Object.entries(places))("from %s goes on in another program, compiled or not yet", (_, from) => {
    const results = [true, false].map((compiledBefore) => {
      const machine = new Machine({ regime: "implicit" });
      const load = (each: Program, wanted: boolean) => {
        const verdict = verify(each, { rcu: "implicit" });
        if (verdict.verdict !== "accepted") throw new Error(verdict.diagnostics[0]?.text);
        const made = wanted ? compile(verdict.program, machine) : undefined;
        if (made?.ok === false) throw new Error(made.refusal.text);
        return made?.value;
      };
      const first = load(program(from), true);
      const other = program("main:\ncall f\nr0 += 7\nexit\nf:\nr0 = 20\nexit\n");
      const index = compiledBefore ? load(other, true)?.loaded.index : machine.load(other).ok ? 1 : 0;
      const handle = new Uint8Array(Int32Array.of(programHandle(index ?? 0, 0)).buffer);
      machine.maps.update(machine.mapSet.byName("jumps"), new Uint8Array(4), handle);
      const compiled = first?.run({ packet });
      const interpreted = first?.loaded.run({ packet });
      expect(compiled).toMatchObject({ kind: "exit" });
      expect(compiled?.kind === "exit" && interpreted?.kind === "exit" && compiled.r0 === interpreted.r0).toBe(true);
      return compiled?.kind === "exit" ? compiled.r0 : undefined;
    });
    expect(results[0]).toBe(results[1]);
  });

  it("from a callback is one of the callback's ends", () => {
    const made = program(
      calling(`.entry jumps, 0 = target
       main:\nr6 = r1\nr1 = 3\nr2 = each ll\n*(u64 *)(r10 - 8) = r6\nr3 = r10\nr3 += -8\nr4 = 0\ncall bpf_loop\nexit
       each:\nr1 = *(u64 *)(r2 + 0)\n${jump}r0 = 1\nexit
       target:\nr0 = 0\nexit\n`),
    );
    const result = both(made, "implicit", [{ packet }]);
    expect(result?.difference).toBe(undefined);
    expect(result?.results).toMatchObject([{ kind: "exit", r0: 3n }]);
  });

  it("gives the caller its program back: its callbacks, kernel functions and maps", () => {
    const callee = `f:\n${jump}r0 = 1\nexit\neach:\nlock *(u64 *)(r2 + 0) += r1\nr0 = 0\nexit\n`;
    const made = program(
      `main:\nr6 = r1\ncall f\n*(u64 *)(r10 - 8) = 0\nr1 = 4\nr2 = each ll\nr3 = r10\nr3 += -8\nr4 = 0\ncall bpf_loop
       call bpf_rcu_read_lock\ncall bpf_rcu_read_unlock\nr0 = *(u64 *)(r10 - 8)\nexit\n${callee}`,
    );
    const prepare = (machine: Machine): void => {
      const other = machine.load(program("main:\nr0 = 20\nexit\n"));
      if (!other.ok) throw new Error(other.diagnostics[0]?.text);
      const handle = new Uint8Array(Int32Array.of(programHandle(other.value.index, 0)).buffer);
      machine.maps.update(machine.mapSet.byName("jumps"), new Uint8Array(4), handle);
    };
    const result = both(made, "implicit", [{ packet }, { packet }], { prepare });
    expect(result?.difference).toBe(undefined);
    expect(result?.results).toMatchObject([
      { kind: "exit", r0: 6n },
      { kind: "exit", r0: 6n },
    ]);
  });

  it("leaves nothing on the stack, however many follow one another", () => {
    const made = program(
      `.entry jumps, 0 = main\n.map seen, type=array, key=4, value=8, max=1
       main:\nr6 = r1\nr7 = map_value[seen] ll\nr1 = 1\nlock *(u64 *)(r7 + 0) += r1\n*(u64 *)(r10 - 8) = 0x6e
       r1 = r10\nr1 += -8\nr2 = 2\ncall bpf_trace_printk\nr1 = r6\n${jump}r0 = 1\nexit\n`,
    );
    const machine = new Machine({ regime: "implicit" });
    const depths: number[] = [];
    Error.stackTraceLimit = 1000;
    Object.assign(machine.world, { print: () => depths.push(new Error().stack?.split("\n").length ?? 0) });
    const verdict = verify(made, { rcu: "implicit" });
    if (verdict.verdict !== "accepted") throw new Error(verdict.diagnostics[0]?.text);
    const compiled = compile(verdict.program, machine);
    if (!compiled.ok) throw new Error(compiled.refusal.text);
    expect(compiled.value.run({ packet })).toMatchObject({ kind: "exit" });
    expect(depths.length).toBe(34);
    // The first run is entered by another function than those that follow.
    expect(new Set(depths.slice(1)).size).toBe(1);
  });

  it("from a function goes on below it, and eight frames are the most", () => {
    const made = program(`.entry jumps, 0 = main\nmain:\ncall f\nr0 += 1\nexit\nf:\n${jump}r0 = 1\nexit\n`);
    const result = both(made, "implicit", [{ packet }]);
    expect(result?.difference).toBe(undefined);
    expect(result?.results).toMatchObject([{ kind: "fault", fault: { kind: "depth" } }]);
  });
});
