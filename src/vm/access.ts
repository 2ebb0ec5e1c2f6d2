// What the interpreter does not do inline: accesses that need more than the fast comparison, and provenance of results.
// Each function takes the index of the instruction in the code's words as `i`.
import { FIRST_PAGE, kind, POINTER_HIGH, READ_ONLY, region } from "../memory/layout.ts";
import { amongOthers } from "./atomics.ts";
import { REG_WORDS } from "./code.ts";
import { type FaultKind, hex } from "./fault.ts";
import { frameAt } from "./frames.ts";
import { raise, warn } from "./raise.ts";
import { type Cpu, frame, NOT_WRITABLE, RUNNING, SLOT_WORDS, STACK_BYTES, state, WATCHED, word } from "./registers.ts";

/** A register that nothing was written to is read: a warning, and from then on it is a number. */
export function unset(cpu: Cpu, i: number, at: number): void {
  warn(cpu, i, "uninitialisedRegister", () => `r${at / REG_WORDS} is read, but nothing was written to it`);
  cpu.R[at + word.region] = 0;
}

export function unsetEither(cpu: Cpu, i: number, d: number, s: number): void {
  if (cpu.R[d + word.region] < 0) unset(cpu, i, d);
  if (cpu.R[s + word.region] < 0) unset(cpu, i, s);
}

/** A pointer plus a number points where the pointer did; two pointers make a number. */
export function addPointer(cpu: Cpu, i: number, d: number, s: number): void {
  unsetEither(cpu, i, d, s);
  const R = cpu.R;
  if (R[s + word.region] === 0) return;
  if (R[d + word.region] !== 0) R[d + word.region] = 0;
  else for (let w: number = word.region; w < REG_WORDS; w++) R[d + w] = R[s + w];
}

export function subPointer(cpu: Cpu, i: number, d: number, s: number): void {
  unsetEither(cpu, i, d, s);
  if (cpu.R[s + word.region] !== 0) cpu.R[d + word.region] = 0;
}

/** The rest of a provenance after its region word was copied from `from` to `to`. */
export function movePointer(cpu: Cpu, i: number, to: number, from: number): void {
  const R = cpu.R;
  if (R[from + word.region] < 0) {
    unset(cpu, i, from);
    R[to + word.region] = 0;
    return;
  }
  for (let w: number = word.generation; w < REG_WORDS; w++) R[to + w] = R[from + w];
}

/** Gives the address in the register at `at` the provenance of region `id`: bounds and life of the element it is in. */
export function point(cpu: Cpu, at: number, id: number): void {
  const R = cpu.R;
  const I = cpu.I;
  if (id === 0) {
    R[at + word.region] = 0;
    return;
  }
  const record = cpu.memory.regionIndex(id);
  const address = R[at];
  const regionBase = I[record + region.base];
  const stride = I[record + region.stride];
  const first = stride === 0 ? regionBase : address - ((address - regionBase) % stride) + I[record + region.first];
  const life = cpu.memory.generationAt(id, address) >> 2;
  const what = I[record + region.kind];
  R[at + word.region] = (I[record + region.flags] & READ_ONLY) === 0 ? id : id | NOT_WRITABLE;
  R[at + word.generation] = I[life];
  R[at + word.birth] = what === kind.ctx ? WATCHED : 0;
  R[at + word.life] = life;
  R[at + word.base] = first;
  R[at + word.limit] = first + I[record + (stride === 0 ? region.size : region.length)];
}

const boundsFault: Readonly<Record<number, FaultKind>> = {
  [kind.stack]: "stack",
  [kind.ctx]: "context",
  [kind.packet]: "packet",
  [kind.mapValues]: "mapValue",
};

/**
 * Judges `size` bytes at `a`, the sum of the register at `reg` and an offset. The answer is the address, or -1 and a
 * fault. Leaves in `cpu.slot` the words of a whole stack slot, -2 for a context field that is a pointer, or -1.
 */
export function access(cpu: Cpu, i: number, reg: number, a: number, size: number, write: boolean): number {
  const R = cpu.R;
  cpu.slot = -1;
  if (R[reg + word.region] < 0) unset(cpu, i, reg);
  const high = highOf(cpu, reg, a);
  let id = R[reg + word.region] & 0xffff;
  const tagged = R[reg + word.region] > 0;
  const memory = cpu.memory;
  if (!tagged) {
    if (high === 0 && a >>> 0 < FIRST_PAGE) {
      return refuse(cpu, i, reg, a, size, write, "null", 0, "through a null pointer");
    }
    id = high === POINTER_HIGH ? memory.regionAt(a) : 0;
    if (id === 0) {
      return refuse(
        cpu,
        i,
        reg,
        a,
        size,
        write,
        "scalar",
        0,
        `at ${hex(whole(high, a))}, where nothing is: a number used as a pointer`,
      );
    }
    if (!memory.isLive(id)) {
      return refuse(cpu, i, reg, a, size, write, "released", id, "of ", ", which was freed");
    }
  }
  const what = memory.regionWord(id, region.kind);
  const inside = tagged
    ? high === POINTER_HIGH && a >= R[reg + word.base] && a + size <= R[reg + word.limit]
    : memory.fits(id, a, size);
  if (tagged && cpu.I[R[reg + word.life]] !== R[reg + word.generation]) {
    if (what === kind.stack) {
      return refuse(cpu, i, reg, a, size, write, "stack", id, "of ", ", whose function has returned");
    }
    if (!memory.isLive(id)) {
      return refuse(cpu, i, reg, a, size, write, "released", id, "of ", ", which was freed");
    }
    if (cpu.strict) {
      return refuse(cpu, i, reg, a, size, write, "released", id, "of ", ", which was deleted or replaced since");
    }
    warnStale(cpu, i, a, size, write, id);
  }
  if (!inside) {
    const from = tagged ? R[reg + word.base] : memory.regionWord(id, region.base);
    const limit = tagged ? R[reg + word.limit] : from + memory.regionWord(id, region.size);
    const at = a - from;
    const end = limit - from;
    return refuse(
      cpu,
      i,
      reg,
      a,
      size,
      write,
      boundsFault[what] ?? "bounds",
      id,
      `at offset ${at} of `,
      `, which is ${end} bytes long`,
    );
  }
  const birth = R[reg + word.birth];
  if (tagged && birth > 0 && birth !== R[state.section]) {
    return refuse(
      cpu,
      i,
      reg,
      a,
      size,
      write,
      "sectionEnded",
      id,
      "of ",
      " after the RCU section it was looked up in ended",
    );
  }
  const readOnly = tagged ? R[reg + word.region] & NOT_WRITABLE : memory.regionWord(id, region.flags) & READ_ONLY;
  if (write && readOnly !== 0) {
    return refuse(cpu, i, reg, a, size, write, "readOnly", id, "of ", ", which is read-only");
  }
  if (what === kind.stack) {
    if (!cpu.trusted) stackBytes(cpu, i, id, a, size, write);
  } else if (what === kind.ctx && !write && size === 4) {
    if (cpu.contextPointers.has(a - memory.regionWord(id, region.base))) cpu.slot = -2;
  }
  return a;
}

// Words for messages, made only when there is something to say, and outside of access(), which runs for every helper
// argument: a closure in it would cost an allocation for each.
function verbOf(write: boolean): string {
  return write ? "writes" : "reads";
}

function bytesOf(size: number): string {
  return `${size} byte${size === 1 ? "" : "s"}`;
}

function warnStale(cpu: Cpu, i: number, a: number, size: number, write: boolean, id: number): void {
  const words = () =>
    `${verbOf(write)} ${bytesOf(size)} of ${cpu.calls.describe(id, a)}, which was deleted or replaced since`;
  warn(cpu, i, "stale", words);
}

/**
 * Raises a fault about an access: "reads 4 bytes", then `before`, what is there, and `after`. -1, so that access()
 * can return it.
 */
function refuse(
  cpu: Cpu,
  i: number,
  reg: number,
  a: number,
  size: number,
  write: boolean,
  what: FaultKind,
  id: number,
  before: string,
  after = "",
): number {
  const thing = id === 0 ? "" : cpu.calls.describe(id, a);
  raise(
    cpu,
    i,
    what,
    `${verbOf(write)} ${bytesOf(size)} ${before}${thing}${after}`,
    whole(highOf(cpu, reg, a), a),
    id,
    reg,
  );
  return -1;
}

/** The upper half of the sum: the offset may have carried out of the low word, or borrowed from the high one. */
function highOf({ R }: Cpu, reg: number, a: number): number {
  const offset = (a - R[reg]) | 0;
  return (R[reg + 1] + Math.floor(((R[reg] >>> 0) + offset) / 4294967296)) | 0;
}

function whole(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** Keeps book of which bytes of a stack were written. */
function stackBytes(cpu: Cpu, i: number, id: number, a: number, size: number, write: boolean): void {
  const R = cpu.R;
  const owner = cpu.memory.regionWord(id, region.owner);
  if (owner >> 3 !== cpu.index) return;
  const depth = owner & 7;
  const from = a - cpu.stacks[depth].address;
  const serial = R[frameAt(depth) + frame.serial];
  for (let at = from; at < from + size; ) {
    const next = Math.min(from + size, (at & -8) + 8);
    const slot = SLOT_WORDS + depth * STACK_BYTES + (at & -8);
    const mask = ((1 << (next - at)) - 1) << (at & 7);
    if (write) {
      R[slot] = R[slot + 1] === serial ? R[slot] | mask : mask;
      R[slot + 1] = serial;
      R[slot + word.region] = 0;
    } else if (R[slot + 1] !== serial || (R[slot] & mask) !== mask) unwritten(cpu, i, slot, mask, serial);
    at = next;
  }
  if (size === 8 && (from & 7) === 0) cpu.slot = SLOT_WORDS + depth * STACK_BYTES + from;
}

/** Stack bytes are read that this frame did not write: a warning, and from then on they count as written. */
export function unwritten(cpu: Cpu, i: number, slot: number, mask: number, serial = -1): void {
  const R = cpu.R;
  const now = serial < 0 ? R[frameAt(R[state.frame]) + frame.serial] : serial;
  const below = STACK_BYTES - ((slot - SLOT_WORDS) % STACK_BYTES);
  warn(cpu, i, "uninitialisedStack", () => `reads stack bytes that were never written, in the slot at r10 - ${below}`);
  if (R[slot + 1] !== now) {
    R[slot] = 0;
    R[slot + 1] = now;
    R[slot + word.region] = 0;
  }
  R[slot] |= mask;
}

/** Loads 8 bytes of stack with what is known about them. */
export function fillSlot(cpu: Cpu, i: number, d: number, a: number): void {
  const R = cpu.R;
  R[d] = cpu.D.getInt32(a, true);
  R[d + 1] = cpu.D.getInt32(a + 4, true);
  if ((R[d + word.region] = R[cpu.slot + word.region]) > 0) movePointer(cpu, i, d, cpu.slot);
}

/** Remembers what the register at `s` is, beside the stack slot it is stored to. */
export function spillSlot(cpu: Cpu, s: number): void {
  const R = cpu.R;
  for (let w: number = word.region; w < REG_WORDS; w++) R[cpu.slot + w] = R[s + w];
}

/** A context field of 4 bytes that gives a full pointer into the packet. */
export function contextLoad(cpu: Cpu, d: number, a: number): void {
  const R = cpu.R;
  const which = cpu.contextPointers.get(a - cpu.memory.regionWord(R[state.ctxRegion], region.base)) ?? 1;
  R[d] = R[which === 2 ? state.packetEnd : state.packetStart];
  R[d + 1] = POINTER_HIGH;
  const address = R[d];
  R[d] = R[state.packetStart];
  point(cpu, d, R[state.packetRegion]);
  R[d] = address;
  R[d + word.base] = R[state.packetStart];
  R[d + word.limit] = R[state.packetEnd];
}

/** A read-modify-write; false when it faulted. The operations are numbered as in isa/atomic.ts. */
export function atomic(
  cpu: Cpu,
  i: number,
  d: number,
  s: number,
  offset: number,
  op: number,
  size: number,
  fetch: boolean,
): boolean {
  const R = cpu.R;
  if (R[s + word.region] < 0) unset(cpu, i, s);
  const to = (R[d] + offset) | 0;
  if (access(cpu, i, d, to, size, false) < 0) return false;
  if ((to & (size - 1)) !== 0) {
    const address = (BigInt(R[d + 1] >>> 0) << 32n) | BigInt(to >>> 0);
    return raise(
      cpu,
      i,
      "misaligned",
      `an atomic operation on ${size} bytes needs an address that is a multiple of ${size}`,
      address,
    );
  }
  const slot = cpu.slot;
  const D = cpu.D;
  const wide = size === 8;
  let lo = D.getInt32(to, true);
  let hi = wide ? D.getInt32(to + 4, true) : 0;
  const spare = 11 * REG_WORDS;
  R[spare + word.region] = 0;
  if (slot >= 0) for (let w: number = word.region; w < REG_WORDS; w++) R[spare + w] = R[slot + w];
  let newLo = R[s];
  let newHi = R[s + 1];
  let written = true;
  if (op === 0) {
    newLo = (lo + newLo) | 0;
    newHi = (hi + newHi + (newLo >>> 0 < lo >>> 0 ? 1 : 0)) | 0;
  } else if (op === 1) {
    newLo |= lo;
    newHi |= hi;
  } else if (op === 2) {
    newLo &= lo;
    newHi &= hi;
  } else if (op === 3) {
    newLo ^= lo;
    newHi ^= hi;
  } else if (op === 5) {
    if (R[word.region] < 0) unset(cpu, i, 0);
    written = lo === R[0] && (!wide || hi === R[1]);
  }
  // A failed cmpxchg writes nothing, but it asks for memory that may be written.
  if (access(cpu, i, d, to, size, true) < 0) return false;
  if (cpu.memory.shared && slot < 0) {
    const found = amongOthers(cpu.memory, op, size, to, cpu.value(s / REG_WORDS), cpu.value(0));
    lo = Number(BigInt.asIntN(32, found));
    hi = wide ? Number(BigInt.asIntN(32, found >> 32n)) : 0;
  } else if (written) {
    D.setInt32(to, newLo, true);
    if (wide) D.setInt32(to + 4, newHi, true);
    if (slot >= 0 && op >= 4) for (let w: number = word.region; w < REG_WORDS; w++) R[slot + w] = R[s + w];
  } else if (slot >= 0) for (let w: number = word.region; w < REG_WORDS; w++) R[slot + w] = R[spare + w];
  if (fetch) {
    const result = op === 5 ? 0 : s;
    R[result] = lo;
    R[result + 1] = hi;
    for (let w: number = word.region; w < REG_WORDS; w++) R[result + w] = R[spare + w];
  }
  return R[state.status] === RUNNING;
}
