// Whether the registers hold what a call demands, argument by argument, in the order in which Linux asks
// (kernel: check_func_arg, check_reg_type, check_func_arg_reg_off). Memory is memory.ts, dynptrs are dynptr.ts, other
// particular things special.ts; what the call then does to the state is transfer/call.ts.
import type { ArgKind } from "../../host/contract.ts";
import type { MapDef } from "../../isa/program.ts";
import type { Env } from "../env.ts";
import { requireLive } from "../rcu/stale.ts";
import { reject } from "../reject.ts";
import { needNumber } from "../search/demand.ts";
import type { State } from "../state/state.ts";
import { kindText, type Value, type ValueKind } from "../state/value.ts";
import { readUninit } from "./access.ts";
import { isAligned } from "./bounds.ts";
import { contextType, requireUnmoved } from "./context.ts";
import { anyMemory, anySocket, demands } from "./demands.ts";
import {
  type Dynptr,
  type DynptrPlace,
  initialised,
  makeDynptr,
  requireAcquired,
  requireRingbuf,
  roomForDynptr,
} from "./dynptr.ts";
import { checkIterator, type IteratorArgument, type IteratorPlace } from "./iterator.ts";
import { type Block, checkMemory, checkSize, type MemoryUse } from "./memory.ts";
import { givenBack, heldTwice, requireStart } from "./references.ts";
import { type Callee, checkConstString, checkField, constantKey, wrong } from "./special.ts";
import { checkRelease, checkTyped } from "./typed-arguments.ts";

/** What the checks found out, for the effects of the call. */
export interface CallFacts {
  map: MapDef | null;
  /** The register of the map argument, for inner maps' protection. */
  mapValue: Value | null;
  /** The key, where it is known: an element of an array that is there for sure. */
  key: bigint | null;
  callback: Value | null;
  context: Value | null;
  allocSize: number;
  /** The most that the size argument can be. */
  size: number;
  /** What is given back: a record or a socket. */
  released: Value | null;
  /** The reference of the argument that has one. */
  reference: number;
  lock: Value | null;
  timer: Value | null;
  iterator: { readonly argument: IteratorArgument; readonly at: IteratorPlace } | null;
  dynptr: Dynptr | null;
  releasesDynptr: boolean;
  room: DynptrPlace | null;
  /** Stack memory that the call fills. */
  filled: Block | null;
}

export function checkArguments(env: Env, state: State, callee: Callee): CallFacts {
  const facts: CallFacts = {
    map: null,
    mapValue: null,
    key: null,
    callback: null,
    context: null,
    allocSize: 0,
    size: 0,
    released: null,
    reference: 0,
    lock: null,
    timer: null,
    iterator: null,
    dynptr: null,
    releasesDynptr: false,
    room: null,
    filled: null,
  };
  callee.contract.args.forEach((kind, at) => {
    const reg = at + 1;
    const value = state.reg(reg);
    if (value.kind === "uninit") readUninit(state, reg, "whole");
    requireLive(state, reg, value, "whole", "the call takes");
    if (kind === "any") {
      if (value.isPointer && !env.profile.privileged) leaks(state, callee, reg);
      return;
    }
    const own = typeof kind === "object" && ("object" in kind || "iterator" in kind || "release" in kind);
    if (callee.id !== null && !own) checkKind(env, state, callee, facts, kind, reg, value);
    checkOne(env, state, callee, facts, kind, reg, value);
  });
  return facts;
}

/** Arguments for which the number 0 stands for "none". */
const nullable: readonly ArgKind[] = ["memOrNull", "mapValueOrNull", "callbackContext", "ctxOrNull", "fullSockOrNull"];
const releases: readonly ArgKind[] = ["record", "sockRelease", "dynptrRelease"];
/** Memory that is only read, and may be such as can only be read. */
const readers: readonly ArgKind[] = ["mem", "memOrNull"];

function checkKind(
  env: Env,
  state: State,
  callee: Callee,
  facts: CallFacts,
  kind: ArgKind,
  reg: number,
  value: Value,
): void {
  if (value.kind === "packet" || value.kind === "packetMeta") checkPacketAllowed(env, state, callee, reg);
  const sockets = facts.map?.type === "sockmap" || facts.map?.type === "sockhash";
  const isNull = value.kind === "scalar" && value.scalar.value === 0n;
  if (isNull && nullable.includes(kind)) needNumber(env, state, reg);
  else {
    // What goes into a map of sockets is a socket.
    const demand = typeof kind === "object" ? anyMemory : kind === "mapValue" && sockets ? anySocket : demands[kind];
    const readOnly = value.kind === "mem" && value.readOnly && demand === anyMemory;
    const readable = typeof kind === "object" ? "mem" in kind : readers.includes(kind);
    const ringbuf = kind !== "record" || value.map !== null;
    if (!demand.kinds.includes(value.kind) || value.maybeNull || (readOnly && !readable) || !ringbuf) {
      if (releases.includes(kind) && value.kind === "scalar" && value.diedAt >= 0) givenBack(state, reg, demand);
      wrong(state, callee, reg, value, demand.expected, demand.words);
    }
    if (releases.includes(kind) && !(kind === "dynptrRelease" && value.kind === "stack")) {
      requireStart(state, callee, reg, value);
    } else if (!movable.includes(value.kind)) requireUnmoved(state, reg, value, "whole");
  }
  if (!releases.includes(kind)) return;
  if (kind === "dynptrRelease") requireAcquired(state, reg, value);
  else if (value.reference === 0 && !isNull) {
    reject({
      code: "E0502",
      state,
      operand: "whole",
      culprit: reg,
      text: `\`${callee.contract.name}\` takes what was acquired`,
      label: `\`r${reg}\` is ${kindText(value)}, and nothing has to be given back for it`,
      kernel: `R${reg} must be referenced when passed to release function`,
    });
  }
}

/** Pointers that calls take with an offset. */
export const movable: readonly ValueKind[] = ["stack", "packet", "packetMeta", "mapKey", "mapValue", "mem", "scalar"];

function checkPacketAllowed(env: Env, state: State, callee: Callee, reg: number): void {
  if (callee.contract.packetArguments === true && contextType(env).packet !== undefined) return;
  reject({
    code: "E0702",
    state,
    operand: "whole",
    culprit: reg,
    text: `\`${callee.contract.name}\` takes no pointers into the packet`,
    label: "copy the bytes to the stack first",
    kernel: "helper access to the packet is not allowed",
  });
}

function checkOne(
  env: Env,
  state: State,
  callee: Callee,
  facts: CallFacts,
  kind: ArgKind,
  reg: number,
  value: Value,
): void {
  if (value.reference !== 0) {
    if (callee.id !== null && facts.reference !== 0) heldTwice(state, callee, reg, facts.reference, value);
    facts.reference = value.reference;
  }
  const block = (size: number, use: MemoryUse, zeroAllowed = false): void => {
    const made = { reg, value, size, use };
    if (checkMemory(env, state, callee, made, zeroAllowed)) facts.filled = made;
  };
  if (typeof kind === "object") {
    if ("object" in kind) checkTyped(state, callee, reg, value, kind.object, kind.trust);
    else if ("iterator" in kind) {
      facts.iterator = { argument: kind, at: checkIterator(env, state, callee, reg, value, kind) };
    } else if ("release" in kind) {
      checkRelease(state, callee, reg, value, kind.release);
      facts.released = value;
    } else {
      const [size, use]: [number, MemoryUse] =
        "mem" in kind ? [kind.mem, "read"] : "memOut" in kind ? [kind.memOut, "fill"] : [kind.memInOut, "write"];
      block(size, use);
      if (kind.aligned === true) requireAligned(state, callee, reg, value, size);
    }
    return;
  }
  const valueSize = facts.map?.valueSize ?? 0;
  const sockets = facts.map?.type === "sockmap" || facts.map?.type === "sockhash";
  switch (kind) {
    case "any":
      return;
    case "scalar":
      if (value.kind !== "scalar") notANumber(state, callee, reg, value);
      return;
    case "ctx":
      // Of a kernel function, which has no list of types.
      if (value.kind !== "ctx") wrong(state, callee, reg, value, "ctx", "the program's context");
      return;
    case "mapPtr":
      facts.map = value.map;
      facts.mapValue = value;
      if (reg === 1) noteMap(env, state.pc, value.map);
      return;
    case "mapKey":
      if (facts.map?.keySize === 0) noKeys(state, callee, facts.map);
      block(facts.map?.keySize ?? 0, "read");
      facts.key = constantKey(env, state, facts.map, value);
      return;
    case "mapValue":
      if (!sockets) block(valueSize, "read");
      return;
    case "mapValueOrNull":
      if (value.kind !== "scalar") block(valueSize, "read");
      return;
    case "mapValueOut":
      block(valueSize, "fill");
      return;
    case "mem":
    case "memOrNull":
    case "memOut":
    case "memInOut":
      // Checked with its size, the argument after it.
      return;
    case "size":
    case "sizeOrZero":
      checkSized(env, state, callee, facts, reg, value, kind === "sizeOrZero");
      return;
    case "allocSize":
      if (!value.scalar.isConst) {
        reject({
          code: "E0402",
          state,
          operand: "whole",
          culprit: reg,
          text: `the size given to \`${callee.contract.name}\` must be a known constant`,
          label: `\`r${reg}\` varies`,
          kernel: `R${reg} is not a known constant'`,
        });
      }
      needNumber(env, state, reg);
      facts.allocSize = Number(value.scalar.value ?? 0n);
      return;
    case "constString":
      checkConstString(state, callee, reg, value);
      return;
    case "callback":
      facts.callback = value;
      return;
    case "callbackContext":
      facts.context = value;
      return;
    case "spinLock":
      checkField(state, callee, reg, value, "spin_lock");
      facts.lock = value;
      return;
    case "timer":
      checkField(state, callee, reg, value, "timer");
      facts.timer = value;
      return;
    case "record":
    case "sockRelease":
      facts.released = value;
      return;
    case "ctxOrNull":
    case "sockCommon":
    case "anySock":
    case "fullSock":
    case "fullSockOrNull":
      return;
    case "dynptrLocal":
    case "dynptrRingbuf": {
      const room = roomForDynptr(env, state, callee, reg, value);
      facts.room = room;
      makeDynptr(env, state, callee, room, kind === "dynptrLocal" ? "local" : "ringbuf");
      return;
    }
    case "dynptr":
      facts.dynptr = initialised(state, callee, reg, value);
      return;
    case "dynptrRelease":
      facts.dynptr = initialised(state, callee, reg, value);
      requireRingbuf(state, callee, reg, facts.dynptr);
      facts.releasesDynptr = true;
      return;
  }
}

/** Notes which map a call is about: another than before makes it none of them, for good. */
function noteMap({ about }: Env, pc: number, map: MapDef | null): void {
  const before = about.get(pc);
  if (before === undefined) about.set(pc, map);
  else if (before !== null && before !== map) about.set(pc, null);
}

function noKeys(state: State, callee: Callee, map: MapDef): never {
  return reject({
    code: "E0703",
    state,
    operand: "whole",
    culprit: 1,
    text: `\`${callee.contract.name}\` does not work on a map of type ${map.type}`,
    label: `\`${map.name}\` is ${map.type}: it has no keys`,
    kernel: "invalid zero-sized read",
  });
}

function notANumber(state: State, callee: Callee, reg: number, value: Value): never {
  return reject({
    code: "E0702",
    state,
    operand: "whole",
    culprit: reg,
    text: `argument ${reg} of \`${callee.contract.name}\` must be a number`,
    label: `\`r${reg}\` is a ${kindText(value)} pointer`,
    kernel: callee.id === null ? `R${reg} is not a scalar` : `R${reg} type=${kindText(value)} expected=scalar`,
  });
}

function leaks(state: State, callee: Callee, reg: number): never {
  return reject({
    code: "E0404",
    state,
    operand: "whole",
    culprit: reg,
    text: `a kernel address would be given to \`${callee.contract.name}\``,
    label: `\`r${reg}\` is a pointer`,
    kernel: `R${reg} leaks addr into helper function`,
  });
}

/** The memory argument before a size argument, with the greatest size it may have. */
function checkSized(
  env: Env,
  state: State,
  callee: Callee,
  facts: CallFacts,
  reg: number,
  size: Value,
  zeroAllowed: boolean,
): void {
  const kind = callee.contract.args[reg - 2];
  needNumber(env, state, reg);
  const most = checkSize(state, callee, reg, size, zeroAllowed);
  facts.size = most;
  const value = state.reg(reg - 1);
  if (value.kind === "scalar") needNumber(env, state, reg - 1);
  // Where the size varies, the call may fill less than the most: what was there must be good to read.
  const fills = kind === "memOut" && size.scalar.isConst;
  const use = kind === "memOut" || kind === "memInOut" ? (fills ? "fill" : "write") : "read";
  const made: Block = { reg: reg - 1, value, size: most, use };
  if (checkMemory(env, state, callee, made, zeroAllowed)) facts.filled = made;
}

function requireAligned(state: State, callee: Callee, reg: number, value: Value, size: number): void {
  const { scalar } = value;
  if (isAligned(scalar, value.off, size)) return;
  const kind = value.kind === "stack" ? "stack " : value.kind === "mapValue" ? "value " : "";
  reject({
    code: "E0309",
    state,
    operand: "whole",
    culprit: reg,
    text: `argument ${reg} of \`${callee.contract.name}\` must be aligned to ${size} bytes`,
    kernel: `misaligned ${kind}access off ${scalar.isConst ? (scalar.value ?? 0n) : "(var)"}+${value.off}+0 size ${size}`,
  });
}
