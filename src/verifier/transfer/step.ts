// One instruction applied to one state: the dispatch over kinds (kernel: do_check).

import { programTypes } from "../../host/programs.ts";
import type { Insn } from "../../isa/insn.ts";
import { load, readUninit, store } from "../check/access.ts";
import { requireUnmoved } from "../check/context.ts";
import * as domain from "../domain/arithmetic.ts";
import { Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { kindText, pointer, scalarValue, unknownScalar, type Value } from "../state/value.ts";
import {
  linked,
  read,
  readSource,
  transferAlu,
  transferMove,
  transferSignExtend,
  transferUnary,
  write,
} from "./alu.ts";
import { transferAtomic, transferLoadAcquire, transferStoreRelease } from "./atomic.ts";
import { branch } from "./branch.ts";
import { callHost } from "./call.ts";
import { callLocal } from "./function.ts";
import { exit, refuseOpen } from "./leave.ts";
import { guessWrong } from "./speculation.ts";

/** Applies the instruction at state.pc; false when this path has ended. Other paths are pushed on env. */
export function step(env: Env, state: State, insn: Insn): boolean {
  switch (insn.kind) {
    case "alu":
      if (insn.op === "mov") transferMove(env, state, insn);
      else transferAlu(env, state, insn);
      break;
    case "neg":
      transferUnary(env, state, insn.dst, (scalar) => domain.neg(insn.width, scalar));
      break;
    case "swap":
      // On a little-endian machine this one does nothing: copies stay copies.
      if (insn.op === "le" && insn.size === 64 && state.reg(insn.dst).kind === "scalar") break;
      transferUnary(env, state, insn.dst, (scalar) => domain.swap(insn.op, insn.size, scalar));
      break;
    case "movsx":
      transferSignExtend(env, state, insn);
      break;
    case "addrSpaceCast":
      return reject({
        code: "E0406",
        state,
        operand: "whole",
        text: "addr_space_cast needs an arena map",
        label: "this program has no arena",
        kernel: "addr_space_cast insn can only be used in a program that has an associated arena",
      });
    case "load": {
      const loaded = load(env, state, { base: insn.base, off: insn.off, size: insn.size, mode: "read" }, insn.signed);
      write(state, insn.dst, loaded);
      break;
    }
    case "loadAcquire":
      transferLoadAcquire(env, state, insn);
      break;
    case "store":
      transferStore(env, state, insn);
      break;
    case "storeRelease":
      transferStoreRelease(env, state, insn);
      break;
    case "atomic":
      transferAtomic(env, state, insn);
      break;
    case "packet":
      return loadPacket(env, state, insn);
    case "imm64":
      write(state, insn.dst, wide(env, state, insn));
      state.pc += 2;
      return true;
    case "jump":
      return jumpTo(env, state, insn);
    case "goto":
      state.path = { previous: state.path, from: state.pc, to: state.pc + 1 + insn.off, kind: "goto" };
      state.pc += 1 + insn.off;
      return true;
    case "mayGoto": {
      const on = state.copy();
      on.path = { previous: state.path, from: state.pc, to: state.pc + 1, kind: "fallthrough" };
      on.pc++;
      on.rounds++;
      env.push(on);
      state.path = { previous: state.path, from: state.pc, to: state.pc + 1 + insn.off, kind: "taken" };
      state.pc += 1 + insn.off;
      return true;
    }
    case "callHelper":
    case "callKfunc":
      if (callHost(env, state, insn) === "ended") return false;
      break;
    case "callLocal":
      callLocal(env, state, state.pc + 1 + insn.off);
      return true;
    case "callx":
      return reject({
        code: "E0406",
        state,
        operand: "whole",
        text: "calls through a register are not verified",
        label: "Linux has no such instruction",
        kernel: "unknown opcode 8d",
      });
    case "exit":
      return exit(env, state);
    case "invalid":
      return reject({
        code: "E0111",
        state,
        operand: "whole",
        text: "not an instruction",
        label: insn.reason,
        kernel: insn.reason,
      });
  }
  state.pc++;
  return true;
}

function transferStore(env: Env, state: State, insn: Insn & { kind: "store" }): void {
  let value = readSource(state, insn.src);
  const fits = value.scalar.umax >> BigInt(8 * insn.size) === 0n;
  if (insn.src.kind === "reg" && fits && state.reg(insn.base).kind === "stack") {
    value = linked(env, state, insn.src.reg, value);
  }
  const reg = insn.src.kind === "reg" ? insn.src.reg : null;
  store(env, state, { base: insn.base, off: insn.off, size: insn.size, mode: "write" }, value, reg);
}

function jumpTo(env: Env, state: State, insn: Insn & { kind: "jump" }): boolean {
  const here = state.pc;
  const before = state.path;
  const { taken, fallthrough, linked } = branch(env, state, insn);
  const leave = (to: State, target: number, kind: "taken" | "fallthrough"): void => {
    const node = { previous: before, from: here, to: target, kind };
    to.path = linked === undefined ? node : { ...node, linked };
    to.pc = target;
  };
  const target = here + 1 + insn.off;
  if (taken === null || fallthrough === null) guessWrong(env, state, insn, taken === null ? target : here + 1);
  if (taken !== null) leave(taken, target, "taken");
  if (fallthrough !== null) leave(fallthrough, here + 1, "fallthrough");
  if (taken !== null && taken !== state) env.push(taken);
  return true;
}

/** LD_ABS and LD_IND: read the packet or end the program with 0. */
function loadPacket(env: Env, state: State, insn: Insn & { kind: "packet" }): boolean {
  if (!("packetLoads" in programTypes[env.profile.type])) {
    reject({
      code: "E0701",
      state,
      operand: "whole",
      text: `programs of type ${env.profile.type} may not use legacy packet loads`,
      kernel: "BPF_LD_[ABS|IND] instructions not allowed for this program type",
    });
  }
  const context = state.reg(6);
  if (context.kind === "uninit") readUninit(state, 6, "whole");
  refuseOpen(state, "a legacy packet load, which may end the program on the spot,", "BPF_LD_[ABS|IND]");
  if (context.kind !== "ctx") {
    reject({
      code: "E0702",
      state,
      operand: "whole",
      culprit: 6,
      text: "legacy packet loads take the context from r6",
      label: `\`r6\` is ${kindText(context)}`,
      kernel: "at the time of BPF_LD_ABS|IND R6 != pointer to skb",
    });
  }
  if (insn.src !== null) read(state, insn.src, "src");
  requireUnmoved(state, 6, context, "whole");
  state.forgetArguments();
  state.set(0, unknownScalar);
  if (state.frames.length === 1) {
    state.pc++;
    return true;
  }
  // Past the packet's end the function returns 0 at once.
  const loaded = state.copy();
  loaded.pc++;
  loaded.path = { previous: state.path, from: state.pc, to: loaded.pc, kind: "fallthrough" };
  env.push(loaded);
  state.set(0, scalarValue(Scalar.constant(0n)));
  return exit(env, state);
}

function wide(env: Env, state: State, insn: Insn & { kind: "imm64" }): Value {
  const missing = (kernel: string): never =>
    reject({ code: "E0105", state, operand: "src", text: "names a map that the program does not have", kernel });
  switch (insn.what) {
    case "value":
      return scalarValue(Scalar.constant((BigInt(insn.high) << 32n) | BigInt(insn.low >>> 0)));
    case "mapFd":
    case "mapIdx": {
      const map = env.program.maps[insn.low];
      return map === undefined
        ? missing(`fd ${insn.low} is not pointing to valid bpf_map`)
        : pointer("mapPtr", { map });
    }
    case "mapValue":
    case "mapIdxValue": {
      const map = env.program.maps[insn.low];
      if (map === undefined) return missing(`fd ${insn.low} is not pointing to valid bpf_map`);
      return pointer("mapValue", { map, off: insn.high, origin: 0 });
    }
    case "func":
      return pointer("func", { size: state.pc + 1 + insn.low });
    case "btfId":
      return reject({
        code: "E0701",
        state,
        operand: "src",
        text: "kernel variables are not known here",
        kernel: "kernel btf_id is not available",
      });
  }
}
