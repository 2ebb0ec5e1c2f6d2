// A value that is not known yet: the instructions that made it, over the reads it came from. A thread can so be executed
// before it is decided what its reads see; a decision gives the numbers. What is computed is the ISA's `eval`, later.

export type Value = Known | Read | Made;

interface Known {
  readonly kind: "known";
  readonly value: bigint;
  /**
   * The reads of its thread that it depends on, by their place in the thread (bit i: the thread's event i). The dependency
   * is syntactic, as hardware has it: `r1 -= r1` is 0 and depends on r1 all the same.
   */
  readonly reads: number;
}
/** The bytes that a read event got, as an unsigned number. */
interface Read {
  readonly kind: "read";
  readonly event: number;
  readonly reads: number;
}
interface Made {
  readonly kind: "made";
  readonly from: readonly Value[];
  readonly make: (...operands: bigint[]) => bigint;
  readonly reads: number;
}

export function known(value: bigint): Value {
  return { kind: "known", value, reads: 0 };
}

export function read(event: number, place: number): Value {
  return { kind: "read", event, reads: 1 << place };
}

export function made(make: (...operands: bigint[]) => bigint, ...from: readonly Value[]): Value {
  const reads = from.reduce((all, each) => all | each.reads, 0);
  const operands = from.flatMap((each) => (each.kind === "known" ? [each.value] : []));
  if (operands.length < from.length) return { kind: "made", from, make, reads };
  return { kind: "known", value: make(...operands), reads };
}

/** 0, made from a value that does not matter: `r1 -= r1`. No address that a test computes so has to wait for the read. */
export function zeroFrom(value: Value): Value {
  return { kind: "known", value: 0n, reads: value.reads };
}

/** The number, or undefined where a read below it has none. */
export function evaluate(value: Value, readValue: (event: number) => bigint | undefined): bigint | undefined {
  if (value.kind === "known") return value.value;
  if (value.kind === "read") return readValue(value.event);
  const operands: bigint[] = [];
  for (const each of value.from) {
    const operand = evaluate(each, readValue);
    if (operand === undefined) return undefined;
    operands.push(operand);
  }
  return value.make(...operands);
}

/** The read events that the value is made of. */
export function leaves(value: Value, out: number[] = []): number[] {
  if (value.kind === "read") out.push(value.event);
  else if (value.kind === "made") for (const each of value.from) leaves(each, out);
  return out;
}
