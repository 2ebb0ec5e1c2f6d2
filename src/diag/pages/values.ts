// E04xx: what registers hold. W0305, W0401 and W0503 are their counterparts in a run.
import { lookup, type Page, program } from "./template.ts";

export const valuePages: Readonly<Record<string, Page>> = {
  E0401: {
    says:
      "On this path nothing was ever written to the register. At the start only r1 (the context) and r10 hold " +
      "anything; every call leaves r1 to r5 without a value; r0 must be set before `exit`. Keep what is needed later " +
      "in r6 to r9.",
    bad: program("exit"),
    good: program("r0 = 0\nexit"),
  },
  E0402: {
    says:
      "A number that is used as a size or an offset must have bounds that the verifier knows: not negative, and not too " +
      "large. Compare it unsigned, in the register that is then used; a mask does both at once.",
    bad: lookup(
      "if r0 == 0 goto out\nr6 = *(u64 *)(r0 + 0)\nr0 += r6\nr6 = *(u8 *)(r0 + 0)\nout:\ncall bpf_rcu_read_unlock\nr0 = 0\nexit",
    ),
    good: lookup(
      "if r0 == 0 goto out\nr6 = *(u64 *)(r0 + 0)\nr6 &= 7\nr0 += r6\nr6 = *(u8 *)(r0 + 0)\nout:\ncall bpf_rcu_read_unlock\nr0 = 0\nexit",
    ),
  },
  E0403: {
    says: "Some callers read only certain answers: a callback of bpf_loop returns 0 or 1, and nothing else.",
  },
  E0404: {
    says:
      "An address of the kernel would reach a place where a program without privilege can read it: the return value, a " +
      "map, the packet.",
    bad: program("r0 = r10\nexit", "socket_filter"),
    good: program("r0 = 0\nexit", "socket_filter"),
    unprivileged: true,
  },
  E0405: {
    says:
      "To a pointer one may add a number and take one away, in 64 bits. Two pointers do not add, and 32-bit operations " +
      "would cut the address. Before the null check even adding is refused: null plus 8 would pass for a pointer.",
    bad: program("r1 *= 8\nr0 = 0\nexit"),
    good: program("r0 = r10\nr0 += -8\nr0 = 0\nexit"),
  },
  E0406: {
    says:
      "The instruction is well formed and its operand is not allowed: division by the constant 0, a shift by more than " +
      "the width, a write to r10.",
    bad: program("r0 = 1\nr0 <<= 64\nexit"),
    good: program("r0 = 1\nr0 <<= 63\nr0 = 0\nexit"),
  },
  E0407: {
    says: "Without privilege a program learns nothing from comparing addresses, except whether one is null.",
  },
  W0305: { says: "The run read stack bytes that it had not written. What they hold differs from run to run." },
  W0401: { says: "The run read a register that it had not written. What it holds differs from machine to machine." },
  W0503: {
    says:
      "The element was deleted and its memory given to another key while the program held a pointer to it. Memory that " +
      "the kernel preallocates is reused at once: an RCU section keeps it readable, and does not keep it yours.",
  },
};
