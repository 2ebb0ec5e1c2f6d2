// The bytes of a machine by which two of its ends are compared: all but the records of map operations, for what is in one means
// nothing once its operation is over, and an operation that is done in one go writes less into it.
import { OP_WORDS } from "../../src/maps/layout.ts";
import type { Machine } from "../../src/vm/machine.ts";

export function image({ memory, cpus }: Machine): Buffer {
  const bytes = Buffer.from(memory.u8.slice(0, memory.used));
  for (const { operations } of cpus) {
    for (const record of operations) bytes.fill(0, record * 4, (record + OP_WORDS) * 4);
  }
  return bytes;
}
