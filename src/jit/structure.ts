// Control flow in WebAssembly, which has blocks and loops and no jumps: the way of Ramsey, "Beyond Relooper" (ICFP 2022).
// A node's code is followed by that of the nodes it dominates; a node that several edges lead forward to stands behind a
// block, which is left to reach it, and one that edges lead back to begins a loop. Where an edge leads back into the
// middle of a loop that has another beginning, no nesting fits: there a loop around a table goes from node to node.
import { type Code, get, i32, set, unsigned } from "../wasm/code.ts";
import type { Flow } from "./flow.ts";

/** What the nodes do, by their numbers. */
export interface Content {
  /** Everything but the way on; a node without one ends here, out of so many blocks and loops. */
  body(node: number, depth: number): Code;
  /** A number of 32 bits that is not 0 where the second way is taken. */
  condition(node: number): Code;
  /** A local for the number of the node to go to. */
  readonly nextNode: number;
}

const BLOCK = [0x02, 0x40];
const LOOP = [0x03, 0x40];
const IF = [0x04, 0x40];
const END = 0x0b;
const branch = (depth: number): Code => [0x0c, unsigned(depth)];
const branchIf = (condition: Code, depth: number): Code => [condition, 0x0d, unsigned(depth)];

export function structured(flow: Flow, content: Content): Code {
  return flow.reducible ? new Nest(flow, content).code() : dispatched(flow, content);
}

/** The code is one flat list, and work to do is a stack: a long program may nest as deep as it is long. */
class Nest {
  readonly #flow: Flow;
  readonly #content: Content;
  readonly #out: Code[] = [];
  readonly #work: (() => void)[] = [];
  /** What is open, the innermost last: the number of a loop's node, the complement of that behind a block, NaN for an `if`. */
  readonly #open: number[] = [];
  /** By node: those it dominates immediately and that several edges lead to, in order. */
  readonly #merges: readonly number[][];

  constructor(flow: Flow, content: Content) {
    this.#flow = flow;
    this.#content = content;
    this.#merges = flow.nodes.map(() => []);
    for (let node = 1; node < flow.nodes.length; node++) {
      if (flow.entries[node] > 1) this.#merges[flow.dominators[node]].push(node);
    }
  }

  code(): Code {
    this.#node(0);
    for (let next = this.#work.pop(); next !== undefined; next = this.#work.pop()) next();
    return this.#out;
  }

  #enter(opening: Code, what: number): void {
    this.#out.push(opening);
    this.#open.push(what);
  }

  #leave = (): void => {
    this.#out.push(END);
    this.#open.pop();
  };

  #node(node: number): void {
    const merges = this.#merges[node];
    if (this.#flow.heads[node] !== 0) {
      this.#enter(LOOP, node);
      this.#work.push(this.#leave);
    }
    // Edges lead forward, so the last in order stands outermost.
    for (let n = merges.length - 1; n >= 0; n--) {
      const merge = merges[n];
      this.#enter(BLOCK, ~merge);
      this.#work.push(() => this.#node(merge), this.#leave);
    }
    this.#out.push(this.#content.body(node, this.#open.length));
    const [on, taken] = this.#flow.nodes[node].next;
    if (on === undefined) return;
    if (taken === undefined) {
      this.#go(node, on);
      return;
    }
    const condition = this.#content.condition(node);
    if (this.#isBranch(node, taken)) {
      this.#out.push(branchIf(condition, this.#depth(node, taken)));
      this.#go(node, on);
    } else if (this.#isBranch(node, on)) {
      this.#out.push(branchIf(i32.eqz(condition), this.#depth(node, on)));
      this.#go(node, taken);
    } else {
      // Neither comes back: what is not taken simply stands behind.
      this.#out.push(condition);
      this.#enter(IF, Number.NaN);
      this.#work.push(
        () => this.#node(on),
        this.#leave,
        () => this.#node(taken),
      );
    }
  }

  #go(from: number, to: number): void {
    if (this.#isBranch(from, to)) this.#out.push(branch(this.#depth(from, to)));
    else this.#work.push(() => this.#node(to));
  }

  #isBranch(from: number, to: number): boolean {
    return to <= from || this.#flow.entries[to] > 1;
  }

  #depth(from: number, to: number): number {
    return this.#open.length - 1 - this.#open.lastIndexOf(to <= from ? to : ~to);
  }
}

function dispatched({ nodes }: Flow, content: Content): Code {
  const { nextNode } = content;
  const out: Code[] = [LOOP, nodes.map(() => BLOCK), get(nextNode)];
  out.push([0x0e, unsigned(nodes.length - 1), nodes.map((_, n) => unsigned(n))]);
  nodes.forEach(({ next: [on, taken] }, node) => {
    out.push(END, content.body(node, nodes.length - node));
    if (on === undefined) return;
    const again = branch(nodes.length - 1 - node);
    if (taken !== undefined) {
      out.push(content.condition(node), IF, set(nextNode, i32.const(taken)), branch(nodes.length - node), END);
    }
    out.push(set(nextNode, i32.const(on)), again);
  });
  return [...out, END];
}
