// The kernel's deferred calls as a thread: each runs at any moment after its grace period. It has no words of its own.
import type { RcuDomain } from "../rcu/domain.ts";
import { type Actor, DONE, type Next, type Touch, VISIBLE } from "./actor.ts";

export class KernelThread implements Actor {
  readonly name = "kernel";
  readonly #rcu: RcuDomain;
  readonly #choose: (n: number) => number;

  constructor(rcu: RcuDomain, choose: (n: number) => number) {
    this.#rcu = rcu;
    this.#choose = choose;
  }

  #calls() {
    return this.#rcu.pending().filter((each) => each.kind !== 0);
  }

  next(): Next {
    return this.#calls().length > 0 ? VISIBLE : DONE;
  }

  step(): boolean {
    const due = this.#calls().filter((each) => each.due);
    if (due.length === 0) return false;
    return this.#rcu.fire(due[due.length === 1 ? 0 : this.#choose(due.length)].record);
  }

  touches(): readonly Touch[] {
    return [{ kind: "unknown", address: 0, size: 0 }];
  }

  encode(): void {}
  decode(): void {}
}
