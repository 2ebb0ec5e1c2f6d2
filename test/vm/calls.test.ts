// What programs call, from programs: tail calls, loops and other callbacks, iterators, exceptions, memory of others.
// Where Linux leaves no doubt the expected numbers are its own.
import { describe, expect, it } from "vitest";
import { programHandle } from "../../src/vm/calls.ts";
import { answer, implicit, load, stored, text } from "./support.ts";

describe("tail calls", () => {
  const jumps = ".map jumps, type=prog_array, key=4, value=4, max=4";

  it("chain 33 times and then go on below", () => {
    const source = `
${jumps}
.entry jumps, 2 = again
    again:
      r6 = *(u64 *)(r1 + 0)
      r6 += 1
      *(u64 *)(r1 + 0) = r6
      r2 = jumps ll
      r3 = 2
      call bpf_tail_call
      r0 = r6
      exit`;
    expect(answer(source, { memory: new Uint8Array(8) })).toBe(34);
  });

  it.each([
    ["an empty slot", 1],
    ["a slot past the end", 4],
    ["a slot far past the end", 0x7fffffff],
  ])("%s lets the program go on", (_, index) => {
    expect(answer(`${jumps}\n r2 = jumps ll\n r3 = ${index}\n call bpf_tail_call\n r0 = 7\n exit`)).toBe(7);
  });

  it("keep the context and nothing else", () => {
    const { loaded } = load(
      `
${jumps}
.entry jumps, 0 = next
      r6 = 5
      *(u64 *)(r10 - 8) = 5
      r2 = jumps ll
      r3 = 0
      call bpf_tail_call
      exit
    next:
      r0 = *(u64 *)(r1 + 8)
      r2 = *(u64 *)(r10 - 8)
      r2 = r6
      exit`,
      implicit,
    );
    const memory = new Uint8Array(16);
    memory[8] = 42;
    const result = loaded.run({ memory });
    expect(result).toMatchObject({ kind: "exit", r0: 42n });
    expect(result.warnings.map((one) => one.kind)).toEqual(["uninitialisedStack", "uninitialisedRegister"]);
  });

  it("go to another program, with its own maps and kfuncs", () => {
    const { machine, loaded } = load(
      `${jumps}\n r2 = jumps ll\n r3 = 3\n call bpf_tail_call\n r0 = 1\n exit`,
      implicit,
    );
    const other = machine.load(
      text(`
.map own, type=array, key=4, value=8, max=1
      call bpf_rcu_read_lock
      r1 = map_value[own] + 0 ll
      *(u64 *)(r1 + 0) = 9
      call bpf_rcu_read_unlock
      r0 = 2
      exit`),
    );
    if (!other.ok) throw new Error(other.diagnostics[0].text);
    expect(loaded.run()).toMatchObject({ r0: 1n });
    const handle = new Uint8Array(4);
    new DataView(handle.buffer).setInt32(0, programHandle(1, 0), true);
    expect(machine.maps.update(machine.mapSet.byName("jumps"), Uint8Array.of(3, 0, 0, 0), handle)).toBe(0);
    expect(loaded.run()).toMatchObject({ kind: "exit", r0: 2n });
    expect(stored(machine, "own")[0]).toBe(9);
    expect(loaded.run()).toMatchObject({ kind: "exit", r0: 2n });
  });

  it("from a function replace the function alone", () => {
    const source = `
${jumps}
.entry jumps, 0 = next
      r6 = 100
      call f
      r0 += r6
      exit
    f:
      r2 = jumps ll
      r3 = 0
      call bpf_tail_call
      r0 = 1
      exit
    next:
      r0 = 2
      exit`;
    expect(answer(source)).toBe(102);
  });

  it("count across functions and callbacks", () => {
    const source = `
${jumps}
.entry jumps, 0 = body
      r1 = 40
      r2 = body ll
      r3 = 0
      r4 = 0
      call bpf_loop
      exit
    body:
      r6 = map_value[count] + 0 ll
      r7 = *(u64 *)(r6 + 0)
      r7 += 1
      *(u64 *)(r6 + 0) = r7
      r2 = jumps ll
      r3 = 0
      call bpf_tail_call
      r0 = 0
      exit
.map count, type=array, key=4, value=8, max=1`;
    const { machine, loaded } = load(source, implicit);
    expect(loaded.run()).toMatchObject({ kind: "exit", r0: 40n });
    expect(stored(machine, "count")[0]).toBe(40 + 33);
  });
});

describe("callbacks", () => {
  it("bpf_loop runs its callback in frames of its own", () => {
    const { loaded } = load(`
      r6 = 0
      *(u64 *)(r10 - 8) = 0
      r1 = 10
      r2 = add ll
      r3 = r10
      r3 += -8
      r4 = 0
      call bpf_loop
      r1 = *(u64 *)(r10 - 8)
      r0 *= 1000
      r0 += r1
      exit
    add:
      r3 = *(u64 *)(r2 + 0)
      r3 += r1
      *(u64 *)(r2 + 0) = r3
      r0 = 0
      if r1 != 6 goto done
      r0 = 1
    done:
      exit`);
    expect(loaded.run()).toMatchObject({ kind: "exit", r0: 7021n, warnings: [] });
  });

  const loop = (count: string, flags: number) =>
    `r1 = ${count}\n r2 = body ll\n r3 = 0\n r4 = ${flags}\n call bpf_loop\n exit\n body:\n r0 = 0\n exit`;
  it.each([
    ["no round", "0", 0, 0],
    ["three rounds", "3", 0, 3],
    ["flags", "3", 1, -22],
    ["more than 8388608 rounds", "8388609", 0, -7],
    ["a negative count", "-1", 0, -7],
  ])("bpf_loop of %s", (_, count, flags, want) => expect(answer(loop(count, flags))).toBe(want));

  it("keeps r6 to r9 and the stack of the caller", () => {
    const source = `
      r6 = 1
      r9 = 2
      *(u64 *)(r10 - 8) = 4
      r1 = 3
      r2 = body ll
      r3 = 0
      r4 = 0
      call bpf_loop
      r0 = *(u64 *)(r10 - 8)
      r0 += r6
      r0 += r9
      exit
    body:
      r6 = 100
      r9 = 100
      *(u64 *)(r10 - 8) = 100
      r0 = 0
      exit`;
    expect(answer(source)).toBe(7);
  });

  it("nest until the eighth frame", () => {
    const nest = (depth: number): string => {
      const bodies = Array.from({ length: depth }, (_, n) => {
        const call = `r1 = 1\n r2 = b${n + 1} ll\n r3 = 0\n r4 = 0\n call bpf_loop\n r0 = 0\n exit`;
        return `b${n}:\n ${call}`;
      });
      return `${bodies.join("\n")}\n b${depth}:\n r0 = 0\n exit`;
    };
    expect(answer(nest(7))).toBe(0);
    expect(answer(nest(8))).toBe("E0204");
  });

  it("a number that is no function of the program is refused", () => {
    expect(answer("r1 = 1\n r2 = 5\n r3 = 0\n r4 = 0\n call bpf_loop\n exit")).toBe("E0702");
  });

  it.each(["hash", "lru_hash", "array", "percpu_array", "percpu_hash"])("for_each over a %s", (type) => {
    const fill = [1, 2, 3]
      .map(
        (n) => `
      *(u32 *)(r10 - 4) = ${n}
      *(u64 *)(r10 - 16) = ${n * n}
      r1 = m ll
      r2 = r10
      r2 += -4
      r3 = r10
      r3 += -16
      r4 = 0
      call bpf_map_update_elem`,
      )
      .join("");
    const source = `
.map m, type=${type}, key=4, value=8, max=4
      ${fill}
      *(u64 *)(r10 - 24) = 0
      r1 = m ll
      r2 = add ll
      r3 = r10
      r3 += -24
      r4 = 0
      call bpf_for_each_map_elem
      r1 = *(u64 *)(r10 - 24)
      r1 *= 10
      r0 += r1
      exit
    add:
      r2 = *(u32 *)(r2 + 0)
      r3 = *(u64 *)(r3 + 0)
      r3 *= r2
      r1 = *(u64 *)(r4 + 0)
      r1 += r3
      *(u64 *)(r4 + 0) = r1
      r0 = 0
      exit`;
    // An array has four elements, the first 0.
    expect(answer(source)).toBe((1 + 8 + 27) * 10 + (type.includes("array") ? 4 : 3));
  });

  it("for_each stops when its callback says so, which may delete the element it is at", () => {
    const source = `
.map m, type=hash, key=4, value=8, max=4
.entry m, 1 = 1
.entry m, 2 = 2
.entry m, 3 = 3
      r1 = m ll
      r2 = visit ll
      r3 = 0
      r4 = 0
      call bpf_for_each_map_elem
      r6 = r0
      r1 = m ll
      r2 = stop ll
      r3 = 0
      r4 = 0
      call bpf_for_each_map_elem
      r0 *= 10
      r0 += r6
      exit
    visit:
      r3 = *(u64 *)(r3 + 0)
      r0 = 0
      if r3 == 2 goto keep
      call bpf_map_delete_elem
      r0 = 0
    keep:
      exit
    stop:
      r0 = 1
      exit`;
    expect(answer(source)).toBe(13);
  });
});

describe("iterators and exceptions", () => {
  const iterate = (start: string, end: string) => `
      r6 = 0
      r1 = r10
      r1 += -8
      r2 = ${start}
      r3 = ${end}
      call bpf_iter_num_new
      r7 = r0
    next:
      r1 = r10
      r1 += -8
      call bpf_iter_num_next
      if r0 == 0 goto end
      r1 = *(s32 *)(r0 + 0)
      r6 += r1
      goto next
    end:
      r1 = r10
      r1 += -8
      call bpf_iter_num_next
      if r0 != 0 goto wrong
      r1 = r10
      r1 += -8
      call bpf_iter_num_destroy
      r0 = r6
      r0 += r7
      exit
    wrong:
      r0 = 1000
      exit`;
  it.each([
    ["three to seven", "3", "7", 3 + 4 + 5 + 6],
    ["below zero", "-3", "1", -6],
    ["nothing", "5", "5", 0],
    ["backwards", "5", "4", -22],
    ["too far", "0", "8388609", -7],
    ["from the least number", "-2147483648", "-2147483646", -2147483648 - 2147483647],
    ["to the greatest number", "2147483645", "2147483647", 2147483645 + 2147483646],
  ])("a number iterator over %s", (_, start, end, want) => expect(answer(iterate(start, end))).toBe(want));

  it.each([
    ["a function", "call f\n r0 = 1\n exit\n f:\n r1 = 42\n call bpf_throw\n exit"],
    [
      "a callback",
      "r1 = 3\n r2 = f ll\n r3 = 0\n r4 = 0\n call bpf_loop\n r0 = 1\n exit\n f:\n r1 = 42\n call bpf_throw\n exit",
    ],
  ])("bpf_throw ends the program with its cookie, from %s", (_, source) => {
    const { loaded } = load(source, implicit);
    expect(loaded.run()).toMatchObject({ kind: "exit", r0: 42n });
    expect(loaded.run()).toMatchObject({ kind: "exit", r0: 42n });
  });

  it("may_goto lets a loop run 8388608 times", () => {
    const { loaded } = load("r0 = 0\n l: may_goto done\n r0 += 1\n goto l\n done: exit", { maxInstructions: 1e8 });
    expect(loaded.run()).toMatchObject({ kind: "exit", r0: 8388608n });
  });
});

describe("other memory", () => {
  const copy = (helper: string, size: number) => `
.prog syscall
      *(u64 *)(r10 - 8) = -1
      r1 = r10
      r1 += -8
      r2 = ${size}
      r3 = 4096
      call ${helper}
      r1 = *(u64 *)(r10 - 8)
      if r1 == 0 goto cleared
      exit
    cleared:
      r0 += 1000
      exit`;
  it.each(["bpf_copy_from_user", "bpf_probe_read_kernel"])(
    "%s finds nothing there and clears what it was to fill",
    (helper) => {
      expect(answer(copy(helper, 8))).toBe(1000 - 14);
      expect(answer(copy(helper, 0))).toBe(0);
    },
  );

  it("LD_ABS past the packet ends the program with 0", () => {
    const { loaded } = load(".prog socket_filter\n r6 = r1\n r0 = *(u16 *)skb[12]\n r0 += 1\n exit");
    expect(loaded.run({ packet: new Uint8Array(13) })).toMatchObject({ kind: "exit", r0: 0n });
    const packet = new Uint8Array(14);
    packet.set([8, 6], 12);
    expect(loaded.run({ packet })).toMatchObject({ kind: "exit", r0: 0x807n });
  });

  it("bpf_skb_load_bytes copies what is there", () => {
    const source = `.prog socket_filter
      *(u64 *)(r10 - 8) = -1
      r2 = 2
      r3 = r10
      r3 += -8
      r4 = 4
      call bpf_skb_load_bytes
      r1 = *(u32 *)(r10 - 8)
      r0 += r1
      exit`;
    expect(answer(source, { packet: Uint8Array.of(1, 2, 3, 4, 5, 6) })).toBe(0x06050403);
    expect(answer(source, { packet: Uint8Array.of(1, 2, 3, 4, 5) })).toBe(-14);
  });
});
