// Eight words in a row at every seam of a 64-bit word: operators, compares, casts and crossings lose no member there, and
// find the least bounds as often as they ever did. One pair in 97; scripts/domain-laws.ts takes them all.
import { expect, test } from "vitest";
import { type AluOp, aluOps } from "../../../src/isa/alu.ts";
import { type JumpOp, jumpOps } from "../../../src/isa/jump.ts";
import { castTally, compareTally, crossTally, operatorTally, type Tally } from "./windows.ts";

const share = { stride: 97, first: 0 };

/** Percent of bounds that some result reaches; an edge that cannot be taken counts if it is found dead. */
const reached = {
  operators: {
    add: 82.0,
    sub: 82.1,
    mul: 59.5,
    div: 94.1,
    sdiv: 79.0,
    or: 79.7,
    and: 91.0,
    lsh: 84.4,
    rsh: 96.4,
    mod: 73.3,
    smod: 69.6,
    xor: 48.3,
    mov: 95.3,
    arsh: 90.2,
  } satisfies Record<AluOp, number>,
  compares: {
    jeq: 96.4,
    jgt: 96.2,
    jge: 96.2,
    jset: 89.4,
    jne: 96.4,
    jsgt: 96.5,
    jsge: 96.6,
    jlt: 96.2,
    jle: 96.2,
    jslt: 96.6,
    jsle: 96.5,
  } satisfies Record<JumpOp, number>,
  casts: 79.9,
  crossings: 99.3,
};

function hold(found: Tally, least: number): void {
  expect(found.unsound).toEqual([]);
  expect((100 * found.tight) / found.bounds).toBeGreaterThanOrEqual(least);
}

test.each(aluOps)("%s", (op) => hold(operatorTally(op, share), reached.operators[op]));
test.each(jumpOps)("both edges of %s", (op) => hold(compareTally(op, share), reached.compares[op]));
test("casts", () => hold(castTally(), reached.casts));
test("crossings", () => hold(crossTally(share), reached.crossings));
