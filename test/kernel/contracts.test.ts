// Every declared helper beside the running kernel: who may call it, and what each of its arguments may be. One argument
// at a time is given each of a palette of values, the others what they want; the verdict is Linux's, and its message.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { ArgKind, Helper } from "../../src/host/contract.ts";
import { type ProgramTypeName, programTypes } from "../../src/host/programs.ts";
import { helpers } from "../../src/host/table.ts";
import type { MapType } from "../../src/isa/program.ts";
import { judge } from "../../src/kernel/judge.ts";
import { sameMessage } from "../../src/lab/corpus.ts";
import { verify } from "../../src/verifier/verify.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const types = Object.keys(programTypes) as ProgramTypeName[];

/** How a map of each type is written. */
const shapes: Partial<Record<MapType, string>> = {
  hash: "key=8, value=16, max=4",
  array: "key=4, value=16, max=4",
  percpu_array: "key=4, value=16, max=4",
  queue: "value=16, max=4",
  stack: "value=16, max=4",
  prog_array: "max=4",
  ringbuf: "max=4096",
  user_ringbuf: "max=4096",
  perf_event_array: "max=4",
  stack_trace: "value=64, max=4",
  devmap: "value=4, max=4",
  cpumap: "value=4, max=4",
  xskmap: "max=4",
  sockmap: "value=4, max=4",
  sockhash: "key=8, value=4, max=4",
  cgroup_storage: "key=16, value=16",
  cgroup_array: "max=4",
  sk_storage: "value=16, flags=no_prealloc",
};

/** What puts a good argument into a register; undefined: nothing this simple does. */
function good(kind: ArgKind, reg: string, helper: Helper): string | undefined {
  if (typeof kind === "object")
    return "mem" in kind || "memOut" in kind || "memInOut" in kind ? `${reg} = r9` : undefined;
  switch (kind) {
    case "any":
    case "callbackContext":
    case "memOrNull":
    case "mapValueOrNull":
      return `${reg} = 0`;
    case "ctx":
      return `${reg} = r6`;
    case "mapPtr":
      return `${reg} = own ll`;
    case "mapKey":
    case "mapValue":
    case "mapValueOut":
    case "mem":
    case "memOut":
      return `${reg} = r9`;
    case "memInOut":
      return helper.name === "bpf_dynptr_from_mem" ? `${reg} = r7` : `${reg} = r9`;
    case "size":
    case "sizeOrZero":
    case "allocSize":
      return `${reg} = 8`;
    case "callback":
      return `${reg} = each ll`;
    case "dynptrLocal":
    case "dynptrRingbuf":
      return `${reg} = r10\n${reg} += -96`;
    default:
      return undefined;
  }
}

const palette: Readonly<Record<string, (reg: string) => string>> = {
  "the number 0": (reg) => `${reg} = 0`,
  "the number 8": (reg) => `${reg} = 8`,
  "a negative number": (reg) => `${reg} = -8`,
  "a number of one byte": (reg) => `${reg} = *(u8 *)(r7 + 0)`,
  "some number": (reg) => `${reg} = *(u64 *)(r7 + 0)`,
  "the context": (reg) => `${reg} = r6`,
  "the context, moved": (reg) => `${reg} = r6\n${reg} += 8`,
  "initialised stack": (reg) => `${reg} = r9`,
  "unaligned stack": (reg) => `${reg} = r9\n${reg} += 4`,
  "stack never written": (reg) => `${reg} = r10\n${reg} += -256`,
  "the end of the stack": (reg) => `${reg} = r10\n${reg} += -4`,
  "a map": (reg) => `${reg} = plain ll`,
  "a map's value": (reg) => `${reg} = r7`,
  "the end of a map's value": (reg) => `${reg} = r7\n${reg} += 60`,
  "a map's value of varying place": (reg) => `r0 = *(u8 *)(r7 + 0)\n${reg} = r7\n${reg} += r0`,
  "a map's value that only reads": (reg) => `${reg} = map_value[constant] ll`,
  "a map's value that may be null": (reg) => `${reg} = r8`,
  "a function": (reg) => `${reg} = each ll`,
  nothing: (reg) => `${reg} = r2\nr0 = 0\nr0 = 0`.replace(/^.*\n/, ""),
};

function program(type: ProgramTypeName, helper: Helper, args: readonly ArgKind[], at: number, value: string): string {
  const map = helper.maps?.[0] ?? "hash";
  // The lookup of r8 leaves r1 to r5 unset.
  const lines = [
    `.prog ${type}`,
    ".rcu implicit",
    ".map plain, type=hash, key=8, value=16, max=4",
    ".map store, type=array, key=4, value=64, max=1",
    ".map constant, type=array, key=4, value=64, max=1, flags=rdonly_prog",
    `.map own, type=${map}, ${shapes[map] ?? ""}`,
    "r6 = r1",
    "r7 = map_value[store] ll",
    ...Array.from({ length: 8 }, (_, n) => `*(u64 *)(r10 - ${8 * (n + 1)}) = 0`),
    "r9 = r10",
    "r9 += -64",
    "r1 = plain ll",
    "r2 = r9",
    "call bpf_map_lookup_elem",
    "r8 = r0",
  ];
  args.forEach((kind, n) => {
    const reg = `r${n + 1}`;
    lines.push(n === at ? (palette[value]?.(reg) ?? "") : (good(kind, reg, helper) ?? `${reg} = 0`));
  });
  lines.push(`call ${helper.name}`, "r0 = 0", "exit");
  lines.push("each: r0 = 0", "exit");
  return lines.join("\n");
}

/** The arguments that can be tried: those with only simple ones before them. */
function tried(helper: Helper, args: readonly ArgKind[]): readonly number[] {
  const hard = args.findIndex((kind, n) => good(kind, `r${n + 1}`, helper) === undefined);
  return args.map((_, n) => n).filter((n) => hard < 0 || n <= hard);
}

describe.skipIf(!kernelThere)("contracts of helpers, beside the running kernel", () => {
  const kernel = kernelThere ? theKernel() : undefined;

  it.each(types)("may be called by programs of type %s, or not", (type) => {
    const differ = helpers.flatMap((helper) => {
      // There it takes a structure of the kernel by its type, of which we know nothing.
      if (type === "syscall" && helper.name === "bpf_xdp_get_buff_len") return [];
      const outcome = assemble(`.prog ${type}\ncall ${helper.name}\nr0 = 0\nexit`);
      if (!outcome.ok || kernel === undefined) return [`${helper.name} does not assemble`];
      const refused = (text: string): boolean => text.includes("cannot use helper");
      const theirs = refused(judge(kernel, outcome.value, { type }).message);
      const verdict = verify(outcome.value, { rcu: "implicit", sleepable: type === "syscall" });
      const ours = refused(verdict.verdict === "accepted" ? "" : verdict.kernelMessage);
      return ours === theirs ? [] : [`${helper.name}: Linux ${theirs ? "refuses" : "allows"} it`];
    });
    expect(differ).toEqual([]);
  });

  it.each(helpers.filter(({ args }) => args.length > 0))("$name takes what Linux lets it take", (helper) => {
    const type = (["sched_cls", "xdp", "tracepoint", ...types] as const).find(
      (name) => helper.programs?.includes(name) ?? true,
    );
    if (type === undefined || kernel === undefined) return;
    const variant = helper.variants?.find(({ programs }) => programs.includes(type));
    const args = variant?.args ?? helper.args;
    const differ: string[] = [];
    for (const at of tried(helper, args)) {
      for (const value of Object.keys(palette)) {
        const outcome = assemble(program(type, helper, args, at, value));
        if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
        const theirs = judge(kernel, outcome.value);
        // Some maps are made only with BTF for what they hold.
        if (theirs.verdict === "unable") continue;
        const ours = verify(outcome.value);
        const message = ours.verdict === "accepted" ? "" : ours.kernelMessage;
        const same = (theirs.verdict === "accept") === (ours.verdict === "accepted");
        if (!same || (message !== "" && !sameMessage(theirs.message, message)))
          differ.push(
            `r${at + 1} = ${value}: Linux says ${theirs.verdict} ${theirs.message}, we ${ours.verdict} ${message}`,
          );
      }
    }
    expect(differ).toEqual([]);
  });
});
