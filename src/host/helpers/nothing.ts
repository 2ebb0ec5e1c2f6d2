// What a helper answers where the laboratory has nothing for it to work on: no sockets, no network devices, no cgroups.
// The answers are ones that Linux gives too, so a program must be ready for them.
import type { HostCall } from "../machine.ts";

/** Null, or the number 0. */
export function nothing(call: HostCall): void {
  call.returns(0, 0);
}

const EOPNOTSUPP = -95;

/** The operation is not supported by what it would work on. */
export function unsupported(call: HostCall): void {
  call.returnsNumber(EOPNOTSUPP);
}
