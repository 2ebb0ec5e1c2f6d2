// A program as text. In the styles that are assembly languages the text assembles to the same
// bytes again, with the maps, functions and labels it had.
import { helperId, helperName, kfuncNames } from "../host/names.ts";
import { decodeAll } from "../isa/decode.ts";
import type { ByteOrder } from "../isa/encode.ts";
import { type Names, print, type Style } from "../isa/print.ts";
import { writable } from "../isa/print-parts.ts";
import { type GlobalArg, type MapDef, type MapEntry, makeProgram, type Program } from "../isa/program.ts";

export interface DisassembleOptions {
  /** llvm, unless said otherwise. */
  readonly style?: Style;
  /** The byte order of raw bytes. */
  readonly order?: ByteOrder;
  readonly alu32?: boolean;
  /** Write `.map`, `.prog` and the like, without which the text is not the whole program. */
  readonly directives?: boolean;
}

export function disassemble(input: Uint8Array | Program, options: DisassembleOptions = {}): string {
  const { style = "llvm", alu32 = false, directives = true } = options;
  const program = input instanceof Uint8Array ? makeProgram({ insns: decodeAll(input, options.order) }) : input;
  const assembly = style === "llvm" || style === "mnemonic";
  const lines: string[] = assembly && directives ? header(program, style === "mnemonic") : [];
  const labels = labelsByPlace(program);
  const names = namesOf(program, labels);
  program.insns.forEach((insn, pc) => {
    if (assembly) for (const label of labels.get(pc) ?? []) lines.push(`${label}:`);
    if (insn === null) return;
    const text = print(insn, { style, names, pc, alu32 });
    lines.push(style === "kernel" ? `${pc}: ${text}` : style === "c" ? `${text},` : assembly ? `    ${text}` : text);
  });
  if (assembly) for (const label of labels.get(program.insns.length) ?? []) lines.push(`${label}:`);
  return lines.map((line) => `${line}\n`).join("");
}

/** Names of maps, helpers, kernel functions and labels, as the program and the kernel have them. */
export function namesOf(program: Program, labels = labelsByPlace(program)): Names {
  return {
    map: (index) => program.maps[index]?.name,
    helper: helperName,
    kfunc: (index) => program.kfuncs[index],
    label: (pc) => labels.get(pc)?.find((name) => !taken(program, name)),
  };
}

/** A name that a call or an address would read as something else. */
function taken(program: Program, name: string): boolean {
  return (
    /^[rw]\d+$|^pc$|^(?:map|map_value|func)$/i.test(name) ||
    helperId(name) !== undefined ||
    kfuncNames.some((known) => known === name) ||
    program.kfuncs.includes(name) ||
    program.maps.some((map) => map.name === name)
  );
}

/** The labels and function names at each slot. */
function labelsByPlace(program: Program): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, string[]>();
  const put = (name: string, pc: number) => {
    const list = found.get(pc) ?? [];
    if (writable(name) && !list.includes(name)) list.push(name);
    found.set(pc, list);
  };
  for (const { name, pc } of program.functions) put(name, pc);
  for (const [name, pc] of program.labels) put(name, pc);
  return found;
}

function header(program: Program, mnemonic: boolean): string[] {
  const lines = mnemonic ? [".dialect mnemonic"] : [];
  const { type, sleepable, attach } = program;
  if (type !== undefined)
    lines.push(`.prog ${type}${sleepable ? " sleepable" : ""}${attach === undefined ? "" : ` attach=${attach}`}`);
  if (program.rcu !== undefined) lines.push(`.rcu ${program.rcu}`);
  if (program.profile !== undefined) lines.push(`.profile ${program.profile}`);
  for (const map of program.maps) lines.push(mapLine(map, program.maps));
  for (const map of program.maps) {
    for (const entry of map.entries ?? []) lines.push(`.entry ${map.name}, ${hex(entry.key)} = ${entryValue(entry)}`);
  }
  const known: readonly string[] = kfuncNames;
  for (const name of program.kfuncs) if (!known.includes(name)) lines.push(`.extern ${name}`);
  for (const { name, global, args } of program.functions) {
    if (args !== undefined) lines.push(`.global ${name}(${args.map(argument).join(", ")})`);
    else if (global) lines.push(`.globl ${name}`);
  }
  return lines;
}

function argument(arg: GlobalArg): string {
  return typeof arg === "string" ? arg : `${arg.nonnull ? "mem" : "mem_or_null"}:${arg.mem}`;
}

function hex(bytes: Uint8Array): string {
  return `hex:${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function entryValue({ value }: MapEntry): string {
  if ("bytes" in value) return hex(value.bytes);
  return "map" in value ? value.map : value.func;
}

function mapLine(map: MapDef, all: readonly MapDef[]): string {
  const { inner } = map;
  const named = inner && all.some((other) => other.name === inner.name) ? inner.name : undefined;
  const innerText = inner ? [`inner=${named ?? `(${mapAttributes(inner)})`}`] : [];
  return [`.map ${map.name}`, mapAttributes(map), ...innerText].join(", ");
}

function mapAttributes(map: MapDef): string {
  const parts = [`type=${map.type}`, `key=${map.keySize}`, `value=${map.valueSize}`, `max=${map.maxEntries}`];
  if (map.flags !== 0) parts.push(`flags=0x${map.flags.toString(16)}`);
  for (const field of map.fields ?? []) parts.push(`${field.kind}=${field.offset}`);
  return parts.join(", ");
}
