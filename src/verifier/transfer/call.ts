// What a call does to the state: helpers and kernel functions by their contract (kernel: check_helper_call,
// check_kfunc_call). Functions of the program itself are transfer/function.ts.

import type { SocketKind } from "../../host/contexts/socket.ts";
import type { Contract } from "../../host/contract.ts";
import { helperName } from "../../host/names.ts";
import { helperById, kfuncByName } from "../../host/table.ts";
import type { Insn } from "../../isa/insn.ts";
import { type CallFacts, checkArguments } from "../check/arguments.ts";
import { releaseDynptr } from "../check/dynptr.ts";
import { checkMapType } from "../check/maps.ts";
import { fillBlock } from "../check/memory.ts";
import type { Callee } from "../check/special.ts";
import { intersect, Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { closeSection, distrust, inSection, openSection, sectionOpen } from "../rcu/section.ts";
import { reject } from "../reject.ts";
import { needNumber } from "../search/demand.ts";
import type { State } from "../state/state.ts";
import { kindText, pointer, scalarValue, uninit, unknownScalar, type Value } from "../state/value.ts";
import { enterCallback, forgetPacket } from "./function.ts";
import { iterate } from "./iterator.ts";
import { leaveByException, refuseOpen } from "./leave.ts";

/** `next`: go on behind the call. `ended`: this path ends here. */
export type CallResult = "next" | "ended";

export function callHost(env: Env, state: State, insn: Insn & { kind: "callHelper" | "callKfunc" }): CallResult {
  const callee = calleeOf(env, state, insn);
  const { contract } = callee;
  checkAllowed(env, state, callee);
  // A section opens and closes without looking at registers: rule E5 comes before any argument.
  if (contract.rcu === "lock" || contract.rcu === "unlock") {
    if (contract.rcu === "lock") openSection(env, state);
    else closeSection(env, state);
    finish(state, unknownVoid());
    return "next";
  }
  checkPlace(env, state, callee);
  const facts = checkArguments(env, state, callee);
  if (contract.preempt !== undefined) changePreemption(state, contract);
  if (contract.returns === "never") {
    leaveByException(env, state);
    return "ended";
  }
  if (contract.lock !== undefined) changeLock(env, state, contract, facts);
  if (facts.filled !== null) fillBlock(env, state, facts.filled);
  if (facts.releasesDynptr && facts.dynptr !== null) releaseDynptr(env, state, facts.dynptr);
  if (facts.released !== null) release(env, state, facts.released);
  const iterated =
    facts.iterator === null ? null : iterate(env, state, callee, facts.iterator.argument, facts.iterator.at, finish);
  if (iterated === "forked") return "next";
  checkAfterwards(env, state, callee, facts);
  if (contract.tailCall === true) refuseOpen(state, "a tail call", "tail_call");
  const callsBack = contract.callback;
  const result = resultOf(env, state, contract, facts);
  if (callsBack !== undefined) enterCallback(env, state, callsBack, facts);
  checkMapType(state, callee, facts.map, env.profile);
  finish(state, result);
  if (contract.changesPacket === true) forgetPacket(env, state);
  return "next";
}

function unknownVoid(): Value {
  return uninit;
}

function finish(state: State, result: Value): void {
  state.forgetArguments();
  state.set(0, result);
}

function calleeOf(env: Env, state: State, insn: Insn & { kind: "callHelper" | "callKfunc" }): Callee {
  if (insn.kind === "callKfunc") {
    const name = env.program.kfuncs[insn.index];
    const contract = name === undefined ? undefined : kfuncByName(name);
    if (contract !== undefined) return { contract, id: null };
    return reject({
      code: "E0701",
      state,
      operand: "target",
      text: name === undefined ? "calls a kernel function that has no name" : `no contract is known for \`${name}\``,
      label: "not a kernel function that bpflab knows",
      kernel: `calling kernel function ${name ?? insn.index} is not allowed`,
    });
  }
  const contract = helperById(insn.id);
  if (contract !== undefined) {
    const variant = contract.variants?.find(({ programs }) => programs.includes(env.profile.type));
    return { contract: variant === undefined ? contract : { ...contract, args: variant.args }, id: insn.id };
  }
  const name = helperName(insn.id);
  return reject({
    code: "E0701",
    state,
    operand: "target",
    text: name === undefined ? `there is no helper number ${insn.id}` : `no contract is known for \`${name}\``,
    label: name === undefined ? "helpers are numbered from 1 to 211" : "a helper that bpflab does not have yet",
    kernel:
      name === undefined
        ? `invalid func unknown#${insn.id}`
        : `program of this type cannot use helper ${name}#${insn.id}`,
  });
}

const titled = (callee: Callee): string => `${callee.contract.name}${callee.id === null ? "" : `#${callee.id}`}`;

function checkAllowed(env: Env, state: State, callee: Callee): void {
  const { contract } = callee;
  if (callee.id === null && !env.profile.privileged) {
    reject({
      code: "E0701",
      state,
      operand: "target",
      text: "unprivileged programs may not call kernel functions",
      label: `\`${contract.name}\` needs CAP_BPF`,
      kernel: "kernel function calls are not allowed",
    });
  }
  if (contract.programs !== undefined && !contract.programs.includes(env.profile.type)) {
    reject({
      code: "E0701",
      state,
      operand: "target",
      text: `programs of type ${env.profile.type} may not call \`${contract.name}\``,
      label: `allowed in: ${contract.programs.join(", ")}`,
      kernel: `program of this type cannot use helper ${titled(callee)}`,
    });
  }
  if (contract.sleeps === true && !env.profile.sleepable) {
    reject({
      code: "E0606",
      state,
      operand: "target",
      text: `\`${contract.name}\` may sleep, and this program may not`,
      label: `a ${env.profile.type} program is not sleepable`,
      kernel: "helper call might sleep in a non-sleepable prog",
    });
  }
}

/** Rules about where on the path a call stands: locks, sections, preemption. */
function checkPlace(env: Env, state: State, callee: Callee): void {
  const { contract } = callee;
  if (state.lock !== null && contract.lock !== "release" && contract.lock !== "acquire") {
    reject({
      code: "E0607",
      state,
      operand: "target",
      text: `\`${contract.name}\` is called while a spin lock is held`,
      label: "only bpf_spin_unlock may be called here",
      kernel: "function calls are not allowed while holding a lock",
    });
  }
  if (contract.sleeps === true && sectionOpen(state)) {
    reject({
      code: "E0606",
      state,
      operand: "target",
      text: `\`${contract.name}\` may sleep inside an RCU section`,
      label: "a grace period would have to wait for the sleeper",
      kernel:
        callee.id === null
          ? `kernel func ${contract.name} is sleepable within rcu_read_lock region`
          : `sleepable helper ${titled(callee)} in rcu_read_lock region`,
    });
  }
  if (contract.sleeps === true && state.preempt > 0) {
    reject({
      code: "E0606",
      state,
      operand: "target",
      text: `\`${contract.name}\` may sleep while preemption is off`,
      kernel: `sleepable helper ${titled(callee)} in non-preemptible region`,
    });
  }
  if (contract.rcu === "reader" && env.profile.rcu === "explicit" && !sectionOpen(state)) {
    reject({
      code: "L0602",
      state,
      operand: "whole",
      text: `\`${contract.name}\` outside an RCU section`,
      label: "no RCU section is open on this path",
      kernel: null,
      help: "call bpf_rcu_read_lock before the lookup, and bpf_rcu_read_unlock after the last use of what it returns",
    });
  }
}

function changePreemption(state: State, contract: Contract): void {
  if (contract.preempt === "disable") {
    state.preempt++;
    return;
  }
  if (state.preempt === 0) {
    reject({
      code: "E0608",
      state,
      operand: "whole",
      text: "preemption is enabled where it was not disabled",
      kernel: "unmatched attempt to enable preemption (kernel function bpf_preempt_enable)",
    });
  }
  state.preempt--;
}

function changeLock(env: Env, state: State, contract: Contract, facts: CallFacts): void {
  const value = facts.lock;
  if (value === null) return;
  const refuse = (text: string, label: string, kernel: string): never =>
    reject({ code: "E0607", state, operand: "whole", culprit: 1, text, label, kernel });
  if (contract.lock === "acquire") {
    if (state.lock !== null) {
      refuse("a second spin lock", "one lock at a time", "Locking two bpf_spin_locks are not allowed");
    }
    state.lock = { origin: value.origin, mapName: value.map?.name ?? "", at: state.pc };
    return;
  }
  if (state.lock === null) {
    refuse("unlocks what is not locked", "no lock is held", "bpf_spin_unlock without taking a lock");
  } else if (state.lock.origin !== value.origin || state.lock.mapName !== value.map?.name) {
    refuse("unlocks another lock than was taken", "a different element", "bpf_spin_unlock of different lock");
  }
  state.lock = null;
  // Linux forgets to, so that such a pointer outlives the lock that protected it.
  if (!inSection(env, state)) distrust(state);
}

/** The reference is given back: every copy of the pointer is gone, and all that was derived from it. */
function release(env: Env, state: State, given: Value): void {
  if (given.reference === 0) return;
  state.references = state.references.filter((held) => held.id !== given.reference);
  const gone = env.profile.privileged ? unknownScalar.with({ diedAt: state.pc }) : uninit;
  state.mapValues((value) => (value.reference === given.reference ? gone : value));
}

/** What a helper asks of single arguments once all of them are of the right kind. */
function checkAfterwards(env: Env, state: State, { contract }: Callee, facts: CallFacts): void {
  const first = state.reg(1);
  if (facts.room !== null && contract.args[0] === "memInOut" && first.kind !== "mapValue") {
    reject({
      code: "E0702",
      state,
      operand: "whole",
      culprit: 1,
      text: `\`${contract.name}\` takes memory in a map`,
      label: `\`r1\` is ${kindText(first)}`,
      kernel: `Unsupported reg type ${kindText(first)} for ${contract.name} data`,
    });
  }
  const flags = state.reg(2);
  if (contract.noFlags === true) needNumber(env, state, 2);
  if (contract.noFlags === true && (flags.kind !== "scalar" || flags.scalar.value !== 0n)) {
    reject({
      code: "E0702",
      state,
      operand: "whole",
      culprit: 2,
      text: `\`${contract.name}\` takes no flags`,
      label: "`r2` must be 0",
      kernel: `${contract.name.replace("bpf_", "")}() doesn't support non-zero flags`,
    });
  }
}

function resultOf(env: Env, state: State, contract: Contract, facts: CallFacts): Value {
  if (typeof contract.returns === "object") return typedResult(env, state, contract, contract.returns);
  switch (contract.returns) {
    case "void":
      return uninit;
    case "integer": {
      const { result } = contract;
      if (result === undefined) return unknownScalar;
      const range = result === "size" ? { min: LEAST_ERROR, max: BigInt(facts.size) } : result;
      return scalarValue(signedRange(range.min, range.max));
    }
    case "mapValueOrNull":
      return lookedUp(env, state, contract, facts);
    case "mapValue":
      return pointer("mapValue", { map: facts.map, origin: env.nextId(), bornAt: state.pc });
    case "sockOrNull":
      return socket(env, state, contract, facts, "sock");
    case "sockCommonOrNull":
      return socket(env, state, contract, facts, "sockCommon");
    case "tcpSockOrNull":
      return socket(env, state, contract, facts, "tcpSock");
    case "dynptrMemOrNull":
      return pointer("mem", {
        size: facts.allocSize,
        maybeNull: true,
        id: env.nextId(),
        reference: facts.dynptr?.reference ?? 0,
        dynptr: facts.dynptr?.id ?? 0,
        bornAt: state.pc,
      });
    case "recordOrNull": {
      const id = env.nextId();
      state.references = [...state.references, { id, at: state.pc, what: contract.name }];
      return pointer("mem", {
        size: facts.allocSize,
        map: facts.map,
        maybeNull: true,
        id,
        reference: id,
        origin: id,
        bornAt: state.pc,
      });
    }
    case "iterNumberOrNull":
    case "never":
      return unknownScalar;
  }
}

function typedResult(env: Env, state: State, contract: Contract, kind: Contract["returns"] & object): Value {
  const id = env.nextId();
  const acquired = contract.acquires === true;
  if (acquired) state.references = [...state.references, { id, at: state.pc, what: contract.name }];
  return pointer("typed", {
    struct: kind.object,
    trust: kind.trust,
    maybeNull: kind.orNull === true,
    id: kind.orNull === true ? id : 0,
    reference: acquired ? id : 0,
    bornAt: state.pc,
  });
}
/** The error numbers a helper may return (kernel: MAX_ERRNO). */
const LEAST_ERROR = -4095n;

function signedRange(min: bigint, max: bigint): Scalar {
  const range = Scalar.signedRange(min, max);
  return min < 0n ? range : (intersect(range, Scalar.range(min, max)) ?? range);
}

/** A socket that was looked up, or one that an argument was seen as. */
function socket(env: Env, state: State, contract: Contract, facts: CallFacts, kind: SocketKind): Value {
  const id = env.nextId();
  const fields = { maybeNull: true, id, origin: id, bornAt: state.pc };
  if (contract.acquires === true) {
    state.references = [...state.references, { id, at: state.pc, what: contract.name }];
    return pointer(kind, { ...fields, reference: id });
  }
  return pointer(kind, { ...fields, reference: contract.casts === true ? facts.reference : 0 });
}

function lookedUp(env: Env, state: State, contract: Contract, facts: CallFacts): Value {
  const map = facts.map;
  const id = env.nextId();
  const protection = contract.rcu === "reader" && env.profile.rcu === "explicit" ? "live" : "none";
  const common = { maybeNull: true, id, origin: id, protection, bornAt: state.pc } as const;
  if (contract.name === "bpf_map_lookup_elem") {
    switch (map?.type) {
      case "array_of_maps":
      case "hash_of_maps":
        return map.inner === undefined ? unknownScalar : pointer("mapPtr", { ...common, map: map.inner });
      case "xskmap":
        return pointer("xdpSock", { ...common, map });
      case "sockmap":
      case "sockhash":
        state.references = [...state.references, { id, at: state.pc, what: contract.name }];
        return pointer("sock", { ...common, map, reference: id });
      default: {
        const there = map !== null && facts.key !== null && facts.key < BigInt(map.maxEntries);
        return pointer("mapValue", there ? { ...common, map, id: 0, maybeNull: false } : { ...common, map });
      }
    }
  }
  return pointer("mapValue", { ...common, map });
}
