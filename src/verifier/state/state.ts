// A verifier state: everything known at one instruction on one path (kernel: struct bpf_verifier_state).
// Copied at branches; registers are copied, stacks share their slots.
import type { CallbackShape } from "../../host/contract.ts";
import { Stack } from "./stack.ts";
import { uninit, type Value } from "./value.ts";

/** How a frame was entered, which decides what its exit means. */
export type FrameRole = "main" | "static" | "global" | "syncCallback" | "asyncCallback";

export class Frame {
  readonly role: FrameRole;
  /** The slot of the call that entered it; -1 for an entry. */
  readonly callsite: number;
  readonly start: number;
  /** RCU depth at entry: a callback may not go below 1 when it was entered above 0 (rule E7). */
  readonly entryDepth: number;
  readonly callback: CallbackShape | null;
  /** Of a callback: which call runs it. */
  readonly activation: number;
  regs: Value[];
  stack: Stack;
  /** Runs of its callback that a call here has begun, where their number is known (bpf_loop). */
  runs = 0;
  /** Slots written whole since the last kept state: bits 0 to 31 and 32 to 63. */
  writtenLo = 0;
  writtenHi = 0;
  /** Of a kept state: the slots that some walk from it read before writing them. */
  readLo = 0;
  readHi = 0;
  /** Of a kept state: the registers and slots whose number some walk from it relied on (search/demand.ts). */
  precise = 0;
  preciseLo = 0;
  preciseHi = 0;

  constructor(
    role: FrameRole,
    callsite: number,
    start: number,
    entryDepth: number,
    callback: CallbackShape | null,
    activation = 0,
  ) {
    this.role = role;
    this.callsite = callsite;
    this.start = start;
    this.entryDepth = entryDepth;
    this.callback = callback;
    this.activation = activation;
    this.regs = new Array<Value>(11).fill(uninit);
    this.stack = new Stack();
  }

  copy(): Frame {
    const out = new Frame(this.role, this.callsite, this.start, this.entryDepth, this.callback, this.activation);
    out.regs = this.regs.slice();
    out.stack = this.stack.copy();
    out.runs = this.runs;
    out.writtenLo = this.writtenLo;
    out.writtenHi = this.writtenHi;
    return out;
  }
}

/** A resource that must be given back. */
export interface Reference {
  readonly id: number;
  readonly at: number;
  readonly what: string;
}

export interface HeldLock {
  /** The element (Value.origin) and the map that the lock lies in. */
  readonly origin: number;
  readonly mapName: string;
  readonly at: number;
}

/** One decision or jump on a path; the straight lines between them are implied. */
export interface PathNode {
  readonly previous: PathNode | null;
  readonly from: number;
  readonly to: number;
  /** `again`: the end of one run of a callback. `spill`, `fill`: no jump, but a number went to or came from a slot. */
  readonly kind: "taken" | "fallthrough" | "goto" | "call" | "return" | "callback" | "again" | "spill" | "fill";
  /** Of `spill` and `fill`: the place on the stack. */
  readonly place?: Place;
  /** Of `taken` and `fallthrough`: places that were narrowed together, being copies of one number. */
  readonly linked?: readonly (readonly Place[])[];
}

/** A register or slot of a frame, as one number: see `regPlace` and `slotPlace`. */
export type Place = number;
export const regPlace = (frame: number, reg: number): Place => frame * 128 + reg;
export const slotPlace = (frame: number, slot: number): Place => frame * 128 + 64 + slot;

export class State {
  pc: number;
  frames: Frame[];
  rcuDepth: number;
  preempt: number;
  /** Rounds begun of loops that end by themselves: a state with more rounds is no endless loop. */
  rounds: number;
  /** The call that is running callbacks at this instruction; 0: none has begun. A loop converges within one activation only. */
  activation: number;
  references: readonly Reference[];
  lock: HeldLock | null;
  path: PathNode | null;
  /** On a way that no run takes: only a processor may, for a while, that runs ahead of a check. */
  speculative: boolean;
  /** The stored state this one descends from, for counting what is still open (search/open.ts). */
  parent: OpenState | null;

  constructor(pc: number) {
    this.pc = pc;
    this.frames = [];
    this.rcuDepth = 0;
    this.preempt = 0;
    this.rounds = 0;
    this.activation = 0;
    this.references = [];
    this.lock = null;
    this.path = null;
    this.speculative = false;
    this.parent = null;
  }

  copy(): State {
    const out = new State(this.pc);
    out.frames = this.frames.map((frame) => frame.copy());
    out.rcuDepth = this.rcuDepth;
    out.preempt = this.preempt;
    out.rounds = this.rounds;
    out.activation = this.activation;
    out.references = this.references;
    out.lock = this.lock;
    out.path = this.path;
    out.speculative = this.speculative;
    out.parent = this.parent;
    return out;
  }

  get frame(): Frame {
    const frame = this.frames[this.frames.length - 1];
    if (frame === undefined) throw new Error("a state has at least one frame");
    return frame;
  }

  reg(n: number): Value {
    return this.frame.regs[n] ?? uninit;
  }

  set(n: number, value: Value): void {
    this.frame.regs[n] = value;
  }

  /** Registers and spilled values of all frames, each replaced by what `change` makes of it. */
  mapValues(change: (value: Value) => Value): void {
    for (const frame of this.frames) {
      for (let n = 0; n < 11; n++) {
        const value = frame.regs[n];
        if (value !== undefined) frame.regs[n] = change(value);
      }
      frame.stack.mapValues(change);
    }
  }

  /** What a helper call or a return leaves of the argument registers. */
  forgetArguments(): void {
    for (let n = 1; n <= 5; n++) this.frame.regs[n] = uninit;
  }
}

/** A state kept for comparison, and how many of its continuations are not yet finished. */
export interface OpenState {
  readonly state: State;
  readonly parent: OpenState | null;
  /** Told when nothing of it is open any more. */
  readonly kept: { settle(entry: OpenState): void };
  open: number;
  /** Differs only between states that differ. */
  readonly mark: number;
  /** How often it stood for another, and how often it did not. */
  hits: number;
  misses: number;
  settled: boolean;
  /** A loop around it, whose marks its own may still grow by; that one may be inside of a further one. */
  loop: OpenState | null;
  /** Walks that ended because `target` stood for them before its marks were final. */
  backedges: { readonly state: State; readonly target: OpenState }[];
}
