// The brute-force oracle for the explicit RCU regime: it walks every path of an abstract program to its end, one
// after the other, with no pruning, no merging and no knowledge of the verifier. What it finds on any path is an
// error of the program. Slow and plain on purpose; the rules E1 to E12 can be read off it one by one.
// One file, though long: nothing in it may come from elsewhere, and a reader has to be able to trust it whole.
import { type Abstract, type Func, fieldSize, type MapName, type Op, type Reg, VALUE_SIZE } from "./ops.ts";

type Pointer = {
  readonly kind: "value" | "map";
  readonly map: MapName;
  readonly id: number;
  readonly off: number;
  readonly maybeNull: boolean;
  readonly live: boolean;
  /** How it died: seen by the running function in a register, or elsewhere. For the distribution only. */
  readonly died?: "register" | "elsewhere";
};
type Value =
  | { readonly kind: "nothing" }
  /** `value` null: any number; `id` is shared by its copies. */
  | { readonly kind: "number"; readonly value: number | null; readonly nonzero: boolean; readonly id: number }
  | { readonly kind: "slot"; readonly frame: number; readonly slot: number }
  | Pointer;

interface Frame {
  readonly func: Func;
  pc: number;
  readonly regs: Map<Reg, Value>;
  readonly slots: Value[];
  readonly entryDepth: number;
}
interface State {
  readonly frames: Frame[];
  depth: number;
  spin: number | null;
}

/** One way in which a program is wrong: the code the verifier should give, and the rule of the design that says so. */
export interface Finding {
  readonly code: string;
  readonly rule: string;
  readonly func: number;
  readonly op: number;
}
class Refusal {
  readonly code: string;
  readonly rule: string;
  constructor(code: string, rule: string) {
    this.code = code;
    this.rule = rule;
  }
}
function fail(code: string, rule: string): never {
  throw new Refusal(code, rule);
}

const NOTHING: Value = { kind: "nothing" };
const DEEPEST = 8;
const MOST_PATHS = 20_000;
let fresh = 0;
const number = (value: number): Value => ({ kind: "number", value, nonzero: value !== 0, id: 0 });
const anyNumber = (): Value => ({ kind: "number", value: null, nonzero: false, id: ++fresh });
const pointer = (kind: "value" | "map", map: MapName, maybeNull: boolean): Value => ({
  kind,
  map,
  id: ++fresh,
  off: 0,
  maybeNull,
  live: true,
});

/** The whole judgement of one program: what was found so far, and which functions were walked. */
interface Walk {
  readonly program: Abstract;
  readonly findings: Finding[];
  /** Of a function walked by itself: the greatest depth it reaches from 0. */
  readonly deepest: Map<number, number>;
  readonly timers: number[];
  paths: number;
}

/**
 * Everything that is wrong with the program, in the order of the walk; null when there are too many paths. A global
 * function counts where its call is reached; with `everyFunction`, in any case.
 */
export function judge(program: Abstract, everyFunction = false): readonly Finding[] | null {
  const walk: Walk = { program, findings: [], deepest: new Map(), timers: [0], paths: 0 };
  // A timer callback runs by itself, from depth 0 (E8); the main program does too.
  for (const root of walk.timers) walkAlone(walk, root);
  if (everyFunction) {
    program.funcs.forEach((func, at) => {
      if (func.role === "global" || func.role === "timer") walkAlone(walk, at);
    });
  }
  return walk.paths > MOST_PATHS ? null : walk.findings;
}

/** Walks a function by itself, from depth 0, once. */
function walkAlone(walk: Walk, root: number): void {
  if (walk.deepest.has(root)) return;
  let deepest = 0;
  walk.deepest.set(root, 0);
  const func = walk.program.funcs[root];
  const todo = [start(func, func.role === "global" ? anyNumber() : number(0))];
  for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
    if (++walk.paths > MOST_PATHS) return;
    for (let running = true; running; ) {
      const frame = state.frames[state.frames.length - 1];
      const op = frame.pc;
      try {
        running = step(walk, state, todo);
        deepest = Math.max(deepest, state.depth);
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        walk.findings.push({
          code: refusal.code,
          rule: refusal.rule,
          func: walk.program.funcs.indexOf(frame.func),
          op,
        });
        running = false;
      }
    }
  }
  walk.deepest.set(root, deepest);
}

function start(func: Func, argument: Value): State {
  return { frames: [enter(func, argument, 0)], depth: 0, spin: null };
}
function enter(func: Func, argument: Value, entryDepth: number): Frame {
  const regs = new Map<Reg, Value>([
    [0, NOTHING],
    [6, argument],
    [7, number(0)],
    [8, number(0)],
    [9, number(0)],
  ]);
  return { func, pc: 0, regs, slots: [number(0), number(0), number(0)], entryDepth };
}
function fork(state: State, pc: number): State {
  const frames = state.frames.map((f) => ({ ...f, regs: new Map(f.regs), slots: [...f.slots] }));
  frames[frames.length - 1].pc = pc;
  return { ...state, frames };
}
function replaceAll(state: State, change: (value: Value, where: "register" | "elsewhere") => Value): void {
  state.frames.forEach((frame, at) => {
    const here = at === state.frames.length - 1 ? "register" : "elsewhere";
    for (const [reg, value] of frame.regs) frame.regs.set(reg, change(value, here));
    frame.slots.forEach((value, slot) => {
      frame.slots[slot] = change(value, "elsewhere");
    });
  });
}
/** What `== 0` tells of every copy of a value. */
function learn(state: State, id: number, isZero: boolean): void {
  replaceAll(state, (value) => {
    if (id === 0 || value.kind === "nothing" || value.kind === "slot" || value.id !== id) return value;
    if (isZero) return number(0);
    return value.kind === "number" ? { ...value, nonzero: true } : { ...value, maybeNull: false };
  });
}

/** A live pointer that may be used; which rule forbids it otherwise. */
function usable(value: Value, kind: "value" | "map"): Pointer {
  if (value.kind === "nothing") return fail("E0401", "uninit");
  if (value.kind === "number" || value.kind === "slot") return fail("E0306|E0702|E0301", "number");
  if (!value.live) {
    const rule = value.kind === "map" || value.off !== 0 ? "E2" : value.died === "elsewhere" ? "E3" : "E4";
    return fail("L0601", rule);
  }
  if (value.maybeNull) return fail("E0301|E0702", "null");
  if (value.kind !== kind) return fail("E0702|E0308|E0302|E0311|E0306", "kind");
  return value;
}
/** `size` bytes of a value, beside its special field. */
function within(value: Pointer, off: number, size: number): void {
  const from = value.off + off;
  if (from < 0 || from + size > VALUE_SIZE) fail("E0302", "bounds");
  if (from < fieldSize[value.map]) fail("E0302|E0607|E0702|E0308", "field");
}
function slotAt(state: State, value: Value & { kind: "slot" }, off: number): [Value[], number] {
  const slot = value.slot - off / 8;
  if (!Number.isInteger(slot) || slot < 0) fail("E0304|E0305", "stack");
  return slot > 2 ? fail("E0304|E0305", "stack") : [state.frames[value.frame].slots, slot];
}

/** One operation; false at the end of the path. Other branches go to `todo`. */
function step(walk: Walk, state: State, todo: State[]): boolean {
  const { program } = walk;
  const frame = state.frames[state.frames.length - 1];
  const op: Op = frame.func.ops[frame.pc++];
  const get = (reg: Reg): Value => frame.regs.get(reg) ?? NOTHING;
  const read = (reg: Reg): Exclude<Value, { kind: "nothing" }> => {
    const value = get(reg);
    return value.kind === "nothing" ? fail("E0401", "uninit") : value;
  };
  const set = (reg: Reg, value: Value): void => void frame.regs.set(reg, value);
  const free = (): void => {
    if (state.spin !== null) fail("E0607", "spin");
  };
  const protectedHere = (): void => {
    if (state.depth === 0) fail("L0602", state.frames[0].func.role === "timer" ? "E8" : "E1");
  };
  switch (op.op) {
    case "lock":
      if (state.spin !== null) fail("E0610", "E12");
      if (state.depth === DEEPEST) fail("E0604", "E5 depth");
      state.depth++;
      set(0, NOTHING);
      return true;
    case "unlock": {
      if (state.spin !== null) fail("E0610", "E12");
      if (state.depth === 0) fail("E0605", "E5 underflow");
      const guarded = state.frames.some((f) => (f.func.role === "each" || f.func.role === "times") && f.entryDepth > 0);
      if (state.depth === 1 && guarded) fail("E0609", "E7");
      if (--state.depth === 0) {
        replaceAll(state, (value, died) =>
          (value.kind === "value" || value.kind === "map") && value.live ? { ...value, live: false, died } : value,
        );
      }
      set(0, NOTHING);
      return true;
    }
    case "lookup":
      free();
      protectedHere();
      set(0, op.map === "outer" ? pointer("map", "counters", true) : pointer("value", op.map, true));
      return true;
    case "lookupIn": {
      free();
      read(op.via);
      protectedHere();
      const inner = usable(get(op.via), "map");
      set(0, pointer("value", inner.map, true));
      return true;
    }
    case "lookupKey": {
      free();
      const key = read(op.key);
      protectedHere();
      if (key.kind !== "slot") within(usable(key, "value"), 0, 4);
      set(0, pointer("value", "counters", true));
      return true;
    }
    case "copy":
      set(op.to, read(op.from));
      return true;
    case "spill":
      frame.slots[op.slot] = read(op.from);
      return true;
    case "fill":
      set(op.to, frame.slots[op.slot]);
      return true;
    case "set":
      set(op.to, number(op.value));
      return true;
    case "add": {
      const old = read(op.to);
      if (old.kind === "number") set(op.to, old.value === null ? anyNumber() : number(old.value + op.value));
      else if (old.kind === "slot") set(op.to, { ...old, slot: old.slot - op.value / 8 });
      else {
        if (!old.live) usable(old, old.kind);
        if (old.maybeNull || old.kind === "map") return fail("E0405|E0301", "arithmetic");
        set(op.to, { ...old, off: old.off + op.value } as Value);
      }
      return true;
    }
    case "load": {
      const base = read(op.base);
      if (base.kind === "slot") {
        const [slots, slot] = slotAt(state, base, op.off);
        set(op.to, slots[slot]);
      } else {
        // The kernel's structure of a map may be read, as numbers; it is larger than any offset here.
        if (base.kind === "map") usable(base, "map");
        else within(usable(base, "value"), op.off, 8);
        set(op.to, anyNumber());
      }
      return true;
    }
    case "store":
    case "atomic": {
      const base = read(op.base);
      if (base.kind === "slot") {
        const [slots, slot] = slotAt(state, base, op.off);
        if (op.op === "atomic" && slots[slot].kind !== "number") fail("E0404|E0405|E0304|L0601", "stack");
        slots[slot] = op.op === "store" ? number(0) : anyNumber();
      } else within(usable(base, "value"), op.off, 8);
      return true;
    }
    case "update": {
      free();
      const value = read(op.value);
      if (value.kind === "slot") slotAt(state, value, 0);
      else within(usable(value, "value"), 0, 8);
      set(0, anyNumber());
      return true;
    }
    case "isNull": {
      const value = read(op.reg);
      if (value.kind === "slot") return true;
      const known = value.kind === "number" ? value.nonzero || value.value !== null : !value.maybeNull;
      if (known) {
        if (value.kind === "number" && value.value === 0) frame.pc = op.target;
        return true;
      }
      const taken = fork(state, op.target);
      learn(taken, value.id, true);
      todo.push(taken);
      learn(state, value.id, false);
      return true;
    }
    case "coin":
      free();
      set(0, number(0));
      todo.push(fork(state, op.target));
      set(0, number(1));
      return true;
    case "begin":
      set(9, number(0));
      return true;
    case "again": {
      const counter = read(9);
      if (counter.kind !== "number" || counter.value === null) throw new Error("a loop counter is always known");
      set(9, number(counter.value + 1));
      if (counter.value + 1 < op.count) frame.pc = op.target;
      return true;
    }
    case "call": {
      const argument: Value =
        typeof op.arg === "object" ? { kind: "slot", frame: state.frames.length - 1, slot: op.arg.slot } : read(op.arg);
      state.frames.push(enter(program.funcs[op.func], argument, state.depth));
      return true;
    }
    case "callGlobal": {
      free();
      if (read(op.arg).kind !== "number") fail("E0702|L0601", "argument");
      walkAlone(walk, op.func);
      if (state.depth + (walk.deepest.get(op.func) ?? 0) > DEEPEST) fail("E0604|E0611", "E6");
      set(0, anyNumber());
      return true;
    }
    case "each":
    case "times": {
      free();
      if (op.op === "each") protectedHere();
      // Not once, or once: further rounds begin as the first did, for nothing but r0 is handed on.
      const skipped = fork(state, frame.pc);
      skipped.frames[skipped.frames.length - 1].regs.set(0, anyNumber());
      todo.push(skipped);
      const argument = op.op === "each" ? pointer("value", "counters", false) : anyNumber();
      state.frames.push(enter(program.funcs[op.func], argument, state.depth));
      return true;
    }
    case "timer": {
      free();
      const value = usable(get(op.via), "value");
      if (value.map !== "timers" || value.off !== 0) fail("E0702|E0302|E0703|E0607", "timer");
      if (!walk.timers.includes(op.func)) walk.timers.push(op.func);
      set(0, anyNumber());
      return true;
    }
    case "spin":
    case "unspin": {
      const value = usable(get(op.reg), "value");
      if (value.map !== "locked" || value.off !== 0) fail("E0607|E0702|E0302|E0703", "spin");
      if ((op.op === "spin") !== (state.spin === null)) fail("E0607", "spin");
      if (op.op === "unspin" && state.spin !== value.id) fail("E0607", "spin");
      state.spin = op.op === "spin" ? value.id : null;
      set(0, NOTHING);
      return true;
    }
    case "sleep":
      free();
      if (state.depth > 0) fail("E0606", "E5 sleep");
      set(0, anyNumber());
      return true;
    case "tail":
      free();
      if (state.depth > 0) fail("E0603", "E5 tail call");
      set(0, NOTHING);
      return true;
    case "throw":
      free();
      if (state.depth > 0) fail("E0603", "E5 throw");
      return false;
    case "return":
      set(0, read(op.from));
      return leave(state);
    case "returnNumber":
      set(0, number(op.value));
      return leave(state);
    case "exit":
      return leave(state);
  }
}

function leave(state: State): boolean {
  const frame = state.frames[state.frames.length - 1];
  const result = frame.regs.get(0) ?? NOTHING;
  const { role } = frame.func;
  if (role === "static") {
    if (result.kind === "slot") fail("E0404|E0405|E0304|E0403", "stack");
    state.frames.pop();
    state.frames[state.frames.length - 1].regs.set(0, result);
    return true;
  }
  if (role === "each" || role === "times") {
    if (state.spin !== null) fail("E0607", "spin");
    if (state.depth !== frame.entryDepth) fail("E0609", "E7");
    if (result.kind !== "number" || result.value === null || result.value < 0 || result.value > 1) {
      fail("E0403|E0401", "result");
    }
    state.frames.pop();
    state.frames[state.frames.length - 1].regs.set(0, anyNumber());
    return true;
  }
  if (state.spin !== null) fail("E0607|E0603", "spin");
  if (state.depth > 0) fail(role === "global" ? "E0611" : role === "timer" ? "E0609|E0603" : "E0603", exitRule[role]);
  if (result.kind === "nothing") fail("E0401", "uninit");
  if (role !== "main" && result.kind !== "number") fail("E0403|L0601", "result");
  if (role === "timer" && result.kind === "number" && result.value !== 0) fail("E0403", "result");
  if ((result.kind === "value" || result.kind === "map") && !result.live) usable(result, result.kind);
  return false;
}
const exitRule = { main: "E5 exit", global: "E6", timer: "E8" };
