// A field of a structure that a program may look into: a context, or a socket behind one. Tables of fields say which
// accesses Linux takes (kernel: the *_is_valid_access functions); test/kernel/contexts.test.ts holds them to it.

/**
 * - `packet`, `packetEnd`, `packetMeta`: the bytes there load as a pointer into the packet.
 * - `sock`, `sockOrNull`, `sockCommonOrNull`: they load as a pointer to a socket.
 * - `buffer`: a pointer to the memory that a writable tracepoint lends.
 */
export type FieldKind =
  | "scalar"
  | "packet"
  | "packetEnd"
  | "packetMeta"
  | "sock"
  | "sockOrNull"
  | "sockCommonOrNull"
  | "buffer";

export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly kind: FieldKind;
  /** Loaded whole or not at all; absent: any aligned part of it. */
  readonly whole?: true;
  /** Only parts that begin where it begins may be loaded. */
  readonly fromStart?: true;
  /** Loaded as 4 bytes too, although it is 2: ports were 4 bytes once. */
  readonly asWord?: true;
  /** Stored whole, or in any aligned part. */
  readonly write?: "whole" | "parts";
  /** The expected attach types that have it; absent: all. */
  readonly attach?: readonly number[];
}

type Rest = Partial<Omit<Field, "name" | "offset" | "size">>;

/** A row of a table: 4 bytes and a number unless it says otherwise. */
export function field(name: string, offset: number, size = 4, rest: Rest = {}): Field {
  return { name, offset, size, kind: "scalar", ...rest };
}

export interface FieldAccess {
  readonly offset: number;
  readonly size: number;
  readonly write: boolean;
  /** A load with sign extension. */
  readonly signed?: boolean;
  readonly attach: number;
}

/** The field that an aligned access falls into and may; null if there is none. */
export function fieldFor(fields: readonly Field[], access: FieldAccess): Field | null {
  for (const each of fields) if (fits(each, access)) return each;
  return null;
}

function fits(each: Field, { offset, size, write, signed, attach }: FieldAccess): boolean {
  if (offset < each.offset || offset >= each.offset + each.size) return false;
  if (each.attach?.includes(attach) === false) return false;
  if (write) {
    if (each.write === undefined) return false;
    if (each.write === "whole") return size === each.size;
  } else {
    if (each.whole === true) return size === each.size && !(signed === true && each.kind.startsWith("packet"));
    if (each.fromStart === true && offset !== each.offset) return false;
    if (each.asWord === true && offset === each.offset && size === 4) return true;
  }
  return offset + size <= each.offset + each.size;
}

/** What the two words at `offset` may be stored and loaded as besides: one of 8 bytes (IPv6 addresses). */
export function pairs(name: string, offset: number, words: number, rest: Rest = {}): readonly Field[] {
  const each = Array.from({ length: words }, (_, n) => field(`${name}[${n}]`, offset + 4 * n, 4, rest));
  const wide: Field[] = [];
  for (let at = offset; at + 8 <= offset + 4 * words; at += 4) {
    if (at % 8 === 0) wide.push(field(name, at, 8, { ...rest, whole: true }));
  }
  return [...each, ...wide];
}
