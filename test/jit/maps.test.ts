// Calls of map helpers in compiled code: random sequences of them on each type of map, in both engines. What is not done in code,
// such as flags that are none or elements that memory must grow for, has to come out the same.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { both } from "../support/engines.ts";
import { randomFrom } from "../support/generate.ts";

const seed = Number(process.env.SEED ?? Date.now() % 2147483647);
const rounds = Number(process.env.ROUNDS ?? 12);

const types = [
  "type=hash, key=4, value=8, max=6",
  "type=hash, key=4, value=8, max=40, flags=no_prealloc",
  "type=percpu_hash, key=4, value=8, max=6",
  "type=percpu_hash, key=4, value=8, max=40, flags=no_prealloc",
  "type=lru_hash, key=4, value=8, max=6",
  "type=lru_percpu_hash, key=4, value=8, max=6",
  "type=array, key=4, value=8, max=6",
  "type=percpu_array, key=4, value=8, max=6",
];

const set = (at: number, value: string): string[] => [`*(u32 *)(r10 - ${at}) = ${value}`];
/** Results go into r6, so that each of them counts. */
const result = ["r6 *= 31", "r6 += r0"];
let label = 0;
const found = (): string[] => {
  const none = `none${label++}`;
  return [
    `if r0 == 0 goto ${none}`,
    "r1 = *(u64 *)(r0 + 0)",
    "r6 += r1",
    "r1 += 1",
    "*(u64 *)(r0 + 0) = r1",
    "r6 += 7",
    `${none}:`,
  ];
};
const key = ["r2 = r10", "r2 += -4"];

const calls: Readonly<Record<string, (random: () => number, percpu: boolean, array: boolean) => string[]>> = {
  lookup: () => ["r1 = m ll", ...key, "call bpf_map_lookup_elem", ...found()],
  other: (random, percpu) =>
    percpu
      ? ["r1 = m ll", ...key, `r3 = ${Math.floor(random() * 3)}`, "call bpf_map_lookup_percpu_elem", ...found()]
      : [],
  update: (random) => [
    `*(u64 *)(r10 - 16) = ${Math.floor(random() * 1000)}`,
    "r1 = m ll",
    ...key,
    "r3 = r10",
    "r3 += -16",
    ["r4 = 0", "r4 = 1", "r4 = 2", "r4 = 3", "r4 = 4", "r4 = 0x100000000 ll", "r4 = -1"][
      Math.floor(random() * (random() < 0.3 ? 7 : 3))
    ] ?? "",
    "call bpf_map_update_elem",
    ...result,
  ],
  remove: (_, __, array) => (array ? [] : ["r1 = m ll", ...key, "call bpf_map_delete_elem", ...result]),
};

function sequence(type: string, random: () => number, length: number): string {
  const percpu = type.includes("percpu");
  const names = Object.keys(calls);
  const body = Array.from({ length }, () => {
    const name = names[Math.floor(random() * names.length)] ?? "lookup";
    const made = calls[name]?.(random, percpu, /array/.test(type)) ?? [];
    return [...set(4, String(Math.floor(random() * 10))), ...made];
  });
  const lines = [".prog syscall", ".rcu implicit", `.map m, ${type}`, "r6 = 0", ...body.flat(), "r0 = r6", "exit"];
  return `${lines.join("\n")}\n`;
}

function programOf(text: string) {
  const made = assemble(text);
  if (!made.ok) throw new Error(`${made.diagnostics[0]?.text}\n${text}`);
  return made.value;
}

it.each(types)(`calls of %s come out as interpreted (SEED=${seed})`, (type) => {
  const random = randomFrom(seed);
  for (let n = 0; n < rounds; n++) {
    const text = sequence(type, random, 40);
    // The maps are kept between the runs: LRU tables evict, others fill.
    const { refusal, difference } = both(programOf(text), "implicit", [{}, {}, {}]) ?? { refusal: "not accepted" };
    expect({ refusal, difference, text }).toEqual({ text });
  }
});

const outers = ["array_of_maps", "hash_of_maps"].flatMap((outer) => types.map((inner) => ({ outer, inner })));

it.each(outers)("looks up in what a slot of $outer holds: $inner", ({ outer, inner }) => {
  const text = `
.prog syscall
.rcu implicit
.map m, ${inner}
.map outer, type=${outer}, key=4, value=4, max=4, inner=m
.entry outer, 1 = m
        r6 = 0
        *(u64 *)(r10 - 16) = 5
        ${set(4, "2").join()}
        r1 = m ll
        ${key.join("\n")}
        r3 = r10
        r3 += -16
        r4 = 0
        call bpf_map_update_elem
        r7 = 0
again:
        *(u32 *)(r10 - 8) = r7
        r1 = outer ll
        r2 = r10
        r2 += -8
        call bpf_map_lookup_elem
        if r0 == 0 goto next
        r8 = r0
        ${[0, 2, 9]
          .map((k) => [...set(4, String(k)), "r1 = r8", ...key, "call bpf_map_lookup_elem", ...found()].join("\n"))
          .join("\n")}
next:
        r7 += 1
        if r7 < 3 goto again
        r0 = r6
        exit
`;
  const { refusal, difference } = both(programOf(text), "implicit", [{}, {}]) ?? { refusal: "not accepted" };
  expect({ refusal, difference }).toEqual({});
});
