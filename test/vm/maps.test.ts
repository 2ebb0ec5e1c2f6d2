// Maps from programs: ring buffers, maps of maps, spin locks, per-CPU values, queues and stacks; one CPU after the other
// and several at once.
import { describe, expect, it } from "vitest";
import { Machine, type Result, type Run } from "../../src/vm/machine.ts";
import { answer, implicit, load, seed, stored, text } from "./support.ts";

const key = (n: number) => Uint8Array.of(n, 0, 0, 0);
const u64 = (bytes: Uint8Array, at = 0) => Number(Buffer.from(bytes).readBigUInt64LE(at));
const lookup = (map: string) => `
      r1 = ${map} ll
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem`;

/** Runs programs on CPUs of one machine, loaded in this order, and gives their runs at the first instruction. */
function together(sources: readonly string[]): { readonly machine: Machine; readonly runs: readonly Run[] } {
  const machine = new Machine({ cpus: sources.length, ...implicit });
  const runs = sources.map((source, cpu) => {
    const loaded = machine.load(text(source));
    if (!loaded.ok) throw new Error(loaded.diagnostics[0].text);
    return loaded.value.start({ cpu });
  });
  return { machine, runs };
}

describe("ring buffer", () => {
  const ring = ".map rb, type=ringbuf, max=4096\n";
  const reserve = (size: number) => `
      r1 = rb ll
      r2 = ${size}
      r3 = 0
      call bpf_ringbuf_reserve`;
  const end = (how: string) => `r1 = r6\n r2 = 0\n call bpf_ringbuf_${how}\n`;
  const records = (machine: Machine) => machine.maps.consume(machine.mapSet.byName("rb")).map((bytes) => [...bytes]);

  it("shows what was submitted, in order, and not what was discarded", () => {
    const record = (value: number, how: string) => `
      ${reserve(4)}
      if r0 == 0 goto out
      r6 = r0
      *(u32 *)(r6 + 0) = ${value}
      ${end(how)}`;
    const { machine, loaded } = load(
      `${ring}${record(1, "submit")}${record(2, "discard")}${record(3, "submit")} r0 = 0\n out: exit`,
    );
    expect(loaded.run()).toMatchObject({ kind: "exit", warnings: [] });
    expect(records(machine)).toEqual([
      [1, 0, 0, 0],
      [3, 0, 0, 0],
    ]);
    expect(records(machine)).toEqual([]);
  });

  it("takes copies by bpf_ringbuf_output", () => {
    const { machine, loaded } = load(`${ring}
      *(u64 *)(r10 - 8) = 0x0a0b0c0d
      r1 = rb ll
      r2 = r10
      r2 += -8
      r3 = 3
      r4 = 0
      call bpf_ringbuf_output
      exit`);
    expect(loaded.run()).toMatchObject({ r0: 0n });
    expect(records(machine)).toEqual([[0x0d, 0x0c, 0x0b]]);
  });

  // A record of 8 bytes takes 16, and one byte of the ring stays free: 255 fit into 4096.
  const fill = `
      r7 = 0
    again:
      r7 += 1
      ${reserve(8)}
      if r0 == 0 goto full
      r6 = r0
      *(u64 *)(r6 + 0) = r7
      ${end("submit")}
      goto again
    full:`;

  it("is full until somebody reads it", () => {
    const { machine, loaded } = load(`${ring}${fill}\n r0 = r7\n exit`);
    expect(loaded.run()).toMatchObject({ r0: 256n });
    expect(records(machine)).toHaveLength(255);
    expect(loaded.run()).toMatchObject({ r0: 256n });
    expect(records(machine).at(-1)?.[0]).toBe(255);
  });

  it.each([
    [
      "output into a full ring",
      `${fill} r1 = rb ll\n r2 = r10\n r2 += -8\n *(u64 *)(r2 + 0) = 0\n r3 = 8\n r4 = 0\n call bpf_ringbuf_output\n exit`,
      -11,
    ],
    [
      "output with unknown flags",
      "*(u64 *)(r10 - 8) = 0\n r1 = rb ll\n r2 = r10\n r2 += -8\n r3 = 8\n r4 = 4\n call bpf_ringbuf_output\n exit",
      -22,
    ],
    ["a record longer than the ring", `${reserve(4096)}\n exit`, 0],
    ["reserve with flags", `${reserve(8).replace("r3 = 0", "r3 = 1")}\n exit`, 0],
    ["the available data", `${fill} r1 = rb ll\n r2 = 0\n call bpf_ringbuf_query\n exit`, 4080],
    ["the size", "r1 = rb ll\n r2 = 1\n call bpf_ringbuf_query\n exit", 4096],
    ["the producer's position", `${fill} r1 = rb ll\n r2 = 3\n call bpf_ringbuf_query\n exit`, 4080],
    ["the consumer's position", `${fill} r1 = rb ll\n r2 = 2\n call bpf_ringbuf_query\n exit`, 0],
  ])("%s", (_, source, want) => expect(answer(ring + source)).toBe(want));

  it("a record that is not finished holds back those behind it", () => {
    const { machine, runs } = together([
      `${ring}${reserve(8)}\n r6 = r0\n *(u64 *)(r6 + 0) = 1\n ${end("submit")} r0 = 0\n exit`,
      `${ring}${reserve(8)}\n r6 = r0\n *(u64 *)(r6 + 0) = 2\n ${end("submit")} r0 = 0\n exit`,
    ]);
    const [first, second] = runs;
    while (first.pc < 7) first.step();
    second.finish();
    expect(records(machine)).toEqual([]);
    first.finish();
    expect(records(machine).map(([byte]) => byte)).toEqual([1, 2]);
  });

  it("a record may not be written past its end, nor after it was submitted", () => {
    const past = (offset: string) =>
      `${ring}${reserve(8)}\n r6 = r0\n *(u8 *)(r6 ${offset}) = 1\n ${end("submit")} r0 = 0\n exit`;
    expect([past("+ 7"), past("+ 8"), past("- 1")].map((source) => answer(source))).toEqual([0, "E0302", "E0302"]);
    const late = `${ring}${reserve(8)}\n r6 = r0\n ${end("submit")} *(u64 *)(r6 + 0) = 1\n r0 = 0\n exit`;
    expect(answer(late, {}, { ...implicit, strict: true })).toBe("E0503");
  });
});

describe("maps of maps", () => {
  const maps = `
.map one, type=array, key=4, value=8, max=1
.map two, type=array, key=4, value=8, max=1
.map outer, type=array_of_maps, key=4, value=4, max=2, inner=one
.entry one, 0 = 1
.entry two, 0 = 2
.entry outer, 0 = one
`;
  const inside = `
      ${lookup("outer")}
      if r0 == 0 goto out
      r6 = r0
      r1 = r6
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto out
      r0 = *(u64 *)(r0 + 0)`;
  const program = `${maps}\n *(u32 *)(r10 - 4) = 0\n ${inside}\n out:\n exit`;

  function swap(machine: Machine, name: string): number {
    const id = new Uint8Array(4);
    id[0] = machine.mapSet.byName(name);
    return machine.maps.update(machine.mapSet.byName("outer"), key(0), id);
  }

  it("lead to the inner map's value", () => {
    const { machine, loaded } = load(program, implicit);
    expect(loaded.run()).toMatchObject({ r0: 1n });
    expect(swap(machine, "two")).toBe(0);
    expect(loaded.run()).toMatchObject({ r0: 2n });
    expect(answer(program.replace("(r10 - 4) = 0", "(r10 - 4) = 1"))).toBe(0);
    expect(answer(program.replace("(r10 - 4) = 0", "(r10 - 4) = 2"))).toBe(0);
  });

  it("an inner map that is swapped out lives until the program that holds it has left", () => {
    const { machine, loaded } = load(program, implicit);
    const run = loaded.start();
    while (run.pc < 7) run.step();
    const one = machine.mapSet.byName("one");
    expect(swap(machine, "two")).toBe(0);
    machine.maps.maps.close(one);
    machine.rcu.advance();
    expect(machine.pending).toMatchObject([{ name: "free map", due: false, waitsFor: [0] }]);
    expect(run.finish()).toMatchObject({ kind: "exit", r0: 1n, warnings: [] });
    machine.rcu.advance();
    expect(machine.pending).toEqual([]);
    expect(machine.mapSet.byName("one")).toBe(0);
    expect(loaded.run()).toMatchObject({ r0: 2n });
  });

  it("nobody waits for a program without a section: it finds the map freed", () => {
    const { machine, loaded } = load(`.prog syscall\n${program}`, implicit);
    const run = loaded.start();
    while (run.pc < 7) run.step();
    const one = machine.mapSet.byName("one");
    swap(machine, "two");
    machine.maps.maps.close(one);
    machine.rcu.advance();
    expect(machine.pending).toEqual([]);
    expect(run.finish()).toMatchObject({
      kind: "fault",
      fault: { code: "E0503", history: [{ what: "born", pc: 5 }, { what: "freed" }] },
    });
  });

  it("under the explicit regime the inner map is as good as its section", () => {
    const lock = "call bpf_rcu_read_lock";
    const unlock = "call bpf_rcu_read_unlock";
    const good = `${maps}\n *(u32 *)(r10 - 4) = 0\n ${lock}\n ${inside}\n r6 = r0\n ${unlock}\n r0 = r6\n out:\n exit`;
    expect(answer(good, {}, {})).toBe(1);
    const relocked = good.replace("r6 = r0\n      r1 = r6", `r6 = r0\n ${unlock}\n ${lock}\n r1 = r6`);
    expect(answer(relocked, {}, {})).toBe("L0601");
  });

  it("programs may look, but not change them", () => {
    const update = "r1 = outer ll\n r2 = r10\n r2 += -4\n r3 = r2\n r4 = 0\n call bpf_map_update_elem\n exit";
    expect(answer(`${maps}\n *(u32 *)(r10 - 4) = 0\n ${update}`)).toBe(-95);
    const write = `${maps}\n *(u32 *)(r10 - 4) = 0\n ${lookup("outer")}\n *(u32 *)(r0 + 0) = 5\n exit`;
    expect(answer(write)).toBe("E0308");
  });

  it("of type hash as well", () => {
    const source = program
      .replace("type=array_of_maps, key=4, value=4, max=2", "type=hash_of_maps, key=4, value=4, max=2")
      .replaceAll("(r10 - 4) = 0", "(r10 - 4) = 0");
    const { machine, loaded } = load(source, implicit);
    expect(loaded.run()).toMatchObject({ r0: 1n });
    expect(swap(machine, "two")).toBe(0);
    expect(loaded.run()).toMatchObject({ r0: 2n });
  });
});

describe(`spin locks, two CPUs in any order (SEED=${seed})`, () => {
  const count = (locked: boolean) => `
.map m, type=array, key=4, value=16, max=1, spin_lock=0
      r7 = 5
      *(u32 *)(r10 - 4) = 0
      ${lookup("m")}
      if r0 == 0 goto out
      r6 = r0
    again:
      ${locked ? "r1 = r6\n call bpf_spin_lock" : ""}
      r8 = *(u64 *)(r6 + 8)
      r8 += 1
      *(u64 *)(r6 + 8) = r8
      ${locked ? "r1 = r6\n call bpf_spin_unlock" : ""}
      r7 += -1
      if r7 != 0 goto again
      r0 = 0
    out:
      exit`;

  function totals(locked: boolean): readonly number[] {
    const found = [];
    for (let n = 0; n < 30; n++) {
      const { machine, runs } = together([count(locked), count(locked)]);
      const results = machine.interleave(runs, seed + n);
      expect(results.map((result) => result.kind)).toEqual(["exit", "exit"]);
      found.push(u64(stored(machine, "m"), 8));
    }
    return found;
  }

  it("lose no addition", () => expect(new Set(totals(true))).toEqual(new Set([10])));
  it("and without them some are lost", () => expect(Math.min(...totals(false))).toBeLessThan(10));

  it("a lock that nobody will release ends the run that waits for it", () => {
    const keep = count(true).replace(/r1 = r6\s+call bpf_spin_unlock/, "");
    const { runs } = together([keep, count(true)]);
    expect(runs[0].finish()).toMatchObject({ kind: "fault", fault: { code: "E0607" } });
    expect(runs[1].finish()).toMatchObject({ kind: "fault", fault: { code: "E0607", pc: 10 } });
  });

  it("a blocked CPU goes on when the lock is free", () => {
    const { machine, runs } = together([count(true), count(true)]);
    const [holder, waiter] = runs;
    while (holder.pc < 11) holder.step();
    while (waiter.status !== "blocked") waiter.step();
    expect(waiter.pc).toBe(10);
    expect(waiter.step()).toBe("blocked");
    const finished: Result[] = [holder.finish(), waiter.finish()];
    expect(finished.map((result) => result.kind)).toEqual(["exit", "exit"]);
    expect(u64(stored(machine, "m"), 8)).toBe(10);
  });
});

describe.each(["percpu_array", "percpu_hash", "lru_percpu_hash"])("values of each CPU in a %s", (type) => {
  const map = `.map m, type=${type}, key=4, value=8, max=4\n`;
  const add = (by: number) => `${map}
      *(u32 *)(r10 - 4) = 1
      *(u64 *)(r10 - 16) = 0
      r1 = m ll
      r2 = r10
      r2 += -4
      r3 = r10
      r3 += -16
      r4 = ${type === "percpu_array" ? 0 : 1}
      call bpf_map_update_elem
      ${lookup("m")}
      if r0 == 0 goto out
      r1 = *(u64 *)(r0 + 0)
      r1 += ${by}
      *(u64 *)(r0 + 0) = r1
      r0 = r1
    out:
      exit`;
  const other = (cpu: number) => `${map}
      *(u32 *)(r10 - 4) = 1
      r1 = m ll
      r2 = r10
      r2 += -4
      r3 = ${cpu}
      call bpf_map_lookup_percpu_elem
      if r0 == 0 goto out
      r0 = *(u64 *)(r0 + 0)
    out:
      exit`;

  it("each CPU sees its own, and all of them on request", () => {
    const { machine, runs } = together([add(10), add(7)]);
    expect(runs[0].finish()).toMatchObject({ r0: 10n });
    expect(runs[1].finish()).toMatchObject({ r0: 7n });
    const look = (cpu: number, at: number) => {
      const loaded = machine.load(text(other(cpu)));
      if (!loaded.ok) throw new Error(loaded.diagnostics[0].text);
      const result = loaded.value.run({ cpu: at });
      return result.kind === "exit" ? Number(result.r0) : result.fault.code;
    };
    expect([look(0, 0), look(1, 0), look(0, 1), look(1, 1), look(2, 0)]).toEqual([10, 7, 10, 7, 0]);
    const all = stored(machine, "m", 1);
    expect([u64(all, 0), u64(all, 8)]).toEqual([10, 7]);
  });
});

it.each(["percpu_array", "percpu_hash"])("an entry of a %s is every CPU's", (type) => {
  const source = `.map m, type=${type}, key=4, value=4, max=2\n.entry m, 1 = 9\n r0 = 0\n exit`;
  for (const cpus of [1, 3]) {
    const machine = new Machine({ cpus });
    expect(machine.load(text(source)).ok).toBe(true);
    const each = Array.from({ length: cpus }, () => [9, 0, 0, 0, 0, 0, 0, 0]);
    expect([...stored(machine, "m", 1)]).toEqual(each.flat());
  }
});

describe("queues and stacks", () => {
  const push = (value: number, flags = 0) => `
      *(u64 *)(r10 - 8) = ${value}
      r1 = m ll
      r2 = r10
      r2 += -8
      r3 = ${flags}
      call bpf_map_push_elem\n`;
  const take = (how: string) => `
      r1 = m ll
      r2 = r10
      r2 += -16
      call bpf_map_${how}_elem\n`;
  const three = `${push(1)}${push(2)}${push(3)}`;
  const show = "r1 = r0\n r0 = *(u64 *)(r10 - 16)\n if r1 == 0 goto out\n r0 = r1\n out:\n exit";

  it.each([
    ["queue", "pop", 1],
    ["queue", "peek", 1],
    ["stack", "pop", 3],
    ["stack", "peek", 3],
  ])("a %s gives by %s", (type, how, want) => {
    const map = `.map m, type=${type}, value=8, max=4\n`;
    expect(answer(`${map}${three}${take(how)}${show}`)).toBe(want);
    const second = how === "peek" ? want : 2;
    expect(answer(`${map}${three}${take(how)}${take(how)}${show}`)).toBe(second);
  });

  it.each(["queue", "stack"])("an empty or full %s says so", (type) => {
    const map = `.map m, type=${type}, value=8, max=2\n`;
    expect(answer(`${map} *(u64 *)(r10 - 16) = 5\n ${take("pop")}${show}`)).toBe(-2);
    expect(answer(`${map}${three} exit`)).toBe(-7);
    expect(answer(`${map}${push(1)}${push(2, 1)} exit`)).toBe(-22);
    // BPF_EXIST: the oldest makes room.
    expect(answer(`${map}${push(1)}${push(2)}${push(3, 2)}${take("pop")}${show}`)).toBe(type === "queue" ? 2 : 3);
  });
});
