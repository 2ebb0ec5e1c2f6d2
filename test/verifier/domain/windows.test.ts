// Eight words in a row at every seam of a 64-bit word: operators, compares, casts and crossings lose no member there, and
// find the least bounds as often as they ever did. One pair in 149; scripts/domain-laws.ts takes them all.
import { expect, test } from "vitest";
import { type AluOp, aluOps } from "../../../src/isa/alu.ts";
import { type JumpOp, jumpOps } from "../../../src/isa/jump.ts";
import { castTally, compareTally, crossTally, operatorTally, type Tally } from "./windows.ts";

const share = { stride: 149, first: 0 };

/** Percent of bounds that some result reaches and of bits known as they can be; a dead edge counts if it is found dead. */
const reached = {
  operators: {
    add: 83.9,
    sub: 83.5,
    mul: 60.6,
    div: 89.8,
    sdiv: 74.7,
    or: 83.6,
    and: 90,
    lsh: 77.2,
    rsh: 88.3,
    mod: 69.8,
    smod: 68.4,
    xor: 60.3,
    mov: 95.5,
    arsh: 87.3,
  } satisfies Record<AluOp, number>,
  compares: {
    jeq: 94,
    jgt: 94.6,
    jge: 94.4,
    jset: 88.2,
    jne: 94,
    jsgt: 94,
    jsge: 93.9,
    jlt: 94.4,
    jle: 94.6,
    jslt: 93.9,
    jsle: 94,
  } satisfies Record<JumpOp, number>,
  casts: 83.1,
  crossings: 96.2,
};

function hold(found: Tally, least: number): void {
  expect(found.unsound).toEqual([]);
  expect((100 * found.tight) / found.bounds).toBeGreaterThanOrEqual(least);
}

test.each(aluOps)("%s", (op) => hold(operatorTally(op, share), reached.operators[op]));
test.each(jumpOps)("both edges of %s", (op) => hold(compareTally(op, share), reached.compares[op]));
test("casts", () => hold(castTally(), reached.casts));
test("crossings", () => hold(crossTally(share), reached.crossings));
