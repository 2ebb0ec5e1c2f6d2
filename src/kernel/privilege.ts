// Doing one thing with fewer capabilities, as an unprivileged loader would, and taking them back.
// Capabilities belong to the thread: a synchronous call stays on this one.
import type { Ffi } from "./ffi.ts";

/** _LINUX_CAPABILITY_VERSION_3: two words for each of effective, permitted, inheritable. */
const version3 = 0x20080522;
const capSysAdmin = 21;
const capPerfmon = 38;

/**
 * Runs `action` without CAP_PERFMON and CAP_SYS_ADMIN. The verifier then refuses leaks of pointers and
 * guards against speculation. CAP_BPF stays, as most systems refuse bpf(2) outright without it.
 */
export function withoutPrivilege<T>(ffi: Ffi, action: () => T): T {
  const header = Buffer.from(Uint32Array.of(version3, 0).buffer);
  const words = new Uint32Array(6);
  const data = Buffer.from(words.buffer);
  demand(ffi.capget(header, data), "capget");
  const before = [words[0], words[3]];
  words[0] &= ~(1 << capSysAdmin);
  words[3] &= ~(1 << (capPerfmon - 32));
  demand(ffi.capset(header, data), "capset");
  try {
    return action();
  } finally {
    [words[0], words[3]] = before;
    demand(ffi.capset(header, data), "capset");
  }
}

function demand(result: number, call: string): void {
  if (result < 0) throw new Error(`${call} failed with errno ${-result}`);
}
