// Calls within the program: static functions share the state, global ones are taken at their word, callbacks run
// any number of times or later (kernel: check_func_call, prepare_func_exit, push_callback_call).
import type { CallbackShape } from "../../host/contract.ts";
import type { FunctionSymbol, GlobalArg, MapDef } from "../../isa/program.ts";
import { describe } from "../check/access.ts";
import { type CallFacts, movable } from "../check/arguments.ts";
import { requireUnmoved } from "../check/context.ts";
import { checkMemory } from "../check/memory.ts";
import type { Callee } from "../check/special.ts";
import { Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { DEEPEST } from "../rcu/section.ts";
import { requireLive } from "../rcu/stale.ts";
import { Rejection, reject } from "../reject.ts";
import { needNumber } from "../search/demand.ts";
import { globalFacts } from "../search/global.ts";
import { Frame, State } from "../state/state.ts";
import { pointer, scalarValue, uninit, unknownScalar, type Value } from "../state/value.ts";

/** Frames on one path (kernel: MAX_CALL_FRAMES). */
export const DEEPEST_CALLS = 8;

function checkDepth(state: State): void {
  if (state.frames.length < DEEPEST_CALLS) return;
  reject({
    code: "E0204",
    state,
    operand: "whole",
    text: `more than ${DEEPEST_CALLS} functions call one another`,
    label: "the ninth frame on this path",
    kernel: `the call stack of ${DEEPEST_CALLS + 1} frames is too deep`,
  });
}

export function callLocal(env: Env, state: State, target: number): void {
  const symbol = env.program.functions.find((f) => f.pc === target && f.global);
  if (symbol !== undefined) {
    callGlobal(env, state, target, symbol);
    return;
  }
  checkDepth(state);
  const caller = state.frame;
  const frame = new Frame("static", state.pc, target, state.rcuDepth, null);
  for (let n = 1; n <= 5; n++) frame.regs[n] = caller.regs[n] ?? uninit;
  frame.regs[10] = pointer("stack", { frame: state.frames.length });
  state.frames.push(frame);
  state.path = { previous: state.path, from: state.pc, to: target, kind: "call" };
  state.pc = target;
}

/** A global function keeps its contract, whatever it does inside: it is verified by itself (rule E6). */
function callGlobal(env: Env, state: State, target: number, symbol: FunctionSymbol): void {
  const { name, args = [] } = symbol;
  if (state.lock !== null) {
    reject({
      code: "E0607",
      state,
      operand: "whole",
      text: "a global function is called while a spin lock is held",
      label: "it is verified apart, so the lock is not seen inside: unlock first",
      kernel: "global function calls are not allowed while holding a lock,\nuse static function instead",
    });
  }
  const facts = globalFacts(env, target);
  if (facts.sleeps && (state.rcuDepth > 0 || state.preempt > 0)) {
    reject({
      code: "E0606",
      state,
      operand: "target",
      text: `global function \`${name}\` may sleep, and an RCU section is open`,
      label: "it is verified apart, so the open section is not seen inside",
      kernel:
        "global functions that may sleep are not allowed in non-sleepable context,\ni.e., in a RCU/IRQ/preempt-disabled section, or in\na non-sleepable BPF program context",
    });
  }
  if (env.profile.rcu === "explicit" && state.rcuDepth + facts.rcuDepth > DEEPEST) {
    reject({
      code: "E0604",
      state,
      operand: "target",
      text: `RCU sections nest deeper than ${DEEPEST} inside \`${name}\``,
      label: `${state.rcuDepth} open here and up to ${facts.rcuDepth} more inside`,
      kernel: "nested rcu read lock (kernel function bpf_rcu_read_lock)",
    });
  }
  if (symbol.returns === "nothing") {
    reject({
      code: "E0702",
      state,
      operand: "target",
      text: `global function \`${name}\` returns nothing`,
      label: "callers rely on a number in r0",
      kernel: `Global function ${name}() doesn't return scalar. Only those are supported.\n${blameFor(env, target, name)}`,
    });
  }
  args.forEach((arg, at) => {
    checkGlobalArgument(env, state, { name, target }, arg, at + 1);
  });
  env.enterGlobal(target);
  state.forgetArguments();
  state.set(0, unknownScalar);
  if (facts.movesPacket) forgetPacket(env, state);
  state.pc++;
}

/** The packet may lie elsewhere now: pointers into it mean nothing. */
export function forgetPacket(env: Env, state: State): void {
  const gone = env.profile.privileged ? unknownScalar : uninit;
  state.mapValues((value) => (value.kind.startsWith("packet") ? gone : value));
}

function blameFor(env: Env, target: number, name: string): string {
  const number = env.structure.subprograms.findIndex((sub) => sub.start === target);
  return `Caller passes invalid args into func#${number} ('${name}')`;
}

/** Arguments of a global function keep to its declaration (kernel: btf_check_func_arg_match). */
function checkGlobalArgument(
  env: Env,
  state: State,
  called: { readonly name: string; readonly target: number },
  arg: GlobalArg,
  reg: number,
): void {
  const value = state.reg(reg);
  requireLive(state, reg, value, "whole", "the function takes");
  const blame = blameFor(env, called.target, called.name);
  const refuse = (words: string, kernel: string): never =>
    reject({
      code: "E0702",
      state,
      operand: "whole",
      culprit: reg,
      text: `argument ${reg} of global function \`${called.name}\` must be ${words}`,
      label: `\`r${reg}\` is ${value.kind === "uninit" ? "not set" : describe(value)}`,
      kernel: `${kernel}\n${blame}`,
    });
  if (arg === "scalar") {
    if (value.kind !== "scalar") refuse("a number", `R${reg} is not a scalar`);
    return;
  }
  const callee: Callee = { contract: { name: called.name, args: [], returns: "integer" }, id: null };
  try {
    if (arg === "ctx") {
      if (value.kind === "ctx") requireUnmoved(state, reg, value, "whole");
      else refuse("the context", `arg#${reg - 1} expects pointer to ctx`);
      return;
    }
    if (!movable.includes(value.kind)) requireUnmoved(state, reg, value, "whole");
    if (value.kind === "scalar" && value.scalar.value === 0n) {
      needNumber(env, state, reg);
      // Linux looks at the type of the register only, and lets a plain 0 through.
      if (arg.nonnull) refuse("memory that is not null", `arg#${reg - 1} is expected to be non-NULL`);
      return;
    }
    const there = value.maybeNull ? value.with({ maybeNull: false }) : value;
    for (const use of ["read", "write"] as const)
      checkMemory(env, state, callee, { reg, value: there, size: arg.mem, use }, true);
  } catch (error) {
    if (!(error instanceof Rejection) || error.refusal.kernel?.endsWith(blame) === true) throw error;
    throw new Rejection({ ...error.refusal, kernel: `${error.refusal.kernel ?? ""}\n${blame}` });
  }
  if (value.maybeNull && arg.nonnull) refuse("memory that is not null", `arg#${reg - 1} is expected to be non-NULL`);
}

/** Registers of a callback at its entry. */
function callbackRegs(env: Env, shape: CallbackShape, facts: CallFacts, frame: Frame, at: number): void {
  const map: MapDef | null = facts.map ?? facts.timer?.map ?? null;
  const protection = shape.when === "sync" && env.profile.rcu === "explicit" && facts.map !== null ? "live" : "none";
  shape.args.forEach((kind, n) => {
    const made: Record<typeof kind, () => Value> = {
      index: () => unknownScalar,
      mapPtr: () => pointer("mapPtr", { map }),
      key: () => pointer("mapKey", { map, origin: env.nextId(), protection, bornAt: at, readOnly: true }),
      value: () => pointer("mapValue", { map, origin: env.nextId(), protection, bornAt: at }),
      dynptr: () => pointer("dynptr", { origin: env.nextId(), bornAt: at }),
      context: () => facts.context ?? scalarValue(Scalar.constant(0n)),
    };
    frame.regs[n + 1] = made[kind]();
  });
  frame.regs[10] = pointer("stack", { frame: 0 });
}

/** One run of the callback is a path of its own; the given state goes on as if there were no more runs. */
export function enterCallback(env: Env, state: State, shape: CallbackShape, facts: CallFacts): void {
  const target = facts.callback?.size ?? -1;
  if (shape.when === "async") {
    const entry = new State(target);
    const frame = new Frame("asyncCallback", state.pc, target, 0, shape);
    callbackRegs(env, shape, facts, frame, state.pc);
    entry.frames = [frame];
    entry.path = { previous: state.path, from: state.pc, to: target, kind: "callback" };
    env.pushEntry(entry);
    return;
  }
  const caller = state.frame;
  const begun = caller.runs;
  caller.runs = 0;
  if (shape.times !== undefined) {
    const most = state.reg(shape.times + 1);
    needNumber(env, state, shape.times + 1);
    if (most.kind !== "scalar") {
      reject({
        code: "E0702",
        state,
        operand: "whole",
        culprit: shape.times + 1,
        text: "the count of a loop must be a number",
        label: `\`r${shape.times + 1}\` is ${describe(most)}`,
        // It takes any value, and stumbles where it counts.
        kernel: "verifier bug: backtracking misuse",
      });
    }
    if (BigInt(begun) >= most.scalar.umax) return;
  }
  const inside = state.copy();
  checkDepth(inside);
  if (shape.times !== undefined) inside.frame.runs = begun + 1;
  // The walk begins again behind the callback's exit, at this call, with the arguments it was made with.
  const frame = new Frame("syncCallback", state.pc, target, state.rcuDepth, shape, state.activation);
  callbackRegs(env, shape, facts, frame, state.pc);
  frame.regs[10] = pointer("stack", { frame: inside.frames.length });
  inside.frames.push(frame);
  inside.pc = target;
  inside.rounds++;
  inside.activation = 0;
  state.activation = 0;
  inside.path = { previous: state.path, from: state.pc, to: target, kind: "callback" };
  env.push(inside);
}
