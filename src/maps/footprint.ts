// What the next step of an operation will touch, told before it runs: for undo logs, for the reduction of
// interleavings and for display. Derived from the step's row and from `op.at`, which the step itself uses.
// Each step also reads who holds its CPU, for it cannot be made while another operation does; taking or releasing a lock
// may change that. Left out are a private operand's bytes where no other thread can reach them, and `map.count` of
// preallocated tables, which no step reads.
import * as ground from "./ground.ts";
import { element, map, op as w } from "./layout.ts";

/** One access that the next step will make, or may make. */
export interface Access {
  readonly kind: "read" | "write" | "atomic" | "lock" | "rcu";
  readonly address: number;
  readonly size: number;
}

export function footprint(on: ground.Ground, op: number): readonly Access[] {
  const { i32 } = on.memory;
  const { access, size: fixed } = ground.rowOf(i32[op + w.pc]);
  if (access === 0) return [];
  const holder: Access = {
    kind: access & ground.LOCK ? "lock" : "read",
    address: ground.holderOf(on, op) << 2,
    size: 4,
  };
  if (access & ground.RCU) return [{ kind: "rcu", address: 0, size: 0 }, holder];
  const size = fixed === 0 ? i32[op + w.length] : fixed;
  const address = i32[op + w.at];
  const found: Access[] = [{ kind: kindOf(access), address, size }, holder];
  if (access & ground.COPY && i32[op + w.from] !== 0) {
    found.unshift({ kind: "read", address: i32[op + w.from] + i32[op + w.i], size });
  }
  if (access & ground.BEGIN && i32[address >> 2] !== 0) found.push(lifeOf(i32[address >> 2]));
  if (access & ground.GIVE) found.push({ kind: "write", address: i32[op + w.release] + element.free * 4, size: 4 });
  const header = i32[op + w.map] >> 2;
  if (access & ground.END) {
    found.push(lifeOf(i32[op + w.old]));
    if (i32[header + map.lru] !== 0) {
      found.push({ kind: "write", address: i32[op + w.fresh] + element.referenced * 4, size: 4 });
    }
    const timer = i32[header + map.timerField];
    const value = i32[op + w.old] + i32[header + map.valueOffset];
    if (timer >= 0) found.push({ kind: "write", address: value + timer, size: 16 });
  }
  if (access & ground.EVICT) {
    const elements = i32[header + map.stride] * i32[header + map.maxEntries];
    found.push({ kind: "write", address: i32[header + map.values], size: elements });
    found.push({ kind: "write", address: i32[header + map.buckets], size: (i32[header + map.bucketMask] + 1) * 8 });
  }
  return found;
}

/** Whether the next step copies a word of a key or value. */
export function copiesNext(on: ground.Ground, op: number): boolean {
  return (ground.rowOf(on.memory.i32[op + w.pc]).access & ground.COPY) !== 0;
}

function lifeOf(item: number): Access {
  return { kind: "write", address: item + element.generation * 4, size: 4 };
}

function kindOf(access: number): Access["kind"] {
  if (access & ground.LOCK) return "lock";
  if (access & ground.ATOMIC) return "atomic";
  return access & ground.WRITE ? "write" : "read";
}
