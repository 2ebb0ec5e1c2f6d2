// What a fault tells of the way to it: where the pointer came from, what became of its element, and which RCU section
// opened and closed, each at its instruction; whether or not anybody listened.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { faultDiagnostic } from "../../src/vm/fault.ts";
import { Machine, type MachineOptions } from "../../src/vm/machine.ts";
import { load } from "./support.ts";

function told(source: string, options: MachineOptions = {}): readonly string[] {
  const result = load(source, options).loaded.run();
  if (result.kind !== "fault") throw new Error(`no fault: ${result.r0}`);
  return [...result.fault.history.map(({ what, pc }) => `${what} ${pc}`), `${result.fault.code} ${result.fault.pc}`];
}

const lookup = "r1 = m ll\n r2 = r10\n r2 += -4\n call bpf_map_lookup_elem";
const update = "r1 = m ll\n r2 = r10\n r2 += -4\n r3 = r10\n r3 += -16\n r4 = 0\n call bpf_map_update_elem";
const remove = "r1 = m ll\n r2 = r10\n r2 += -4\n call bpf_map_delete_elem";
const start = (type: string) => `
.map m, type=${type}, key=4, value=8, max=4
  *(u32 *)(r10 - 4) = 1
  *(u64 *)(r10 - 16) = 7
`;

describe("history", () => {
  const stale = `${start("hash")}
  ${update}
  call bpf_rcu_read_lock
  ${lookup}
  r6 = r0
  call bpf_rcu_read_unlock
  call bpf_rcu_read_lock
  r0 = *(u64 *)(r6 + 0)
  exit`;

  it("a section that ended: it opens, the pointer is born, it closes", () => {
    expect(told(stale)).toEqual(["opened 10", "born 15", "closed 17", "L0601 19"]);
  });

  it("is the same when somebody listens", () => {
    expect(told(stale, { onEvent: () => {} })).toEqual(told(stale));
  });

  it("is told in words and places by the diagnostic", () => {
    const result = load(stale).loaded.run();
    if (result.kind !== "fault") throw new Error("no fault");
    const { notes } = faultDiagnostic(result.fault);
    expect(notes.map((note) => note.text)).toEqual([
      "an RCU section opens",
      "`bpf_map_lookup_elem` gives the pointer to a value of map `m`",
      "the RCU section closes",
    ]);
    expect(notes.every((note) => note.at !== undefined)).toBe(true);
  });

  const implicit = { regime: "implicit", strict: true } as const;
  const use = "r0 = *(u64 *)(r6 + 0)\n exit";
  const other = "*(u32 *)(r10 - 4) = 2";

  it.each([
    ["hash", ["born 14", "freed 20", "E0503 21"]],
    ["lru_hash", ["born 14", "freed 20", "E0503 21"]],
    ["percpu_hash", ["born 14", "freed 20", "E0503 21"]],
  ])("an element of a %s that was deleted", (type, events) => {
    expect(told(`${start(type)}\n${update}\n${lookup}\n r6 = r0\n${remove}\n${use}`, implicit)).toEqual(events);
  });

  it("an element that was replaced", () => {
    const source = `${start("hash")}\n${update}\n${lookup}\n r6 = r0\n${update}\n${use}`;
    expect(told(source, implicit)).toEqual(["born 14", "freed 23", "E0503 24"]);
  });

  it("an element that was deleted and is in use again", () => {
    const source = `${start("hash")}\n${update}\n${lookup}\n r6 = r0\n${remove}\n${other}\n${update}\n${use}`;
    expect(told(source, implicit)).toEqual(["born 14", "freed 20", "reused 29", "E0503 30"]);
  });

  it("is that of the pointer used, not of a later one to the same memory", () => {
    const source = `${start("hash")}\n${update}\n${lookup}\n r6 = r0\n${remove}\n${other}\n${update}\n${lookup}\n${use}`;
    expect(told(source, implicit)).toEqual(["born 14", "freed 20", "reused 29", "E0503 35"]);
  });

  it("a record of a ring buffer that was handed in", () => {
    const source = `
.map rb, type=ringbuf, max=4096
  r1 = rb ll
  r2 = 8
  r3 = 0
  call bpf_ringbuf_reserve
  r6 = r0
  r1 = r0
  r2 = 0
  call bpf_ringbuf_submit
  ${use}`;
    expect(told(source, implicit)).toEqual(["born 4", "freed 8", "E0503 9"]);
  });

  it("a value that a walk gave its callback", () => {
    const source = `${start("array")}
  r1 = m ll
  r2 = visit ll
  r3 = 0
  r4 = 0
  call bpf_for_each_map_elem
  exit
visit:
  r0 = *(u64 *)(r3 + 8)
  exit`;
    expect(told(source, implicit)).toEqual(["born 8", "E0302 10"]);
  });

  it("an element that userspace deleted has no place for it", () => {
    const source = `${start("hash")}\n${update}\n${lookup}\n r6 = r0\n${use}`;
    const { machine, loaded } = load(source, implicit);
    const run = loaded.start();
    while (run.pc < 16) run.step();
    machine.maps.delete(machine.mapSet.byName("m"), Uint8Array.of(1, 0, 0, 0));
    const result = run.finish();
    const history = result.kind === "fault" ? result.fault.history : [];
    expect(history).toMatchObject([
      { what: "born", pc: 14 },
      { what: "freed", text: "a value of map `m` was freed" },
    ]);
    expect(history[1].pc).toBeUndefined();
  });

  it("an element that another CPU deletes, even one that is in the middle of it", () => {
    const machine = new Machine({ cpus: 2, ...implicit });
    const parts = [`${start("hash")}\n${update}\n${lookup}\n r6 = r0\n${use}`, `${start("hash")}\n${remove}\n exit`];
    const [reader, writer] = parts.map((source, cpu) => {
      const made = assemble(source);
      const loaded = made.ok ? machine.load(made.value) : made;
      if (!loaded.ok) throw new Error(loaded.diagnostics[0].text);
      return loaded.value.start({ cpu });
    });
    while (reader.pc < 16) reader.step();
    // Step by step until the element is out of the table; the operation is not over by then.
    for (let steps = 0; steps < 200 && reader.status === "running"; steps++) {
      writer.step();
      const before = machine.snapshot();
      const result = reader.finish();
      if (result.kind === "fault") {
        expect(writer.status).toBe("running");
        const last = result.fault.history.at(-1);
        expect(last?.what).toBe("freed");
        expect(last?.text).toContain("`bpf_map_delete_elem`");
        expect(last?.text).toContain("on CPU 1");
        return;
      }
      machine.restore(before);
    }
    throw new Error("the reader never met the deletion");
  });

  it.each([
    ["an exit with a section open", "call bpf_rcu_read_lock\n r0 = 0\n exit", ["opened 0", "E0603 2"]],
    [
      "a lookup after the section",
      `${start("hash")} call bpf_rcu_read_lock\n call bpf_rcu_read_unlock\n${lookup}\n exit`,
      ["opened 2", "closed 3", "L0602 8"],
    ],
    [
      "an unlock too many",
      "call bpf_rcu_read_lock\n call bpf_rcu_read_unlock\n call bpf_rcu_read_unlock\n exit",
      ["opened 0", "closed 1", "E0605 2"],
    ],
  ])("%s", (_, source, events) => expect(told(source)).toEqual(events));
});
