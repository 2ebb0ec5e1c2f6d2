// The LRU tables' elements. Linux keeps an approximate order: each CPU has a short list of free elements and one of
// those it handed out lately (pending); behind them stand shared lists of active, inactive and free ones. A CPU that
// runs dry sorts its pending elements into the shared lists by whether they were used, moves used inactive ones to
// the active list, and evicts from the tail of the inactive one. So which key goes, and when an element's memory is
// used again, differ from a plain table's (concurrency.md, M7 and M10). With BPF_F_NO_COMMON_LRU each CPU has its own
// shared lists and no others.
//
// A list is a ring through two words, next and previous, in the elements and in a head. The state block holds, for
// each set of shared lists: the heads of free, active and inactive; the counts of active and inactive; the place where
// the next rotation begins; then for each CPU: the heads of its free and pending lists; the CPU to steal from next.
import { create } from "./errno.ts";
import { ATOMIC, EVICT, type Ground, go, mapOf, step } from "./ground.ts";
import { BLOCKED, BUCKET_BYTES, element, map, type Status, op as w } from "./layout.ts";
import { addHead, isEmpty, moveHead, moveTail, nextOf, previousOf, removeNode, ring } from "./ring.ts";

export const FREE = 0;
const ACTIVE = 1;
const INACTIVE = 2;
export const LOCAL_FREE = 3;
export const PENDING = 4;
export const SHARED_BYTES = 48;
export const COUNTS = 24;
export const ROTATION = 32;
export const LOCAL_BYTES = 24;
const STEAL = 16;
/** How many elements a CPU takes or looks at in one go, with shared lists and with its own. */
const BATCH = 128;
const OWN_BATCH = 4;

export const NODE = element.next * 4;
const placeAt = (node: number) => (node - NODE) / 4 + element.place;
const referencedAt = (node: number) => (node - NODE) / 4 + element.referenced;

/** Bytes of a map's state block, and its first contents. */
export function lruBytes(cpus: number, flags: number): number {
  return flags & create.BPF_F_NO_COMMON_LRU ? cpus * SHARED_BYTES : SHARED_BYTES + cpus * LOCAL_BYTES;
}

export function lruPopulate(ground: Pick<Ground, "memory" | "cpus">, header: number, count: number): void {
  const { i32 } = ground.memory;
  const { cpus } = ground;
  const state = i32[header + map.lru];
  const own = (i32[header + map.flags] & create.BPF_F_NO_COMMON_LRU) !== 0;
  for (let set = 0; set < (own ? cpus : 1); set++) {
    const at = state + set * SHARED_BYTES;
    for (const list of [FREE, ACTIVE, INACTIVE]) ring(i32, at + list * 8);
    i32[(at + ROTATION) >> 2] = at + INACTIVE * 8;
  }
  for (let cpu = 0; cpu < cpus && !own; cpu++) {
    const at = state + SHARED_BYTES + cpu * LOCAL_BYTES;
    ring(i32, at);
    ring(i32, at + 8);
    i32[(at + STEAL) >> 2] = cpu;
  }
  const part = Math.floor(count / cpus);
  for (let i = 0; i < count; i++) {
    const item = i32[header + map.values] + i * i32[header + map.stride];
    const cpu = own ? Math.min(cpus - 1, Math.floor(i / part)) : 0;
    i32[(item >> 2) + element.generation] = 1;
    i32[placeAt(item + NODE)] = FREE | (cpu << 8);
    addHead(i32, item + NODE, state + cpu * SHARED_BYTES + FREE * 8);
  }
}

/** The words of one map's lists, for the length of one step. */
class Lists {
  readonly #ground: Ground;
  readonly #header: number;
  readonly #i32: Int32Array;
  readonly own: boolean;
  readonly #state: number;
  /** An element could not be evicted because somebody held its bucket. */
  metLock = false;

  constructor(ground: Ground, header: number) {
    this.#ground = ground;
    this.#header = header;
    this.#i32 = ground.memory.i32;
    this.#state = this.#i32[header + map.lru];
    this.own = (this.#i32[header + map.flags] & create.BPF_F_NO_COMMON_LRU) !== 0;
  }

  shared(cpu: number): number {
    return this.#state + (this.own ? cpu * SHARED_BYTES : 0);
  }

  local(cpu: number): number {
    return this.#state + SHARED_BYTES + cpu * LOCAL_BYTES;
  }

  /** A free element's node for `cpu`, evicting if need be; 0 if everything is in someone's hands. */
  pop(cpu: number): number {
    return this.own ? this.#popOwn(cpu) : this.#popCommon(cpu);
  }

  #popOwn(cpu: number): number {
    const at = this.shared(cpu);
    const free = at + FREE * 8;
    this.#rotate(at);
    if (isEmpty(this.#i32, free)) this.#shrink(at, OWN_BATCH, free, FREE);
    if (isEmpty(this.#i32, free)) return 0;
    const node = nextOf(this.#i32, free);
    this.#move(at, node, INACTIVE);
    this.#i32[placeAt(node)] = INACTIVE | (cpu << 8);
    return node;
  }

  #popCommon(cpu: number): number {
    const i32 = this.#i32;
    const local = this.local(cpu);
    if (isEmpty(i32, local)) this.#refill(cpu);
    let node = this.#first(local);
    if (node === 0) {
      // Nothing shared is left either: take what another CPU has free, or even lately handed out.
      const start = i32[(local + STEAL) >> 2];
      let from = start;
      do {
        node = this.#first(this.local(from)) || this.#oldestPending(this.local(from) + 8);
        from = (from + 1) % this.#ground.cpus;
      } while (node === 0 && from !== start);
      i32[(local + STEAL) >> 2] = from;
      if (node === 0) return 0;
    }
    i32[placeAt(node)] = PENDING | (cpu << 8);
    i32[referencedAt(node)] = 0;
    addHead(i32, node, local + 8);
    return node;
  }

  #first(list: number): number {
    if (isEmpty(this.#i32, list)) return 0;
    const node = nextOf(this.#i32, list);
    removeNode(this.#i32, node);
    return node;
  }

  #oldestPending(list: number): number {
    const i32 = this.#i32;
    for (const force of [false, true]) {
      for (let node = previousOf(i32, list); node !== list; node = previousOf(i32, node)) {
        if ((force || i32[referencedAt(node)] === 0) && this.#unhash(node)) {
          removeNode(i32, node);
          return node;
        }
      }
    }
    return 0;
  }

  #refill(cpu: number): void {
    const i32 = this.#i32;
    const shared = this.shared(cpu);
    const local = this.local(cpu);
    const pending = local + 8;
    for (let node = previousOf(i32, pending); node !== pending; ) {
      const before = previousOf(i32, node);
      const to = i32[referencedAt(node)] !== 0 ? ACTIVE : INACTIVE;
      this.#count(shared, to, 1);
      i32[placeAt(node)] = to | (cpu << 8);
      i32[referencedAt(node)] = 0;
      moveHead(i32, node, shared + to * 8);
      node = before;
    }
    this.#rotate(shared);
    // Half of a CPU's share, so that small tables do not end up wholly in one CPU's list.
    const share = Math.floor(i32[this.#header + map.maxEntries] / this.#ground.cpus / 2);
    const wanted = Math.min(BATCH, Math.max(1, share));
    let taken = 0;
    for (; taken < wanted && !isEmpty(i32, shared + FREE * 8); taken++) {
      this.#toFree(shared, nextOf(i32, shared + FREE * 8), local, LOCAL_FREE);
    }
    if (taken < wanted) this.#shrink(shared, wanted - taken, local, LOCAL_FREE);
  }

  #rotate(at: number): void {
    const counts = (at + COUNTS) >> 2;
    if (this.#i32[counts + 1] < this.#i32[counts]) this.#rotateActive(at);
    this.#rotateInactive(at);
  }

  get #batch(): number {
    return this.own ? OWN_BATCH : BATCH;
  }

  /** Used elements go to the head again, unused ones become inactive. */
  #rotateActive(at: number): void {
    const i32 = this.#i32;
    const list = at + ACTIVE * 8;
    const stop = nextOf(i32, list);
    let node = previousOf(i32, list);
    for (let i = 0; i < this.#batch && node !== list; i++) {
      const before = previousOf(i32, node);
      this.#move(at, node, i32[referencedAt(node)] !== 0 ? ACTIVE : INACTIVE);
      if (node === stop) break;
      node = before;
    }
  }

  /** Used inactive elements become active; it goes on where it stopped last time. */
  #rotateInactive(at: number): void {
    const i32 = this.#i32;
    const list = at + INACTIVE * 8;
    if (isEmpty(i32, list)) return;
    const rotation = (at + ROTATION) >> 2;
    let last = nextOf(i32, i32[rotation]);
    if (last === list) last = nextOf(i32, last);
    let current = i32[rotation];
    let next = current;
    for (let i = 0; i < this.#batch; ) {
      if (current === list) {
        current = previousOf(i32, current);
        continue;
      }
      next = previousOf(i32, current);
      if (i32[referencedAt(current)] !== 0) this.#move(at, current, ACTIVE);
      if (current === last) break;
      current = next;
      i++;
    }
    i32[rotation] = next;
  }

  #shrink(at: number, wanted: number, to: number, place: number): void {
    const i32 = this.#i32;
    const inactive = at + INACTIVE * 8;
    let shrunk = 0;
    const skip = this.#ground.profile.eviction === "free" ? this.#ground.choose(this.#unused(inactive)) : 0;
    let skipped = 0;
    let node = previousOf(i32, inactive);
    for (let i = 0; i < this.#batch && node !== inactive && shrunk < wanted; i++) {
      const before = previousOf(i32, node);
      if (i32[referencedAt(node)] !== 0) this.#move(at, node, ACTIVE);
      else if (skipped++ >= skip && this.#unhash(node)) {
        this.#toFree(at, node, to, place);
        shrunk++;
      }
      node = before;
    }
    if (shrunk > 0) return;
    // Everything was used: one goes all the same.
    const list = isEmpty(i32, inactive) ? at + ACTIVE * 8 : inactive;
    for (let each = previousOf(i32, list); each !== list; each = previousOf(i32, each)) {
      if (!this.#unhash(each)) continue;
      this.#toFree(at, each, to, place);
      return;
    }
  }

  #unused(list: number): number {
    let count = 0;
    for (let node = previousOf(this.#i32, list); node !== list; node = previousOf(this.#i32, node)) {
      if (this.#i32[referencedAt(node)] === 0) count++;
    }
    return Math.max(1, count);
  }

  /**
   * Takes a node's element out of its bucket; false if it is not in one or somebody holds the bucket. Linux waits for
   * the bucket: here another element goes instead, if there is one.
   */
  #unhash(node: number): boolean {
    const i32 = this.#i32;
    const header = this.#header;
    const item = node - NODE;
    const hash = i32[(item >> 2) + element.hash];
    const bucket = i32[header + map.buckets] + (hash & i32[header + map.bucketMask]) * BUCKET_BYTES;
    if (i32[(bucket >> 2) + 1] !== 0) {
      this.metLock = true;
      return false;
    }
    for (let link = bucket; (i32[link >> 2] & 1) === 0; link = i32[link >> 2]) {
      if (i32[link >> 2] !== item) continue;
      i32[link >> 2] = i32[item >> 2];
      i32[(item >> 2) + element.generation]++;
      i32[header + map.count]--;
      return true;
    }
    return false;
  }

  #count(at: number, place: number, by: number): void {
    if (place === ACTIVE || place === INACTIVE) this.#i32[((at + COUNTS) >> 2) + place - 1] += by;
  }

  #leave(at: number, node: number): void {
    const rotation = (at + ROTATION) >> 2;
    if (this.#i32[rotation] === node) this.#i32[rotation] = previousOf(this.#i32, node);
  }

  /** Moves a node between shared lists. */
  #move(at: number, node: number, to: number): void {
    const i32 = this.#i32;
    const place = i32[placeAt(node)];
    this.#count(at, place & 0xff, -1);
    this.#count(at, to, 1);
    i32[placeAt(node)] = (place & ~0xff) | to;
    i32[referencedAt(node)] = 0;
    this.#leave(at, node);
    moveHead(i32, node, at + to * 8);
  }

  #toFree(at: number, node: number, list: number, place: number): void {
    const i32 = this.#i32;
    this.#leave(at, node);
    this.#count(at, i32[placeAt(node)] & 0xff, -1);
    i32[placeAt(node)] = (i32[placeAt(node)] & ~0xff) | place;
    // A CPU uses what it took from the shared lists in the order in which it took it (measured on 6.18).
    if (place === LOCAL_FREE) moveTail(i32, node, list);
    else moveHead(i32, node, list);
  }

  /** An element that is out of the table, or never got into it. */
  push(node: number): void {
    const i32 = this.#i32;
    const place = i32[placeAt(node)];
    const cpu = place >> 8;
    if ((place & 0xff) === PENDING) {
      i32[placeAt(node)] = (place & ~0xff) | LOCAL_FREE;
      i32[referencedAt(node)] = 0;
      moveHead(i32, node, this.local(cpu));
    } else this.#move(this.shared(cpu), node, FREE);
  }
}

/** Finds `op.fresh` (0 if there is none), then goes to row `resume`. */
export function evict(ground: Ground, op: number, resume: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.resume] = resume;
  i32[op + w.length] = lruBytes(ground.cpus, i32[mapOf(ground, op) + map.flags]);
  return go(ground, op, popNode, i32[mapOf(ground, op) + map.lru]);
}

// One step under the lists' lock. An eviction also writes a link of the victim's chain.
const popNode = step("lru: take an element", ATOMIC | EVICT, 0, (ground, op) => {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const lists = new Lists(ground, header);
  const before = isContended(ground) ? keep(ground, header) : [];
  const node = lists.pop(i32[op + w.cpu]);
  if (node === 0 && lists.metLock) {
    for (const [at, bytes] of before) ground.memory.u8.set(bytes, at);
    return BLOCKED;
  }
  i32[op + w.fresh] = node === 0 ? 0 : node - NODE;
  if (node !== 0) {
    i32[((node - NODE) >> 2) + element.generation]++;
    // As the kernel does: the hash is there before the element is, so an eviction finds the right bucket.
    i32[((node - NODE) >> 2) + element.hash] = i32[op + w.hash];
  }
  return go(ground, op, i32[op + w.resume], 0);
});

/** Whether anybody is inside a locked section. */
function isContended({ memory, holders, cpus }: Ground): boolean {
  for (let cpu = 0; cpu < cpus; cpu++) if (memory.i32[holders + cpu] !== 0) return true;
  return false;
}

/** What an eviction may change, by address: a step that must wait changes nothing. */
function keep({ memory, cpus }: Ground, header: number): readonly (readonly [number, Uint8Array])[] {
  const { i32, u8 } = memory;
  const sizes: readonly (readonly [number, number])[] = [
    [i32[header + map.lru], lruBytes(cpus, i32[header + map.flags])],
    [i32[header + map.values], i32[header + map.stride] * i32[header + map.maxEntries]],
    [i32[header + map.buckets], (i32[header + map.bucketMask] + 1) * BUCKET_BYTES],
    [(header + map.count) << 2, 4],
  ];
  return sizes.map(([at, size]) => [at, u8.slice(at, at + size)]);
}

/** Gives `op.release` back, then goes to row `resume`. */
export function lruGiveBack(ground: Ground, op: number, resume: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.resume] = resume;
  i32[op + w.length] = lruBytes(ground.cpus, i32[mapOf(ground, op) + map.flags]);
  return go(ground, op, pushNode, i32[mapOf(ground, op) + map.lru]);
}

const pushNode = step("lru: give an element back", ATOMIC | EVICT, 0, (ground, op) => {
  const { i32 } = ground.memory;
  const item = i32[op + w.release];
  const generation = (item >> 2) + element.generation;
  if ((i32[generation] & 1) === 0) i32[generation]++;
  new Lists(ground, mapOf(ground, op)).push(item + NODE);
  return go(ground, op, i32[op + w.resume], 0);
});
