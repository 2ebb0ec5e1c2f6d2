// Of the walk: mistakes that change nothing.
import type { Equivalent } from "../equivalent.ts";

export const inSearch: readonly Equivalent[] = [
  {
    file: "src/verifier/search/prune.ts",
    source: 'if (comparison === "exact" && old.rounds !== now.rounds) return false;',
    from: "if (",
    why: "the mark that such states are found by has the rounds in it, unless two marks are the same by chance",
  },
  {
    file: "src/verifier/search/prune.ts",
    source: 'if (comparison === "exact" && old.rounds !== now.rounds) return false;',
    from: "return false;",
    why: "the mark that such states are found by has the rounds in it, unless two marks are the same by chance",
  },
  {
    file: "src/verifier/search/liveness.ts",
    source: "for (let pc = insns.length - 1; pc >= 0; pc--) {",
    from: "- 1",
    why: "behind the last instruction there is nothing to look at",
  },
  {
    file: "src/verifier/search/prune.ts",
    source: "for (let reg = 0; reg < 11; reg++) {",
    from: "<",
    why: "there is no register 11 to be read",
  },
  {
    file: "src/verifier/search/prune.ts",
    source: "for (let at = 0; at < 8; at++) {",
    from: "<",
    why: "behind the last byte of a slot both have nothing",
  },
  {
    file: "src/verifier/search/prune.ts",
    source: "for (let at = 0; at < count; at++) {",
    from: "<",
    why: "behind the last slot of both stacks both have nothing, in which nothing differs",
  },
  {
    file: "src/verifier/search/widen.ts",
    source: "if (a.value === null || b.value === null || a.spilled !== b.spilled) continue;",
    from: "||",
    why: "a slot without a value spills 0 bytes, so the sizes differ",
  },
  {
    file: "src/verifier/search/widen.ts",
    source: "for (let reg = 0; reg < 10; reg++) {",
    from: "<",
    why: "register 10 is no number, and nothing else is given up",
  },
  {
    file: "src/verifier/search/widen.ts",
    source: "for (let at = 0; at < frame.stack.count; at++) {",
    from: "<",
    why: "a slot that was never written has no value to be given up",
  },
];
