// The verifier's codes: one line each. The pages that `bpflab explain` prints are keyed by the same codes.
import type { Code } from "../diag/diagnostic.ts";

export interface CodeEntry {
  readonly title: string;
  /** Linux enforces it too. */
  readonly kernel: boolean;
}

export const verifierCodes = {
  E0201: { title: "a loop makes no progress", kernel: true },
  E0202: { title: "too complex: the instruction budget is used up", kernel: true },
  E0203: { title: "control flow leaves the program or never reaches an instruction", kernel: true },
  E0204: { title: "calls nest too deep or use too much stack", kernel: true },
  E0301: { title: "a pointer that may be null is used", kernel: true },
  E0302: { title: "access outside a map value", kernel: true },
  E0303: { title: "access outside the proven part of the packet", kernel: true },
  E0304: { title: "access outside the stack", kernel: true },
  E0305: { title: "stack bytes are read before they are written", kernel: true },
  E0306: { title: "a number is used as a pointer", kernel: true },
  E0307: { title: "access to a context field that is not there", kernel: true },
  E0308: { title: "write to memory that may only be read", kernel: true },
  E0309: { title: "misaligned access", kernel: true },
  E0310: { title: "access outside memory of a known size", kernel: true },
  E0311: { title: "a pointer of this kind cannot be accessed", kernel: true },
  E0312: { title: "access outside a structure of the kernel", kernel: true },
  E0401: { title: "a register is read before it is written", kernel: true },
  E0402: { title: "a size or an offset has no usable bound", kernel: true },
  E0403: { title: "the return value is outside its range", kernel: true },
  E0404: { title: "a kernel address would leak", kernel: true },
  E0405: { title: "arithmetic that a pointer does not allow", kernel: true },
  E0406: { title: "an operand that the instruction does not allow", kernel: true },
  E0407: { title: "a comparison of pointers", kernel: true },
  E0501: { title: "a reference is not given back", kernel: true },
  E0502: { title: "a reference is given back twice", kernel: true },
  E0503: { title: "a reference is used after it was given back", kernel: true },
  E0504: { title: "a pointer that nothing keeps alive is passed on", kernel: true },
  E0603: { title: "leaves with an RCU section or a lock open", kernel: true },
  E0604: { title: "RCU sections nest too deep", kernel: true },
  E0605: { title: "closes an RCU section that is not open", kernel: true },
  E0606: { title: "a call may sleep where sleeping is forbidden", kernel: true },
  E0607: { title: "misuse of a spin lock", kernel: true },
  E0608: { title: "unbalanced preemption", kernel: true },
  E0609: { title: "a callback changes the RCU depth of the call that runs it", kernel: false },
  E0610: { title: "the RCU depth changes while a spin lock is held", kernel: true },
  E0611: { title: "a global function does not return at RCU depth 0", kernel: true },
  E0612: { title: "an iterator that needs an RCU section is outside of its section", kernel: true },
  E0701: { title: "a call that this program may not make", kernel: true },
  E0702: { title: "an argument is not what the call demands", kernel: true },
  E0703: { title: "a call that does not fit the map's type", kernel: true },
  L0601: { title: "a map value is used after its RCU section ended", kernel: false },
  L0602: { title: "a lookup outside an RCU section", kernel: false },
} as const satisfies Partial<Record<Code, CodeEntry>>;

export type VerifierCode = keyof typeof verifierCodes;
