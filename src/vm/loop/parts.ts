// What the operations of the fast loop share: its locals, where things are in the words they point to, and the ways to go
// on. Each operation ends by counting itself and going on, or before it has changed anything by leaving.
import { type Code, get, go, goIf, i32, i64, Label, set, tee, when } from "../../wasm/code.ts";
import { INSN_WORDS, REG_WORDS } from "../code.ts";
import { frame as frameWord, state as stateWord, word } from "../registers.ts";

// The parameters: address of the CPU's words, address of the code, instructions left to do. Then addresses: the
// instruction, the registers it names, the memory it touches, the end of the running frame's stack, the end of the words
// beside that stack, the frame's own words, the words beside one slot. Then numbers: two operands of either width, the
// RCU section that is open, a region, the count that tells the running frame from others, and the first two words of a
// slot that this frame has written whole.
export const [
  CPU,
  CODE,
  LEFT,
  AT,
  DST,
  SRC,
  MEMORY,
  TOP,
  SLOTS,
  FRAME,
  SLOT,
  A32,
  B32,
  SECTION,
  REGION,
  SERIAL,
  A64,
  B64,
  WRITTEN,
] = Array.from({ length: 19 }, (_, n) => n);
export const parameters = 3;
/** Locals of 32 bits after the parameters, then those of 64. */
export const narrowLocals = 13;
export const wideLocals = 3;

export const again = new Label("the next instruction");
export const done = new Label("nothing left to do");
export const leave = new Label("not done here");

// Places of words, in bytes.
export const insn = { op: 0, dst: 4, src: 8, off: 12, imm: 16, mask: 24, slot: 28, size: INSN_WORDS * 4 } as const;
export const reg = {
  region: word.region * 4,
  generation: word.generation * 4,
  birth: word.birth * 4,
  life: word.life * 4,
  base: word.base * 4,
  limit: word.limit * 4,
  size: REG_WORDS * 4,
} as const;
export const state = (name: keyof typeof stateWord) => stateWord[name] * 4;
export const frame = (name: keyof typeof frameWord) => frameWord[name] * 4;

export const number = i32.const;
/** The address that is a number of words behind another. */
export const words = (from: Code, count: Code): Code => i32.add(from, i32.shl(count, number(2)));
export const field = (offset: number): Code => i32.load(get(AT), offset);
export const setDst = set(DST, words(get(CPU), field(insn.dst)));
export const setSrc = set(SRC, words(get(CPU), field(insn.src)));
export const regionOf = (register: number): Code => i32.load(get(register), reg.region);
export const isNumber = (register: number): Code => i32.store(get(register), number(0), reg.region);
export const leaveIf = (condition: Code): Code => goIf(condition, leave);
export const leaveIfUnset = (register: number): Code => leaveIf(i32.ltS(regionOf(register), number(0)));
export const leaveIfEitherUnset = leaveIf(i32.ltS(i32.or(regionOf(DST), regionOf(SRC)), number(0)));

/** Counts the instruction and goes on at AT. */
export const count: Code = [goIf(tee(LEFT, i32.sub(get(LEFT), number(1))), again), go(done)];
export const next: Code = [set(AT, i32.add(get(AT), number(insn.size))), count];
export const jump: Code = [set(AT, words(get(CODE), field(insn.off))), count];
export const wide: Code = [set(AT, i32.add(get(AT), number(2 * insn.size))), count];

/** The rest of what is known, after REGION was read at `from`. */
export function copyProvenance(from: number, fromOffset: number, to: number, toOffset: number): Code {
  const pair = (offset: number) => i64.store(get(to), i64.load(get(from), fromOffset + offset), toOffset + offset);
  return [
    i32.store(get(to), get(REGION), toOffset + reg.region),
    when(i32.gtS(get(REGION), number(0)), [
      i32.store(get(to), i32.load(get(from), fromOffset + reg.generation), toOffset + reg.generation),
      pair(reg.birth),
      pair(reg.base),
    ]),
  ];
}
