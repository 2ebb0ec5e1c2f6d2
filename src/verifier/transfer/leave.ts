// The ways out of a frame: exit of the program, return to a caller, end of a callback's run, exceptions
// (kernel: check_return_code, prepare_func_exit, check_resource_leak).
import { returnRange } from "../../host/programs.ts";
import { attachType, contextType } from "../check/context.ts";
import { checkReturn } from "../check/returns.ts";
import type { Env } from "../env.ts";
import { requireLive } from "../rcu/stale.ts";
import { reject } from "../reject.ts";
import type { Frame, State } from "../state/state.ts";
import { kindText, uninit } from "../state/value.ts";
import { read } from "./alu.ts";

/** True when the path goes on in a caller; false when it has ended. */
export function exit(env: Env, state: State): boolean {
  const frame = state.frame;
  switch (frame.role) {
    case "main":
    case "asyncCallback":
    case "global":
      leaveEntry(env, state, frame);
      return false;
    case "static":
      returnTo(state, frame);
      return true;
    case "syncCallback":
      endRun(env, state, frame);
      return true;
  }
}

function leaveEntry(env: Env, state: State, frame: Frame): void {
  refuseOpen(
    state,
    "exit",
    "BPF_EXIT instruction in main prog",
    frame.role === "global" && env.profile.rcu === "explicit",
  );
  const r0 = read(state, 0, "whole");
  if (frame.role === "asyncCallback") {
    const leaving = { what: "the callback", kernel: "At async callback return" } as const;
    checkReturn(env, state, r0, frame.callback?.returns ?? { min: 0, max: 0 }, leaving);
    return;
  }
  requireLive(state, 0, r0, "whole", "returns");
  if (frame.role === "global" && r0.kind !== "scalar") {
    reject({
      code: "E0403",
      state,
      operand: "whole",
      culprit: 0,
      text: "a global function returns a number",
      label: `\`r0\` is a ${kindText(r0)} pointer`,
      kernel: `At subprogram exit the register R0 is not a scalar value (${kindText(r0)})`,
    });
  }
  if (r0.isPointer && !env.profile.privileged) {
    reject({
      code: "E0404",
      state,
      operand: "whole",
      culprit: 0,
      text: "a kernel address would be returned",
      label: `\`r0\` is a ${kindText(r0)} pointer`,
      kernel: "R0 leaks addr as return value",
    });
  }
  if (frame.role !== "main") return;
  const range = returnRange(contextType(env), attachType(env));
  if (range !== undefined) checkReturn(env, state, r0, range, { what: "the program", kernel: "At program exit" });
}

/** Nothing may be left open behind, in the order in which Linux asks: references, locks, sections. */
export function refuseOpen(state: State, what: string, kernelWhat: string, global = false): void {
  const held = state.references[0];
  if (held !== undefined) {
    reject({
      code: "E0501",
      state,
      operand: "whole",
      text: `${what} with a reference still held`,
      label: `what \`${held.what}\` gave at instruction ${held.at} is not given back on this path`,
      kernel: `Unreleased reference id=${held.id} alloc_insn=${held.at}\n${kernelWhat} would lead to reference leak`,
    });
  }
  if (state.lock !== null) {
    reject({
      code: "E0603",
      state,
      operand: "whole",
      text: `${what} with a spin lock held`,
      label: `locked at instruction ${state.lock.at}`,
      kernel: `${kernelWhat} cannot be used inside bpf_spin_lock-ed region`,
    });
  }
  if (state.rcuDepth > 0) {
    const ends = what === "exit";
    reject({
      code: global ? "E0611" : "E0603",
      state,
      operand: "whole",
      text: global
        ? "the global function returns with an RCU section open"
        : ends
          ? "the program can leave with an RCU section open"
          : `${what} inside an RCU section`,
      label: ends
        ? `${state.rcuDepth === 1 ? "a section is" : `${state.rcuDepth} sections are`} open on this path`
        : "nobody would close the section",
      kernel: `${kernelWhat} cannot be used inside bpf_rcu_read_lock-ed region`,
    });
  }
  if (state.preempt > 0) {
    reject({
      code: "E0608",
      state,
      operand: "whole",
      text: `${what} with preemption off`,
      kernel: `${kernelWhat} cannot be used inside bpf_preempt_disable-ed region`,
    });
  }
}

function returnTo(state: State, frame: Frame): void {
  const r0 = state.reg(0);
  // A caller's own stack would still be there; Linux refuses both, and so the two agree.
  if (r0.kind === "stack") {
    reject({
      code: "E0404",
      state,
      operand: "whole",
      culprit: 0,
      text: "a function returns a pointer to the stack",
      label: "`r0` points to the stack",
      kernel: "cannot return stack pointer to the caller",
    });
  }
  state.path = { previous: state.path, from: state.pc, to: frame.callsite + 1, kind: "return" };
  state.frames.pop();
  forgetFrame(state, state.frames.length);
  state.forgetArguments();
  state.set(0, r0);
  state.pc = frame.callsite + 1;
}

/** Pointers into a frame that is gone mean nothing any more. */
function forgetFrame(state: State, gone: number): void {
  state.mapValues((value) => (value.kind === "stack" && value.frame >= gone ? uninit : value));
}

/** One run of a callback is over: back to the call, which may run it again or go on. */
function endRun(env: Env, state: State, frame: Frame): void {
  if (env.profile.rcu === "explicit" && state.rcuDepth !== frame.entryDepth) {
    reject({
      code: "E0609",
      state,
      operand: "whole",
      text: "a callback returns with another RCU depth than it was called with",
      label: `entered at depth ${frame.entryDepth}, returns at ${state.rcuDepth}`,
      kernel: null,
    });
  }
  const leaving = { what: "the callback", kernel: "At callback return" } as const;
  checkReturn(env, state, state.reg(0), frame.callback?.returns ?? { min: 0, max: 1 }, leaving);
  state.path = { previous: state.path, from: state.pc, to: frame.callsite, kind: "again" };
  state.frames.pop();
  forgetFrame(state, state.frames.length);
  state.activation = frame.activation;
  state.pc = frame.callsite;
}

/** bpf_throw leaves every frame at once. */
export function leaveByException(_env: Env, state: State): void {
  refuseOpen(state, "an exception is thrown", "bpf_throw");
}
