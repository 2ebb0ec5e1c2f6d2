// Registers and stack slots in the notation of the Linux 6.18 verifier log (kernel: print_verifier_state), so that tools
// which read its logs read ours. What only this laboratory knows (a value whose RCU section ended) is a prefix of its own.
import { boundsText } from "./domain/text.ts";
import { byteKind, INVALID, MISC, SPILL } from "./state/stack.ts";
import type { Frame, State } from "./state/state.ts";
import { kindText, type Value } from "./state/value.ts";

/** A number as the log writes signed ones: small ones in decimal. */
function signedText(value: number): string {
  return value >= -0x8000 && value <= 0x7fff ? String(value) : `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}

/** What an identity is called; `held`: it is that of a reference. */
export type Naming = (id: number, held: boolean) => number;
const asItIs: Naming = (id) => id;

/** `frame`: the number of the frame that the register is in; a stack pointer says whose stack it means. */
export function valueText(value: Value, frame = value.frame, name = asItIs): string {
  const { scalar } = value;
  if (value.kind === "scalar" && scalar.isConst) return String(boundsOfConst(value));
  if (value.kind === "stack") {
    const whose = value.frame === frame ? "" : `[${value.frame}]`;
    if (scalar.isConst) return `fp${whose}${value.off + Number(scalar.smin)}`;
    return `fp${whose}(${parts(value, name).join(",")})`;
  }
  const stale = value.protection === "stale" ? "stale_" : "";
  return `${stale}${kindText(value)}${value.struct ?? ""}(${parts(value, name).join(",")})`;
}

function boundsOfConst({ scalar }: Value): string {
  const value = scalar.smin;
  return value >= -0x8000n && value <= 0x7fffn ? String(value) : `0x${BigInt.asUintN(64, value).toString(16)}`;
}

function parts(value: Value, name: Naming): readonly string[] {
  const { kind, scalar, map } = value;
  const out: string[] = [];
  // A number that is a constant above the others of its identity.
  const above = kind !== "scalar" || value.size === 0 ? "" : `${value.off < 0 ? "" : "+"}${value.off}`;
  if (kind !== "func" && value.id !== 0) {
    out.push(`id=${name(value.id, value.id === value.reference)}${above}`);
  }
  if (value.reference !== 0) out.push(`ref_obj_id=${name(value.reference, true)}`);
  if (map !== null && kindText(value).startsWith("map_")) {
    if (map.name !== "") out.push(`map=${map.name}`);
    out.push(`ks=${map.keySize}`, `vs=${map.valueSize}`);
  }
  if (kind !== "scalar" && value.off !== 0) out.push(`off=${signedText(value.off)}`);
  if (kind === "packet" || kind === "packetMeta") out.push(`r=${value.size}`);
  if (kind === "mem") out.push(`sz=${value.size}`);
  if (!scalar.isConst) out.push(...boundsText(scalar));
  else if (scalar.smin !== 0n) out.push(`imm=${boundsOfConst(value)}`);
  return out;
}

/** What of a frame is to be shown; null: everything. */
export interface Touched {
  readonly regs: number;
  readonly slots: ReadonlySet<number> | null;
}

/** ` frame1: R0=0 R10=fp0 fp-8=mmmmmmmm refs=2`, with a space before each part. */
export function frameText(state: State, at: number, touched: Touched | null, name: Naming): string {
  const frame = state.frames[at];
  if (frame === undefined) return "";
  let out = at === 0 ? "" : ` frame${at}:`;
  for (let reg = 0; reg < 11; reg++) {
    const value = frame.regs[reg];
    if (value === undefined || value.kind === "uninit") continue;
    if (touched !== null && ((touched.regs >> reg) & 1) === 0) continue;
    out += ` R${reg}=${valueText(value, at, name)}`;
  }
  for (let slot = 0; slot < frame.stack.count; slot++) {
    if (touched !== null && touched.slots !== null && !touched.slots.has(slot)) continue;
    const text = slotText(frame, slot, at, name);
    if (text !== "") out += ` fp${-8 * (slot + 1)}=${text}`;
  }
  if (state.references.length > 0) out += ` refs=${state.references.map((each) => name(each.id, true)).join(",")}`;
  if (frame.role === "syncCallback") out += " cb";
  if (frame.role === "asyncCallback") out += " async_cb";
  return out;
}

/** Empty where nothing was ever written, and for the upper half of what takes two slots. */
function slotText(frame: Frame, index: number, at: number, name: Naming): string {
  const slot = frame.stack.slot(index);
  const { object, value } = slot;
  if (object !== null) {
    const [kind, half] = object.state.split(" ");
    if (half === "high") return "";
    if (half === "low") {
      // One out of a ring buffer has two identities in Linux, its own and that of the reference.
      const held = kind === "ringbuf";
      const id = name(object.reference, held);
      return `dynptr_${kind}(id=${held ? `${id - 1},ref_id=${id}` : id},dynptr_id=1)`;
    }
    return `iter_num(ref_id=${name(object.reference, false)},state=${object.state},depth=0)`;
  }
  let bytes = "";
  let known = false;
  // The highest address comes first.
  for (let byte = 7; byte >= 0; byte--) {
    const kind = byteKind(slot, byte);
    if (kind !== INVALID) known = true;
    if (kind === SPILL && value !== null) return bytes + valueText(value, at, name);
    bytes += kind === INVALID ? "?" : kind === MISC ? "m" : kind === SPILL ? "r" : "0";
  }
  return known ? bytes : "";
}
