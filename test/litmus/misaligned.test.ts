// Accesses that are not aligned: what a load can find while another program stores, by the way in which they are cut. The
// values come from counting: a store of all ones over zeroes, of which each piece is there or not.
import { describe, expect, it } from "vitest";
import { judged, scenarioFile } from "./support.ts";

const program = (body: string): string =>
  [
    "*(u32 *)(r10 - 4) = 0",
    "r1 = pair ll",
    "r2 = r10",
    "r2 += -4",
    "call bpf_map_lookup_elem",
    "if r0 == 0 goto out",
    ...body.split("; "),
    "out:",
    "exit",
  ]
    .map((line) => `      ${line}`)
    .join("\n");

function scenarioOf(store: string, load: string, profile: string, assertion = "exists: cpu1 == 0") {
  const text = [
    `profile: ${profile}`,
    "maps:",
    "  pair: {type: array, value: 16}",
    "threads:",
    `  cpu0:\n    rcu: implicit\n    run: |\n${program(`r1 = -1; ${store}; r0 = 0`)}`,
    `  cpu1:\n    rcu: implicit\n    run: |\n${program(load)}`,
    `assert: [${assertion}]`,
  ];
  return scenarioFile(text.join("\n")).scenario;
}

/** The bytes, from the lowest, that a load of so many may find set: every subset of the pieces. */
function subsets(pieces: readonly (readonly [from: number, to: number])[]): readonly string[] {
  let found = [0n];
  for (const [from, to] of pieces) {
    const bytes = ((1n << BigInt((to - from) * 8)) - 1n) << BigInt(from * 8);
    found = found.flatMap((each) => [each, each | bytes]);
  }
  return found.map(String).sort();
}

const at = (bits: number, offset: number) => ({
  store: `*(u${bits} *)(r0 + ${offset}) = r1`,
  load: `r0 = *(u${bits} *)(r0 + ${offset})`,
});
const each = (count: number) => Array.from({ length: count }, (_, n) => [n, n + 1] as const);

describe.each(["sc", "tso"])("under %s", (memory) => {
  it.each([
    ["an aligned word is whole", at(64, 8), "words8", [[0, 8]]],
    [
      "a word that crosses a boundary is in two pieces",
      at(64, 5),
      "words8",
      [
        [0, 3],
        [3, 8],
      ],
    ],
    [
      "half a word that crosses one too",
      at(32, 6),
      "words8",
      [
        [0, 2],
        [2, 4],
      ],
    ],
    ["one that crosses none is whole", at(32, 2), "words8", [[0, 4]]],
    ["or is in bytes, where that is asked for", at(32, 2), "bytes", each(4)],
    ["an aligned one never is", at(32, 4), "bytes", [[0, 4]]],
    [
      "two bytes across a boundary",
      at(16, 7),
      "words8",
      [
        [0, 1],
        [1, 2],
      ],
    ],
  ] as const)("%s", (_, { store, load }, cut, pieces) => {
    const scenario = scenarioOf(store, load, `{misaligned: ${cut}, memory: ${memory}}`);
    const isCut = pieces.length > 1;
    for (const options of [{ reduce: false }, { reduce: "always" }, { fuse: false, reduce: false }] as const) {
      const verdict = judged(scenario, options);
      const atom = verdict.columns.indexOf("cpu1");
      expect([...new Set(verdict.finals.map(({ values }) => String(values[atom])))].sort()).toEqual(subsets(pieces));
      expect(verdict.misaligned.map(({ thread, pc, text }) => [thread, pc, text])).toEqual(
        isCut
          ? [
              ["cpu0", 8, store],
              ["cpu1", 7, load],
            ]
          : [],
      );
    }
  });
});

it("a store of an immediate is cut as one of a register is", () => {
  const verdict = judged(scenarioOf("*(u64 *)(r0 + 4) = -1", "r0 = *(u64 *)(r0 + 4)", "{}"));
  expect(verdict.finals.map(({ values }) => String(values[0])).sort()).toEqual(
    subsets([
      [0, 4],
      [4, 8],
    ]),
  );
});

it("leaves alone what lies around it, and what others write there between its pieces", () => {
  // cpu1 writes a byte of each half; where it comes last the byte stays, and the others are cpu0's.
  const body = "r1 = 1; *(u8 *)(r0 + 6) = r1; *(u8 *)(r0 + 10) = r1; r0 = 0";
  const verdict = judged(scenarioOf("*(u64 *)(r0 + 5) = r1", body, "{}", 'exists: "pair[0] + pair[0].1 == 0"'));
  const words = verdict.finals.map(({ values }) => values.map((value) => value.toString(16)).join(" ")).sort();
  expect([...new Set(words)]).toEqual([
    "ff01ff0000000000 ffff01ffff",
    "ff01ff0000000000 ffffffffff",
    "ffffff0000000000 ffff01ffff",
    "ffffff0000000000 ffffffffff",
  ]);
});

it("a load of two words at once is torn, and races", () => {
  const { store, load } = at(64, 4);
  const torn = judged(scenarioOf(store, load, "{}", "no_torn_read: pair"));
  expect([torn.status, torn.failure?.violation.text]).toEqual([
    "violated",
    "cpu1 reads a value of pair that is half of one write and half of another",
  ]);
  expect(judged(scenarioOf(store, load, "{}", "no_data_race: true")).status).toBe("violated");
  const aligned = at(64, 8);
  expect(judged(scenarioOf(aligned.store, aligned.load, "{}", "no_torn_read: pair")).status).toBe("holds");
  expect(judged(scenarioOf(aligned.store, aligned.load, "{}", "no_data_race: true")).status).toBe("holds");
});
