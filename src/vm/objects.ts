// One of each structure of the kernel that programs reach through typed pointers: the machine's only task, its control
// group, its processors. They lie in memory of their own that programs may read, and their pointers lead to one
// another, so that a walk that the verifier accepted finds something everywhere.
import type { HostCall } from "../host/machine.ts";
import { type KernelStruct, kernelStructs, type StructName } from "../host/objects.ts";
import { head, kind, POINTER_HIGH, READ_ONLY } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";

const GAP = 256;
const names = Object.keys(kernelStructs) as readonly StructName[];

/** The address of the machine's object of a type; they are made when the first is asked for. */
export function objectAddress(memory: Memory, task: HostCall["task"], name: StructName): number {
  if (memory.i32[head.objects] === 0) make(memory, task);
  return memory.i32[(memory.i32[head.objects] >> 2) + names.indexOf(name)];
}

function make(memory: Memory, task: HostCall["task"]): void {
  const table = memory.reserve(names.length * 4);
  const places = new Map<StructName, number>();
  for (const name of names) {
    places.set(name, memory.allocate(kernelStructs[name].size, 8, kind.scratch, 0, READ_ONLY));
    // What runs past the end of one must not arrive at the next.
    memory.reserve(GAP);
  }
  for (const [at, name] of names.entries()) {
    const base = places.get(name) ?? 0;
    memory.i32[(table >> 2) + at] = base;
    fill(memory, kernelStructs[name], base, task, places);
  }
  memory.i32[head.objects] = table;
}

function fill(
  memory: Memory,
  struct: KernelStruct,
  base: number,
  task: HostCall["task"],
  places: ReadonlyMap<StructName, number>,
): void {
  for (const field of struct.fields) {
    const at = (base + field.offset) >> 2;
    if (field.to !== undefined) {
      memory.i32[at] = places.get(field.to) ?? 0;
      memory.i32[at + 1] = POINTER_HIGH;
    } else if (field.holds !== undefined) fill(memory, kernelStructs[field.holds], base + field.offset, task, places);
    else if (field.name === "pid") memory.i32[at] = task.pid;
    else if (field.name === "tgid") memory.i32[at] = task.tgid;
    else if (field.name === "bits") memory.i32[at] = 1;
    else if (field.name === "comm") {
      for (let n = 0; n < field.size - 1; n++) memory.u8[base + field.offset + n] = task.comm.charCodeAt(n) || 0;
    }
  }
}
