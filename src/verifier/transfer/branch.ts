// Conditional jumps: which edges can be taken, and what each teaches (kernel: check_cond_jmp_op,
// mark_ptr_or_null_regs, find_good_pkt_pointers, sync_linked_regs).
import type { Insn, Width } from "../../isa/insn.ts";
import type { JumpOp } from "../../isa/jump.ts";
import { isTrusted } from "../check/typed.ts";
import { alu, decide, refine, refineSame } from "../domain/linux.ts";
import { Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import { needNumber } from "../search/demand.ts";
import { type Place, regPlace, type State, slotPlace } from "../state/state.ts";

import { kindText, scalarValue, type Value, type ValueKind } from "../state/value.ts";
import { read, readSource } from "./alu.ts";

type Jump = Insn & { kind: "jump" };

export interface Edges {
  /** The state on each edge; null when the edge cannot be taken. */
  readonly taken: State | null;
  readonly fallthrough: State | null;
  /** Places that were narrowed together. */
  readonly linked?: readonly (readonly Place[])[];
}

/** Splits a state at a conditional jump. The given state becomes one of the edges: the fall-through, if there is one. */
export function branch(env: Env, state: State, insn: Jump): Edges {
  const left = read(state, insn.dst, "dst");
  const right = readSource(state, insn.src);
  if (left.kind === "scalar" && right.kind === "scalar") return numbers(env, state, insn, left, right);
  const equality = insn.op === "jeq" || insn.op === "jne";
  const nullTest = equality && insn.width === 64;
  const zero = (value: Value): boolean => isZero(value, insn.width);
  comparePointers(env, state, insn, left, right);
  // Linux knows a pointer from 0 in any register, but learns that one is null only from the constant.
  if (equality && ((isNeverNull(left) && zero(right)) || (isNeverNull(right) && zero(left)))) {
    if (left.kind === "scalar") needNumber(env, state, insn.dst);
    else if (insn.src.kind === "reg") needNumber(env, state, insn.src.reg);
    return insn.op === "jeq" ? never(state) : always(state);
  }
  if (nullTest && left.maybeNull && insn.src.kind === "imm" && insn.src.value === 0) {
    const taken = state.copy();
    withNull(taken, left, insn.op === "jeq");
    withNull(state, left, insn.op !== "jeq");
    return { taken, fallthrough: state };
  }
  const taken = state.copy();
  provePacket(insn, left, right, taken, state);
  if (nullTest && insn.src.kind === "reg") learnNonNull(insn.op, left, right, taken, state);
  return { taken, fallthrough: state };
}

const always = (state: State): Edges => ({ taken: state, fallthrough: null });
const never = (state: State): Edges => ({ taken: null, fallthrough: state });

/** Pointers known not to be 0 without a check (kernel: reg_not_null). Of the others Linux walks both edges. */
const neverNull: ReadonlySet<ValueKind> = new Set<ValueKind>([
  "mapValue",
  "mapKey",
  "mapPtr",
  "mem",
  "sock",
  "sockCommon",
  "tcpSock",
]);

function isNeverNull(value: Value): boolean {
  return !value.maybeNull && (value.kind === "typed" ? isTrusted(value) : neverNull.has(value.kind));
}

/** Of a pointer's low half alone Linux believes the same as of all of it. */
function isZero({ kind, scalar }: Value, width: Width): boolean {
  return kind === "scalar" && (width === 64 ? scalar.value === 0n : scalar.isLowConst && scalar.u32min === 0);
}

function comparePointers(env: Env, state: State, insn: Jump, left: Value, right: Value): void {
  if (env.profile.privileged) return;
  if (proof(insn, left, right) !== undefined) return;
  const equality = insn.op === "jeq" || insn.op === "jne";
  const whole = insn.width === 64 && insn.src.kind === "imm";
  const nullTest = equality && isZero(right, insn.width) && (left.maybeNull ? whole : isNeverNull(left));
  if (nullTest && !right.isPointer) return;
  const packets = isPacket(left) && isPacket(right);
  const culprit = right.isPointer && !packets && insn.src.kind === "reg" ? insn.src.reg : insn.dst;
  // Linux refuses a pointer on the left when it has put the way of the jump aside.
  if (culprit === insn.dst && state.speculative) {
    const taken = state.copy();
    taken.pc += 1 + insn.off;
    taken.path = { previous: state.path, from: state.pc, to: taken.pc, kind: "taken" };
    env.push(taken);
  }
  reject({
    code: "E0407",
    state,
    operand: culprit === insn.dst ? "dst" : "src",
    culprit,
    text: "a pointer is compared with something else than 0",
    label: `\`r${culprit}\` is a ${kindText(culprit === insn.dst ? left : right)} pointer: only privileged programs may do this`,
    kernel: `R${culprit} pointer comparison prohibited`,
  });
}

function numbers(env: Env, state: State, insn: Jump, left: Value, right: Value): Edges {
  const { op, width, dst, src } = insn;
  const sameRegister = src.kind === "reg" && src.reg === dst;
  const known = decide(op, width, left.scalar, right.scalar);
  if (known !== undefined) {
    needNumber(env, state, dst);
    if (src.kind === "reg") needNumber(env, state, src.reg);
    return known ? always(state) : never(state);
  }
  const linked = [...copiesOf(state, left), ...copiesOf(state, right)];
  const taken = state.copy();
  for (const out of [taken, state]) {
    if (sameRegister) {
      learn(out, dst, left, refineSame(op, width, left.scalar, out === taken));
      continue;
    }
    const learnt = refine(op, width, left.scalar, right.scalar, out === taken);
    learn(out, dst, left, learnt.a);
    if (src.kind === "reg") learn(out, src.reg, right, learnt.b);
  }
  return { taken, fallthrough: state, ...(linked.length > 0 ? { linked } : {}) };
}

/** Where the number lies, if in more than one place. */
function copiesOf(state: State, value: Value): readonly (readonly Place[])[] {
  if (value.id === 0) return [];
  const places: Place[] = [];
  state.frames.forEach((frame, n) => {
    frame.regs.forEach((other, reg) => {
      if (other.kind === "scalar" && other.id === value.id) places.push(regPlace(n, reg));
    });
    for (let at = 0; at < frame.stack.count; at++) {
      const other = frame.stack.slot(at).value;
      if (other?.kind === "scalar" && other.id === value.id) places.push(slotPlace(n, at));
    }
  });
  return places.length > 1 ? [places] : [];
}

/** A register's new bounds, and those of every number that is a copy of it or a constant apart. */
function learn(state: State, reg: number, old: Value, scalar: Scalar): void {
  if (scalar === old.scalar) return;
  if (old.id === 0) {
    state.set(reg, scalarValue(scalar));
    return;
  }
  state.mapValues((value) => {
    if (value.kind !== "scalar" || value.id !== old.id) return value;
    if (value.off === old.off && (value.size === old.size || value.size === 0 || old.size === 0)) {
      return value.with({ scalar });
    }
    // What was added in 32 bits and what in 64 say nothing of one another.
    if (value.size !== 0 && old.size !== 0 && value.size !== old.size) return value;
    const width = value.size === 32 || old.size === 32 ? 32 : 64;
    return value.with({ scalar: alu("add", width, scalar, Scalar.constant(BigInt(value.off - old.off))) });
  });
}

/** Every copy of a maybe-null pointer becomes 0, or a pointer. */
function withNull(state: State, tested: Value, isNull: boolean): void {
  state.mapValues((value) => {
    if (value.id !== tested.id) return value;
    if (isNull) return scalarValue(Scalar.constant(0n));
    return value.with({ maybeNull: false, id: 0 });
  });
  // What was derived from a reference does not hold it: only the pointer that came with it tells that there is none.
  if (isNull && tested.reference !== 0 && tested.reference === tested.id) {
    state.references = state.references.filter((held) => held.id !== tested.reference);
  }
}

/** A pointer equal to one that is not null is not null itself. */
function learnNonNull(op: JumpOp, left: Value, right: Value, taken: State, fallthrough: State): void {
  const [maybe, sure] = left.maybeNull ? [left, right] : [right, left];
  if (!maybe.maybeNull || !sure.isPointer || sure.maybeNull || maybe.reference !== 0) return;
  withNull(op === "jeq" ? taken : fallthrough, maybe, false);
}

const MOST_PACKET = 0xffff;

const isPacket = (value: Value): boolean => value.kind.startsWith("packet");

interface Proof {
  /** The pointer of which bytes are proven; the other operand is the end of them. */
  readonly pointer: Value;
  /** As if the pointer stood on the left. */
  readonly direction: "jgt" | "jge" | "jlt" | "jle";
}

/** A compare of a packet pointer with the packet's end, or of one to the metadata with the packet's start. */
function proof(insn: Jump, left: Value, right: Value): Proof | undefined {
  const pairs = (a: Value, b: Value): boolean =>
    (a.kind === "packet" && b.kind === "packetEnd") ||
    (a.kind === "packetMeta" && b.kind === "packet" && b.off === 0 && b.scalar.isConst && b.id === 0);
  const flipped = !pairs(left, right);
  if (insn.width !== 64 || insn.src.kind !== "reg" || (flipped && !pairs(right, left))) return undefined;
  const direction = flipped ? mirror[insn.op] : insn.op;
  if (direction !== "jgt" && direction !== "jge" && direction !== "jlt" && direction !== "jle") return undefined;
  return { pointer: flipped ? right : left, direction };
}

/** Such a compare proves bytes on one edge. */
function provePacket(insn: Jump, left: Value, right: Value, taken: State, fallthrough: State): void {
  const proven = proof(insn, left, right);
  if (proven === undefined) return;
  const { pointer, direction } = proven;
  // pointer > end: the fall-through has pointer <= end, so all bytes before the pointer are there, and so on.
  switch (direction) {
    case "jgt":
      prove(fallthrough, pointer, 0);
      return;
    case "jge":
      prove(fallthrough, pointer, 1);
      return;
    case "jlt":
      prove(taken, pointer, 1);
      return;
    case "jle":
      prove(taken, pointer, 0);
      return;
  }
}

/** The operator that holds when the operands change places. */
const mirror = {
  jeq: "jeq",
  jne: "jne",
  jset: "jset",
  jgt: "jlt",
  jge: "jle",
  jlt: "jgt",
  jle: "jge",
  jsgt: "jslt",
  jsge: "jsle",
  jslt: "jsgt",
  jsle: "jsge",
} as const satisfies Record<JumpOp, JumpOp>;

/** `strict` 1: the pointer is below the end, so one byte more is there. */
function prove(state: State, pointer: Value, strict: 0 | 1): void {
  // Linux counts the bytes before the pointer; where there are none, it does not see that the one at it is there.
  if (pointer.off < strict) return;
  if (pointer.scalar.umax + BigInt(pointer.off) > BigInt(MOST_PACKET)) return;
  const proven = pointer.off + strict;
  state.mapValues((value) =>
    value.kind === pointer.kind && value.id === pointer.id ? value.with({ size: Math.max(value.size, proven) }) : value,
  );
}
