// The calls of a machine whose CPUs run in threads of their own: one at a time. What a call does (a map operation, the
// opening of a section, the start of a callback) is made of many reads and writes that its steps take to be theirs alone;
// what instructions do needs no lock, for there each access is one.
import type { Lock } from "../memory/lock.ts";
import type { CallPort } from "./registers.ts";

export function oneAtATime(calls: CallPort, lock: Lock): CallPort {
  return {
    helper: (cpu, id) => lock.hold(() => calls.helper(cpu, id)),
    kfunc: (cpu, index) => lock.hold(() => calls.kfunc(cpu, index)),
    step: (cpu) => lock.hold(() => calls.step(cpu)),
    returned: (cpu, kind) => lock.hold(() => calls.returned(cpu, kind)),
    packet: (cpu, offset, size) => lock.hold(() => calls.packet(cpu, offset, size)),
    describe: (region, address) => calls.describe(region, address),
    history: (cpu, what, reg, region) => calls.history(cpu, what, reg, region),
  };
}
