// The maps of a program that is being loaded: those of a name that is already there are shared, the others made and
// filled with the entries that the program declares.
import type { Diagnostic } from "../diag/diagnostic.ts";
import type { MapDef, Program } from "../isa/program.ts";
import { errnoName } from "../maps/errno.ts";
import type { Maps } from "../maps/maps.ts";
import type { Userspace } from "../maps/userspace.ts";
import { programHandle } from "./calls.ts";

type Problem = Pick<Diagnostic, "code" | "text" | "at" | "pc">;

interface Owner {
  readonly mapSet: Maps;
  readonly maps: Userspace;
}

/** The ids of the program's maps in the order of `program.maps`, or what stands in the way. */
export function createMaps(machine: Owner, program: Program, index: number): number[] | Problem {
  const ids: number[] = [];
  for (const def of program.maps) {
    const there = machine.mapSet.byName(def.name);
    if (there !== 0) {
      const other = machine.mapSet.definition(there);
      if (other !== undefined && !alike(other, def)) {
        return problem("E0703", def, `map \`${def.name}\` is already there, with another shape`);
      }
      ids.push(there);
      continue;
    }
    const id = machine.maps.create(def);
    if (id < 0) return problem("E0703", def, `map \`${def.name}\` cannot be made: ${errnoName(id)}`);
    ids.push(id);
  }
  for (const [at, def] of program.maps.entries()) {
    for (const entry of def.entries ?? []) {
      const value = handleOf(machine, program, index, entry.value);
      if (value === null)
        return { ...problem("E0703", def, `map \`${def.name}\`: an entry names what is not there`), at: entry.at };
      const done = machine.maps.update(ids[at], entry.key, onEveryCpu(value, machine.maps.valueBytes(ids[at])));
      if (done < 0) {
        return {
          ...problem("E0703", def, `map \`${def.name}\`: an entry is refused: ${errnoName(done)}`),
          at: entry.at,
        };
      }
    }
  }
  return ids;
}

function problem(code: Problem["code"], def: MapDef, text: string): Problem {
  return { code, text, at: def.at };
}

function alike(a: MapDef, b: MapDef): boolean {
  return (
    a.type === b.type &&
    a.keySize === b.keySize &&
    a.valueSize === b.valueSize &&
    a.maxEntries === b.maxEntries &&
    a.flags === b.flags
  );
}

/** The bytes of an entry: given, or the handle of a map or of the program whose function is named. */
function handleOf(
  machine: Owner,
  program: Program,
  index: number,
  value: NonNullable<MapDef["entries"]>[number]["value"],
): Uint8Array | null {
  if ("bytes" in value) return value.bytes;
  const slot =
    "func" in value
      ? (program.functions.find((one) => one.name === value.func)?.pc ?? labelOf(program, value.func))
      : 0;
  if (slot === undefined) return null;
  const handle = "map" in value ? machine.mapSet.byName(value.map) : programHandle(index, slot);
  if (handle === 0) return null;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, handle, true);
  return bytes;
}

/** The value of an entry of a per-CPU map is that of every CPU; userspace gives them one after the other. */
function onEveryCpu(value: Uint8Array, room: number): Uint8Array {
  if (value.length === room) return value;
  const all = new Uint8Array(room);
  for (let at = 0; at + value.length <= room; at += (value.length + 7) & -8) all.set(value, at);
  return all;
}

function labelOf(program: Program, name: string): number | undefined {
  return program.labels.get(name);
}
