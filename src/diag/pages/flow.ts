// E02xx: where control may go.
import type { Page } from "./template.ts";
import { program } from "./template.ts";

export const flowPages: Readonly<Record<string, Page>> = {
  E0201: {
    says:
      "The program comes back to an instruction with nothing changed, so it would do so for ever. A loop must change " +
      "something that its own condition reads. Bounded loops are walked round by round; `may_goto`, bpf_loop and the " +
      "number iterator make long ones cheap.",
    bad: program("r0 = 0\nagain:\nif r0 == 1 goto out\ngoto again\nout:\nexit"),
    good: program("r0 = 0\nagain:\nr0 += 1\nif r0 < 2 goto again\nexit"),
  },
  E0202: {
    says:
      "The verifier walks at most a million instructions, over all paths, and then gives up: that is no verdict, and " +
      "the exit code is 3. Fewer branches before a join, a bound on a loop, or a function verified apart help.",
  },
  E0203: {
    says:
      "Every path ends in `exit`, every jump goes to an instruction of the same function, and every instruction can be " +
      "reached. A jump into the second half of a wide load goes nowhere.",
    bad: program("r0 = 0"),
    good: program("r0 = 0\nexit"),
  },
  E0204: {
    says:
      "At most eight functions are active at a time, and they share 512 bytes of stack. A function that calls itself " +
      "has no bound.",
    bad: program("call self\nr0 = 0\nexit\nself:\ncall self\nr0 = 0\nexit"),
    good: program("call once\nr0 = 0\nexit\nonce:\nr0 = 0\nexit"),
  },
};
