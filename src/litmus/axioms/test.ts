// A litmus test as the axiomatic engine takes it: a few short programs, the locations they share, and a question about
// how they may end. Locations are areas of memory at fixed addresses, so that a pointer is an ordinary number in a
// register and real instructions can compute with it.
import type { Span } from "../../diag/source.ts";
import type { Program } from "../../isa/program.ts";

export interface LitmusTest {
  readonly name: string;
  readonly threads: readonly LitmusThread[];
  readonly locations: readonly Location[];
  readonly quantifier: Quantifier;
  readonly condition: Condition;
  /** Executions that do not satisfy it are left out. */
  readonly filter?: Condition;
  /** What a final state consists of: the terms of the condition, then those of `locations [...]`. */
  readonly observed: readonly Term[];
  /** The text of the question, as written. */
  readonly question: string;
  /** By memory model, what the test says will be found. */
  readonly expected: ReadonlyMap<string, Seen>;
}

/** In how many of the executions a condition holds; the words are herd7's. */
export type Seen = "Never" | "Sometimes" | "Always";

export type Quantifier = "exists" | "not exists" | "forall";

export interface LitmusThread {
  readonly program: Program;
  /** Registers 0 to 10 at the start; those not named hold 0. */
  readonly registers: ReadonlyMap<number, bigint>;
  /** The header of its column. */
  readonly at: Span;
}

export interface Location {
  readonly name: string;
  /** Where its area begins. */
  readonly address: number;
  /** What its first 8 bytes hold at the start, little-endian; the rest of the area is 0. */
  readonly initial: bigint;
  /** Bytes that a condition on it compares: those of its declared type, or else of the widest access of the test. */
  readonly size: number;
}

export type Term =
  | { readonly kind: "register"; readonly thread: number; readonly reg: number }
  | { readonly kind: "location"; readonly location: number };

export type Condition =
  | { readonly kind: "equal"; readonly term: Term; readonly value: bigint }
  | { readonly kind: "not"; readonly of: Condition }
  | { readonly kind: "and" | "or"; readonly left: Condition; readonly right: Condition }
  | { readonly kind: "constant"; readonly holds: boolean };

/** Bytes of one location's area, and the distance between two areas: an address outside every area is a fault. */
export const areaSize = 64;
const areaDistance = 4096;
/** Fits the 32 bits of a `u32` store, and is far from the small numbers that tests count with. */
const firstArea = 0x6c000000;

export function areaAddress(index: number): number {
  return firstArea + index * areaDistance;
}

/** The area that holds all of `size` bytes at `address`. */
export function areaOf(test: LitmusTest, address: number, size: number): number | undefined {
  const index = Math.floor((address - firstArea) / areaDistance);
  if (index < 0 || index >= test.locations.length) return undefined;
  return address + size <= areaAddress(index) + areaSize ? index : undefined;
}

/** The number that the low `size` bytes are, with a sign, as 64 bits: what a condition on a location compares. */
export function extended(value: bigint, size: number): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(size * 8, value));
}

export function holds(condition: Condition, read: (term: Term) => bigint): boolean {
  switch (condition.kind) {
    case "equal":
      return read(condition.term) === condition.value;
    case "not":
      return !holds(condition.of, read);
    case "and":
      return holds(condition.left, read) && holds(condition.right, read);
    case "or":
      return holds(condition.left, read) || holds(condition.right, read);
    case "constant":
      return condition.holds;
  }
}

export function termText(test: LitmusTest, term: Term): string {
  if (term.kind === "register") return `${term.thread}:r${term.reg}`;
  return test.locations[term.location]?.name ?? "?";
}

/** A number as the test's author would write it: an address by its location's name. */
export function valueText(test: LitmusTest, value: bigint): string {
  const number = Number(value);
  const area = areaOf(test, number, 1);
  const location = area === undefined ? undefined : test.locations[area];
  if (location === undefined) return BigInt.asIntN(64, value).toString();
  const offset = number - location.address;
  return offset === 0 ? location.name : `${location.name}+${offset}`;
}
