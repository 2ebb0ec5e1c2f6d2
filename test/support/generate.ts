// Seeded random abstract programs (ops.ts), about 12 operations in all functions together. A rough guess of what each
// register holds steers the choice, so that most operations make sense and more than half of the programs are right;
// now and then an operand is chosen blindly, a dead pointer is used, or a closing unlock is forgotten. One file,
// though long: the table of weights and the guesses that they read belong together.
import { Dice } from "./dice.ts";
import type { Abstract, Func, MapName, Op, Reg, Role, Slot } from "./ops.ts";

export const MOST_OPS = 12;

/** A small generator with 32 bits of state (mulberry32): the same seed gives the same programs everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Guess = { kind: "nothing" | "number" | "slot" | "value" | "map"; map: MapName; maybe: boolean; live: boolean };
const NUMBER: Guess = { kind: "number", map: "counters", maybe: false, live: true };

interface Sketch {
  readonly role: Role;
  readonly ops: Op[];
  /** Depth before each operation, as far as a straight walk tells. */
  readonly depths: number[];
  readonly regs: Map<Reg, Guess>;
  readonly slots: Guess[];
  depth: number;
  entry: number;
  spin: Reg | null;
}

class Generator extends Dice {
  readonly type: "syscall" | "xdp";
  readonly funcs: (Func | null)[] = [null];
  left = MOST_OPS;

  constructor(random: () => number) {
    super(random);
    this.type = random() < 0.7 ? "syscall" : "xdp";
  }

  program(): Abstract {
    const main = this.sketch("main", 0, NUMBER);
    this.left = this.chance(0.8) ? MOST_OPS : 4 + this.below(MOST_OPS - 4);
    if (this.left === MOST_OPS && this.chance(0.75)) this.found(main);
    this.fill(main, this.left);
    this.funcs[0] = this.finish(main);
    return { type: this.type, funcs: this.funcs.filter((f) => f !== null) };
  }

  sketch(role: Role, depth: number, argument: Guess): Sketch {
    const regs = new Map<Reg, Guess>([
      [0, { ...NUMBER, kind: "nothing" }],
      [6, argument],
      [7, NUMBER],
      [8, NUMBER],
      [9, NUMBER],
    ]);
    return { role, ops: [], depths: [], regs, slots: [NUMBER, NUMBER, NUMBER], depth, entry: depth, spin: null };
  }

  /** Adds operations until the budget of this function is used up. */
  fill(s: Sketch, budget: number): void {
    const stop = this.left - budget;
    while (this.left > stop + Math.max(0, s.depth - s.entry) + 1) {
      const op = this.choose(s);
      if (op === null) continue;
      this.add(s, op);
    }
  }

  add(s: Sketch, op: Op): void {
    s.depths.push(s.depth);
    s.ops.push(op);
    this.left--;
    this.after(s, op);
  }

  /** The beginning that most programs share: a section, and something found in it. */
  found(s: Sketch): void {
    const map = this.pick<MapName>(["counters", "counters", "counters", "locked", "timers", "timers", "outer"]);
    this.add(s, { op: "lock" });
    this.add(s, { op: "lookup", map });
    this.add(s, { op: "isNull", reg: 0, target: -1 });
    if (this.chance(0.6)) this.add(s, { op: "copy", to: this.pick<Reg>([6, 7, 8]), from: 0 });
    else if (this.chance(0.7)) this.add(s, { op: "spill", slot: this.pick<Slot>([0, 1, 2]), from: 0 });
  }

  /** The next operation, or null to try again. A weight of 0 is an operation that makes no sense here. */
  choose(s: Sketch): Op | null {
    const guesses = [...s.regs.values(), ...s.slots];
    const pointers = guesses.filter((g) => g.kind === "value" || g.kind === "map");
    const live = pointers.filter((g) => g.live);
    const unchecked = pointers.some((g) => g.maybe);
    const ready = live.some((g) => g.kind === "value" && !g.maybe);
    const dead = pointers.length > live.length;
    const has = (test: (g: Guess) => boolean): boolean => [...s.regs.values()].some(test);
    const free = s.spin === null || this.chance(0.1);
    const kept = this.pick<Reg>([6, 7, 8]);
    const isPointer = (g: Guess): boolean => g.kind === "value" || g.kind === "map";
    const mayMain = s.role === "main" && free ? 1 : 0;
    const rows: readonly (readonly [weight: number, make: () => Op | null])[] = [
      [free ? (s.depth === 0 ? 16 : 2) : 4, () => ({ op: "lock" })],
      [free && s.depth > s.entry ? (pointers.length > 0 ? 12 : 3) : 0.4, () => ({ op: "unlock" })],
      [
        free ? (s.depth === 0 ? 0.7 : live.length === 0 ? 30 : 6) : 0,
        () => ({
          op: "lookup",
          map: this.pick<MapName>(["counters", "counters", "counters", "locked", "timers", "outer"]),
        }),
      ],
      [
        free && has((g) => g.kind === "map" && !g.maybe) ? 12 : 0,
        () =>
          this.on(
            s,
            (g) => g.kind === "map" && !g.maybe,
            (via) => ({ op: "lookupIn", via }),
          ),
      ],
      [
        free && ready && s.depth > 0 ? 1.5 : 0,
        () =>
          this.on(
            s,
            (g) => g.kind === "value" && !g.maybe,
            (key) => ({ op: "lookupKey", key }),
          ),
      ],
      [
        pointers.length > 0 ? 8 : 0,
        () => this.on(s, isPointer, (from) => (from === kept ? null : { op: "copy", to: kept, from })),
      ],
      [
        pointers.length > 0 ? 5 : 0,
        () => this.on(s, isPointer, (from) => ({ op: "spill", slot: this.pick<Slot>([0, 1, 2]), from })),
      ],
      [
        s.slots.some(isPointer) ? 7 : 0,
        () => ({ op: "fill", to: kept, slot: this.pick(([0, 1, 2] as const).filter((at) => isPointer(s.slots[at]))) }),
      ],
      [1, () => ({ op: "set", to: kept, value: this.below(3) })],
      [ready ? 4 : 0, () => this.onValue(s, (to) => ({ op: "add", to, value: 8 }))],
      [
        ready || dead ? 10 : 0,
        () => this.onValue(s, (base) => ({ op: "load", to: kept, base, off: this.pick([16, 16, 16, 24]) })),
      ],
      [
        has((g) => g.kind === "slot") ? 25 : 0,
        () =>
          this.on(
            s,
            (g) => g.kind === "slot",
            (base) => ({ op: "load", to: kept, base, off: 0 }),
          ),
      ],
      [
        ready || dead ? 3 : 0,
        () => this.onValue(s, (base) => ({ op: this.pick(["store", "atomic"] as const), base, off: 16 })),
      ],
      [
        free && (ready || dead) ? 3 : 0,
        () =>
          this.on(
            s,
            (g) => g.kind === "value" && g.map === "counters",
            (value) => ({ op: "update", value }),
          ),
      ],
      [
        unchecked ? 40 : 0.3,
        () =>
          this.on(
            s,
            (g) => g.maybe,
            (reg) => ({ op: "isNull", reg, target: -1 }),
          ),
      ],
      [free ? 3 : 0, () => ({ op: "coin", target: -1 })],
      [
        dead ? 9 : 0,
        () =>
          this.on(
            s,
            (g) => isPointer(g) && !g.live && !g.maybe,
            (reg) =>
              this.pick<Op>([
                { op: "load", to: kept, base: reg, off: 16 },
                { op: "update", value: reg },
                { op: "add", to: reg, value: 8 },
                { op: "isNull", reg, target: -1 },
                s.regs.get(reg)?.kind === "map" && s.depth > 0
                  ? { op: "lookupIn", via: reg }
                  : { op: "atomic", base: reg, off: 16 },
              ]),
          ),
      ],
      [mayMain * 2, () => this.loop(s)],
      [mayMain * 6, () => this.call(s)],
      [mayMain * 4, () => this.global(s)],
      [mayMain * 7, () => this.callback(s)],
      [has((g) => g.map === "timers" && g.kind === "value" && !g.maybe) ? mayMain * 60 : 0, () => this.timer(s)],
      [
        s.spin === null && has((g) => g.map === "locked" && g.kind === "value" && !g.maybe) ? 24 : 0,
        () =>
          this.on(
            s,
            (g) => g.map === "locked" && g.kind === "value" && !g.maybe,
            (reg) => ({ op: "spin", reg }),
          ),
      ],
      [s.spin === null ? 0 : 12, () => (s.spin === null ? null : { op: "unspin", reg: s.spin })],
      [mayMain * (s.depth === 0 ? 1.5 : 0.3), () => ({ op: this.type === "xdp" ? "tail" : "sleep" })],
      [
        s.ops.length > 2 && this.left > 3 ? mayMain * (s.depth === 0 ? 1 : 0.3) : 0,
        () => {
          // An exception ends the path, so it stands behind a coin.
          this.add(s, { op: "coin", target: s.ops.length + 2 });
          return { op: "throw" };
        },
      ],
    ];
    let at = this.random() * rows.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of rows) if ((at -= weight) < 0) return make();
    return null;
  }

  /** An operation on a register that seems to fit; most often on one. */
  on(s: Sketch, fits: (guess: Guess) => boolean, make: (reg: Reg) => Op | null): Op | null {
    const all = [...s.regs].filter(([reg]) => reg !== 9);
    const good = this.chance(0.01) ? all : all.filter(([, guess]) => fits(guess));
    return good.length === 0 ? null : make(this.pick(good)[0]);
  }

  /** On a value that may be used, or, now and then, on one that is dead or was not checked. */
  onValue(s: Sketch, make: (reg: Reg) => Op | null): Op | null {
    const deadToo = this.chance(0.2);
    const uncheckedToo = this.chance(0.04);
    return this.on(s, (g) => g.kind === "value" && (g.live || deadToo) && (!g.maybe || uncheckedToo), make);
  }

  /** `begin`, a short body, `again`. Locks in the body are how a program gets deep. */
  loop(s: Sketch): Op | null {
    if (this.left < 6 || s.role !== "main" || s.ops.some((op) => op.op === "begin")) return null;
    this.add(s, { op: "begin" });
    const target = s.ops.length;
    const body = 1 + this.below(4);
    const before = s.depth;
    const deep = this.chance(0.3);
    for (let n = 0; n < body && this.left > 3; n++) {
      const op = deep ? ({ op: "lock" } as const) : this.choose(s);
      if (op !== null && op.op !== "begin") this.add(s, op);
    }
    while (!deep && s.depth > before && this.left > 2) this.add(s, { op: "unlock" });
    return { op: "again", count: deep ? this.pick([3, 4, 5, 9]) : 2 + this.below(2), target };
  }

  /** A function of its own, written before the operation that calls it. */
  inner(s: Sketch, role: Role, depth: number, argument: Guess): number | null {
    if (s.role !== "main" || this.left < 5) return null;
    const at = this.funcs.length;
    this.funcs.push(null);
    const sketch = this.sketch(role, depth, argument);
    // The two that remain: the call, and the end of the caller.
    this.fill(sketch, Math.min(this.left - 3, 2 + this.below(4)));
    this.funcs[at] = this.finish(sketch);
    return at;
  }

  call(s: Sketch): Op | null {
    const known = this.funcs.flatMap((f, at) => (f?.role === "static" ? [at] : []));
    const arg: Reg | { slot: Slot } = this.chance(0.25)
      ? { slot: this.pick<Slot>([0, 1, 2]) }
      : this.pick<Reg>([6, 7, 8]);
    const guess: Guess = typeof arg === "object" ? { ...NUMBER, kind: "slot" } : (s.regs.get(arg) ?? NUMBER);
    const func = known.length > 0 && this.chance(0.5) ? this.pick(known) : this.inner(s, "static", s.depth, guess);
    return func === null ? null : { op: "call", func, arg };
  }

  global(s: Sketch): Op | null {
    const func = this.inner(s, "global", 0, NUMBER);
    return func === null ? null : { op: "callGlobal", func, arg: this.chance(0.95) ? 9 : 7 };
  }

  callback(s: Sketch): Op | null {
    const op = this.pick(["each", "times"] as const);
    if (op === "each" && s.depth === 0 && !this.chance(0.1)) return null;
    const argument: Guess = op === "each" ? { kind: "value", map: "counters", maybe: false, live: true } : NUMBER;
    const func = this.inner(s, op, s.depth, argument);
    return func === null ? null : { op, func };
  }

  timer(s: Sketch): Op | null {
    return this.on(
      s,
      (g) => g.map === "timers" && g.kind === "value" && !g.maybe,
      (via) => {
        const func = this.inner(s, "timer", 0, NUMBER);
        return func === null ? null : { op: "timer", via, func };
      },
    );
  }

  /** What a straight walk makes of the guesses. */
  after(s: Sketch, op: Op): void {
    const nothing: Guess = { ...NUMBER, kind: "nothing" };
    const all = (change: (g: Guess) => Guess): void => {
      for (const [reg, g] of s.regs) s.regs.set(reg, change(g));
      s.slots.forEach((g, at) => {
        s.slots[at] = change(g);
      });
    };
    switch (op.op) {
      case "lock":
        s.depth++;
        s.regs.set(0, nothing);
        break;
      case "unlock":
        s.depth--;
        if (s.depth === 0) all((g) => ({ ...g, live: g.kind === "number" }));
        s.regs.set(0, nothing);
        break;
      case "lookup":
        s.regs.set(0, { kind: op.map === "outer" ? "map" : "value", map: op.map, maybe: true, live: true });
        break;
      case "lookupIn":
      case "lookupKey":
        s.regs.set(0, { kind: "value", map: "counters", maybe: true, live: true });
        break;
      case "copy":
        s.regs.set(op.to, s.regs.get(op.from) ?? NUMBER);
        break;
      case "spill":
        s.slots[op.slot] = s.regs.get(op.from) ?? NUMBER;
        break;
      case "fill":
        s.regs.set(op.to, s.slots[op.slot]);
        break;
      case "load":
      case "set":
        s.regs.set(op.to, NUMBER);
        break;
      case "isNull":
        all((g) => ({ ...g, maybe: g.maybe && g.map !== s.regs.get(op.reg)?.map }));
        break;
      case "spin":
        s.spin = op.reg;
        s.regs.set(0, nothing);
        break;
      case "unspin":
        s.spin = null;
        s.regs.set(0, nothing);
        break;
      case "tail":
        s.regs.set(0, nothing);
        break;
      case "update":
      case "coin":
      case "sleep":
      case "callGlobal":
      case "each":
      case "times":
      case "timer":
        s.regs.set(0, NUMBER);
        break;
      case "call": {
        const callee = this.funcs[op.func];
        for (const inner of callee?.ops ?? []) s.depth += inner.op === "lock" ? 1 : inner.op === "unlock" ? -1 : 0;
        s.depth = Math.max(0, s.depth);
        s.regs.set(0, NUMBER);
        break;
      }
      default:
        break;
    }
  }

  /** Closes what is open, ends the function, and gives the branches somewhere to go. */
  finish(s: Sketch): Func {
    if (s.spin !== null && this.chance(0.95)) this.add(s, { op: "unspin", reg: s.spin });
    const looseStatic = s.role === "static" && this.chance(0.2);
    const open = looseStatic ? 0 : s.depth - s.entry;
    for (let n = 0; n < open; n++) if (this.chance(0.96)) this.add(s, { op: "unlock" });
    this.add(s, this.ending(s));
    const depths = s.depths;
    const ops = s.ops.map((op, at) => {
      if (!("target" in op) || op.target >= 0) return op;
      const later = s.ops.map((_, i) => i).filter((i) => i > at);
      const level = later.filter((i) => depths[i] === depths[at]);
      if (level.length === 0 || this.chance(0.05)) return { ...op, target: this.pick(later) };
      // Nothing found: on to the end, most often, past the uses of what was not found.
      return { ...op, target: op.op === "isNull" && this.chance(0.85) ? level[level.length - 1] : this.pick(level) };
    });
    return { role: s.role, ops };
  }

  ending(s: Sketch): Op {
    if (s.role === "main" || s.role === "static") {
      if (this.chance(0.15)) return { op: "return", from: this.pick<Reg>([6, 7, 8]) };
      if (s.role === "static" && this.chance(0.3)) return { op: "exit" };
    }
    return { op: "returnNumber", value: this.chance(0.98) ? 0 : 2 };
  }
}

export function generate(random: () => number): Abstract {
  for (;;) {
    const generator = new Generator(random);
    const program = generator.program();
    if (program.funcs.reduce((sum, func) => sum + func.ops.length, 0) <= MOST_OPS + 3 && wellFormed(program)) {
      return program;
    }
  }
}

/** Every function is called, and only the last operation of one may end it. */
export function wellFormed(program: Abstract): boolean {
  const called = new Set<number>([0]);
  for (const func of program.funcs) for (const op of func.ops) if ("func" in op) called.add(op.func);
  return program.funcs.every(
    (func, at) => called.has(at) && func.ops.every((op, i) => i === func.ops.length - 1 || !/exit|return/.test(op.op)),
  );
}
