// The names of a litmus test: its locations, in the order in which they are first named, and its registers.
import type { Span } from "../../diag/source.ts";
import { areaAddress } from "../axioms/test.ts";
import { type Token, type Tokens, Unreadable, unexpected } from "./text.ts";

export interface NamedLocation {
  readonly name: string;
  initial: bigint;
  size?: number;
}

export class Names {
  readonly locations: NamedLocation[] = [];
  private readonly indices = new Map<string, number>();

  /** The location's index; the first time it is named it comes to be. */
  declare(name: string): number {
    const known = this.indices.get(name);
    if (known !== undefined) return known;
    this.indices.set(name, this.locations.length);
    return this.locations.push({ name, initial: 0n }) - 1;
  }

  find(token: Token): number {
    const index = this.indices.get(token.text);
    if (index !== undefined) return index;
    const names = this.locations.map((each) => each.name).join(", ");
    throw new Unreadable("E1002", token.at, `there is no location \`${token.text}\``, `the locations are: ${names}`);
  }
}

/** `rN` after `T:`. */
export function register(tokens: Tokens): number {
  const token = tokens.next();
  const number = /^[rR](\d|10)$/.exec(token.text)?.[1];
  if (number === undefined) throw unexpected(token, "a register, r0 to r10");
  return Number(number);
}

export function threadNumber(token: Token, threads: number, at: Span): number {
  const thread = Number(token.text);
  if (thread < threads) return thread;
  throw new Unreadable("E1002", at, `there is no thread ${token.text}`, `the threads are P0 to P${threads - 1}`);
}

/** A number, or a location's address: `3`, `-3`, `0x10`, `x`, `&x`. */
export function value(tokens: Tokens, location: (token: Token) => number): bigint {
  tokens.take("&");
  const negative = tokens.take("-");
  const token = tokens.next();
  if (token.kind === "number") return BigInt.asUintN(64, negative ? -BigInt(token.text) : BigInt(token.text));
  if (token.kind === "name" && !negative) return BigInt(areaAddress(location(token)));
  throw unexpected(token, "a number or the name of a location");
}
