// Litmus tests in the syntax of herd7. The programs on these pages would be litmus tests, so the texts have none.
import type { Page } from "./template.ts";

export const litmusPages: Readonly<Record<string, Page>> = {
  E1001: {
    says:
      "A litmus test is a line `BPF name`, the initial state in braces (`0:r1=x; x=0;`), the program, one column a " +
      "thread with `|` between the columns and `;` at the end of each row, and a question: `exists`, `~exists` or `forall` " +
      "with a condition such as `(0:r2=0 /\\ x=1)`. Comments are `(* ... *)`. The text departs from that here.",
  },
  E1002: {
    says:
      "A condition, or the initial state, speaks of a thread that has no column, or of a location that the initial state " +
      "does not name. A location comes to be by being named in the braces, even if only as `x;` or as what a register " +
      "points at; without that no instruction can reach it, so its name is most likely misspelt.",
  },
  E1003: {
    says:
      "The threads of a litmus test are loads, stores, atomic operations, arithmetic and branches; they call nothing and " +
      "have no maps and no stack. Each location is the start of 64 bytes of memory of its own. An access elsewhere, an atomic " +
      "one at an address that is no multiple of its size, or one across two aligned words of 8 bytes (which real memory may " +
      "tear) cannot be judged. It is reported if an execution that the memory model allows comes to it.",
  },
  E1004: {
    says:
      "Every execution is looked at: each choice of the write that each read sees, with each order of the writes to a " +
      "location. Their number grows exponentially with the accesses of a test. Above the limit nothing is said rather " +
      "than something that may be wrong.",
  },
};
