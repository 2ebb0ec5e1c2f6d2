// Every command and option of the command line, one row each. The parser, the help, the manual page, the shell
// completions and the check on the README read these rows, so that they cannot disagree. One file, beyond 400 lines,
// because it is one table.

export interface OptionRow {
  readonly name: string;
  readonly short?: string;
  /** What the value is called; absent: a flag. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly number?: true;
  /** May be given several times. */
  readonly many?: true;
  readonly says: string;
}

export interface CommandRow {
  readonly name: CommandName;
  /** What stands after the name, as the synopsis writes it. */
  readonly operands: string;
  readonly least: number;
  readonly most: number;
  readonly says: string;
  readonly more: string;
  readonly options: readonly OptionRow[];
  readonly examples: readonly (readonly [line: string, says: string])[];
  /** The words that may be the first operand, for completion. */
  readonly words?: readonly string[];
}

export const commandNames = [
  "verify",
  "run",
  "asm",
  "dis",
  "test",
  "explain",
  "fmt",
  "cfg",
  "jit",
  "bench",
  "conformance",
  "corpus",
  "compare",
  "diff",
  "log",
  "litmus",
  "completion",
  "man",
] as const;
export type CommandName = (typeof commandNames)[number];

/** Those of host/programs.ts, which a test holds them to: help and completion are printed without loading that. */
export const programTypeNames = [
  "socket_filter",
  "kprobe",
  "sched_cls",
  "sched_act",
  "tracepoint",
  "xdp",
  "perf_event",
  "cgroup_skb",
  "sk_skb",
  "sk_msg",
  "raw_tracepoint",
  "cgroup_sock_addr",
  "raw_tracepoint_writable",
  "sk_lookup",
  "syscall",
] as const;

export const attachNames = [
  "ingress",
  "egress",
  "bind4",
  "bind6",
  "connect4",
  "connect6",
  "sendmsg4",
  "sendmsg6",
  "recvmsg4",
  "recvmsg6",
  "getpeername4",
  "getpeername6",
  "getsockname4",
  "getsockname6",
  "devmap",
  "cpumap",
] as const;

export const styles = ["llvm", "kernel", "mnemonic", "hex", "c"] as const;

/** Understood by every command. */
export const commonOptions: readonly OptionRow[] = [
  { name: "json", says: "print one JSON document (schema/bpflab.schema.json) in place of text" },
  { name: "color", value: "WHEN", choices: ["auto", "always", "never"], says: "colour the output" },
  { name: "ascii", says: "use ASCII characters only" },
  { name: "quiet", short: "q", says: "print errors only" },
  { name: "verbose", short: "v", says: "print statistics too" },
];

const dialect: OptionRow = {
  name: "dialect",
  value: "NAME",
  choices: ["pseudoc", "mnemonic"],
  says: "the dialect of the text; told from its first instruction when absent",
};
const isa: OptionRow = {
  name: "isa",
  value: "VERSION",
  choices: ["v1", "v2", "v3", "v4"],
  says: "refuse instructions that this version of the instruction set does not have",
};

const judging: readonly OptionRow[] = [
  { name: "prog", value: "TYPE", choices: programTypeNames, says: "program type; the program's own .prog otherwise" },
  {
    name: "rcu",
    value: "REGIME",
    choices: ["explicit", "implicit"],
    says: "who opens the RCU section: the program, or the kernel around the whole run",
  },
  {
    name: "attach",
    value: "NAME",
    choices: attachNames,
    says: "where the program is to be attached, for types whose rules depend on it; the program's own otherwise",
  },
  { name: "profile", value: "NAME", choices: ["linux-6.18"], says: "the kernel whose rules and messages apply" },
  { name: "sleepable", says: "judge as a program that may sleep" },
  { name: "unprivileged", says: "judge as for a loader without capabilities" },
  { name: "limit", value: "N", number: true, says: "instructions to walk before the answer is `undecided`" },
  { name: "time-limit", value: "SECONDS", number: true, says: "time before the answer is `undecided`" },
];

const fullPath: OptionRow = { name: "full-path", says: "show every event on the way to the failure" };

export const commands: readonly CommandRow[] = [
  {
    name: "verify",
    operands: "FILE...",
    least: 1,
    most: Number.POSITIVE_INFINITY,
    says: "judge programs: accepted, or refused with the reason and the place",
    more:
      "Reads assembly text, raw bytes (.bin), hexadecimal bytes (.hex) or a conformance file (.data); `-` is standard " +
      "input. Text is judged by the explicit RCU regime unless it says otherwise, bytes by the implicit one.",
    options: [
      ...judging,
      dialect,
      isa,
      {
        name: "log-level",
        value: "N",
        number: true,
        choices: ["0", "1", "2"],
        says: "print the walk as Linux logs it: 1 the refused path, 2 all",
      },
      fullPath,
      { name: "watch", says: "judge again whenever a file changes" },
      { name: "kernel", says: "ask the running Linux kernel too (needs Linux, privilege and the koffi package)" },
    ],
    examples: [
      ["bpflab verify counter.bpf", "one program"],
      ["bpflab verify --json 'examples/*.bpf'", "many, as data"],
      ["bpflab verify --rcu implicit counter.bpf", "by the rules of Linux alone"],
    ],
  },
  {
    name: "run",
    operands: "FILE",
    least: 1,
    most: 1,
    says: "verify a program, run it and show what it left in its maps",
    more:
      "A run that breaks a rule (a bad address, memory freed or outside its RCU section, a register never written) " +
      "ends in a fault, which is told with its place.",
    options: [
      { name: "packet", value: "FILE", says: "the packet, from a file" },
      { name: "hex", value: "BYTES", says: "the packet, in hexadecimal" },
      { name: "ctx", value: "BYTES", says: "the context, in hexadecimal or as @FILE" },
      { name: "map", value: "NAME=FILE", many: true, says: "fill a map from a JSON file before the run" },
      { name: "trace", says: "print each instruction and what it changed" },
      { name: "repeat", value: "N", number: true, says: "run N times, keeping the maps" },
      { name: "cpus", value: "N", number: true, says: "run on N CPUs at the same time, each a thread" },
      {
        name: "engine",
        value: "NAME",
        choices: ["interp", "jit", "auto"],
        says: "what runs it: the interpreter, compiled code, or (auto) compiled code for all runs but the first",
      },
      { name: "stats", says: "print how long a run took, and compiling" },
      { name: "max-steps", value: "N", number: true, says: "instructions before the run is stopped" },
      { name: "seed", value: "N", number: true, says: "seed of bpf_get_prandom_u32" },
      { name: "no-verify", says: "run even what the verifier refuses" },
      ...judging,
      dialect,
      fullPath,
    ],
    examples: [
      ["bpflab run counter.bpf", "verify, run, print r0 and the maps"],
      ["bpflab run filter.bpf --hex '45 00 00 14'", "with a packet"],
      ["bpflab run --no-verify --trace broken.bpf", "see what the verifier guards against"],
    ],
  },
  {
    name: "asm",
    operands: "FILE",
    least: 1,
    most: 1,
    says: "assemble text into bytes",
    more: "Without -o the result goes to standard output: hexadecimal unless --emit says otherwise.",
    options: [
      { name: "output", short: "o", value: "FILE", says: "write to FILE: raw bytes, or text if its name ends in .hex" },
      { name: "emit", value: "STYLE", choices: styles, says: "print in this style instead" },
      { name: "order", value: "ORDER", choices: ["little", "big"], says: "byte order" },
      dialect,
      isa,
    ],
    examples: [
      ["bpflab asm counter.bpf -o counter.bin", "raw bytes"],
      ["echo 'r0 = 1; exit' | bpflab asm -", "hexadecimal on standard output"],
    ],
  },
  {
    name: "dis",
    operands: "[FILE]",
    least: 0,
    most: 1,
    says: "print bytes as instructions",
    more: "Reads raw bytes, a .hex file, or text, which is assembled first.",
    options: [
      { name: "hex", value: "BYTES", says: "the bytes, in hexadecimal, in place of a file" },
      { name: "emit", value: "STYLE", choices: styles, says: "the style to print in" },
      { name: "order", value: "ORDER", choices: ["little", "big"], says: "byte order of the bytes" },
      dialect,
    ],
    examples: [["bpflab dis --hex b7000000010000009500000000000000", "two instructions"]],
  },
  {
    name: "test",
    operands: "[FILE...]",
    least: 0,
    most: Number.POSITIVE_INFINITY,
    says: "check the `# expect:` lines of programs",
    more: "Without files: every .bpf file under the current folder.",
    options: [
      { name: "bless", says: "rewrite the expectations to what was found" },
      { name: "filter", value: "REGEXP", says: "only files whose name matches" },
      { name: "tap", says: "print TAP version 14" },
      { name: "junit", says: "print JUnit XML" },
    ],
    examples: [["bpflab test 'examples/*.bpf'", "every example"]],
  },
  {
    name: "explain",
    operands: "[CODE]",
    least: 0,
    most: 1,
    says: "tell what a diagnostic code means, with a bad and a good program",
    more: "",
    options: [{ name: "list", says: "list all codes" }],
    examples: [["bpflab explain E0301", "the page of one code"]],
  },
  {
    name: "fmt",
    operands: "FILE...",
    least: 1,
    most: Number.POSITIVE_INFINITY,
    says: "bring programs into the canonical layout, comments kept",
    more: "Rewrites files in place; `-` reads standard input and prints. The bytes never change: that is checked.",
    options: [{ name: "check", says: "change nothing; exit 1 if a file is not formatted" }, dialect],
    examples: [["bpflab fmt --check 'examples/*.bpf'", "for continuous integration"]],
  },
  {
    name: "cfg",
    operands: "FILE",
    least: 1,
    most: 1,
    says: "draw the control flow graph",
    more: "",
    options: [
      { name: "format", value: "FORMAT", choices: ["dot", "mermaid", "svg"], says: "what to print; dot otherwise" },
      dialect,
    ],
    examples: [["bpflab cfg loop.bpf --format svg > loop.svg", "a picture"]],
  },
  {
    name: "jit",
    operands: "FILE",
    least: 1,
    most: 1,
    says: "compile a program to WebAssembly and show the code",
    more:
      "The program is verified first, and what was proven is not checked again. The text has each instruction of the program " +
      "before the code that it became; the module imports what the machine offers (memory, helpers) under the name `m`. " +
      "Addresses of maps are those of a machine that has only this program.",
    options: [
      {
        name: "emit",
        value: "FORM",
        choices: ["wat", "wasm"],
        says: "text, or the bytes of the module; wat otherwise",
      },
      { name: "output", short: "o", value: "FILE", says: "write to FILE instead of standard output" },
      { name: "no-verify", says: "compile what the verifier refuses too, with a check of each access and a budget" },
      ...judging,
      dialect,
      fullPath,
    ],
    examples: [
      ["bpflab jit counter.bpf", "the code beside the instructions"],
      ["bpflab jit counter.bpf --emit wasm -o counter.wasm", "the module"],
    ],
  },
  {
    name: "bench",
    operands: "",
    least: 0,
    most: 0,
    says: "time twelve programs: compiled, interpreted, in the kernel, as native C",
    more:
      "Results are compared first. The least of the passes counts, and ratios are to native code, for which gcc is needed; the " +
      "kernel's times, for which bpf(2) must be permitted, are those of test runs less the time of an empty one. What is " +
      "missing is said, and null in the document.",
    options: [
      { name: "passes", value: "N", number: true, says: "passes over all programs that count; 5 otherwise" },
      { name: "plot", value: "FILE", says: "draw the ratios into FILE, as SVG" },
    ],
    examples: [
      ["bpflab bench", "a table"],
      ["bpflab bench --json --plot ratios.svg", "the ratios as data, and as a picture"],
    ],
  },
  {
    name: "conformance",
    operands: "[DIR | MEMORY]",
    least: 0,
    most: 1,
    says: "run the public conformance suite, or be its plugin",
    more:
      "With a folder of .data files: runs all. Otherwise, as the suite's plugin: the program in hexadecimal on " +
      "standard input (or --program), memory in hexadecimal as the operand, r0 in hexadecimal on standard output.",
    options: [{ name: "program", value: "BYTES", says: "the program, in hexadecimal" }],
    examples: [["bpflab conformance tests --json", "{total, passed, failed} per engine"]],
  },
  {
    name: "corpus",
    operands: "FILE...",
    least: 1,
    most: Number.POSITIVE_INFINITY,
    says: "compare verdicts with those that a kernel gave",
    more:
      "Each line of a file is a JSON object: a program with its maps and the verdict of the kernel that judged it " +
      "(src/lab/corpus.ts lists the fields). Accepts and rejects are counted apart.",
    options: [
      { name: "filter", value: "REGEXP", says: "only records whose id or topic matches" },
      { name: "records", says: "with --json: list every record's verdict too, for `bpflab diff`" },
      {
        name: "time-limit",
        value: "SECONDS",
        number: true,
        says: "time for each before it is `undecided`; 10 otherwise",
      },
    ],
    examples: [
      ["bpflab corpus --json verdicts.jsonl", "agreement, by topic"],
      ["bpflab corpus --json --records verdicts.jsonl > a.json", "save every verdict"],
    ],
  },
  {
    name: "compare",
    operands: "FILE...",
    least: 1,
    most: Number.POSITIVE_INFINITY,
    says: "judge programs here and in the running Linux kernel, side by side",
    more:
      "Both verdicts, both messages, the instructions walked and the time. Needs Linux, the right to call bpf(2) and " +
      "the koffi package; nothing is attached. Judged by the implicit regime, which is that of Linux, unless --rcu says " +
      "otherwise. Exit code 1 when a verdict differs, 2 when the kernel cannot be asked.",
    options: [...judging, dialect],
    examples: [["bpflab compare 'examples/*.bpf'", "every example"]],
  },
  {
    name: "diff",
    operands: "A B",
    least: 2,
    most: 2,
    says: "compare two saved sets of verdicts",
    more:
      "Reads documents that `verify --json`, `compare --json` or `corpus --json --records` printed. Shows what " +
      "differs: verdicts that changed first, then by the change in instructions walked. Exit code 1 when a verdict " +
      "changed.",
    options: [
      {
        name: "filter",
        value: "TEST",
        many: true,
        says:
          "only rows for which TEST holds: `insns_pct>10`, `|states_diff|>=5`, `verdict_diff`, `verdict_b=rejected`, " +
          "or a regular expression that the name matches",
      },
      { name: "all", says: "show rows without a difference too" },
    ],
    examples: [
      ["bpflab diff before.json after.json", "what changed"],
      ["bpflab diff a.json b.json --filter 'insns_pct>10'", "what walks a tenth more"],
    ],
  },
  {
    name: "log",
    operands: "FILE",
    least: 1,
    most: 1,
    says: "explain a log that the Linux verifier printed",
    more:
      "Reads the log of a refused program (Linux 5.10 to 6.18, levels 1 and 2, with the prefixes of dmesg or libbpf, or " +
      "cut out of a report; `-` is standard input) and tells what the refusal means in the terms of `bpflab explain`: " +
      "the instruction, where the register came from, and what helps. Exit code 1 when the log tells a refusal, 0 when " +
      "it tells that the program was accepted, 2 when there is no log in the input.",
    options: [fullPath],
    examples: [
      ["bpftool prog load x.o /sys/fs/bpf/x 2>&1 | bpflab log -", "straight from a loader"],
      ["bpflab log --json refused.txt", "as data"],
    ],
  },
  {
    name: "litmus",
    operands: "FILE...",
    least: 1,
    most: Number.POSITIVE_INFINITY,
    says: "judge scenarios of programs and userspace by every interleaving, and litmus tests by a memory model",
    more:
      "A scenario (.yaml) has maps, programs on CPUs, scripts of bpf(2) commands, and assertions. Each step is made by the " +
      "interpreter and the maps themselves. The verdict is HOLDS, VIOLATED with the interleaving, or UNKNOWN with the " +
      "bound that was met. A file with variants is answered by a table. Exit code 1 when a verdict is not the one that " +
      "`expect` says, or is VIOLATED where it says none; 3 when one is UNKNOWN. A litmus test (.litmus, the BPF syntax of " +
      "herd7) is judged by axioms instead: which final states the memory model allows, how many executions satisfy the " +
      "condition, and one that does, or why none can. Exit code 1 when it is not as the test's `expect:` comment says, 3 " +
      "when there are more executions than --states.",
    options: [
      {
        name: "variant",
        value: "NAME",
        says: "judge this variant alone, and show its interleaving (`default`: the file as it is)",
      },
      {
        name: "memory",
        value: "MODEL",
        choices: ["sc", "tso", "bpf"],
        says: "the memory model: sc (or what its profile says) for scenarios, which know tso too; bpf for litmus tests",
      },
      { name: "svg", value: "FILE", says: "draw the interleaving that is shown, as an SVG file" },
      { name: "replay", value: "SCHEDULE", says: "show the interleaving of a schedule such as 0,0,2,1" },
      { name: "preemptions", value: "N", number: true, says: "try only schedules with up to N preemptions" },
      {
        name: "states",
        value: "N",
        number: true,
        says: "states, or executions of a litmus test, before there is no answer",
      },
      { name: "time-limit", value: "SECONDS", number: true, says: "time before the answer is UNKNOWN" },
      {
        name: "seed",
        value: "N",
        number: true,
        says: "seed of the schedules that are tried by chance beyond the budget",
      },
      { name: "no-reduction", says: "leave no interleaving out, even where others stand for it" },
      {
        name: "threads",
        value: "N",
        number: true,
        says: "threads for large spaces of states; as many as the machine runs at a time when absent",
      },
    ],
    examples: [
      ["bpflab litmus swap.yaml", "every variant, as a table"],
      ["bpflab litmus swap.yaml --variant none", "one variant, with its counterexample"],
      ["bpflab litmus --memory tso SB.litmus", "a litmus test under total store order"],
      ["bpflab litmus swap.yaml --variant none --svg none.svg", "and a picture of it"],
    ],
  },
  {
    name: "completion",
    operands: "SHELL",
    least: 1,
    most: 1,
    says: "print a completion script",
    more: "",
    options: [],
    examples: [["source <(bpflab completion bash)", "for this shell"]],
    words: ["bash", "zsh", "fish"],
  },
  {
    name: "man",
    operands: "",
    least: 0,
    most: 0,
    says: "print the manual page",
    more: "",
    options: [],
    examples: [["bpflab man | man -l -", "read it"]],
  },
];

export const exitCodes: readonly (readonly [code: number, says: string])[] = [
  [0, "accepted, or all tests passed"],
  [1, "refused, a test failed, or the run ended in a fault"],
  [2, "wrong usage, a file that cannot be read, or a program that does not assemble"],
  [3, "undecided: a budget was used up first"],
  [70, "a bug in bpflab; what reproduces it is printed"],
  [130, "interrupted"],
];

export function commandRow(name: string): CommandRow | undefined {
  return commands.find((row) => row.name === name);
}

/** Closest of `known` to a word that is none of them, if it is close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known.map((each) => ({ each, far: distance(word, each) })).sort((a, b) => a.far - b.far);
  const best = scored[0];
  return best !== undefined && best.far <= Math.max(1, Math.floor(word.length / 3)) ? best.each : undefined;
}

/** Edits (insert, delete, replace) that lead from one word to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
