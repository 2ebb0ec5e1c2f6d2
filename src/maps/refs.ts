// References to maps, and their end. A map that once stood in an outer map is freed a grace period after its last
// reference went, for a program may have read its address; the deferred call is visible until it runs (M11). Sleepable
// programs are readers of tasks trace: where one may use the outer map, that flavour's grace period passes first.
import { head, kind, region } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";
import { PLAIN, TRACE } from "../rcu/domain.ts";
import type { Ground } from "./ground.ts";
import { map, mapType, wait } from "./layout.ts";

/** Address of the header of map `id`; 0 if there never was one or it is gone. */
export function headerAddress(memory: Memory, id: number): number {
  const root = memory.i32[head.maps] >> 2;
  if (id <= 0 || id > memory.i32[root]) return 0;
  return memory.i32[(memory.i32[root + 1] >> 2) + id];
}

export function hold(ground: Ground, header: number): void {
  ground.memory.i32[(header >> 2) + map.refs]++;
}

/** Drops a handle's or a program's reference. */
export function drop(ground: Ground, header: number): void {
  const { i32 } = ground.memory;
  const at = header >> 2;
  if (--i32[at + map.refs] > 0) return;
  const after = i32[at + map.freeAfter];
  if (after === wait.nothing) freeMap(ground, header);
  else ground.rcu.callRcu(ground.freeMapCall, header, 0, after === wait.both ? TRACE : PLAIN);
}

/** Drops the reference of a slot of `outer` (an index) that `header` (0: none) stood in. */
export function dropInner(ground: Ground, header: number, outer: number): void {
  if (header === 0) return;
  const { i32 } = ground.memory;
  const sleepable = i32[outer + map.sleepable] !== 0 && ground.profile.innerMapFree === "both";
  const after = sleepable ? wait.both : wait.readers;
  i32[(header >> 2) + map.freeAfter] = Math.max(i32[(header >> 2) + map.freeAfter], after);
  drop(ground, header);
}

/** A grace period has passed: frees the map, or waits for ordinary readers too, where `over` is 0 and that takes another. */
export function freeLater(ground: Ground, header: number, over: number): void {
  const both = ground.memory.i32[(header >> 2) + map.freeAfter] === wait.both;
  if (both && over === 0 && !ground.rcu.traceImpliesPlain) ground.rcu.callRcu(ground.freeMapCall, header, 1, PLAIN);
  else freeMap(ground, header);
}

/** A sleepable program may use a map from now on. */
export function useSleepably(ground: Ground, header: number): void {
  ground.memory.i32[(header >> 2) + map.sleepable]++;
}

/** Frees everything a map has. Its regions stay, marked freed, so that a late access is seen. */
export function freeMap(ground: Ground, header: number): void {
  const { memory } = ground;
  const at = header >> 2;
  const owner = memory.i32[at + map.id];
  const root = memory.i32[head.maps] >> 2;
  memory.i32[(memory.i32[root + 1] >> 2) + owner] = 0;
  const type = memory.i32[at + map.type];
  if (type === mapType.array_of_maps || type === mapType.hash_of_maps) dropAll(ground, at, type);
  for (let each = 1; each < memory.i32[head.regionCount]; each++) {
    if (!memory.isLive(each) || memory.regionWord(each, region.owner) !== owner) continue;
    const what = memory.regionWord(each, region.kind);
    const ours =
      what === kind.mapValues || what === kind.mapHeader || what === kind.ringbuf || what === kind.mapInternal;
    if (ours) memory.free(memory.regionWord(each, region.base));
  }
}

/** The inner maps of an outer map that goes. */
function dropAll(ground: Ground, at: number, type: number): void {
  const { i32 } = ground.memory;
  if (type === mapType.array_of_maps) {
    for (let i = 0; i < i32[at + map.maxEntries]; i++) {
      dropInner(ground, ground.memory.i32[(ground.memory.i32[at + map.values] + i * 8) >> 2], at);
    }
    return;
  }
  for (let bucket = 0; bucket <= i32[at + map.bucketMask]; bucket++) {
    let item = i32[(i32[at + map.buckets] >> 2) + bucket * 2];
    for (; (item & 1) === 0; item = ground.memory.i32[item >> 2]) {
      dropInner(ground, ground.memory.i32[(item + ground.memory.i32[at + map.valueOffset]) >> 2], at);
    }
  }
}
