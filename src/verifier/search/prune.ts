// When one state stands for another. `covers(old, now)`: whatever `now` can do, `old` can do too, so a walk that
// found `old` safe need not be repeated. Identities are compared up to renaming (kernel: states_equal, regsafe,
// stacksafe, check_ids).
import { equals, subset } from "../domain/scalar.ts";
import { byteKind, INVALID, MISC, type Slot, SPILL, uniform, ZERO } from "../state/stack.ts";
import type { Frame, State } from "../state/state.ts";
import { uninit, type Value } from "../state/value.ts";

/**
 * `relied`: old contains now in all that walks from old relied on (demand.ts); they must have ended.
 * `within`: old contains now. `exact`: they are the same; for infinite loops.
 */
export type Comparison = "relied" | "within" | "exact";

/** Eight bytes of some number (state/stack.ts). */
const ALL_MISC = uniform(MISC).bytes;

/** A renaming of identities, one to one. There are few of them, and most comparisons end before the first. */
class Renaming {
  private readonly olds: number[] = [];
  private readonly nows: number[] = [];

  pair(old: number, now: number): boolean {
    if (old === 0 || now === 0) return old === now;
    const at = this.olds.indexOf(old);
    if (at >= 0) return this.nows[at] === now;
    if (this.nows.includes(now)) return false;
    this.olds.push(old);
    this.nows.push(now);
    return true;
  }
}

export function covers(
  old: State,
  now: State,
  /** Bit n: register n of that frame may still be read. */
  liveIn: (state: State, frame: number) => number,
  comparison: Comparison,
  /** Numbers must be the same, relied on or not. */
  strict: boolean,
): boolean {
  if (old.frames.length !== now.frames.length) return false;
  // What a processor may do ahead of a check says nothing of what a run does.
  if (old.speculative && !now.speculative) return false;
  if (old.rcuDepth !== now.rcuDepth || old.preempt !== now.preempt) return false;
  if (comparison === "exact" && old.rounds !== now.rounds) return false;
  const ids = new Renaming();
  if (old.references.length !== now.references.length) return false;
  // No two that are held are the same, so these pairs agree.
  old.references.forEach(({ id }, n) => {
    ids.pair(id, now.references[n]?.id ?? 0);
  });
  if (old.lock?.mapName !== now.lock?.mapName) return false;
  if (!ids.pair(old.lock?.origin ?? 0, now.lock?.origin ?? 0)) return false;
  for (let n = 0; n < old.frames.length; n++) {
    const a = old.frames[n];
    const b = now.frames[n];
    if (a === undefined || b === undefined) return false;
    // Where a frame was entered from, and where it is now, says what it is and where it begins.
    if (a.callsite !== b.callsite || a.entryDepth !== b.entryDepth) return false;
    if (comparison !== "exact" && a.runs > b.runs) return false;
    const live = liveIn(old, n);
    const free = comparison === "relied" && !strict ? ~a.precise : 0;
    for (let reg = 0; reg < 11; reg++) {
      if (((live >> reg) & 1) === 0) continue;
      const before = a.regs[reg] ?? uninit;
      const after = b.regs[reg] ?? uninit;
      if ((free >> reg) & 1 && before.kind === "scalar" && after.kind === "scalar") continue;
      if (!valueCovers(before, after, ids, comparison, strict)) return false;
    }
    if (!stackCovers(a, b, ids, comparison, strict)) return false;
  }
  return true;
}

function valueCovers(old: Value, now: Value, ids: Renaming, comparison: Comparison, strict: boolean): boolean {
  // The same object says the same only when it carries no identity: those must enter the renaming. That of a dynptr
  // does with its slots.
  if (old === now && old.id === 0 && old.origin === 0 && old.reference === 0) return true;
  if (old.kind === "uninit" && comparison !== "exact") return true;
  if (old.kind !== now.kind) return false;
  const same = comparison === "exact" || (strict && old.kind === "scalar");
  const contained = same ? equals(old.scalar, now.scalar) : subset(now.scalar, old.scalar);
  if (!contained) return false;
  if (old.kind === "scalar") {
    // Fewer links than now: the old walk relied on less.
    return old.id === 0 || (old.off === now.off && old.size === now.size && ids.pair(old.id, now.id));
  }
  const proven =
    old.kind === "packet" || old.kind === "packetMeta"
      ? comparison === "exact"
        ? old.size === now.size
        : old.size <= now.size
      : old.size === now.size;
  return (
    proven &&
    old.off === now.off &&
    old.maybeNull === now.maybeNull &&
    old.map === now.map &&
    old.frame === now.frame &&
    old.readOnly === now.readOnly &&
    old.protection === now.protection &&
    old.struct === now.struct &&
    old.trust === now.trust &&
    ids.pair(old.id, now.id) &&
    ids.pair(old.origin, now.origin) &&
    ids.pair(old.reference, now.reference) &&
    ids.pair(old.dynptr, now.dynptr)
  );
}

function stackCovers(old: Frame, now: Frame, ids: Renaming, comparison: Comparison, strict: boolean): boolean {
  const count = Math.max(old.stack.count, now.stack.count);
  for (let at = 0; at < count; at++) {
    const before = old.stack.slot(at);
    const after = now.stack.slot(at);
    if (comparison !== "relied") {
      if (!slotCovers(before, after, ids, comparison, strict)) return false;
      continue;
    }
    const bit = 1 << (at & 31);
    const read = ((at < 32 ? old.readLo : old.readHi) & bit) !== 0;
    // Writing over an iterator or a dynptr is refused, so that one matters unread too.
    if (!read && before.object === null && after.object === null) continue;
    const precise = ((at < 32 ? old.preciseLo : old.preciseHi) & bit) !== 0;
    if (!precise && !strict && bothNumbers(before, after)) continue;
    if (!slotCovers(before, after, ids, comparison, strict)) return false;
  }
  return true;
}

/** Whether reading either gives a number, known or not, whatever part is read. */
function bothNumbers(old: Slot, now: Slot): boolean {
  if (old.value?.kind === "scalar" && now.value?.kind === "scalar" && old.bytes === now.bytes) return true;
  return isNumber(old) && isNumber(now);
}

function isNumber(slot: Slot): boolean {
  if (slot.object !== null) return false;
  if (slot.value === null) return slot.bytes === ALL_MISC;
  return slot.value.kind === "scalar" && slot.spilled === 8;
}

function slotCovers(old: Slot, now: Slot, ids: Renaming, comparison: Comparison, strict: boolean): boolean {
  if (old.object?.state !== now.object?.state || old.object?.iterator !== now.object?.iterator) return false;
  if (old.object?.lapsed !== now.object?.lapsed) return false;
  if (old.object !== null) return ids.pair(old.object.reference, now.object?.reference ?? 0);
  // How many bytes are spilled is compared with the bytes.
  if (old.value !== null && (now.value === null || !valueCovers(old.value, now.value, ids, comparison, strict)))
    return false;
  for (let at = 0; at < 8; at++) {
    const a = byteKind(old, at);
    const b = byteKind(now, at);
    if (a === b) continue;
    if (comparison === "exact") return false;
    // Privileged programs may read what was never written: as a number, which a pointer is not.
    if (a === INVALID && (b !== SPILL || now.value?.kind === "scalar")) continue;
    // Some number covers a zero and the bytes of a spilled number.
    if (a === MISC && (b === ZERO || (b === SPILL && now.value?.kind === "scalar"))) continue;
    return false;
  }
  return true;
}
