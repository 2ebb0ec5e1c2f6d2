// Keys and values in code: hashing, comparing and copying. What is short and of known size is unrolled, the rest loops; either way
// the outcome is that of key.ts and copy.ts.
import { block, type Code, copyBytes, fillBytes, get, go, goIf, i32, i64, Label, loop, set } from "../../wasm/code.ts";
import type { Frame } from "../../wasm/frame.ts";
import { type Address, keyOf, type Shape, type Word, whole } from "./shape.ts";

const number = i32.const;
/** The most bytes that are unrolled. */
const UNROLLED = 64;

const short = (size: number | undefined): size is number => size !== undefined && size <= UNROLLED;

const mixed = (hash: number, word: Code): Code => [
  set(hash, i32.mul(i32.xor(get(hash), i32.mul(word, number(0x9e3779b1))), number(0xc2b2ae3d))),
  set(hash, i32.xor(get(hash), i32.shrU(get(hash), number(15)))),
];

/** The hash of the key at the address in local `key`, into local `hash`. */
export function hashKey(shape: Shape, frame: Frame, key: number, hash: number): Code {
  const size = shape.constant("keySize");
  const seed = shape.constant("seed");
  const start =
    size === undefined || seed === undefined
      ? i32.xor(shape.word("seed"), i32.mul(shape.word("keySize"), number(0x85ebca6b)))
      : number(seed ^ Math.imul(size, 0x85ebca6b));
  const code: Code[] = [set(hash, start)];
  if (short(size)) {
    for (const word of wordsOf(get(key), size)) code.push(mixed(hash, word));
    if (size % 4 === 0) code.push(mixed(hash, number(0)));
  } else code.push(hashLong(shape, frame, key, hash));
  for (const [shift, factor] of [
    [16, 0x21f0aaad],
    [15, 0x735a2d97],
  ] as const) {
    code.push(set(hash, i32.mul(i32.xor(get(hash), i32.shrU(get(hash), number(shift))), number(factor))));
  }
  code.push(set(hash, i32.xor(get(hash), i32.shrU(get(hash), number(15)))));
  return code;
}

function hashLong(shape: Shape, frame: Frame, key: number, hash: number): Code {
  const [i, rest, shift] = [frame.narrow(), frame.narrow(), frame.narrow()];
  const [words, tail, bytes, ended] = labels("words", "tail", "bytes", "ended");
  const at = i32.add(get(key), get(i));
  return [
    set(i, number(0)),
    block(
      tail,
      loop(words, [
        goIf(i32.gtU(i32.add(get(i), number(4)), shape.word("keySize")), tail),
        mixed(hash, i32.load(at)),
        set(i, i32.add(get(i), number(4))),
        go(words),
      ]),
    ),
    set(rest, number(0)),
    set(shift, number(0)),
    block(
      ended,
      loop(bytes, [
        goIf(i32.geU(get(i), shape.word("keySize")), ended),
        set(rest, i32.or(get(rest), i32.shl(i32.load8U(at), get(shift)))),
        set(shift, i32.add(get(shift), number(8))),
        set(i, i32.add(get(i), number(1))),
        go(bytes),
      ]),
    ),
    mixed(hash, get(rest)),
  ];
}

/** The bytes at an address as words; the last is what is left, if anything is. */
function wordsOf(address: Code, size: number): readonly Code[] {
  const words: Code[] = [];
  let at = 0;
  for (; at + 4 <= size; at += 4) words.push(i32.load(address, at));
  const rest: Code[] = [];
  for (let shift = 0; at < size; at++, shift += 8) rest.push(i32.shl(i32.load8U(address, at), number(shift)));
  if (rest.length > 0) words.push(rest.reduce((all, byte) => i32.or(all, byte)));
  return words;
}

/** Leaves for `other` when the key of the element in local `item` is not the one at the address in local `key`. */
export function unlessSameKey(shape: Shape, frame: Frame, key: number, item: number, other: Label): Code {
  const size = shape.constant("keySize");
  const stored = keyOf(shape, get(item));
  if (short(size)) return differences({ from: get(key), offset: 0 }, stored, size).map((one) => goIf(one, other));
  const i = frame.narrow();
  const [words, tail, bytes, ended] = labels("words", "tail", "bytes", "ended");
  const [a, b] = [i32.add(get(key), get(i)), i32.add(whole(stored), get(i))];
  return [
    set(i, number(0)),
    block(
      tail,
      loop(words, [
        goIf(i32.gtU(i32.add(get(i), number(4)), shape.word("keySize")), tail),
        goIf(i32.ne(i32.load(a), i32.load(b)), other),
        set(i, i32.add(get(i), number(4))),
        go(words),
      ]),
    ),
    block(
      ended,
      loop(bytes, [
        goIf(i32.geU(get(i), shape.word("keySize")), ended),
        goIf(i32.ne(i32.load8U(a), i32.load8U(b)), other),
        set(i, i32.add(get(i), number(1))),
        go(bytes),
      ]),
    ),
  ];
}

function differences(a: Address, b: Address, size: number): readonly Code[] {
  return pieces(size).map(([at, bytes]) => {
    const read = bytes === 8 ? i64.load : { 4: i32.load, 2: i32.load16U, 1: i32.load8U }[bytes];
    return (bytes === 8 ? i64.ne : i32.ne)(read(a.from, a.offset + at), read(b.from, b.offset + at));
  });
}

/** Copies as many bytes as the word of the header says. */
export function copied(shape: Shape, from: Address, to: Address, count: Word): Code {
  const size = shape.constant(count);
  if (!short(size)) return copyBytes(whole(to), whole(from), shape.word(count));
  return pieces(size).map(([at, bytes]) => {
    const [read, write] = moves[bytes];
    return write(to.from, read(from.from, from.offset + at), to.offset + at);
  });
}

const moves = {
  8: [i64.load, i64.store],
  4: [i32.load, i32.store],
  2: [i32.load16U, i32.store16],
  1: [i32.load8U, i32.store8],
} as const;

/** So many bytes as the fewest accesses: their offsets and sizes. */
function pieces(size: number): readonly (readonly [at: number, bytes: 8 | 4 | 2 | 1])[] {
  const found: (readonly [number, 8 | 4 | 2 | 1])[] = [];
  let at = 0;
  for (const bytes of [8, 4, 2, 1] as const) for (; at + bytes <= size; at += bytes) found.push([at, bytes]);
  return found;
}

/** Zeroes, as many as the word of the header says. */
export function cleared(shape: Shape, to: Address, count: Word): Code {
  return fillBytes(whole(to), number(0), shape.word(count));
}

export function labels<Names extends readonly string[]>(...names: Names): { [At in keyof Names]: Label } {
  return names.map((name) => new Label(name)) as { [At in keyof Names]: Label };
}
