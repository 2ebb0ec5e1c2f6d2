// Loads and stores through a register, by what it points to (kernel: check_mem_access). Each kind of memory has one
// function that says whether bytes off..off+size-1 may be touched, and what a load of them yields.
import { movsx } from "../domain/linux.ts";
import { Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { requireLive } from "../rcu/stale.ts";
import { type Operand, reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { kindText, scalarValue, unknownScalar, type Value } from "../state/value.ts";
import { checkAlignment, misalignment } from "./alignment.ts";
import { checkRegion } from "./bounds.ts";
import { constantAt } from "./constants.ts";
import { accessContext, contextType } from "./context.ts";
import { checkMapAccess, checkSpecialFields } from "./fields.ts";
import { checkBuffer, checkMapStructure, checkSocket, isSocket } from "./objects.ts";
import type { Access } from "./reach.ts";
import { readStack, writeStack } from "./stack.ts";
import { loadTyped } from "./typed.ts";

const WHERE: Operand = "memory";
const bitsOf = { 1: 8, 2: 16, 4: 32 } as const;

/** Checks a load and gives what it loads. */
export function load(env: Env, state: State, access: Access, signed: boolean): Value {
  const base = usable(env, state, access);
  const loaded = scalarValue(Scalar.loaded(access.size, signed));
  sameKind(env, state, base, access);
  switch (base.kind) {
    case "stack": {
      const filled = readStack(env, state, base, access);
      return signed && access.size !== 8 ? scalarValue(movsx(64, bitsOf[access.size], filled.scalar)) : filled;
    }
    case "typed":
      return loadTyped(env, state, base, access);
    case "ctx":
      return accessContext(env, state, base, access, { write: false, signed }) ?? loaded;
    case "mapValue":
      checkPointer(env, state, base, access, false);
      return constantAt(base, access, signed) ?? (access.size === 8 ? unknownScalar : loaded);
    default:
      checkPointer(env, state, base, access, false);
      return access.size === 8 ? unknownScalar : loaded;
  }
}

/** Checks a store of `value` (a register's, or an immediate as a scalar). */
export function store(env: Env, state: State, access: Access, value: Value, valueReg: number | null): void {
  const base = usable(env, state, access);
  sameKind(env, state, base, access);
  if (value.isPointer && !env.profile.privileged && isWritable(env, base)) leaksInto(state, base, value, valueReg);
  switch (base.kind) {
    case "stack":
      writeStack(env, state, base, access, value, valueReg);
      return;
    case "typed":
      loadTyped(env, state, base, access);
      return;
    case "ctx":
      accessContext(env, state, base, access, { write: true, signed: false });
      return;
    default:
      checkPointer(env, state, base, access, true);
  }
}

/** Memory that the program may write numbers to. */
function isWritable(env: Env, { kind, readOnly }: Value): boolean {
  if (kind === "packet" || kind === "packetMeta") return contextType(env).packet === "write";
  return kind === "mapValue" || kind === "ctx" || (kind === "mem" && !readOnly);
}

function leaksInto(state: State, base: Value, value: Value, valueReg: number | null): never {
  const where =
    base.kind === "mapValue" ? "map" : base.kind === "ctx" ? "ctx" : base.kind.startsWith("packet") ? "packet" : "mem";
  return reject({
    code: "E0404",
    state,
    operand: "src",
    ...(valueReg === null ? {} : { culprit: valueReg }),
    text: `a kernel address would be stored in ${where === "map" ? "a map" : "memory"}`,
    label: `${kindText(value)} pointer`,
    kernel: `R${valueReg ?? 0} leaks addr into ${where}`,
  });
}

/**
 * Linux rewrites accesses to contexts and sockets for the structure behind them, so one instruction may not meet two
 * kinds (kernel: reg_type_mismatch).
 */
function sameKind(env: Env, state: State, base: Value, access: Access): void {
  const kind = kindText(base);
  const before = env.through.get(state.pc);
  if (before === undefined) env.through.set(state.pc, kind);
  const rewritten = (each: string): boolean => each === "ctx" || each.endsWith("sock") || each === "sock_common";
  if (before === undefined || before === kind || !(rewritten(before) || rewritten(kind))) return;
  reject({
    code: "E0311",
    state,
    operand: WHERE,
    culprit: access.base,
    text: "one instruction accesses two kinds of memory, and Linux would have to rewrite it for both",
    label: `\`r${access.base}\` is a ${kind} pointer here; on another path it is ${before}`,
    kernel: "same insn cannot be used with different pointers",
  });
}

/** What every access needs: an initialised, aligned, non-null, live pointer of a kind that has bytes. */
function usable(env: Env, state: State, access: Access): Value {
  const base = state.reg(access.base);
  if (base.kind === "uninit") readUninit(state, access.base, WHERE);
  requireLive(state, access.base, base, WHERE, access.mode === "read" ? "reads through" : "writes through");
  if (base.kind === "scalar" && base.diedAt >= 0) {
    reject({
      code: "E0503",
      state,
      operand: WHERE,
      culprit: access.base,
      text: `what \`r${access.base}\` pointed to was given back`,
      label: "used after its release",
      kernel: misalignment(env, base, access) ?? `R${access.base} invalid mem access 'scalar'`,
    });
  }
  if (base.kind === "scalar") {
    reject({
      code: "E0306",
      state,
      operand: WHERE,
      culprit: access.base,
      text: `\`r${access.base}\` is a number here, not a pointer`,
      label: `${access.mode === "read" ? "reads" : "writes"} ${access.size} bytes at a number`,
      kernel: misalignment(env, base, access) ?? `R${access.base} invalid mem access 'scalar'`,
    });
  }
  if (base.maybeNull) {
    reject({
      code: "E0301",
      state,
      operand: WHERE,
      culprit: access.base,
      text: `\`r${access.base}\` may be null here`,
      label: `${access.mode === "read" ? "read" : "write"} with no check of \`r${access.base}\` before it`,
      kernel: misalignment(env, base, access) ?? `R${access.base} invalid mem access '${kindText(base)}'`,
      facts: [{ name: "state", text: `r${access.base} = ${describe(base)}` }],
    });
  }
  checkAlignment(env, state, base, access);
  return base;
}

export function readUninit(state: State, reg: number, operand: Operand): never {
  return reject({
    code: "E0401",
    state,
    operand,
    culprit: reg,
    text: `\`r${reg}\` is read before it is written`,
    label:
      reg >= 1 && reg <= 5 ? `\`r${reg}\` has no value here: calls clear r1 to r5` : `\`r${reg}\` has no value here`,
    kernel: `R${reg} !read_ok`,
  });
}

function readOnlyMemory(state: State, access: Access, base: Value): never {
  return reject({
    code: "E0308",
    state,
    operand: WHERE,
    culprit: access.base,
    text: "writes to memory that may only be read",
    label: `\`r${access.base}\` points to read-only ${kindText(base)}`,
    kernel: `R${access.base} cannot write into ${kindText(base)}`,
  });
}

/** An atomic update is checked as a read, and as a write afterwards. */
function checkPointer(env: Env, state: State, base: Value, access: Access, write: boolean): void {
  const { base: reg } = access;
  if (isSocket(base)) {
    checkSocket(state, base, access, write);
    return;
  }
  switch (base.kind) {
    case "mapValue": {
      if (base.map === null) return;
      checkMapAccess(state, base, access, write, WHERE);
      checkRegion(state, base, access, base.map.valueSize, "E0302", "map value", "map_value");
      checkSpecialFields(state, base, access, WHERE);
      return;
    }
    case "mapKey":
      if (write) {
        reject({
          code: "E0308",
          state,
          operand: WHERE,
          culprit: reg,
          text: "a map's key may not be written",
          label: `\`r${reg}\` points to a key`,
          kernel: `write to change key R${reg} not allowed`,
        });
      }
      checkRegion(state, base, access, base.map?.keySize ?? 0, "E0310", "map key", "map_key");
      return;
    case "packet":
    case "packetMeta":
      if (write && contextType(env).packet !== "write") packetReadOnly(state, reg);
      checkRegion(state, base, access, base.size, "E0303", "packet", "packet");
      return;
    case "mem":
      if (write && base.readOnly) readOnlyMemory(state, access, base);
      checkRegion(state, base, access, base.size, "E0310", "memory", "mem");
      return;
    case "buffer":
      checkBuffer(state, base, access);
      return;
    case "mapPtr":
      checkMapStructure(env, state, base, access, write);
      return;
    default:
      reject({
        code: "E0311",
        state,
        operand: WHERE,
        culprit: reg,
        text: `${kindText(base)} cannot be ${write ? "written" : "read"} through`,
        label: `\`r${reg}\` is ${describe(base)}`,
        kernel: `R${reg} invalid mem access '${kindText(base)}'`,
      });
  }
}

function packetReadOnly(state: State, reg: number): never {
  return reject({
    code: "E0308",
    state,
    operand: WHERE,
    culprit: reg,
    text: "this program type may not write to the packet",
    label: `\`r${reg}\` points into the packet`,
    kernel: "cannot write into packet",
  });
}

/** A value in words, for `= state:` lines and labels. */
export function describe(value: Value): string {
  switch (value.kind) {
    case "mapValue":
    case "mapKey":
      return `${kindText(value)}(${value.map?.name ?? "?"}, ${value.kind === "mapKey" ? value.map?.keySize : value.map?.valueSize} bytes)`;
    case "mem":
      return `${kindText(value)}(${value.size} bytes)`;
    case "mapPtr":
      return `${kindText(value)}(${value.map?.name ?? "?"})`;
    default:
      return kindText(value);
  }
}
