// CPUs as threads on one memory: what is atomic, locked or waited for must be so among them, and a machine that is shared
// must do to its memory what one does that is not.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { compile } from "../../src/jit/compile.ts";
import { Cpus, executeOnCpus } from "../../src/lab/node-cpus.ts";
import { verify } from "../../src/verifier/verify.ts";
import { Machine } from "../../src/vm/machine.ts";
import { corpusFiles, programOf } from "../support/corpus.ts";
import { randomFrom } from "../support/generate.ts";

const seed = Number(process.env.SEED ?? Date.now() % 2147483647);
const zero = new Uint8Array(4);

function verified(text: string) {
  const program = assemble(text);
  if (!program.ok) throw new Error(program.diagnostics[0]?.text);
  const verdict = verify(program.value);
  if (verdict.verdict !== "accepted") throw new Error(verdict.diagnostics[0]?.text);
  return verdict.program;
}

/** The program loaded, or compiled, in a machine that is or is not shared. */
function ready(text: string, shared: boolean, engine: "interp" | "jit", cpus = 2) {
  const machine = new Machine({ shared, cpus });
  const program = verified(text);
  if (engine === "jit") {
    const compiled = compile(program, machine);
    if (!compiled.ok) throw new Error(compiled.refusal.text);
    return { machine, program: compiled.value };
  }
  const loaded = machine.load(program.program);
  if (!loaded.ok) throw new Error(loaded.diagnostics[0]?.text);
  return { machine, program: loaded.value };
}

function number(bytes: Uint8Array, at = 0): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true));
}

/** Looks up element 0 of the map `m` and does `body` with it in r6, `times` times, with r7 counting. */
const counting = (map: string, body: string, times = 200) => `
.prog syscall
.map m, ${map}
        *(u32 *)(r10 - 4) = 0
        r7 = 0
        call bpf_rcu_read_lock
        r1 = m ll
        r2 = r10
        r2 += -4
        call bpf_map_lookup_elem
        if r0 == 0 goto out
        r6 = r0
again:
${body}
        r7 += 1
        if r7 < ${times} goto again
out:
        call bpf_rcu_read_unlock
        r0 = 0
        exit`;

const engines = ["interp", "jit"] as const;

describe.each(engines)("two CPUs at the same time, %s", (engine) => {
  it("lose no atomic increment", async () => {
    const body = "r1 = 1\nlock *(u64 *)(r6 + 0) += r1\nr1 = 1\nr1 = atomic_fetch_add((u32 *)(r6 + 8), r1)";
    const { machine, program } = ready(counting("type=array, key=4, value=16, max=1", body), true, engine);
    const cpus = new Cpus(program, { repeat: 300 });
    await cpus.start();
    const reports = await cpus.reports;
    expect(reports.map(({ cpu, runs, result }) => [cpu, runs, result.kind])).toEqual([
      [0, 300, "exit"],
      [1, 300, "exit"],
    ]);
    const { value } = machine.maps.lookup(1, zero);
    expect([number(value), number(value, 8)]).toEqual([120_000, 120_000]);
  });

  it("keep each other out with a spin lock", async () => {
    const body = `
        r1 = r6
        call bpf_spin_lock
        r8 = *(u64 *)(r6 + 8)
        r8 += 1
        *(u64 *)(r6 + 8) = r8
        r1 = r6
        call bpf_spin_unlock`;
    const text = counting("type=array, key=4, value=16, max=1, spin_lock=0", body, 50);
    const { machine, program } = ready(text, true, engine);
    const cpus = new Cpus(program, { repeat: 40 });
    await cpus.start();
    expect((await cpus.reports).map(({ result }) => result.kind)).toEqual(["exit", "exit"]);
    expect(number(machine.maps.lookup(1, zero).value, 8)).toBe(4000);
  });

  it("insert into and delete from one hash table, and leave it whole", async () => {
    const text = `
.prog syscall
.map m, type=hash, key=4, value=8, max=64, flags=BPF_F_NO_PREALLOC
        call bpf_rcu_read_lock
        r7 = 0
again:
        call bpf_get_prandom_u32
        w0 &= 31
        *(u32 *)(r10 - 4) = r0
        *(u64 *)(r10 - 16) = r0
        r1 = m ll
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -16
        r4 = 0
        call bpf_map_update_elem
        call bpf_get_prandom_u32
        w0 &= 31
        *(u32 *)(r10 - 4) = r0
        r1 = m ll
        r2 = r10
        r2 += -4
        call bpf_map_delete_elem
        r7 += 1
        if r7 < 100 goto again
        call bpf_rcu_read_unlock
        r0 = 0
        exit`;
    const { machine, program } = ready(text, true, engine);
    const cpus = new Cpus(program, { repeat: 20 });
    await cpus.start();
    expect((await cpus.reports).map(({ result }) => result.kind)).toEqual(["exit", "exit"]);
    const left = [...machine.maps.entries(1)];
    const keys = left.map(([key]) => new DataView(key.buffer).getUint32(0, true));
    expect(new Set(keys).size).toBe(keys.length);
    for (const [key, value] of left) {
      expect(number(value)).toBe(new DataView(key.buffer).getUint32(0, true));
      expect(machine.maps.delete(1, key)).toBe(0);
    }
    expect([...machine.maps.entries(1)]).toEqual([]);
  });
});

it("waits in synchronizeRcu() for the sections of other threads", async () => {
  const text = programOf(corpusFiles("../../examples").filter(({ name }) => name === "swapped-counter.bpf")[0]);
  const verdict = verify(text);
  if (verdict.verdict !== "accepted") throw new Error("the example is refused");
  const machine = new Machine({ shared: true, cpus: 1, maps: { profile: { outerUpdateWaits: false } } });
  const compiled = compile(verdict.program, machine);
  if (!compiled.ok) throw new Error(compiled.refusal.text);
  const { maps, mapSet } = machine;
  const inner = [mapSet.byName("counter"), maps.create({ ...text.maps[0], name: "other" })];
  const cpus = new Cpus(compiled.value);
  await cpus.start();
  let touched = 0;
  for (let swap = 0; swap < 50; swap++) {
    const handle = new Uint8Array(4);
    new DataView(handle.buffer).setUint32(0, inner[(swap + 1) % 2], true);
    expect(maps.update(mapSet.byName("current"), zero, handle)).toBe(0);
    expect(machine.synchronizeRcu()).toBe(true);
    const before = number(maps.lookup(inner[swap % 2], zero).value);
    for (const end = performance.now() + 0.2; performance.now() < end; );
    if (number(maps.lookup(inner[swap % 2], zero).value) !== before) touched++;
  }
  cpus.stop();
  const [report] = await cpus.reports;
  expect([report.result.kind, touched]).toEqual(["exit", 0]);
});

it("does not wait for itself: a machine of one thread says that a section is open", () => {
  const machine = new Machine();
  machine.rcu.lock(0);
  expect(machine.synchronizeRcu()).toBe(false);
  machine.rcu.unlock(0);
  expect(machine.synchronizeRcu()).toBe(true);
  expect(machine.pending).toEqual([]);
});

it("reports a fault of one CPU, and lets the other finish", async () => {
  const program = assemble(`
        call bpf_get_smp_processor_id
        if r0 == 0 goto out
        r1 = 0
        r0 = *(u64 *)(r1 + 0)
out:    exit`);
  if (!program.ok) throw new Error("does not assemble");
  const ran = await executeOnCpus(program.value, 2, { repeat: 3, engine: "interp" });
  if (!ran.ok) throw new Error("does not load");
  expect(ran.value.reports.map(({ runs, result }) => [runs, result.kind])).toEqual([
    [3, "exit"],
    [1, "fault"],
  ]);
  expect(ran.value.result.kind).toBe("fault");
});

it("refuses CPUs that the machine does not have, and machines that are not shared", () => {
  const text = "r0 = 0\nexit";
  expect(() => new Cpus(ready(text, true, "interp").program, { cpus: [2] })).toThrow("there is no CPU 2");
  expect(() => new Cpus(ready(text, false, "interp").program)).toThrow("made to be shared");
});

/** Every atomic instruction on r6's 8 bytes with r1, what it fetches being left in r1. */
function atomicLines(): readonly string[] {
  const both = [8, 4].flatMap((size) => {
    const r = size === 8 ? "r" : "w";
    const memory = `(u${size * 8} *)(r6 + 0)`;
    const exchange = size === 8 ? "xchg_64" : "xchg32_32";
    const compare = size === 8 ? "cmpxchg_64" : "cmpxchg32_32";
    return [
      ...["+=", "|=", "&=", "^="].map((op) => `lock *${memory} ${op} ${r}1`),
      ...["add", "or", "and", "xor"].map((op) => `${r}1 = atomic_fetch_${op}(${memory}, ${r}1)`),
      `${r}1 = ${exchange}(r6 + 0, ${r}1)`,
      // What is expected stands in r0: what is there, then something else.
      ...[`*${memory}`, `${r}1`].map((from) => `${r}0 = ${from}\n${r}0 = ${compare}(r6 + 0, ${r}0, ${r}1)\nr1 = r0`),
    ];
  });
  const ordered = [1, 2, 4, 8].flatMap((size) => {
    const r = size === 8 ? "r" : "w";
    const memory = `(u${size * 8} *)(r6 + 0)`;
    return [`${r}1 = load_acquire(${memory})`, `store_release(${memory}, ${r}1)`];
  });
  return [...both, ...ordered];
}

it(`does the same atomically as alone, in both engines (SEED=${seed})`, () => {
  const random = randomFrom(seed);
  const some = () => BigInt(Math.floor(random() * 2 ** 32)) * 0x123456789n;
  expect(atomicLines().length).toBe(30);
  for (const line of atomicLines()) {
    const body = `
        r1 = ${BigInt.asIntN(64, some())} ll
        *(u64 *)(r6 + 0) = r1
        r1 = ${BigInt.asIntN(64, some())} ll
${line}
        *(u64 *)(r6 + 8) = r1`;
    const text = counting("type=array, key=4, value=16, max=1", body, 1);
    const seen = engines.flatMap((engine) =>
      [false, true].map((shared) => {
        const { machine, program } = ready(text, shared, engine, 1);
        return `${program.run().kind} ${machine.maps.lookup(1, zero).value}`;
      }),
    );
    expect([line, ...new Set(seen)]).toEqual([line, seen[0]]);
    expect(seen[0]).toContain("exit");
  }
});
