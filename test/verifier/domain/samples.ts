// Random scalars with known members, edge-biased and reproducible. A scalar is built as
// the least one, in one of several manners, around a few members drawn first; so its
// members are known without asking the code under test.
import { join, Scalar } from "../../../src/verifier/domain/scalar.ts";
import * as tnum from "../../../src/verifier/domain/tnum.ts";

export interface Sample {
  readonly scalar: Scalar;
  readonly members: readonly bigint[];
}

const edges = [0n, 1n, 7n, 0x7fn, 0x80n, 0xffn, 0x8000n, 1n << 31n, (1n << 32n) - 1n, 1n << 32n, 1n << 63n, -1n];

/** SplitMix-like: 32 random bits a call. */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

export function pick<T>(random: () => number, from: readonly T[]): T {
  return from[random() % from.length];
}

export function word(random: () => number): bigint {
  switch (random() % 4) {
    case 0:
      return BigInt.asUintN(64, pick(random, edges) + BigInt((random() % 5) - 2));
    case 1:
      return BigInt(random() % 100);
    case 2:
      return BigInt.asUintN(64, BigInt(random() | 0) >> BigInt(random() % 32));
    default:
      return (BigInt(random()) << 32n) | BigInt(random());
  }
}

/** Words near one another: within a short distance, or differing in a few bits. */
function cluster(random: () => number): bigint[] {
  const base = word(random);
  const count = 1 + (random() % 4);
  const span = random() % 3 === 0 ? 1 << (random() % 30) : 12;
  const near = () => base + BigInt(random() % span);
  const flipped = () => base ^ (1n << BigInt(random() % 64));
  const manner = pick(random, [near, near, flipped, () => word(random)]);
  return Array.from({ length: count }, () => BigInt.asUintN(64, manner()));
}

export function sample(random: () => number): Sample {
  const members = cluster(random);
  const signed = members.map((m) => BigInt.asIntN(64, m));
  const [first] = members;
  switch (random() % 4) {
    case 0:
      return { members, scalar: Scalar.range(...ends(members)) };
    case 1:
      return { members, scalar: Scalar.signedRange(...ends(signed)) };
    case 2: {
      const varying = members.reduce((mask, m) => mask | (m ^ first), 0n);
      return { members, scalar: Scalar.ofBits(tnum.of(first & ~varying, varying)) };
    }
    default:
      return { members, scalar: members.map((m) => Scalar.constant(m)).reduce(join) };
  }
}

/** The least and the greatest. */
function ends(values: readonly bigint[]): [bigint, bigint] {
  const ordered = [...values].sort((a, b) => (a < b ? -1 : 1));
  return [ordered[0], ordered[ordered.length - 1]];
}

/** The seed of a run: `SEED=... vitest` repeats one. */
export const seed = Number(process.env.SEED ?? 20_240_607);
