// The one stream of events, from programs: each kind at the instruction that brings it about, and no change of what a
// program does because somebody listens.
import { describe, expect, it } from "vitest";
import type { Event } from "../../src/trace/event.ts";
import type { MachineOptions } from "../../src/vm/machine.ts";
import { load } from "./support.ts";

/** Runs a program and tells its events in short: `slot kind details`. */
function trace(source: string, options: MachineOptions = {}): readonly string[] {
  const events: Event[] = [];
  const { loaded } = load(source, { ...options, onEvent: (event) => events.push(event) });
  loaded.run();
  return events.map((event) => `${event.at} ${words(event)}`);
}

function words(event: Event): string {
  switch (event.kind) {
    case "step": {
      const shown = event.changes.filter(({ reg }) => reg !== 10);
      const changes = shown.map(({ reg, after }) => ` r${reg}=${after > 0xffffn ? "…" : after}`);
      return `step${event.inCall ? " in call" : ""}${changes.join("")}`;
    }
    case "branch":
      return event.taken ? "taken" : "not taken";
    case "call":
      return `call ${event.name}/${event.args.length}${event.map === undefined ? "" : ` ${event.map}`}`;
    case "return":
      return `return ${event.name}${event.value === undefined ? "" : ` ${event.value > 0xffffn ? "…" : event.value}`}`;
    case "enter":
      return `enter ${event.to} depth ${event.frame}`;
    case "leave":
      return `leave depth ${event.frame}`;
    case "map":
      return `map ${event.map}: ${event.operation}`;
    case "rcu":
      return `rcu ${event.what} ${event.section}`;
    case "memory":
      return `memory ${event.what}`;
    case "fault":
      return `fault ${event.code}`;
    case "exit":
      return `exit ${event.value}`;
    default:
      return `${event.kind} ${event.text}`;
  }
}

/** Calls and what they bring about, without the steps. */
const isFlow = (line: string) => /^\d+ (?:call|enter|leave|memory|return|exit) /.test(line);
const kindsOf = (lines: readonly string[], kind: string) => lines.filter((line) => line.split(" ")[1] === kind);

describe("events", () => {
  it("steps, branches, functions and the end", () => {
    const source = `
      r1 = 2
      if r1 == 3 goto out
      call half
    out:
      exit
    half:
      r0 = r1
      r0 >>= 1
      exit`;
    expect(trace(source)).toEqual([
      "0 step r1=2",
      "1 step",
      "1 not taken",
      "2 step",
      "2 enter 4 depth 1",
      "4 step r0=2",
      "5 step r0=1",
      "6 step",
      "6 leave depth 1",
      "3 step",
      "3 exit 1",
    ]);
  });

  it("tells a jump that is taken to the next instruction from one that is not", () => {
    expect(kindsOf(trace("r0 = 1\n if r0 == 1 goto +0\n if r0 == 2 goto +0\n exit"), "taken")).toEqual(["1 taken"]);
  });

  it("a lookup: the call, each step of the operation, its answer", () => {
    const source = `
.map m, type=hash, key=4, value=8, max=4
      call bpf_rcu_read_lock
      *(u32 *)(r10 - 4) = 1
      r1 = m ll
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      call bpf_rcu_read_unlock
      r0 = 0
      exit`;
    const lines = trace(source).filter((line) => /^(0|6|7) /.test(line) && !/ step/.test(line));
    expect(lines).toEqual([
      "0 call bpf_rcu_read_lock/0",
      "0 rcu lock 1",
      "0 rcu begin 1",
      "0 return bpf_rcu_read_lock",
      "6 call bpf_map_lookup_elem/2 m",
      "6 map m: hash: read the bucket",
      "6 return bpf_map_lookup_elem 0",
      "7 call bpf_rcu_read_unlock/0",
      "7 rcu unlock 1",
      "7 rcu end 1",
      "7 return bpf_rcu_read_unlock",
    ]);
  });

  it("the lives of elements: made, given up, taken again", () => {
    const update = (key: number) => `
      *(u32 *)(r10 - 4) = ${key}
      *(u64 *)(r10 - 16) = ${key}
      r1 = m ll
      r2 = r10
      r2 += -4
      r3 = r10
      r3 += -16
      r4 = 0
      call bpf_map_update_elem`;
    const remove = "r1 = m ll\n r2 = r10\n r2 += -4\n call bpf_map_delete_elem";
    for (const [type, kinds] of [
      ["hash", ["allocated", "freed", "reused", "allocated", "freed"]],
      ["hash, flags=no_prealloc", ["allocated", "freed", "reused", "allocated", "freed"]],
      ["lru_hash", ["allocated", "freed", "reused", "allocated", "freed"]],
    ] as const) {
      const source = `.map m, type=${type}, key=4, value=8, max=4\n${update(1)}\n${remove}\n${update(2)}\n${update(2)}\n exit`;
      const found = kindsOf(trace(source), "memory").map((line) => line.split(" ")[2]);
      expect({ type, found }).toEqual({ type, found: kinds });
    }
  });

  it("the lives of a ring buffer's records", () => {
    const source = `
.map rb, type=ringbuf, max=4096
      r1 = rb ll
      r2 = 8
      r3 = 0
      call bpf_ringbuf_reserve
      if r0 == 0 goto out
      r1 = r0
      r2 = 0
      call bpf_ringbuf_discard
    out:
      r0 = 0
      exit`;
    expect(trace(source).filter(isFlow)).toEqual([
      "4 call bpf_ringbuf_reserve/3 rb",
      "4 memory allocated",
      "4 return bpf_ringbuf_reserve …",
      "8 call bpf_ringbuf_discard/2 rb",
      "8 memory freed",
      "8 return bpf_ringbuf_discard",
      "10 exit 0",
    ]);
  });

  it("callbacks, each with its beginning and its end", () => {
    const loop = `
      r1 = 2
      r2 = body ll
      r3 = 0
      r4 = 0
      call bpf_loop
      exit
    body:
      r0 = 0
      exit`;
    expect(trace(loop).filter(isFlow)).toEqual([
      "5 call bpf_loop/4",
      "5 enter 7 depth 1",
      "8 leave depth 1",
      "8 enter 7 depth 1",
      "8 leave depth 1",
      "5 return bpf_loop 2",
      "6 exit 2",
    ]);
    const walk = (type: string) => `
.map m, type=${type}, key=4, value=8, max=2
      *(u32 *)(r10 - 4) = 1
      *(u64 *)(r10 - 16) = 1
      r1 = m ll
      r2 = r10
      r2 += -4
      r3 = r10
      r3 += -16
      r4 = 0
      call bpf_map_update_elem
      r1 = m ll
      r2 = body ll
      r3 = 0
      r4 = 0
      call bpf_for_each_map_elem
      exit
    body:
      r0 = 0
      exit`;
    const inWalk = (line: string) => isFlow(line) && !/update|memory/.test(line);
    expect(trace(walk("hash"), { regime: "implicit" }).filter(inWalk)).toEqual([
      "16 call bpf_for_each_map_elem/4 m",
      "16 enter 18 depth 1",
      "19 leave depth 1",
      "16 return bpf_for_each_map_elem 1",
      "17 exit 1",
    ]);
    expect(trace(walk("array"), { regime: "implicit" }).filter(inWalk)).toEqual([
      "16 call bpf_for_each_map_elem/4 m",
      "16 enter 18 depth 1",
      "19 leave depth 1",
      "19 enter 18 depth 1",
      "19 leave depth 1",
      "16 return bpf_for_each_map_elem 2",
      "17 exit 2",
    ]);
  });

  it("the section of the whole run under the implicit regime", () => {
    expect(kindsOf(trace("r0 = 0\n exit", { regime: "implicit" }), "rcu")).toEqual(["0 rcu begin 1", "1 rcu end 1"]);
    expect(kindsOf(trace(".prog syscall\n r0 = 0\n exit", { regime: "implicit" }), "rcu")).toEqual([]);
  });

  it("prints, warnings and faults, behind the step they belong to", () => {
    const source = `
      *(u32 *)(r10 - 4) = 0x6968
      r1 = r10
      r1 += -4
      r2 = 4
      call bpf_trace_printk
      r0 = r9
      r1 = 0
      r0 = *(u8 *)(r1 + 0)
      exit`;
    const lines = trace(source);
    expect(lines.slice(lines.indexOf("4 call bpf_trace_printk/2") - 1)).toEqual([
      "4 step r0=2",
      "4 call bpf_trace_printk/2",
      "4 print hi",
      "4 return bpf_trace_printk 2",
      "5 step r0=0",
      "5 warning r9 is read, but nothing was written to it",
      "6 step r1=0",
      "7 step",
      "7 fault E0301",
    ]);
  });

  it("a tail call enters, and never returns unless it fails", () => {
    const source = (index: number) => `
.map jumps, type=prog_array, key=4, value=4, max=2
.entry jumps, 0 = other
      r2 = jumps ll
      r3 = ${index}
      call bpf_tail_call
      r0 = 1
      exit
    other:
      r0 = 2
      exit`;
    expect(trace(source(1)).filter(isFlow)).toEqual([
      "3 call bpf_tail_call/3 jumps",
      "3 return bpf_tail_call",
      "5 exit 1",
    ]);
    expect(trace(source(0)).filter(isFlow)).toEqual(["3 call bpf_tail_call/3 jumps", "3 enter 6 depth 0", "7 exit 2"]);
  });
});

it("listening changes nothing", () => {
  const source = `
.map m, type=lru_hash, key=4, value=8, max=4
      r6 = 9
    again:
      r1 = r6
      r1 &= 7
      *(u32 *)(r10 - 4) = r1
      *(u64 *)(r10 - 16) = r6
      r1 = m ll
      r2 = r10
      r2 += -4
      r3 = r10
      r3 += -16
      r4 = 0
      call bpf_map_update_elem
      r6 += -1
      if r6 != 0 goto again
      exit`;
  const end = (options: MachineOptions) => {
    const { machine, loaded } = load(source, options);
    const run = loaded.start();
    while (run.status === "running") run.step();
    return { result: run.result(), memory: Buffer.from(machine.memory.snapshot().bytes).toString("base64") };
  };
  expect(end({ onEvent: () => {} })).toEqual(end({}));
});
