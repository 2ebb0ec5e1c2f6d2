// A compiled program as text: its module made once more with a mark at each instruction, and read back from the bytes.
import { moduleBytes } from "../wasm/module.ts";
import { watOf } from "../wasm/text.ts";
import { emit, type Given } from "./emit.ts";

/** `says` gives the instruction in a slot, in words; nothing for the second half of a wide one. */
export function moduleText(given: Given, says: (pc: number) => string | undefined): string {
  const parts = emit({ ...given, marked: true });
  const remarks = new Map<number, string[]>();
  const bytes = moduleBytes(parts, (at, pc) => {
    const text = says(pc);
    if (text === undefined) return;
    const line = `${pc}: ${text}`;
    const there = remarks.get(at);
    if (there === undefined) remarks.set(at, [line]);
    else there.push(line);
  });
  const { imports = [], constants = [], functions } = parts;
  const names = new Set<string>();
  const unlike = (name: string): string => {
    const free = names.has(name) ? unlike(`${name}_`) : name;
    names.add(free);
    return free;
  };
  const outside = imports.map(({ name }) => unlike(`m.${name}`));
  const inside = functions.map(({ says }, at) => unlike(says?.name ?? `map_function_${at}`));
  return watOf(bytes, {
    remarks,
    names: {
      func: (index) => outside[index] ?? inside[index - imports.length],
      local: (func, index) => functions[func - imports.length]?.says?.locals?.[index],
      global: (index) => constants[index] ?? "context",
    },
  });
}
