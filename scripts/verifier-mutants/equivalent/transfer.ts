// Of instructions and what they access: mistakes that change nothing.
import type { Equivalent } from "../equivalent.ts";

export const inTransfer: readonly Equivalent[] = [
  {
    file: "src/verifier/transfer/branch.ts",
    source: "return { taken, fallthrough: state, ...(linked.length > 0 ? { linked } : {}) };",
    from: ">",
    why: "an empty list of places says what no list says",
  },
  {
    file: "src/verifier/transfer/branch.ts",
    source: "for (let at = 0; at < frame.stack.count; at++) {",
    from: "<",
    why: "behind the last slot there is no value",
  },
  {
    file: "src/verifier/transfer/alu.ts",
    source: "const whole = a.smin === -1n && a.smax === 0n;",
    from: "smin",
    why: "where the whole is 0 or -1 so is its low half, and which of them that is settles the whole",
  },
  {
    file: "src/verifier/transfer/alu.ts",
    source: "const whole = a.smin === -1n && a.smax === 0n;",
    from: "smax",
    why: "where the whole is 0 or -1 so is its low half, and which of them that is settles the whole",
  },
  {
    file: "src/verifier/check/stack.ts",
    source: "if (!fixed && !env.profile.privileged) {",
    from: "if (",
    why: "where the number was added to the pointer it has been refused already",
  },
  {
    file: "src/verifier/check/stack-objects.ts",
    source: "for (let at = 0; at < frame.stack.count; at++)",
    from: "<",
    why: "behind the last slot there is no object",
  },
];
