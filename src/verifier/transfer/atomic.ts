// Atomic accesses (kernel: check_atomic). What a fetching form loads is what was there: from the stack
// that may be a spilled pointer.
import type { Insn } from "../../isa/insn.ts";
import { load, readUninit, store } from "../check/access.ts";
import { isSocket } from "../check/objects.ts";
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { kindText, unknownScalar, type Value } from "../state/value.ts";
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
  requireAtomic(state, insn.base, base, "stores into");
  const access = { base: insn.base, off: insn.off, size: insn.size, mode: "update", aligned: true } as const;
  const fetched = insn.op === "cmpxchg" ? 0 : insn.src;
  // Linux forgets what the register held that is loaded into, and then looks at the memory.
  if (insn.fetch && fetched === insn.base) write(state, fetched, unknownScalar);
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
  if (insn.fetch) write(state, fetched, old);
}

/** Linux looks at what the pointer is behind the load, and so lets one pass that writes over its own pointer: we do not. */
export function transferLoadAcquire(env: Env, state: State, insn: Insn & { kind: "loadAcquire" }): void {
  const base = state.reg(insn.base);
  const access = { base: insn.base, off: insn.off, size: insn.size, mode: "read", aligned: true } as const;
  const loaded = load(env, state, access, false);
  requireAtomic(state, insn.base, base, "loads from");
  write(state, insn.dst, loaded);
}

export function transferStoreRelease(env: Env, state: State, insn: Insn & { kind: "storeRelease" }): void {
  const value = read(state, insn.src, "src");
  const access = { base: insn.base, off: insn.off, size: insn.size, mode: "write", aligned: true } as const;
  store(env, state, access, value, insn.src);
  requireAtomic(state, insn.base, state.reg(insn.base), "stores into");
}

/** Linux rewrites accesses to some kinds of memory, which it cannot do to atomic ones (kernel: atomic_ptr_type_ok). */
function requireAtomic(state: State, reg: number, base: Value, how: "loads from" | "stores into"): void {
  const rewritten = base.kind === "ctx" || base.kind === "packet" || base.kind === "packetMeta" || isSocket(base);
  if (!rewritten || base.maybeNull) return;
  reject({
    code: "E0311",
    state,
    operand: "memory",
    culprit: reg,
    text: `atomic operations do not work on ${base.kind === "ctx" ? "the context" : isSocket(base) ? "sockets" : "the packet"}`,
    label: `\`r${reg}\` is a ${kindText(base)} pointer`,
    kernel: `BPF_ATOMIC ${how} R${reg} ${kindText(base)} is not allowed`,
  });
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
