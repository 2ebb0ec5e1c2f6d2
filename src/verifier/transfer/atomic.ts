// Atomic read-modify-write (kernel: check_atomic_rmw). What a fetching form loads is what was there: from the stack
// that may be a spilled pointer.
import type { Insn } from "../../isa/insn.ts";
import { load, readUninit, store } from "../check/access.ts";
import { isSocket } from "../check/objects.ts";
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { kindText, unknownScalar } from "../state/value.ts";
import { read, write } from "./alu.ts";

export function transferAtomic(env: Env, state: State, insn: Insn & { kind: "atomic" }): void {
  const operand = read(state, insn.src, "src");
  if (insn.op === "cmpxchg") {
    const expected = read(state, 0, "whole");
    if (expected.isPointer && !env.profile.privileged) leak(state, 0);
  }
  if (operand.isPointer && !env.profile.privileged) leak(state, insn.src);
  const base = state.reg(insn.base);
  if (base.kind === "uninit") readUninit(state, insn.base, "memory");
  if (base.kind === "ctx" || base.kind === "packet" || base.kind === "packetMeta" || isSocket(base)) {
    reject({
      code: "E0311",
      state,
      operand: "memory",
      culprit: insn.base,
      text: `atomic operations do not work on ${base.kind === "ctx" ? "the context" : isSocket(base) ? "sockets" : "the packet"}`,
      label: `\`r${insn.base}\` is a ${kindText(base)} pointer`,
      kernel: `BPF_ATOMIC stores into R${insn.base} ${kindText(base)} is not allowed`,
    });
  }
  const access = { base: insn.base, off: insn.off, size: insn.size, mode: "atomic" } as const;
  const old = load(env, state, access, false);
  if (old.isPointer && !env.profile.privileged) {
    reject({
      code: "E0404",
      state,
      operand: "memory",
      culprit: insn.base,
      text: "a spilled pointer would be used as a number",
      label: `a ${kindText(old)} pointer lies there`,
      kernel: `leaking pointer from stack off ${base.off + insn.off}`,
    });
  }
  store(env, state, access, unknownScalar, insn.src);
  if (insn.fetch) write(state, insn.op === "cmpxchg" ? 0 : insn.src, old);
}

function leak(state: State, reg: number): never {
  return reject({
    code: "E0404",
    state,
    operand: "src",
    culprit: reg,
    text: "a kernel address would be stored by an atomic operation",
    label: `\`r${reg}\` is a pointer`,
    kernel: `R${reg} leaks addr into mem`,
  });
}
