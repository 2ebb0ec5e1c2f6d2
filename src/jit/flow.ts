// The blocks of one function of a program and the way control takes among them, in the order in which code is made:
// reverse postorder, with each block's immediate dominator. Nothing of WebAssembly in here.
import type { Block } from "../isa/cfg.ts";
import type { Insn } from "../isa/insn.ts";

/** A block, or a place that control can go to where the program has none (`end` is `start`). */
export interface Node {
  readonly start: number;
  readonly end: number;
  /** Numbers of nodes: where control goes on, then where a taken jump goes. */
  readonly next: readonly number[];
  /** The slot of a move that is made at its end unless the jump there is taken; the way on is the same. */
  readonly unless?: number;
}

export interface Flow {
  /** In reverse postorder: only edges that close a loop lead to a lower number. The first is where the function begins. */
  readonly nodes: readonly Node[];
  /** The number of the last node on every way to a node; of the first, itself. */
  readonly dominators: Int32Array;
  /** How many edges lead forward to a node. */
  readonly entries: Int32Array;
  /** Whether some edge leads back to a node. */
  readonly heads: Uint8Array;
  /** Every edge that leads back leads to a node on every way to its origin. */
  readonly reducible: boolean;
}

/** The blocks without those that only go on to another: jumps lead past them. */
export function threaded(insns: readonly (Insn | null)[], list: readonly Block[]): ReadonlyMap<number, Block> {
  const blocks = new Map(list.map((block) => [block.start, block]));
  const behind = (slot: number): number => {
    let at = slot;
    for (let steps = 0; steps < list.length; steps++) {
      const block = blocks.get(at);
      if (block === undefined || block.last !== block.start || insns[at]?.kind !== "goto") return at;
      at = block.next[0];
    }
    // A loop of nothing but jumps.
    return slot;
  };
  return new Map(list.map((block) => [block.start, { ...block, next: block.next.map(behind) }]));
}

/** A block whose jump only leads past a move. */
interface Joined extends Block {
  readonly unless?: number;
}

/**
 * The blocks without those that are one move and jumped past: a choice between two values needs no jump, and whether it would be
 * taken no guess.
 */
export function joined(
  insns: readonly (Insn | null)[],
  blocks: ReadonlyMap<number, Block>,
): ReadonlyMap<number, Joined> {
  const entries = new Map<number, number>();
  for (const { next } of blocks.values()) for (const to of next) entries.set(to, (entries.get(to) ?? 0) + 1);
  const found = new Map<number, Joined>(blocks);
  for (const block of blocks.values()) {
    const [on, taken] = block.next;
    const between = blocks.get(on);
    if (taken === undefined || between === undefined || insns[block.last]?.kind !== "jump") continue;
    const [insn, then] = [insns[between.start], insns[between.last]];
    const isMove = insn?.kind === "alu" && insn.op === "mov" && insn.dst !== 10;
    const isAlone = between.last === between.start || (between.last === between.start + 1 && then?.kind === "goto");
    if (!isMove || !isAlone || between.next.length !== 1 || between.next[0] !== taken) continue;
    // Functions begin where others may come from.
    if (entries.get(on) !== 1 || between.function === on) continue;
    found.set(block.start, { ...block, next: [taken], unless: between.start });
    found.delete(on);
  }
  return found;
}

/** The function that begins at slot `start`; `blocks` by their starts. */
export function flowOf(blocks: ReadonlyMap<number, Joined>, start: number): Flow {
  const order = reversePostorder(blocks, start);
  const at = new Map(order.map((slot, n) => [slot, n]));
  const nodes = order.map((slot): Node => {
    const block = blocks.get(slot);
    if (block === undefined) return { start: slot, end: slot, next: [] };
    const { end, unless } = block;
    return {
      start: slot,
      end,
      next: block.next.map((to) => at.get(to) ?? 0),
      ...(unless === undefined ? {} : { unless }),
    };
  });
  const entries = new Int32Array(nodes.length);
  const heads = new Uint8Array(nodes.length);
  const before: number[][] = nodes.map(() => []);
  nodes.forEach(({ next }, from) => {
    for (const to of next) {
      before[to].push(from);
      if (to <= from) heads[to] = 1;
      else entries[to]++;
    }
  });
  const dominators = dominatorsOf(before);
  const reducible = nodes.every(({ next }, from) => next.every((to) => to > from || dominates(dominators, to, from)));
  return { nodes, dominators, entries, heads, reducible };
}

function reversePostorder(blocks: ReadonlyMap<number, Block>, start: number): readonly number[] {
  const seen = new Set([start]);
  const postorder: number[] = [];
  const path = [{ slot: start, done: 0 }];
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const to = blocks.get(top.slot)?.next[top.done++];
    if (to === undefined) {
      postorder.push(top.slot);
      path.pop();
    } else if (!seen.has(to)) {
      seen.add(to);
      path.push({ slot: to, done: 0 });
    }
  }
  return postorder.reverse();
}

/** Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm" (2001). */
function dominatorsOf(before: readonly (readonly number[])[]): Int32Array {
  const found = new Int32Array(before.length).fill(-1);
  found[0] = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (let node = 1; node < before.length; node++) {
      let common = -1;
      for (const from of before[node]) {
        if (found[from] >= 0) common = common < 0 ? from : meeting(found, common, from);
      }
      if (found[node] !== common) {
        found[node] = common;
        changed = true;
      }
    }
  }
  return found;
}

function meeting(dominators: Int32Array, a: number, b: number): number {
  let [x, y] = [a, b];
  while (x !== y) {
    while (x > y) x = dominators[x];
    while (y > x) y = dominators[y];
  }
  return x;
}

function dominates(dominators: Int32Array, a: number, b: number): boolean {
  let at = b;
  while (at > a) at = dominators[at];
  return at === a;
}
