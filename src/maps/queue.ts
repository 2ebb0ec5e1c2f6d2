// Queues and stacks: a ring of max_entries + 1 values under one lock. `head` is where the next value goes, `tail` the
// oldest; they are equal when there is none.
import { copy } from "./copy.ts";
import { BPF_EXIST, BPF_NOEXIST, errno } from "./errno.ts";
import { acquire, finish, type Ground, go, LOCK, mapOf, release, step, WRITE } from "./ground.ts";
import { BLOCKED, code, map, mapType, type Status, op as w } from "./layout.ts";

/** push, pop or peek, by `op.code`; the value stands at, or goes to, `op.value`. */
export function startQueue(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const flags = i32[op + w.flags];
  const refused = flags & BPF_NOEXIST || flags >>> 0 > BPF_EXIST || i32[op + w.flagsHigh] !== 0;
  if (i32[op + w.code] === code.push && refused) return finish(ground, op, -errno.EINVAL);
  i32[op + w.error] = 0;
  return go(ground, op, lock, (mapOf(ground, op) + map.lock) << 2);
}

const lock = step("queue: lock", LOCK, 4, (ground, op) => {
  if (!acquire(ground, op)) return BLOCKED;
  return go(ground, op, position, (mapOf(ground, op) + map.head) << 2);
});

const position = step("queue: read and move the ends", WRITE, 8, (ground, op) => {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const size = i32[header + map.maxEntries] + 1;
  const head = i32[header + map.head];
  const tail = i32[header + map.tail];
  const after = (i: number) => (i + 1 === size ? 0 : i + 1);
  if (i32[op + w.code] === code.push) {
    if (after(head) === tail) {
      if ((i32[op + w.flags] & BPF_EXIST) === 0) return refuse(ground, op, -errno.E2BIG);
      i32[header + map.tail] = after(tail); // the oldest makes room
      i32[header + map.count]--;
    }
    return copy(
      ground,
      op,
      i32[op + w.value],
      at(ground, header, head),
      i32[header + map.valueSize],
      pushed,
      headAt(header),
    );
  }
  if (head === tail) {
    ground.memory.u8.fill(0, i32[op + w.value], i32[op + w.value] + i32[header + map.valueSize]);
    return refuse(ground, op, -errno.ENOENT);
  }
  const index = i32[header + map.type] === mapType.queue ? tail : head === 0 ? size - 1 : head - 1;
  i32[op + w.current] = index;
  const resume = i32[op + w.code] === code.pop ? popped : unlock;
  const next = i32[op + w.code] === code.pop ? headAt(header) : (header + map.lock) << 2;
  return copy(ground, op, at(ground, header, index), i32[op + w.value], i32[header + map.valueSize], resume, next);
});

const headAt = (header: number) => (header + map.head) << 2;

function at(ground: Ground, header: number, index: number): number {
  return ground.memory.i32[header + map.values] + index * ground.memory.i32[header + map.stride];
}

function refuse(ground: Ground, op: number, error: number): Status {
  ground.memory.i32[op + w.error] = error;
  return go(ground, op, unlock, (mapOf(ground, op) + map.lock) << 2);
}

const pushed = step("queue: move the head", WRITE, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const next = i32[header + map.head] + 1;
  i32[header + map.head] = next > i32[header + map.maxEntries] ? 0 : next;
  i32[header + map.count]++;
  return go(ground, op, unlock, (header + map.lock) << 2);
});

const popped = step("queue: take the value out", WRITE, 8, (ground, op) => {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const index = i32[op + w.current];
  if (i32[header + map.type] === mapType.queue)
    i32[header + map.tail] = index === i32[header + map.maxEntries] ? 0 : index + 1;
  else i32[header + map.head] = index;
  i32[header + map.count]--;
  return go(ground, op, unlock, (header + map.lock) << 2);
});

const unlock = step("queue: unlock", LOCK, 4, (ground, op) => {
  release(ground, op);
  return finish(ground, op, ground.memory.i32[op + w.error]);
});
