// WebAssembly instructions as nested lists of bytes: an expression is the list of its operands' instructions and its own.
// Branches name the label they go to; the depth that the format wants is counted when a function is written (module.ts).

/** A place to branch to: the end of a block or of an `if`, the beginning of a loop. */
export class Label {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export type Code = number | readonly Code[] | Scope | Branch | Mark;

/** No code: where it stands is told to whoever writes the module. */
export interface Mark {
  readonly mark: number;
}

export interface Scope {
  readonly opcode: number;
  /** What it leaves on the stack. */
  readonly type: number;
  readonly label: Label | null;
  readonly body: Code;
  readonly otherwise: Code | null;
}

/** The last target is that of a table without a fitting entry; the others do not have a table. */
export interface Branch {
  readonly opcode: number;
  readonly to: readonly Label[];
}

export const type = { i32: 0x7f, i64: 0x7e, none: 0x40 } as const;

/** A number in groups of seven bits, the lowest first; most have one. */
export function unsigned(value: number): Code {
  return value < 0x80 ? value : [(value & 0x7f) | 0x80, unsigned(value >>> 7)];
}

/** The same with a sign, which is the last group's highest bit. */
function signed(value: number): Code {
  return value >= -64 && value < 64 ? value & 0x7f : [(value & 0x7f) | 0x80, signed(value >> 7)];
}

function signedLong(value: bigint): Code {
  const low = Number(value & 0x7fn);
  return value >= -64n && value < 64n ? low : [low | 0x80, signedLong(value >> 7n)];
}

type Binary = (a: Code, b: Code) => Code;
const binary =
  (opcode: number): Binary =>
  (a, b) => [a, b, opcode];
const unary =
  (opcode: number) =>
  (a: Code): Code => [a, opcode];
const load =
  (opcode: number, align: number) =>
  (address: Code, offset = 0): Code => [address, opcode, align, unsigned(offset)];
const store =
  (opcode: number, align: number) =>
  (address: Code, value: Code, offset = 0): Code => [address, value, opcode, align, unsigned(offset)];

/** The operations that both widths have, in the order of their opcodes. */
function shared(compare: number, arithmetic: number) {
  return {
    eqz: unary(compare),
    eq: binary(compare + 1),
    ne: binary(compare + 2),
    ltS: binary(compare + 3),
    ltU: binary(compare + 4),
    gtS: binary(compare + 5),
    gtU: binary(compare + 6),
    leS: binary(compare + 7),
    leU: binary(compare + 8),
    geS: binary(compare + 9),
    geU: binary(compare + 10),
    add: binary(arithmetic),
    sub: binary(arithmetic + 1),
    mul: binary(arithmetic + 2),
    divS: binary(arithmetic + 3),
    divU: binary(arithmetic + 4),
    remS: binary(arithmetic + 5),
    remU: binary(arithmetic + 6),
    and: binary(arithmetic + 7),
    or: binary(arithmetic + 8),
    xor: binary(arithmetic + 9),
    shl: binary(arithmetic + 10),
    shrS: binary(arithmetic + 11),
    shrU: binary(arithmetic + 12),
    rotl: binary(arithmetic + 13),
  };
}

export const i32 = {
  ...shared(0x45, 0x6a),
  const: (value: number): Code => [0x41, signed(value | 0)],
  wrap: unary(0xa7),
  extend8: unary(0xc0),
  extend16: unary(0xc1),
  load: load(0x28, 2),
  load8S: load(0x2c, 0),
  load8U: load(0x2d, 0),
  load16S: load(0x2e, 1),
  load16U: load(0x2f, 1),
  store: store(0x36, 2),
  store8: store(0x3a, 0),
  store16: store(0x3b, 1),
};

export const i64 = {
  ...shared(0x50, 0x7c),
  const: (value: bigint): Code => [0x42, signedLong(BigInt.asIntN(64, value))],
  /** A number of 32 bits with its sign. */
  small: (value: number): Code => [0x42, signed(value | 0)],
  extend8: unary(0xc2),
  extend16: unary(0xc3),
  extend32: unary(0xc4),
  fromS: unary(0xac),
  fromU: unary(0xad),
  load: load(0x29, 3),
  load8S: load(0x30, 0),
  load8U: load(0x31, 0),
  load16S: load(0x32, 1),
  load16U: load(0x33, 1),
  load32S: load(0x34, 2),
  load32U: load(0x35, 2),
  store: store(0x37, 3),
  store8: store(0x3c, 0),
  store16: store(0x3d, 1),
  store32: store(0x3e, 2),
};

/** The reads and writes that other threads see whole and in one order; their addresses are multiples of their size. */
const ATOMIC = 0xfe;
const aligned = { 1: 0, 2: 1, 4: 2, 8: 3 } as const;
type Bytes = keyof typeof aligned;

/** i64.atomic.*: of fewer than 8 bytes what is read has zeros above. A row of `rmw` gives what was there. */
export const atomic = {
  load: (size: Bytes, address: Code, offset = 0): Code => [
    address,
    ATOMIC,
    { 1: 0x14, 2: 0x15, 4: 0x16, 8: 0x11 }[size],
    aligned[size],
    unsigned(offset),
  ],
  store: (size: Bytes, address: Code, value: Code, offset = 0): Code => [
    address,
    value,
    ATOMIC,
    { 1: 0x1b, 2: 0x1c, 4: 0x1d, 8: 0x18 }[size],
    aligned[size],
    unsigned(offset),
  ],
  rmw: (op: "add" | "and" | "or" | "xor" | "xchg", size: 4 | 8, address: Code, value: Code): Code => [
    address,
    value,
    ATOMIC,
    { add: 0x1e, and: 0x2c, or: 0x33, xor: 0x3a, xchg: 0x41 }[op] + (size === 8 ? 1 : 6),
    aligned[size],
    0,
  ],
  cmpxchg: (size: 4 | 8, address: Code, expected: Code, value: Code): Code => [
    address,
    expected,
    value,
    ATOMIC,
    0x48 + (size === 8 ? 1 : 6),
    aligned[size],
    0,
  ],
};

export const get = (local: number): Code => [0x20, unsigned(local)];
export const set = (local: number, value: Code): Code => [value, 0x21, unsigned(local)];
export const tee = (local: number, value: Code): Code => [value, 0x22, unsigned(local)];
export const give = (value: Code): Code => [value, 0x0f];
export const drop = (value: Code): Code => [value, 0x1a];
/** Bulk operations: `count` bytes, to where they may overlap. */
export const copyBytes = (to: Code, from: Code, count: Code): Code => [to, from, count, 0xfc, 10, 0, 0];
export const fillBytes = (to: Code, byte: Code, count: Code): Code => [to, byte, count, 0xfc, 11, 0];
/** Never reached: what stands where the format wants a value and control does not come. */
export const unreachable: Code = 0x00;
/** Calls a function by its number in the module, imported ones first. */
export const call = (func: number, operands: Code): Code => [operands, 0x10, unsigned(func)];
export const getGlobal = (global: number): Code => [0x23, unsigned(global)];
export const setGlobal = (global: number, value: Code): Code => [value, 0x24, unsigned(global)];

export const block = (label: Label, body: Code): Code => ({
  opcode: 0x02,
  type: type.none,
  label,
  body,
  otherwise: null,
});
export const loop = (label: Label, body: Code): Code => ({
  opcode: 0x03,
  type: type.none,
  label,
  body,
  otherwise: null,
});
export const when = (condition: Code, body: Code): Code => [
  condition,
  { opcode: 0x04, type: type.none, label: null, body, otherwise: null },
];
/** The value of one of two expressions, only that one being computed. */
export const choose = (of: number, condition: Code, body: Code, otherwise: Code): Code => [
  condition,
  { opcode: 0x04, type: of, label: null, body, otherwise },
];
/** The first of two values where the condition is not 0, else the second; both are computed. */
export const select = (first: Code, second: Code, condition: Code): Code => [first, second, condition, 0x1b];
export const go = (to: Label): Code => ({ opcode: 0x0c, to: [to] });
export const goIf = (condition: Code, to: Label): Code => [condition, { opcode: 0x0d, to: [to] }];
export const table = (index: Code, to: readonly Label[]): Code => [index, { opcode: 0x0e, to }];
