// Assembly text of an abstract program (ops.ts). Each function first gives its registers and slots the values that
// the oracle starts from; a program that has a loop counter gets it set by `begin`.
import { type Abstract, type Func, type MapName, type Op, type Reg, VALUE_SIZE } from "./ops.ts";

const KEY = "r10 - 28";
const slotOffset = (slot: number): number => -8 * (slot + 1);

const mapLines: Record<MapName | "other" | "jumps", readonly string[]> = {
  counters: [`.map counters, type=hash, key=4, value=${VALUE_SIZE}, max=16`],
  locked: [`.map locked, type=hash, key=4, value=${VALUE_SIZE}, max=16, spin_lock=0`],
  timers: [`.map timers, type=hash, key=4, value=${VALUE_SIZE}, max=16, timer=0`],
  outer: [".map outer, type=hash_of_maps, key=4, value=4, max=16, inner=counters"],
  other: [".map other, type=hash, key=4, value=8, max=16"],
  jumps: [".map jumps, type=prog_array, key=4, value=4, max=4"],
};

export function assemblyOf(program: Abstract): string {
  const body = program.funcs.flatMap((func, at) => [...(at === 0 ? [] : [`f${at}:`]), ...textOf(func, at)]);
  const text = body.join("\n");
  const used = (Object.keys(mapLines) as (keyof typeof mapLines)[]).filter(
    (name) => name === "counters" || new RegExp(`= ${name} ll`).test(text),
  );
  const globals = program.funcs.flatMap((func, at) => (func.role === "global" ? [`.global f${at}(scalar)`] : []));
  return [
    `.prog ${program.type}`,
    ".rcu explicit",
    ...used.flatMap((name) => mapLines[name]),
    ...globals,
    ...body,
    "",
  ].join("\n");
}

/** Where the argument of a function arrives. */
const argumentRegister = { main: "", static: "r1", global: "r1", each: "r3", times: "r1", timer: "" };

function textOf(func: Func, at: number): string[] {
  const label = (op: number): string => `f${at}_${op}`;
  const targets = new Set(func.ops.flatMap((op) => ("target" in op ? [op.target] : [])));
  const argument = argumentRegister[func.role];
  const needsContext = func.role === "main" && func.ops.some((op) => op.op === "tail");
  const lines = [
    `  r6 = ${argument || "0"}`,
    ...[7, 8, 9].map((reg) => `  r${reg} = 0`),
    ...[0, 1, 2].map((slot) => `  *(u64 *)(r10 - ${-slotOffset(slot)}) = 0`),
    `  *(u32 *)(${KEY}) = 0`,
    ...(needsContext ? ["  *(u64 *)(r10 - 40) = r1"] : []),
  ];
  func.ops.forEach((op, index) => {
    if (targets.has(index)) lines.push(`${label(index)}:`);
    for (const line of linesOf(op, label)) lines.push(`  ${line}`);
  });
  return lines;
}

const lookup = (map: string): string[] => [map, "r2 = r10", "r2 += -28", "call bpf_map_lookup_elem"];

/** The instructions of one operation. */
export function linesOf(op: Op, label: (op: number) => string): string[] {
  const r = (reg: Reg): string => `r${reg}`;
  const at = (base: Reg, off: number): string => `(r${base} + ${off})`;
  switch (op.op) {
    case "lock":
      return ["call bpf_rcu_read_lock"];
    case "unlock":
      return ["call bpf_rcu_read_unlock"];
    case "sleep":
      return ["r1 = r10", "r1 += -48", "r2 = 8", "r3 = 0", "call bpf_copy_from_user"];
    case "throw":
      return ["r1 = 0", "call bpf_throw"];
    case "tail":
      return ["r1 = *(u64 *)(r10 - 40)", "r2 = jumps ll", "r3 = 0", "call bpf_tail_call"];
    case "begin":
      return ["r9 = 0"];
    case "exit":
      return ["exit"];
    case "lookup":
      return lookup(`r1 = ${op.map} ll`);
    case "lookupIn":
      return lookup(`r1 = ${r(op.via)}`);
    case "lookupKey":
      return [`r2 = ${r(op.key)}`, "r1 = counters ll", "call bpf_map_lookup_elem"];
    case "copy":
      return [`${r(op.to)} = ${r(op.from)}`];
    case "spill":
      return [`*(u64 *)(r10 - ${-slotOffset(op.slot)}) = ${r(op.from)}`];
    case "fill":
      return [`${r(op.to)} = *(u64 *)(r10 - ${-slotOffset(op.slot)})`];
    case "set":
      return [`${r(op.to)} = ${op.value}`];
    case "add":
      return [`${r(op.to)} += ${op.value}`];
    case "load":
      return [`${r(op.to)} = *(u64 *)${at(op.base, op.off)}`];
    case "store":
      return [`*(u64 *)${at(op.base, op.off)} = 0`];
    case "atomic":
      return ["r1 = 1", `lock *(u64 *)${at(op.base, op.off)} += r1`];
    case "update":
      return [`r3 = ${r(op.value)}`, "r1 = other ll", "r2 = r10", "r2 += -28", "r4 = 0", "call bpf_map_update_elem"];
    case "isNull":
      return [`if ${r(op.reg)} == 0 goto ${label(op.target)}`];
    case "coin":
      return ["call bpf_get_prandom_u32", "r0 &= 1", `if r0 == 0 goto ${label(op.target)}`];
    case "again":
      return ["r9 += 1", `if r9 < ${op.count} goto ${label(op.target)}`];
    case "call":
      return typeof op.arg === "object"
        ? ["r1 = r10", `r1 += ${slotOffset(op.arg.slot)}`, `call f${op.func}`]
        : [`r1 = ${r(op.arg)}`, `call f${op.func}`];
    case "callGlobal":
      return [`r1 = ${r(op.arg)}`, `call f${op.func}`];
    case "each":
      return ["r1 = counters ll", `r2 = f${op.func} ll`, "r3 = 0", "r4 = 0", "call bpf_for_each_map_elem"];
    case "times":
      return ["r1 = 4", `r2 = f${op.func} ll`, "r3 = 0", "r4 = 0", "call bpf_loop"];
    case "timer":
      return [`r1 = ${r(op.via)}`, `r2 = f${op.func} ll`, "call bpf_timer_set_callback"];
    case "spin":
      return [`r1 = ${r(op.reg)}`, "call bpf_spin_lock"];
    case "unspin":
      return [`r1 = ${r(op.reg)}`, "call bpf_spin_unlock"];
    case "return":
      return [`r0 = ${r(op.from)}`, "exit"];
    case "returnNumber":
      return [`r0 = ${op.value}`, "exit"];
  }
}
