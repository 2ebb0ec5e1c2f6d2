// The register states in a log of the kernel's verifier at level 2, and whether a value of ours says at least as much
// as one of the kernel's. Only the outermost frame is read.
import { Scalar } from "../../src/verifier/domain/scalar.ts";
import { kindText, type Value } from "../../src/verifier/state/value.ts";

/** What the kernel held before the instruction at `pc`, on one of the walks that came there. */
export interface LoggedState {
  readonly pc: number;
  /** By register, as printed. */
  readonly regs: ReadonlyMap<number, string>;
}

const instruction = /^(\d+): \(([0-9a-f]{2})\) [^;]*(?:; (.*))?$/;
const whole = /^(?:from \d+ to )?(\d+): (R\d.*|frame\d.*)$/;

/** Every state in the log, where it was the outermost function that ran. */
export function statesOf(log: string): readonly LoggedState[] {
  const found: LoggedState[] = [];
  let regs = new Map<number, string>();
  /** Where the walk stands, if its state is known. */
  let known = false;
  for (const line of log.split("\n")) {
    const full = whole.exec(line);
    if (full !== null) {
      if (line.startsWith("from ")) regs = new Map();
      // On the way back from an inner frame all is told again.
      known = !full[2]?.startsWith("frame");
      if (known) readRegisters(full[2] ?? "", regs);
      continue;
    }
    const step = instruction.exec(line);
    if (step === null) {
      if (/safe$|^processed/.test(line)) known = false;
      continue;
    }
    if (!known) continue;
    found.push({ pc: Number(step[1]), regs: new Map(regs) });
    if (step[2] === "85") for (let reg = 0; reg <= 5; reg++) regs.delete(reg);
    readRegisters(step[3] ?? "", regs);
    if (step[2] === "95") known = false;
  }
  return found;
}

/** `R1=ctx() R10=fp0 fp-8=...`: values may hold spaces, but only between parentheses. */
function readRegisters(text: string, into: Map<number, string>): void {
  for (const match of text.matchAll(/\bR(\d+)(?:_\w+)?=((?:[^\s()]|\((?:[^()]|\([^()]*\))*\))+)/g)) {
    into.set(Number(match[1]), (match[2] ?? "").replace(/^P(?=scalar|-?\d|0x)/, ""));
  }
}

interface Bounds {
  readonly smin: bigint;
  readonly smax: bigint;
  readonly umin: bigint;
  readonly umax: bigint;
  readonly smin32: bigint;
  readonly smax32: bigint;
  readonly umin32: bigint;
  readonly umax32: bigint;
  readonly value: bigint;
  readonly mask: bigint;
}

const any: Bounds = {
  smin: -(1n << 63n),
  smax: (1n << 63n) - 1n,
  umin: 0n,
  umax: (1n << 64n) - 1n,
  smin32: -(1n << 31n),
  smax32: (1n << 31n) - 1n,
  umin32: 0n,
  umax32: (1n << 32n) - 1n,
  value: 0n,
  mask: (1n << 64n) - 1n,
};

interface LoggedValue {
  readonly kind: string;
  readonly bounds: Bounds | null;
  readonly fields: ReadonlyMap<string, bigint>;
}

function number(text: string): bigint {
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}

function logged(text: string): LoggedValue {
  if (/^-?(?:\d+|0x[0-9a-f]+)$/.test(text)) {
    const word = number(text);
    const u64 = BigInt.asUintN(64, word);
    const s64 = BigInt.asIntN(64, word);
    const [u32, s32] = [BigInt.asUintN(32, word), BigInt.asIntN(32, word)];
    const bounds = { smin: s64, smax: s64, umin: u64, umax: u64, smin32: s32, smax32: s32, umin32: u32, umax32: u32 };
    return { kind: "scalar", bounds: { ...bounds, value: u64, mask: 0n }, fields: new Map() };
  }
  const stack = /^fp(-?\d+)?/.exec(text);
  const [, kind = text, inside = ""] = /^([a-z_]+)\((.*)\)$/.exec(text) ?? [];
  const fields = new Map<string, bigint>();
  const bounds: { -readonly [K in keyof Bounds]: bigint } = { ...any };
  const bits = /var_off=\((0x[0-9a-f]+); (0x[0-9a-f]+)\)/.exec(text);
  if (bits !== null) [bounds.value, bounds.mask] = [BigInt(bits[1] ?? 0), BigInt(bits[2] ?? 0)];
  let varies = bits !== null;
  for (const [, names = "", shown = ""] of inside.matchAll(/((?:[a-z_0-9]+=)+)(-?(?:0x[0-9a-f]+|\d+))(?=[,)+-]|$)/g)) {
    for (const name of names.split("=").filter((each) => each !== "")) {
      const value = number(shown);
      fields.set(name, value);
      if (!(name in bounds)) continue;
      varies = true;
      const width = name.endsWith("32") ? 32 : 64;
      bounds[name as keyof Bounds] = name.startsWith("s") ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);
    }
  }
  if (stack !== null) {
    if (stack[1] !== undefined) fields.set("off", BigInt(stack[1]));
    return { kind: "fp", bounds: varies ? bounds : null, fields };
  }
  return { kind, bounds: kind === "scalar" || varies ? bounds : null, fields };
}

function within(ours: Scalar, theirs: Bounds): boolean {
  const { bits } = ours;
  return (
    ours.smin >= theirs.smin &&
    ours.smax <= theirs.smax &&
    ours.umin >= theirs.umin &&
    ours.umax <= theirs.umax &&
    BigInt(ours.s32min) >= theirs.smin32 &&
    BigInt(ours.s32max) <= theirs.smax32 &&
    BigInt(ours.u32min) >= theirs.umin32 &&
    BigInt(ours.u32max) <= theirs.umax32 &&
    (bits.mask & ~theirs.mask) === 0n &&
    (bits.value & ~theirs.mask) === theirs.value
  );
}

/** Whether a register with this word in it may be what the kernel says; of pointers nothing is asked. */
export function mayBe(word: bigint, text: string): boolean {
  const { kind, bounds } = logged(text);
  return kind !== "scalar" || bounds === null || within(Scalar.constant(word), bounds);
}

/** Undefined if our value is the kernel's or contained in it; else how they part. */
export function apart(ours: Value, text: string): string | undefined {
  const theirs = logged(text);
  const kind = kindText(ours);
  if (kind !== theirs.kind) return `kind: ${kind} for ${theirs.kind}`;
  if (ours.kind === "scalar")
    return theirs.bounds === null || within(ours.scalar, theirs.bounds) ? undefined : "number";
  const off = BigInt.asIntN(64, theirs.fields.get("off") ?? 0n);
  if (theirs.bounds === null) {
    if (!ours.scalar.isConst) return `${kind}: varies`;
    if (BigInt(ours.off) + ours.scalar.smin !== off) return `${kind}: offset`;
  } else if (BigInt(ours.off) !== off || !within(ours.scalar, theirs.bounds)) return `${kind}: offset`;
  if (ours.kind === "packet" && BigInt.asIntN(64, theirs.fields.get("r") ?? 0n) > BigInt(ours.size))
    return `${kind}: range`;
  const size = theirs.fields.get("vs");
  if (size !== undefined && ours.map !== null && BigInt(ours.map.valueSize) !== size) return `${kind}: value size`;
  return undefined;
}
