// Whether the registers hold what a call demands, argument by argument (kernel: check_func_arg,
// check_helper_mem_access, check_mem_size_reg). What the call then does to the state is transfer/call.ts.
import type { ArgKind } from "../../host/contract.ts";
import type { MapDef } from "../../isa/program.ts";
import type { Env } from "../env.ts";
import { requireLive } from "../rcu/stale.ts";
import { reject } from "../reject.ts";
import { needNumber } from "../search/demand.ts";
import type { State } from "../state/state.ts";
import type { Value } from "../state/value.ts";
import { readUninit } from "./access.ts";
import { checkRegion } from "./bounds.ts";
import { checkMapAccess, checkSpecialFields } from "./fields.ts";
import { checkIterator, type IteratorArgument, type IteratorPlace } from "./iterator.ts";
import { type Callee, checkConstString, checkField, checkRecord, wrong } from "./special.ts";
import { fillRange, frameOf, readRange, stackRange } from "./stack.ts";
import { checkRelease, checkTyped } from "./typed-arguments.ts";

/** What the checks found out, for the effects of the call. */
export interface CallFacts {
  map: MapDef | null;
  /** The register of the map argument, for inner maps' protection. */
  mapValue: Value | null;
  callback: Value | null;
  context: Value | null;
  allocSize: number;
  record: Value | null;
  lock: Value | null;
  timer: Value | null;
  iterator: { readonly argument: IteratorArgument; readonly at: IteratorPlace } | null;
}

export function checkArguments(env: Env, state: State, callee: Callee): CallFacts {
  const facts: CallFacts = {
    map: null,
    mapValue: null,
    callback: null,
    context: null,
    allocSize: 0,
    record: null,
    lock: null,
    timer: null,
    iterator: null,
  };
  const { args } = callee.contract;
  args.forEach((kind, at) => {
    const reg = at + 1;
    const value = state.reg(reg);
    if (value.kind === "uninit") readUninit(state, reg, "whole");
    checkOne(env, state, callee, facts, kind, at, value);
  });
  return facts;
}

const MEMORY_TYPES = "fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_";

function checkOne(
  env: Env,
  state: State,
  callee: Callee,
  facts: CallFacts,
  kind: ArgKind,
  at: number,
  value: Value,
): void {
  const reg = at + 1;
  if (typeof kind === "object" && "object" in kind) {
    checkTyped(state, callee, reg, value, kind.object, kind.trust);
    return;
  }
  if (typeof kind === "object" && "iterator" in kind) {
    facts.iterator = { argument: kind, at: checkIterator(env, state, callee, reg, value, kind) };
    return;
  }
  if (typeof kind === "object" && "release" in kind) {
    checkRelease(state, callee, reg, value, kind.release);
    facts.record = value;
    return;
  }
  if (typeof kind === "object") {
    const size = "mem" in kind ? kind.mem : kind.memOut;
    checkMemory(env, state, callee, reg, value, size, "memOut" in kind);
    return;
  }
  const expect = (fits: boolean, expected: string, words: string) => {
    if (!fits) wrong(state, callee, reg, value, expected, words);
    requireLive(state, reg, value, "whole", "the call takes");
  };
  switch (kind) {
    case "any":
      requireLive(state, reg, value, "whole", "the call takes");
      if (value.isPointer && !env.profile.privileged) leaks(state, callee, reg);
      return;
    case "scalar":
      expect(value.kind === "scalar", "scalar", "a number");
      return;
    case "ctx":
      expect(value.kind === "ctx", "ctx", "the program's context");
      return;
    case "mapPtr":
      expect(value.kind === "mapPtr" && !value.maybeNull, "map_ptr", "a map");
      facts.map = value.map;
      facts.mapValue = value;
      checkMapType(state, callee, value.map);
      return;
    case "mapKey":
      checkMemory(env, state, callee, reg, value, facts.map?.keySize ?? 0, false);
      return;
    case "mapValue":
      checkMemory(env, state, callee, reg, value, facts.map?.valueSize ?? 0, false);
      return;
    case "mapValueOut":
      checkMemory(env, state, callee, reg, value, facts.map?.valueSize ?? 0, true);
      return;
    case "mem":
    case "memOrNull":
    case "memOut":
      // Checked with its size, the argument after it.
      requireLive(state, reg, value, "whole", "the call takes");
      return;
    case "size":
    case "sizeOrZero":
      expect(value.kind === "scalar", "scalar", "a number");
      checkSizedMemory(env, state, callee, reg, value, kind === "sizeOrZero");
      return;
    case "allocSize":
      expect(value.kind === "scalar", "scalar", "a constant");
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
      expect(value.kind === "func", "func", "a function of this program");
      facts.callback = value;
      return;
    case "callbackContext":
      expect(
        (value.kind === "stack" && value.scalar.isConst) || (value.kind === "scalar" && value.scalar.value === 0n),
        "fp",
        "a stack pointer, or 0",
      );
      needNumber(env, state, reg);
      facts.context = value;
      return;
    case "spinLock":
      expect(value.kind === "mapValue" && !value.maybeNull, "map_value", "a map value that holds the lock");
      checkField(state, callee, reg, value, "spin_lock");
      facts.lock = value;
      return;
    case "timer":
      expect(value.kind === "mapValue" && !value.maybeNull, "map_value", "a map value that holds the timer");
      checkField(state, callee, reg, value, "timer");
      facts.timer = value;
      return;
    case "record":
      checkRecord(state, callee, reg, value);
      facts.record = value;
      return;
  }
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

const KEYLESS = ["ringbuf", "prog_array", "queue", "stack"];

function checkMapType(state: State, callee: Callee, map: MapDef | null): void {
  if (map === null) return;
  const { contract } = callee;
  const allowed = contract.maps;
  const updatesInner = (map.type === "array_of_maps" || map.type === "hash_of_maps") && callee.id !== 1;
  const fits = allowed === undefined ? !KEYLESS.includes(map.type) && !updatesInner : allowed.includes(map.type);
  // A timer's map argument says where the timer lies.
  if (fits || contract.name === "bpf_timer_init") return;
  const numbers: Partial<Record<MapDef["type"], number>> = {
    hash: 1,
    array: 2,
    prog_array: 3,
    percpu_hash: 5,
    percpu_array: 6,
    lru_hash: 9,
    lru_percpu_hash: 10,
    array_of_maps: 12,
    hash_of_maps: 13,
    queue: 22,
    stack: 23,
    ringbuf: 27,
  };
  reject({
    code: "E0703",
    state,
    operand: "whole",
    culprit: 1,
    text: `\`${contract.name}\` does not work on a map of type ${map.type}`,
    label: `\`${map.name}\` is ${map.type}`,
    kernel: `cannot pass map_type ${numbers[map.type] ?? 0} into func ${contract.name}#${callee.id ?? 0}`,
  });
}

/** Bytes that a call reads, or fills when `out`. */
function checkMemory(
  env: Env,
  state: State,
  callee: Callee,
  reg: number,
  value: Value,
  size: number,
  out: boolean,
): void {
  requireLive(state, reg, value, "whole", out ? "the call writes through" : "the call reads through");
  const access = { base: reg, off: 0, size };
  if (value.maybeNull) wrong(state, callee, reg, value, MEMORY_TYPES, "memory that is not null");
  switch (value.kind) {
    case "stack": {
      const range = stackRange(env, state, value, reg, 0, size, "indirect access to", "whole");
      const frame = frameOf(state, value);
      env.deepen(frame.start, -range.least);
      if (out) fillRange(env, state, frame, range.least, range.end, reg, "whole");
      else readRange(env, state, frame, range.least, range.end, reg, "whole", true);
      return;
    }
    case "mapValue":
      checkRegion(state, value, access, value.map?.valueSize ?? 0, "E0302", "map value", "map_value", "whole");
      checkMapAccess(state, value, access, out, "whole");
      checkSpecialFields(state, value, access, "whole");
      return;
    case "mapKey":
      if (out) wrong(state, callee, reg, value, MEMORY_TYPES, "memory that may be written");
      checkRegion(state, value, access, value.map?.keySize ?? 0, "E0310", "map key", "map_key", "whole");
      return;
    case "packet":
    case "packetMeta":
      checkRegion(state, value, access, value.size, "E0303", "packet", "packet", "whole");
      return;
    case "mem":
      if (out && value.readOnly) wrong(state, callee, reg, value, MEMORY_TYPES, "memory that may be written");
      checkRegion(state, value, access, value.size, "E0310", "memory", "mem", "whole");
      return;
    default:
      wrong(state, callee, reg, value, MEMORY_TYPES, `a pointer to ${size} bytes of memory`);
  }
}

/** The memory argument before a size argument, with the greatest size it may have. */
function checkSizedMemory(
  env: Env,
  state: State,
  callee: Callee,
  reg: number,
  size: Value,
  zeroAllowed: boolean,
): void {
  const kind = callee.contract.args[reg - 2];
  const memory = state.reg(reg - 1);
  const refuse = (text: string, label: string, kernel: string): never =>
    reject({ code: "E0402", state, operand: "whole", culprit: reg, text, label, kernel });
  const { scalar } = size;
  needNumber(env, state, reg);
  if (scalar.smin < 0n) {
    refuse(
      `the size given to \`${callee.contract.name}\` may be negative`,
      `\`r${reg}\` may be as low as ${scalar.smin}`,
      `R${reg} min value is negative, either use unsigned or 'var &= const'`,
    );
  }
  if (scalar.umin === 0n && !zeroAllowed) {
    refuse(
      `the size given to \`${callee.contract.name}\` may be 0`,
      `\`r${reg}\` is ${scalar.umin}..=${scalar.umax}`,
      `R${reg} invalid zero-sized read: u64=[${scalar.umin},${scalar.umax}]`,
    );
  }
  if (scalar.umax >= 1n << 29n) {
    refuse(
      `the size given to \`${callee.contract.name}\` has no upper bound`,
      `\`r${reg}\` may be as great as ${scalar.umax}`,
      `R${reg} unbounded memory access, use 'var &= const' or 'if (var < const)'`,
    );
  }
  const absent = memory.kind === "scalar" && memory.scalar.value === 0n;
  if (absent) needNumber(env, state, reg - 1);
  if (absent && (kind === "memOrNull" || scalar.umax === 0n)) return;
  checkMemory(env, state, callee, reg - 1, memory, Number(scalar.umax), kind === "memOut");
}
