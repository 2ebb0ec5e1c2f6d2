// Modules read back as text: every instruction that code.ts writes has its name there, with its operands.
import { describe, expect, it } from "vitest";
import { atomic, type Code, get, i32, i64, type } from "../../src/wasm/code.ts";
import { moduleBytes } from "../../src/wasm/module.ts";
import { watOf } from "../../src/wasm/text.ts";

/** The lines of a function's body. */
function lines(body: Code, locals: readonly number[] = []): readonly string[] {
  const text = watOf(moduleBytes({ functions: [{ parameters: [], results: [], locals, body }] }));
  const from = text.indexOf("(func $f0");
  return text
    .slice(from)
    .replace(/\)\)\n$/, "")
    .split("\n")
    .slice(1 + Math.ceil(locals.length / 6))
    .map((line) => line.trim());
}

const special: Readonly<Record<string, string>> = {
  "i32.wrap": "i32.wrap_i64",
  "i64.fromS": "i64.extend_i32_s",
  "i64.fromU": "i64.extend_i32_u",
  "i64.small": "i64.const",
};
const nameOf = (width: string, key: string): string =>
  special[`${width}.${key}`] ??
  `${width}.${key.replace(/^extend(\d+)$/, "extend$1_s").replace(/([a-z0-9])([SU])$/, (_, a, b) => `${a}_${b.toLowerCase()}`)}`;

describe("instructions", () => {
  it.each([
    ["i32", i32],
    ["i64", i64],
  ] as const)("of %s have their names", (width, operations) => {
    const operand = get(0);
    const wrong: unknown[] = [];
    for (const [key, write] of Object.entries(operations)) {
      const isConst = key === "const" || key === "small";
      const make = write as (...operands: readonly unknown[]) => Code;
      const number = key === "const" && width === "i64" ? -5n : -5;
      const code = isConst ? make(number) : key.startsWith("load") ? make(operand) : make(operand, operand);
      const last = lines(code, [type.i64]).at(-1)?.split(" ")[0];
      if (last !== nameOf(width, key)) wrong.push({ key, last });
    }
    expect(wrong).toEqual([]);
  });

  it("of memory have their names, offsets, and alignments that are not the usual", () => {
    const found = [
      lines(i32.load8U(get(0), 5), [type.i32]),
      lines(i64.load32S(get(0)), [type.i32]),
      lines(i64.store16(get(0), get(1), 300), [type.i32, type.i64]),
      lines([get(0), 0x29, 0, 0], [type.i32]),
    ].map((each) => each.at(-1));
    expect(found).toEqual(["i32.load8_u offset=5", "i64.load32_s", "i64.store16 offset=300", "i64.load align=1"]);
  });

  it("of threads have their names", () => {
    const both = [get(0), get(1)] as const;
    const names = (["add", "and", "or", "xor", "xchg"] as const).flatMap((op) =>
      ([4, 8] as const).map((size) => lines(atomic.rmw(op, size, ...both), [type.i32, type.i64]).at(-1)),
    );
    expect(names).toEqual(
      ["add", "and", "or", "xor", "xchg"].flatMap((op) => [`i64.atomic.rmw32.${op}_u`, `i64.atomic.rmw.${op}`]),
    );
    const swap = lines(atomic.cmpxchg(4, get(0), get(1), get(1)), [type.i32, type.i64]).at(-1);
    expect(swap).toBe("i64.atomic.rmw32.cmpxchg_u");
    expect(lines(atomic.load(2, get(0), 8), [type.i32]).at(-1)).toBe("i64.atomic.load16_u offset=8");
    expect(lines(atomic.store(8, get(0), get(1)), [type.i32, type.i64]).at(-1)).toBe("i64.atomic.store");
  });

  it("have numbers with their signs", () => {
    expect(lines(i64.const(-(2n ** 63n)))).toEqual([`i64.const ${-(2n ** 63n)}`]);
    expect(lines(i32.const(-1))).toEqual(["i32.const -1"]);
    expect(lines(i32.const(0x80000000))).toEqual(["i32.const -2147483648"]);
    expect(lines(i64.small(64))).toEqual(["i64.const 64"]);
  });
});

it("says where a module has what it does not know", () => {
  const bytes = moduleBytes({ functions: [{ parameters: [], results: [], locals: [], body: 0xd1 }] });
  expect(() => watOf(bytes)).toThrow(/the byte d1 at \d+/);
  expect(() => watOf(bytes.subarray(0, bytes.length - 4))).toThrow("the module ends");
});
