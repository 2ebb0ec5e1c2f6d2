// bpf_timer from programs: when callbacks run, what they get, and what ends them.
import { describe, expect, it } from "vitest";
import { answer, implicit, load, stored } from "./support.ts";

describe("timers", () => {
  const find = (map: string) => `
      *(u32 *)(r10 - 4) = 0
      r1 = ${map} ll
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      r6 = r0`;
  const timer = (type: string, body: string, tick: string, clock = 1) => `
.map m, type=${type}, key=4, value=24, max=1, timer=0
.entry m, 0 = hex:${"00".repeat(24)}
      ${find("m")}
      r1 = r6
      r2 = m ll
      r3 = ${clock}
      call bpf_timer_init
      if r0 != 0 goto out
      r1 = r6
      r2 = tick ll
      call bpf_timer_set_callback
      ${body}
    out:
      exit
    tick:
      r6 = r3
      r7 = *(u64 *)(r3 + 16)
      r7 += 1
      *(u64 *)(r3 + 16) = r7
      ${tick}
      r0 = 0
      exit`;
  const startIn = (nanoseconds: number, flags = 0) =>
    `r1 = r6\n r2 = ${nanoseconds}\n r3 = ${flags}\n call bpf_timer_start\n`;
  const cancel = "r1 = r6\n call bpf_timer_cancel\n";

  describe.each(["array", "hash"])("in a map of type %s", (type) => {
    it("run when their time has come, once", () => {
      const { machine, loaded } = load(timer(type, startIn(1000), ""), implicit);
      expect(loaded.run()).toMatchObject({ kind: "exit", r0: 0n });
      expect(machine.advanceTime(999n)).toEqual([]);
      expect(machine.advanceTime(1n)).toMatchObject([{ kind: "exit", r0: 0n }]);
      expect(machine.advanceTime(5000n)).toEqual([]);
      expect(stored(machine, "m")[16]).toBe(1);
    });

    it("start themselves again", () => {
      const { machine, loaded } = load(timer(type, startIn(1000), startIn(1000)), implicit);
      loaded.run();
      expect(machine.advanceTime(10_500n)).toHaveLength(10);
      expect(stored(machine, "m")[16]).toBe(10);
    });

    it("are cancelled, and say whether they were armed", () => {
      const twice = `${startIn(1000)}${cancel} r7 = r0\n ${cancel} r7 *= 10\n r0 += r7\n`;
      const { machine, loaded } = load(timer(type, twice, ""), implicit);
      expect(loaded.run()).toMatchObject({ kind: "exit", r0: 10n });
      expect(machine.advanceTime(5000n)).toEqual([]);
    });

    it("cannot cancel themselves from within", () => {
      const { machine, loaded } = load(timer(type, startIn(1), `${cancel} *(u64 *)(r6 + 16) = r0`), implicit);
      loaded.run();
      machine.advanceTime(1n);
      expect(stored(machine, "m")[16]).toBe(256 - 35);
    });

    it("start at a given time", () => {
      const { machine, loaded } = load(timer(type, startIn(1500, 1), ""), implicit);
      machine.advanceTime(1000n);
      loaded.run();
      expect(machine.advanceTime(499n)).toEqual([]);
      expect(machine.advanceTime(1n)).toHaveLength(1);
    });
  });

  it("go with the element they are in", () => {
    const { machine, loaded } = load(timer("hash", startIn(1000), ""), implicit);
    loaded.run();
    expect(machine.maps.delete(machine.mapSet.byName("m"), new Uint8Array(4))).toBe(0);
    expect(machine.advanceTime(5000n)).toEqual([]);
  });

  it.each([
    ["initialised twice", timer("array", "r1 = r6\n r2 = m ll\n r3 = 1\n call bpf_timer_init\n", ""), -16],
    ["of an unknown clock", timer("array", "", "", 5), -22],
    ["started with unknown flags", timer("array", startIn(1, 8), ""), -22],
    [
      "started without a callback",
      timer("array", startIn(1), "").replace(/r1 = r6\n\s+r2 = tick ll\n\s+call bpf_timer_set_callback/, ""),
      -22,
    ],
    [
      "cancelled but never initialised",
      `.map m, type=array, key=4, value=24, max=1, timer=0\n${find("m")}\n ${cancel} exit`,
      -22,
    ],
  ])("%s", (_, source, want) => expect(answer(source)).toBe(want));

  it("hand their callback the map, the key and the value", () => {
    const tick = "r1 = *(u32 *)(r2 + 0)\n *(u8 *)(r6 + 20) = r1\n";
    const { machine, loaded } = load(
      timer("hash", startIn(1), tick)
        .replaceAll("entry m, 0", "entry m, 7")
        .replaceAll("(r10 - 4) = 0", "(r10 - 4) = 7"),
      implicit,
    );
    loaded.run();
    expect(machine.advanceTime(1n)).toMatchObject([{ kind: "exit" }]);
    expect(stored(machine, "m", 7)[20]).toBe(7);
  });
});
