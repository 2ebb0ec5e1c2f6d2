// The block in braces: what registers and locations hold at the start. `0:r1=x;` `x=1;` `int x = 1;` `int x;` `int p = x;`
import type { Names } from "./names.ts";
import { register, value } from "./names.ts";
import { type Token, type Tokens, Unreadable, unexpected } from "./text.ts";

export interface InitialRegister {
  readonly thread: Token;
  readonly reg: number;
  readonly value: bigint;
}

/** Bytes of the types that a declaration may name. */
const typeSize: Readonly<Record<string, number>> = {
  char: 1,
  u8: 1,
  s8: 1,
  int8_t: 1,
  uint8_t: 1,
  short: 2,
  u16: 2,
  s16: 2,
  int16_t: 2,
  uint16_t: 2,
  int: 4,
  u32: 4,
  s32: 4,
  int32_t: 4,
  uint32_t: 4,
  atomic_t: 4,
  long: 8,
  u64: 8,
  s64: 8,
  int64_t: 8,
  uint64_t: 8,
};

export function readInitial(tokens: Tokens, names: Names): readonly InitialRegister[] {
  const registers: InitialRegister[] = [];
  while (tokens.peek().kind !== "end") {
    if (tokens.take(";")) continue;
    const size = declaredType(tokens);
    const token = tokens.next();
    if (token.kind === "number") {
      tokens.expect(":", "between the thread and its register");
      const reg = register(tokens);
      tokens.expect("=", "and a value");
      registers.push({ thread: token, reg, value: value(tokens, (name) => names.declare(name.text)) });
    } else {
      initialLocation(tokens, token, size, names);
    }
    const end = tokens.peek();
    if (end.kind !== "end" && end.text !== ";") throw unexpected(end, "`;`");
  }
  return registers;
}

/** The type in front of a name, if there is one. A pointer holds an address, which takes 8 bytes. */
function declaredType(tokens: Tokens): number | undefined {
  let size: number | undefined;
  while (tokens.take("volatile") || tokens.take("unsigned") || tokens.take("signed") || tokens.take("const"));
  const named = typeSize[tokens.peek().text];
  if (named !== undefined) {
    tokens.next();
    size = named;
  }
  while (tokens.take("*")) size = 8;
  return size;
}

function initialLocation(tokens: Tokens, first: Token, size: number | undefined, names: Names): void {
  const bracket = first.text === "[";
  const token = bracket ? tokens.next() : first;
  if (token.kind !== "name") throw unexpected(token, "a register (`0:r1`) or the name of a location");
  if (bracket) tokens.expect("]", "after the location");
  if (tokens.peek().text === "[") {
    throw new Unreadable("E1001", tokens.peek().at, "arrays are not read; give each element a name of its own");
  }
  const location = names.locations[names.declare(token.text)];
  if (location === undefined) return;
  if (size !== undefined) location.size = size;
  if (!tokens.take("=")) return;
  const initial = value(tokens, (name) => names.declare(name.text));
  // A declared type cuts the value; without one all 8 bytes have it.
  location.initial = location.size === undefined ? initial : BigInt.asUintN(location.size * 8, initial);
}
