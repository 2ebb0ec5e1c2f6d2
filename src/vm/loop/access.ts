// Loads and stores in the fast loop. Through a pointer they compare what is known beside the register: region, bounds, life,
// RCU section. Through r10 the place is known beforehand, and only whether the bytes were written is looked at.
import { POINTER_HIGH } from "../../memory/layout.ts";
import { type Code, choose, get, i32, i64, set, tee, type, when } from "../../wasm/code.ts";
import {
  AT,
  copyProvenance,
  DST,
  field,
  insn,
  isNumber,
  leaveIf,
  leaveIfUnset,
  MEMORY,
  next,
  number,
  REGION,
  reg,
  regionOf,
  SECTION,
  SERIAL,
  SLOT,
  SLOTS,
  SRC,
  setDst,
  setSrc,
  TOP,
  WRITTEN,
  words,
} from "./parts.ts";

/** Sets MEMORY to the address of `size` bytes that the register at `base` points to, or leaves. */
function address(base: number, size: number, write: boolean): Code {
  const own = (offset: number) => i32.load(get(base), offset);
  return [
    // A store to what may only be read has a bit above the region's.
    write
      ? leaveIf(i32.geU(i32.sub(own(reg.region), number(1)), number(0xffff)))
      : leaveIf(i32.leS(own(reg.region), number(0))),
    leaveIf(i32.ne(own(4), number(POINTER_HIGH))),
    leaveIf(i32.ltS(tee(MEMORY, i32.add(own(0), field(insn.off))), own(reg.base))),
    leaveIf(i32.gtS(get(MEMORY), i32.sub(own(reg.limit), number(size)))),
    leaveIf(i32.ne(i32.load(words(number(0), own(reg.life))), own(reg.generation))),
    when(own(reg.birth), leaveIf(i32.ne(own(reg.birth), get(SECTION)))),
  ];
}

export const loads: Readonly<Record<number, (address: Code) => Code>> = {
  1: (at) => i64.fromU(i32.load8U(at)),
  2: (at) => i64.fromU(i32.load16U(at)),
  4: (at) => i64.fromU(i32.load(at)),
  8: (at) => i64.load(at),
};
export const signedLoads: Readonly<Record<number, (address: Code) => Code>> = {
  1: (at) => i64.fromS(i32.load8S(at)),
  2: (at) => i64.fromS(i32.load16S(at)),
  4: (at) => i64.fromS(i32.load(at)),
};
const stores: Readonly<Record<number, (address: Code, from: Code, offset: number) => Code>> = {
  1: (at, from, offset) => i32.store8(at, i32.load(from, offset)),
  2: (at, from, offset) => i32.store16(at, i32.load(from, offset)),
  4: (at, from, offset) => i32.store(at, i32.load(from, offset)),
  8: (at, from, offset) => i64.store(at, i64.load(from, offset)),
};

export function load(size: number, value: Code): Code {
  return [setDst, setSrc, address(SRC, size, false), i64.store(get(DST), value), isNumber(DST), next];
}

export function store(size: number, register: boolean): Code {
  const from = register ? stores[size](get(MEMORY), get(SRC), 0) : stores[size](get(MEMORY), get(AT), insn.imm);
  return [setDst, register ? [setSrc, leaveIfUnset(SRC)] : [], address(DST, size, true), from, next];
}

// Through r10, aligned and inside the frame. Beside each slot stand a mask of the bytes written and the frame's serial.
const setSlot = set(SLOT, words(get(SLOTS), field(insn.slot)));
const setStack = set(MEMORY, i32.add(get(TOP), field(insn.off)));

export function stackLoad(size: number): Code {
  if (size === 8) {
    return [
      setDst,
      setSlot,
      leaveIf(i64.ne(i64.load(get(SLOT)), get(WRITTEN))),
      setStack,
      set(REGION, regionOf(SLOT)),
      i64.store(get(DST), i64.load(get(MEMORY))),
      copyProvenance(SLOT, 0, DST, 0),
      next,
    ];
  }
  const missing = i32.and(i32.xor(i32.load(get(SLOT)), number(-1)), field(insn.mask));
  return [
    setDst,
    setSlot,
    leaveIf(i32.or(i32.xor(i32.load(get(SLOT), 4), get(SERIAL)), missing)),
    setStack,
    i64.store(get(DST), loads[size](get(MEMORY))),
    isNumber(DST),
    next,
  ];
}

export function stackStore(size: number, register: boolean): Code {
  const from = register ? SRC : AT;
  const write = stores[size](get(MEMORY), get(from), register ? 0 : insn.imm);
  const known = i32.load(get(SLOT));
  const mask =
    size === 8
      ? i64.store(get(SLOT), get(WRITTEN))
      : [
          i32.store(
            get(SLOT),
            i32.or(field(insn.mask), choose(type.i32, i32.eq(i32.load(get(SLOT), 4), get(SERIAL)), known, number(0))),
          ),
          i32.store(get(SLOT), get(SERIAL), 4),
        ];
  return [
    register ? [setSrc, leaveIf(i32.ltS(tee(REGION, regionOf(SRC)), number(0)))] : [],
    setSlot,
    setStack,
    mask,
    size === 8 && register ? copyProvenance(SRC, 0, SLOT, 0) : isNumber(SLOT),
    write,
    next,
  ];
}
