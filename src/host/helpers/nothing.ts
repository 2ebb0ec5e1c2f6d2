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

/** Zeroes the memory in argument `i`, of the size in the argument after it, as helpers do before they fail. */
export function zeroed(call: HostCall, i: number, errno: number): void {
  const size = call.lo(i + 1) >>> 0;
  if (size > 0 && !call.writable(i, size)) return;
  for (let at = 0; at < size; at++) call.setByte(i, at, 0);
  call.returnsNumber(errno);
}
