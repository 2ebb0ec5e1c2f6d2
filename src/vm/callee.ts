// Helpers and kfuncs as the machine looks at them before each call: one shape for all, which their declarations, being
// literals, do not have.
import type { Contract, Helper, Kfunc } from "../host/contract.ts";
import type { HostCall } from "../host/machine.ts";
import { helpers, kfuncs } from "../host/table.ts";

export class Callee {
  readonly name: string;
  readonly start: (call: HostCall) => void;
  /** Nothing about it depends on where it is called, spin locks aside. */
  readonly free: boolean;
  /** Takes or gives back a spin lock; nothing else may be called while one is held. */
  readonly locks: boolean;
  /** Opens or closes an RCU section. */
  readonly section: boolean;
  readonly reader: boolean;
  readonly sleeps: boolean;
  readonly tailCall: boolean;

  constructor(declared: Helper | Kfunc) {
    const { name, lock, rcu, sleeps, tailCall }: Contract = declared;
    this.name = name;
    this.start = declared.start;
    this.locks = lock !== undefined;
    this.section = rcu === "lock" || rcu === "unlock";
    this.reader = rcu === "reader";
    this.sleeps = sleeps === true;
    this.tailCall = tailCall === true;
    this.free = !this.reader && !this.sleeps && !this.tailCall;
  }
}

const byId: (Callee | undefined)[] = [];
for (const helper of helpers) byId[helper.id] = new Callee(helper);
const byName = new Map(kfuncs.map((kfunc) => [kfunc.name, new Callee(kfunc)]));

export function helperCallee(id: number): Callee | undefined {
  return byId[id];
}

export function kfuncCallee(name: string): Callee | undefined {
  return byName.get(name);
}
