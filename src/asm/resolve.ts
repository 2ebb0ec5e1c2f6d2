// The second pass: names become numbers.

import { didYouMean } from "../diag/suggest.ts";
import { allHelperNames, helperId, kfuncNames } from "../host/names.ts";
import { functionsOf } from "../isa/foreign.ts";
import type { Insn } from "../isa/insn.ts";
import { type FunctionSymbol, makeProgram, type Program } from "../isa/program.ts";
import { type IsaVersion, isaVersions, since } from "../isa/since.ts";
import { clip } from "./cursor.ts";
import { resolveMaps } from "./maps.ts";
import type { LabelRef, Link } from "./parsed.ts";
import { cover, fail, report } from "./report.ts";
import type { Pending, Unit } from "./unit.ts";

/** Shorter names that the laboratory's own texts use. */
const aliases = new Map([
  ["rcu_lock", "bpf_rcu_read_lock"],
  ["rcu_unlock", "bpf_rcu_read_unlock"],
]);

/** The program, if nothing in it was wrong; errors go to `unit`. */
export function resolve(unit: Unit, name: string, isa: IsaVersion | undefined): Program | undefined {
  const kfuncs: string[] = [];
  const mapIndex = new Map([...unit.maps.keys()].map((map, at) => [map, at]));
  const insns = unit.insns.slice();
  for (const pending of unit.pending) {
    if (unit.full) break;
    unit.attempt(() => {
      insns[pending.pc] = link(pending, insns[pending.pc], unit, mapIndex, kfuncs);
    });
  }
  checkNumbers(unit, insns, kfuncs.length);
  if (isa !== undefined) gate(unit, insns, isa);
  const functions = functionSymbols(unit, insns);
  const maps = resolveMaps(unit);
  for (const expectation of unit.expectations) {
    const { label, at } = expectation;
    if (label !== undefined && at !== undefined && !unit.labels.has(label)) {
      const help = didYouMean(label, unit.labels.keys());
      unit.error(
        report("error", "E0113", at, `the expectation names the label \`${label}\`, which is not defined`, { help }),
      );
    }
  }
  if (unit.errors.length > 0) return undefined;
  return makeProgram({
    name,
    insns,
    maps,
    kfuncs,
    functions,
    labels: new Map([...unit.labels].map(([label, { pc }]) => [label, pc])),
    origin: unit.origin,
    expectations: unit.expectations,
    warnings: unit.remarks,
    ...(unit.type === undefined ? {} : { type: unit.type }),
    ...(unit.sleepable ? { sleepable: true } : {}),
    ...(unit.attach === undefined ? {} : { attach: unit.attach }),
    ...(unit.rcu === undefined ? {} : { rcu: unit.rcu }),
    ...(unit.profile === undefined ? {} : { profile: unit.profile }),
  });
}

function link(
  { pc, link: name }: Pending,
  insn: Insn | null | undefined,
  unit: Unit,
  maps: ReadonlyMap<string, number>,
  kfuncs: string[],
): Insn {
  if (insn === null || insn === undefined) throw new Error(`no instruction at ${pc}`);
  switch (name.kind) {
    case "jump":
      return jumpTo(insn, labelPc(name.label, pc, name.at, unit) - pc - 1, name.at);
    case "call":
      return call(name, pc, unit, kfuncs);
    case "address":
      return insn.kind === "imm64" ? address(name, insn, pc, unit, maps) : insn;
  }
}

function jumpTo(insn: Insn, off: number, at: Link["at"]): Insn {
  const long = insn.kind === "goto" && insn.long;
  if (!long && (off < -32768 || off > 32767)) {
    const help = insn.kind === "goto" ? "use `gotol`" : "jump to a `gotol` nearby";
    fail("E0110", at, `the label is ${off} instructions away; 16 bits reach from -32768 to 32767`, { help });
  }
  return insn.kind === "goto" || insn.kind === "jump" || insn.kind === "mayGoto" ? { ...insn, off } : insn;
}

function labelPc(label: LabelRef, pc: number, at: Link["at"], unit: Unit): number {
  if (label.kind === "local") {
    const places = unit.numeric.get(label.label) ?? [];
    const found = places[countUpTo(places, pc) - (label.forward ? 0 : 1)];
    if (found !== undefined) return found;
    const way = label.forward ? "after" : "before";
    return fail("E0108", at, `there is no label \`${clip(label.label)}:\` ${way} this line`);
  }
  const found = unit.labels.get(label.name);
  if (found !== undefined) return found.pc;
  // The conformance vectors jump to `exit` without defining it: the last instruction of that name.
  if (unit.dialect === "mnemonic" && label.name === "exit") {
    const last = unit.insns.findLastIndex((insn) => insn?.kind === "exit");
    if (last >= 0) return last;
  }
  const help = didYouMean(label.name, unit.labels.keys());
  return fail("E0108", at, `the label \`${clip(label.name)}\` is not defined`, { help });
}

/** How many of the ascending `places` are not after `pc`. Binary search: one label may be defined a million times. */
function countUpTo(places: readonly number[], pc: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) > pc) high = middle;
    else low = middle + 1;
  }
  return low;
}

function call(link: Extract<Link, { kind: "call" }>, pc: number, unit: Unit, kfuncs: string[]): Insn {
  const { label, number, at } = link;
  if (link.local || label.kind === "local") return { kind: "callLocal", off: labelPc(label, pc, at, unit) - pc - 1 };
  const name = aliases.get(label.name) ?? label.name;
  const id = helperId(name);
  if (id !== undefined) {
    if (number !== undefined && number.value !== BigInt(id)) {
      const said = clip(number.value.toString());
      const help = `write \`call ${name}\` or \`call ${said}\``;
      fail("E0105", cover(at, number.at), `\`${name}\` is helper ${id}, not ${said}`, { help });
    }
    return { kind: "callHelper", id };
  }
  if (kfuncNames.some((known) => known === name) || unit.externs.has(name)) {
    const index = kfuncs.indexOf(name);
    return { kind: "callKfunc", index: index >= 0 ? index : kfuncs.push(name) - 1, btfFd: 0 };
  }
  if (unit.labels.has(name)) return { kind: "callLocal", off: labelPc(label, pc, at, unit) - pc - 1 };
  // What the kernel prints for helper numbers that have no name.
  if (number !== undefined && (name === "unknown" || name === "bpf_unspec")) {
    return { kind: "callHelper", id: Number(BigInt.asIntN(32, number.value)) };
  }
  const help =
    didYouMean(name, [
      ...allHelperNames,
      ...kfuncNames,
      ...unit.externs.keys(),
      ...unit.labels.keys(),
      ...aliases.keys(),
    ]) ??
    (helperId(`bpf_${name}`) === undefined
      ? "declare a kernel function with `.extern`"
      : `did you mean \`bpf_${name}\`?`);
  return fail("E0105", at, `\`${clip(name)}\` is no helper, kernel function or label`, { help });
}

function address(
  link: Extract<Link, { kind: "address" }>,
  insn: Extract<Insn, { kind: "imm64" }>,
  pc: number,
  unit: Unit,
  maps: ReadonlyMap<string, number>,
): Insn {
  const { name, form, at } = link;
  const index = form === "func" ? undefined : maps.get(name);
  if (index !== undefined) {
    if (form !== "map_value" && link.offset !== 0n) {
      const help = `for the address of its value write \`map_value[${name}] + ${clip(link.offset.toString())} ll\``;
      fail("E0103", at, "the address of a map takes no offset", { help });
    }
    if (link.offset < -(1n << 31n) || link.offset >= 1n << 32n) fail("E0103", at, "the offset does not fit in 32 bits");
    const high = Number(BigInt.asIntN(32, link.offset));
    return { ...insn, what: form === "map_value" ? "mapValue" : "mapFd", low: index, high };
  }
  const label = form === "any" || form === "func" ? unit.labels.get(name) : undefined;
  if (label !== undefined) {
    if (link.offset !== 0n) fail("E0103", at, "the address of a function takes no offset");
    return { ...insn, what: "func", low: label.pc - pc - 1, high: 0 };
  }
  const candidates = form === "func" ? unit.labels.keys() : form === "any" ? unit.names() : unit.maps.keys();
  const help =
    name === "fp" || name === "sp"
      ? "did you mean `r10`?"
      : (didYouMean(name, candidates) ?? `declare it: \`.map ${clip(name)}, type=hash, key=4, value=8, max=16\``);
  const what = form === "func" ? "function" : form === "any" ? "map or function" : "map";
  return fail("E0105", at, `there is no ${what} \`${clip(name)}\``, { help });
}

/** Instructions written as data may hold any number; those of maps and kernel functions must mean something. */
function checkNumbers(unit: Unit, insns: readonly (Insn | null)[], kfuncs: number): void {
  insns.forEach((insn, pc) => {
    const at = unit.origin[pc]?.whole;
    if (insn === null || at === undefined) return;
    if (insn.kind === "imm64" && (insn.what === "mapFd" || insn.what === "mapValue")) {
      if (insn.low >= 0 && insn.low < unit.maps.size) return;
      unit.error(report("error", "E0105", at, `there is no map ${insn.low}: maps are numbered from 0 as declared`));
    } else if (insn.kind === "callKfunc" && (insn.index < 0 || insn.index >= kfuncs)) {
      unit.error(
        report("error", "E0105", at, `there is no kernel function ${insn.index}`, { help: "call it by name" }),
      );
    }
  });
}

function gate(unit: Unit, insns: readonly (Insn | null)[], isa: IsaVersion): void {
  const limit = isaVersions.indexOf(isa);
  insns.forEach((insn, pc) => {
    if (insn === null) return;
    const needed = since(insn);
    const at = unit.origin[pc]?.whole;
    if (isaVersions.indexOf(needed) <= limit || at === undefined) return;
    unit.error(report("error", "E0112", at, `this instruction came with ${needed}; the limit is ${isa}`));
  });
}

/** Declared functions, and those that are called or whose address is taken, by place. */
function functionSymbols(unit: Unit, insns: readonly (Insn | null)[]): readonly FunctionSymbol[] {
  const found = new Map<number, FunctionSymbol>();
  const nameAt = new Map<number, string>();
  for (const [label, { pc }] of unit.labels) if (!nameAt.has(pc)) nameAt.set(pc, label);
  for (const { pc, name } of functionsOf(insns)) found.set(pc, { name: nameAt.get(pc) ?? name, pc, global: false });
  for (const draft of unit.functions) {
    const label = unit.labels.get(draft.name);
    if (label === undefined) {
      if (draft.optional) continue;
      const help = didYouMean(draft.name, unit.labels.keys());
      unit.error(report("error", "E0108", draft.at, `the function \`${draft.name}\` is not defined`, { help }));
      continue;
    }
    const before = found.get(label.pc);
    const global = draft.global || (before?.global ?? false);
    const args = draft.args ?? before?.args;
    found.set(label.pc, { name: draft.name, pc: label.pc, global, ...(args ? { args } : {}) });
  }
  return [...found.values()].sort((a, b) => a.pc - b.pc);
}
