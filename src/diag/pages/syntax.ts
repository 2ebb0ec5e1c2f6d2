// E01xx and W01xx: what the assembler reports.
import type { Page } from "./template.ts";
import { program } from "./template.ts";

export const syntaxPages: Readonly<Record<string, Page>> = {
  E0101: {
    says:
      "The line is no instruction of either dialect. Pseudo-C is what the kernel's log and llvm-objdump print " +
      "(`r1 = r2`, `if r1 > 5 goto out`); the mnemonic dialect is that of uBPF (`mov %r1, %r2`). A file keeps to one. " +
      "Comments begin with `#` or `//`; a semicolon separates instructions.",
    bad: program("r0 == 0\nexit"),
    good: program("r0 = 0\nexit"),
  },
  E0102: {
    says:
      "There are eleven registers: r0 to r9 and r10, the frame pointer, which is read-only. Their lower halves are " +
      "written w0 to w10.",
    bad: program("r11 = 0\nr0 = 0\nexit"),
    good: program("r9 = 0\nr0 = 0\nexit"),
  },
  E0103: {
    says:
      "Immediates have 32 bits and are sign-extended where the operation has 64. A larger constant needs the wide load, " +
      "which is written with `ll` and takes two slots. Other assemblers cut the number silently.",
    bad: program("r0 = 0x100000000\nexit"),
    good: program("r0 = 0x100000000 ll\nr0 = 0\nexit"),
  },
  E0104: {
    says:
      "The two sides of an operation have one width: `r` registers have 64 bits, `w` registers are their lower 32. A " +
      "32-bit operation clears the upper half of its destination.",
    bad: program("w0 = r1\nexit"),
    good: program("r0 = 0\nw0 = w0\nexit"),
  },
  E0105: {
    says:
      "A name that is no map, no helper, no kernel function and no label of this program. Maps are declared with `.map`, " +
      "kernel functions that are not known with `.extern`.",
    bad: program("call bpf_map_lookup_elm\nexit"),
    good: program("call bpf_ktime_get_ns\nr0 = 0\nexit"),
  },
  E0106: {
    says: "A line that begins with a full stop is a directive, and this is none that is known.",
    bad: ".mapp counters, type=hash, key=4, value=8, max=16\n        r0 = 0\n        exit\n",
    good: ".map counters, type=hash, key=4, value=8, max=16\n        r0 = 0\n        exit\n",
  },
  E0107: {
    says: "Labels and maps have one definition each. Numeric labels (`1:`) may be repeated and are used as `1b` and `1f`.",
    bad: program("out:\nr0 = 0\nout:\nexit"),
    good: program("1:\nr0 = 0\n1:\nexit"),
  },
  E0108: {
    says: "A jump or a call names a label that is nowhere in the file.",
    bad: program("goto done\nr0 = 0\nexit"),
    good: program("r0 = 0\ngoto done\ndone:\nexit"),
  },
  E0109: {
    says:
      "The directive is known and what follows it is wrong: a key that it does not have, a value out of range, or " +
      "something left out.",
    bad: ".map counters, type=hash, key=4, valeu=8, max=16\n        r0 = 0\n        exit\n",
    good: ".map counters, type=hash, key=4, value=8, max=16\n        r0 = 0\n        exit\n",
  },
  E0110: {
    says:
      "Offsets of loads, stores and jumps have 16 bits and are signed: -32768 to 32767. `gotol` reaches further; for " +
      "memory, add to the register first.",
    bad: program("r0 = *(u8 *)(r1 + 40000)\nexit"),
    good: program("r0 = *(u32 *)(r1 + 12)\nr0 = 0\nexit"),
  },
  E0111: {
    says:
      "The bytes are no instruction: a reserved field is not zero, the opcode is not assigned, or the second half of a " +
      "wide load is missing.",
  },
  E0112: {
    says:
      "`--isa` asks that only instructions of that version be used, and this one came later. Without the option all " +
      "versions are accepted.",
  },
  E0113: {
    says:
      "An `# expect:` line says `accept`, `reject CODE` or `fault CODE`, then, as wanted, `at line 7` or `at label`, " +
      '`msg "pattern"`, and for accept `retval N`.',
    bad: "# expect: maybe\n        r0 = 0\n        exit\n",
    good: "# expect: accept retval 0\n        r0 = 0\n        exit\n",
  },
  E0114: {
    says:
      "The input holds bytes that no text holds, or a line or a file longer than any program. Raw instructions are read " +
      "from files that end in .bin, hexadecimal from .hex.",
  },
  E0115: {
    says:
      "`bpflab log` reads what the Linux verifier printed: lines such as `0: (b7) r0 = 0`, then the reason, then the line " +
      "that begins with `processed`. This input has none of them, or ends before the reason, or the reason is one that " +
      "bpflab has no page for; Linux has some six hundred. Its own words are then all there is.",
  },
  E0116: {
    says:
      "`bpflab litmus` reads scenarios: YAML with `maps`, `threads`, `assert` and, as wanted, `profile`, `programs`, " +
      "`variants`, `table`, `expect` and `bounds` (docs/litmus.md). The text is not YAML, has a word that a scenario has " +
      "not, or names a map, a thread, a mark or a program that is nowhere in it.",
  },
  E0117: {
    says:
      "A condition is numbers, variables of scripts (`as:`), program threads (what their last run returned) and elements " +
      "of maps (`old[42]`, of longer values a word: `old[42].1`), with the operators of C and herd's `/\\` and `\\/`. The " +
      "same code is used where a map of the scenario cannot be made, as bpf(2) says it.",
  },
  W0101: {
    says: "As in C, a number with a leading zero is octal: 017 is 15. Write 0o17 to say so, or leave the zero out.",
  },
  W0102: {
    says: "The constant does not fit the width of the store; only its low bits are written.",
  },
  W0103: {
    says:
      "0xffffffff as an immediate of a 64-bit operation is -1: it becomes 0xffffffffffffffff. Use the `w` register to " +
      "get 32 bits, or `ll` for the number as written.",
  },
  W0104: {
    says: "The program type is none that this laboratory has a context for; it is judged as one that reads no context.",
  },
};
