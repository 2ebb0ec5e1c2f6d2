// Loads and stores through a register, by what it points to (kernel: check_mem_access). Each kind of memory has one
// function that says whether bytes off..off+size-1 may be touched, and what a load of them yields.
import { type ProgramType, programTypes } from "../../host/programs.ts";
import { movsx } from "../domain/linux.ts";
import { Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { requireLive } from "../rcu/stale.ts";
import { type Operand, reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { kindText, pointer, scalarValue, unknownScalar, type Value } from "../state/value.ts";
import { checkRegion, isAligned } from "./bounds.ts";
import { checkMapAccess, checkSpecialFields } from "./fields.ts";
import type { Access } from "./reach.ts";
import { readStack, writeStack } from "./stack.ts";
import { loadTyped } from "./typed.ts";

const WHERE: Operand = "memory";
const bitsOf = { 1: 8, 2: 16, 4: 32 } as const;

/** Checks a load and gives what it loads. */
export function load(env: Env, state: State, access: Access, signed: boolean): Value {
  const base = usable(env, state, access);
  const loaded = scalarValue(Scalar.loaded(access.size, signed));
  switch (base.kind) {
    case "stack": {
      const filled = readStack(env, state, base, access);
      if (!signed || filled.kind !== "scalar" || access.size === 8) return filled;
      return scalarValue(movsx(64, bitsOf[access.size], filled.scalar));
    }
    case "typed":
      return loadTyped(env, state, base, access);
    case "ctx":
      return loadContext(env, state, base, access) ?? loaded;
    default:
      checkPointer(env, state, base, access);
      return access.size === 8 ? unknownScalar : loaded;
  }
}

/** Checks a store of `value` (a register's, or an immediate as a scalar). */
export function store(env: Env, state: State, access: Access, value: Value, valueReg: number | null): void {
  const base = usable(env, state, access);
  if (value.isPointer && !env.profile.privileged && base.kind !== "stack") {
    reject({
      code: "E0404",
      state,
      operand: "src",
      ...(valueReg === null ? {} : { culprit: valueReg }),
      text: `a kernel address would be stored in ${base.kind === "mapValue" ? "a map" : "memory"}`,
      label: `${kindText(value)} pointer`,
      kernel: `R${valueReg ?? 0} leaks addr into ${base.kind === "mapValue" ? "map" : base.kind === "ctx" ? "ctx" : base.kind.startsWith("packet") ? "packet" : "mem"}`,
    });
  }
  switch (base.kind) {
    case "stack":
      writeStack(env, state, base, access, value, valueReg);
      return;
    case "typed":
      loadTyped(env, state, base, access);
      return;
    case "ctx":
      storeContext(env, state, base, access);
      return;
    default:
      checkPointer(env, state, base, access);
  }
}

/** What every access needs: an initialised, non-null, live pointer of a kind that has bytes. */
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
      kernel: `R${access.base} invalid mem access 'scalar'`,
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
      kernel: `R${access.base} invalid mem access 'scalar'`,
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
      kernel: `R${access.base} invalid mem access '${kindText(base)}'`,
      facts: [{ name: "state", text: `r${access.base} = ${describe(base)}` }],
    });
  }
  if (access.mode !== "read" && env.profile.rcu === "implicit" && base.readOnly) readOnlyMemory(state, access, base);
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
    kernel: `R${access.base} cannot write into rdonly_mem`,
  });
}

function checkPointer(env: Env, state: State, base: Value, access: Access): void {
  const { base: reg } = access;
  switch (base.kind) {
    case "mapValue": {
      if (base.map === null) return;
      checkAlignment(env, state, base, access, "value ");
      checkMapAccess(state, base, access, access.mode !== "read", WHERE);
      checkRegion(state, base, access, base.map.valueSize, "E0302", "map value", "map_value");
      checkSpecialFields(state, base, access, WHERE);
      return;
    }
    case "mapKey":
      if (access.mode !== "read") {
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
      checkPacket(env, state, base, access);
      return;
    case "mem":
      if (access.mode !== "read" && base.readOnly) readOnlyMemory(state, access, base);
      checkRegion(state, base, access, base.size, "E0310", "memory", "mem");
      checkAlignment(env, state, base, access, "");
      return;
    case "mapPtr":
      reject({
        code: "E0311",
        state,
        operand: WHERE,
        culprit: reg,
        text: "a map is not memory: its elements are reached by a lookup",
        label: `\`r${reg}\` is the map \`${base.map?.name ?? ""}\` itself`,
        kernel: access.mode === "read" ? `R${reg} invalid mem access 'map_ptr'` : `only read from map_ptr is supported`,
      });
      break;
    default:
      reject({
        code: "E0311",
        state,
        operand: WHERE,
        culprit: reg,
        text: `${kindText(base)} cannot be ${access.mode === "read" ? "read" : "written"} through`,
        label: `\`r${reg}\` is ${describe(base)}`,
        kernel: `R${reg} invalid mem access '${kindText(base)}'`,
      });
  }
}

/**
 * Atomics must be aligned; plain accesses to values and packets need not be on machines that Linux runs fast on, unless
 * the program asks to be held to it. A packet begins two bytes behind a multiple of eight (kernel: NET_IP_ALIGN).
 */
function checkAlignment(env: Env, state: State, base: Value, access: Access, kind: "value " | "packet " | ""): void {
  if (access.mode !== "atomic" && env.profile.strictAlignment !== true) return;
  const variable = base.scalar;
  const total = base.off + access.off;
  const head = kind === "packet " ? 2 : 0;
  if (isAligned(variable, total + head, access.size)) return;
  const moved = `${variable.isConst ? variable.smin : tnumText(variable)}+${base.off}+${access.off} size ${access.size}`;
  const what = access.mode === "atomic" ? `a ${access.size}-byte atomic operation` : `a ${access.size}-byte access`;
  reject({
    code: "E0309",
    state,
    operand: WHERE,
    culprit: access.base,
    text: `${what} must be aligned${access.mode === "atomic" ? "" : " in a program with strict alignment"}`,
    label: `offset ${total} is not a multiple of ${access.size}`,
    kernel: `misaligned ${kind}access off ${kind === "packet " ? `${head}+` : ""}${moved}`,
  });
}

function checkPacket(env: Env, state: State, base: Value, access: Access): void {
  const { base: reg } = access;
  if (access.mode !== "read" && contextType(env).packetWritable !== true) {
    reject({
      code: "E0308",
      state,
      operand: WHERE,
      culprit: reg,
      text: "this program type may not write to the packet",
      label: `\`r${reg}\` points into the packet`,
      kernel: "cannot write into packet",
    });
  }
  checkAlignment(env, state, base, access, "packet ");
  checkRegion(state, base, access, base.size, "E0303", "packet", "packet");
}

function contextType(env: Env): ProgramType {
  return programTypes[env.profile.type];
}

function badContext(state: State, access: Access, base: Value, why: string): never {
  const off = base.off + access.off;
  return reject({
    code: "E0307",
    state,
    operand: WHERE,
    culprit: access.base,
    text: `the context has no field to ${access.mode === "read" ? "read" : "write"} at offset ${off}, ${access.size} bytes`,
    label: why,
    kernel: `invalid bpf_context access off=${off} size=${access.size}`,
  });
}

/** Where in the context the access falls; refuses offsets that are not known. */
function contextOffset(env: Env, state: State, base: Value, access: Access): number {
  const plain = contextType(env).fields === undefined && env.profile.type === "syscall";
  if (!base.scalar.isConst || base.scalar.value !== 0n) {
    reject({
      code: "E0307",
      state,
      operand: WHERE,
      culprit: access.base,
      text: "the context is accessed at an offset that is not known",
      label: `\`r${access.base}\` was moved by a varying number`,
      kernel: `variable ctx access var_off=${tnumText(base.scalar)} disallowed`,
    });
  }
  if (base.off !== 0 && !plain) {
    reject({
      code: "E0307",
      state,
      operand: WHERE,
      culprit: access.base,
      text: "the context pointer was moved before this access",
      label: `\`r${access.base}\` is the context plus ${base.off}: put the offset in the access instead`,
      kernel: `dereference of modified ctx ptr R${access.base} off=${base.off} disallowed`,
    });
  }
  return base.off + access.off;
}

function tnumText(scalar: Scalar): string {
  return `(0x${scalar.tnumValue.toString(16)}; 0x${scalar.tnumMask.toString(16)})`;
}

function loadContext(env: Env, state: State, base: Value, access: Access): Value | null {
  const off = contextOffset(env, state, base, access);
  const type = contextType(env);
  if (off < 0 || off + access.size > type.contextSize) {
    badContext(state, access, base, `the context is ${type.contextSize} bytes`);
  }
  if (off % access.size !== 0) badContext(state, access, base, `not aligned to ${access.size} bytes`);
  if (type.fields === undefined) return access.size === 8 ? unknownScalar : null;
  const field = type.fields.find((f) => off >= f.offset && off + access.size <= f.offset + f.size);
  if (field === undefined)
    badContext(state, access, base, `\`${type.contextName}\` has no such field for this program type`);
  if (field.whole === true && access.size !== field.size) {
    badContext(state, access, base, `\`${field.name}\` is loaded as ${field.size} bytes or not at all`);
  }
  if (access.mode === "atomic") {
    reject({
      code: "E0311",
      state,
      operand: WHERE,
      culprit: access.base,
      text: "atomic operations do not work on the context",
      label: `\`${field.name}\` is a context field`,
      kernel: `BPF_ATOMIC stores into R${access.base} ctx is not allowed`,
    });
  }
  if (field.kind === "scalar") return null;
  return pointer(field.kind, { origin: 1, bornAt: state.pc });
}

function storeContext(env: Env, state: State, base: Value, access: Access): void {
  const off = contextOffset(env, state, base, access);
  const type = contextType(env);
  if (access.mode === "atomic") {
    reject({
      code: "E0311",
      state,
      operand: WHERE,
      culprit: access.base,
      text: "atomic operations do not work on the context",
      label: `\`r${access.base}\` is the context`,
      kernel: `BPF_ATOMIC stores into R${access.base} ctx is not allowed`,
    });
  }
  if (off < 0 || off + access.size > type.contextSize) {
    badContext(state, access, base, `the context is ${type.contextSize} bytes`);
  }
  if (off % access.size !== 0) badContext(state, access, base, `not aligned to ${access.size} bytes`);
  if (type.fields === undefined) {
    if (type.contextWritable !== true) badContext(state, access, base, "this context may only be read");
    return;
  }
  const field = type.fields.find((f) => off >= f.offset && off + access.size <= f.offset + f.size);
  if (field === undefined || field.write !== true) {
    badContext(state, access, base, field === undefined ? "no such field" : `\`${field.name}\` may only be read`);
  }
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
