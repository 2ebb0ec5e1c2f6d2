// Programs from bytes that others made.
import { expect, it } from "vitest";
import { programFromBytes } from "../../src/isa/foreign.ts";
import type { MapDef } from "../../src/isa/program.ts";
import { hex, unhex } from "../support/isa-oracle.ts";

const map: MapDef = { name: "m", type: "hash", keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 };
const loadMap = "18110000650000000000000000000000";
const callKfunc = "8520000007000000";
const exit = "9500000000000000";

it("numbers maps and kernel functions anew", () => {
  const symbols = { maps: new Map([[0x65, map]]), kfuncs: new Map([[7, "bpf_rcu_read_lock"]]) };
  const outcome = programFromBytes(unhex(loadMap + callKfunc + exit), { symbols });
  if (!outcome.ok) throw new Error("refused");
  const { maps, kfuncs } = outcome.value;
  expect({ maps, kfuncs }).toEqual({ maps: [map], kfuncs: ["bpf_rcu_read_lock"] });
  expect(hex(outcome.value.bytes())).toBe(`18110000000000000000000000000000${"8520000000000000"}${exit}`);
});

it.each([
  ["an unknown map", exit + loadMap, "E0105", 1],
  ["an unknown kernel function", callKfunc, "E0105", 0],
  ["half an instruction", `${exit}9500`, "E0111", 1],
  ["nothing", "", "E0111", 0],
])("refuses %s with its place", (_, bytes, code, pc) => {
  expect(programFromBytes(unhex(bytes))).toMatchObject({ ok: false, diagnostics: [{ code, pc }] });
});

it("keeps invalid instructions, and finds functions", () => {
  const outcome = programFromBytes(unhex(`8510000001000000${exit}8d11000000000000${exit}`));
  expect(outcome).toMatchObject({ ok: true, value: { functions: [{ name: "func_2", pc: 2 }] } });
  expect(outcome.ok && outcome.value.insns[2]).toMatchObject({ kind: "invalid" });
});
