// One frame's 512 bytes of stack. A slot is 8 aligned bytes, counted downwards from the frame pointer:
// slot 0 is fp-8..fp-1. Slots are immutable and shared between states; the array of them is copied on write.
import type { IteratorKind } from "../../host/contract.ts";
import type { Value } from "./value.ts";

export const STACK_SIZE = 512;
export const SLOTS = STACK_SIZE / 8;

/** What one byte holds: nothing yet, some number, zero, or a part of the spilled value of its slot. */
export type ByteKind = 0 | 1 | 2 | 3;
export const INVALID = 0;
export const MISC = 1;
export const ZERO = 2;
export const SPILL = 3;

export interface Slot {
  /** Two bits a byte (ByteKind), the lowest address in the lowest bits. */
  readonly bytes: number;
  /** The spilled register; its bytes are the lowest `spilled` addresses of the slot. */
  readonly value: Value | null;
  readonly spilled: number;
  /** Something that only its own calls may touch lives here; it may take more than one slot. */
  readonly object: StackObject | null;
}

/** A number iterator (one slot), or a dynptr (two): what it is, and how far it is used. */
export interface StackObject {
  /** Its identity; that of a reference where it must be given back. */
  readonly reference: number;
  readonly state: "active" | "drained" | DynptrHalf;
  /** Of an iterator: what it walks over, in the slot of its lowest address; `part` in the others. */
  readonly iterator?: IteratorKind | "part";
  /** The RCU section that it was begun in has ended. */
  readonly lapsed?: true;
}

/** Which memory a dynptr stands for; it begins at the lower address, in its `low` slot. */
export type DynptrKind = "local" | "ringbuf";
export type DynptrHalf = `${DynptrKind} ${"low" | "high"}`;

export function isDynptr(object: StackObject): object is StackObject & { state: DynptrHalf } {
  return object.state !== "active" && object.state !== "drained";
}

export const emptySlot: Slot = { bytes: 0, value: null, spilled: 0, object: null };
const ALL = [0x0000, 0x5555, 0xaaaa, 0xffff] as const;

/** A slot whose eight bytes are all of one kind. */
export function uniform(kind: ByteKind): Slot {
  return { bytes: ALL[kind], value: null, spilled: 0, object: null };
}

export function byteKind(slot: Slot, at: number): ByteKind {
  return ((slot.bytes >> (2 * at)) & 3) as ByteKind;
}

export function withByte(bytes: number, at: number, kind: ByteKind): number {
  return (bytes & ~(3 << (2 * at))) | (kind << (2 * at));
}

/** The slot with `kind` written to bytes from..from+count-1; what was spilled there degrades to plain bytes. */
export function overwrite(slot: Slot, from: number, count: number, kind: ByteKind): Slot {
  let bytes = slot.bytes;
  if (slot.value !== null) {
    for (let at = 0; at < 8; at++) if (((bytes >> (2 * at)) & 3) === SPILL) bytes = withByte(bytes, at, MISC);
  }
  for (let at = from; at < from + count; at++) bytes = withByte(bytes, at, kind);
  return { bytes, value: null, spilled: 0, object: null };
}

export class Stack {
  private slots: readonly Slot[];
  constructor(slots: readonly Slot[] = []) {
    this.slots = slots;
  }

  copy(): Stack {
    return new Stack(this.slots);
  }

  /** How many slots have ever been written. */
  get count(): number {
    return this.slots.length;
  }

  /** The slot array itself: equal identity means equal content. */
  get identity(): readonly Slot[] {
    return this.slots;
  }

  slot(index: number): Slot {
    return this.slots[index] ?? emptySlot;
  }

  set(index: number, slot: Slot): void {
    const next = this.slots.slice();
    while (next.length <= index) next.push(emptySlot);
    next[index] = slot;
    this.slots = next;
  }

  /** Replaces every spilled value by what `change` makes of it. */
  mapValues(change: (value: Value) => Value): void {
    let next: Slot[] | null = null;
    for (let at = 0; at < this.slots.length; at++) {
      const slot = this.slots[at];
      if (slot === undefined || slot.value === null) continue;
      const value = change(slot.value);
      if (value === slot.value) continue;
      next ??= this.slots.slice();
      next[at] = { ...slot, value };
    }
    if (next !== null) this.slots = next;
  }
}

/** The slot and the byte in it that a frame pointer offset (negative) names. */
export function place(offset: number): { readonly slot: number; readonly byte: number } {
  const slot = (-offset - 1) >> 3;
  return { slot, byte: offset + 8 * (slot + 1) };
}
