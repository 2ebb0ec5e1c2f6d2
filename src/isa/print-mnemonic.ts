// The mnemonic style, as the conformance vectors write it.
import { type AluRow, alu } from "./alu.ts";
import { type AtomicRow, atomic } from "./atomic.ts";
import type { AccessSize, Insn, Operand } from "./insn.ts";
import { type JumpRow, jump } from "./jump.ts";
import { type Names, signed, wideValue, writable } from "./print-parts.ts";

const letters: Readonly<Record<AccessSize, string>> = { 1: "b", 2: "h", 4: "w", 8: "dw" };

/** Nothing for the instructions that this dialect has no word for. */
export function printMnemonic(insn: Insn, names: Names, pc?: number): string | undefined {
  const label = (off: number) => {
    const name = pc === undefined ? undefined : names.label?.(pc + 1 + off);
    return writable(name) ? name : undefined;
  };
  const target = (off: number) => label(off) ?? signed(off);
  switch (insn.kind) {
    case "alu": {
      const row: AluRow = alu[insn.op];
      return `${row.mnemonic}${insn.width === 32 ? "32" : ""} %r${insn.dst}, ${operand(insn.src)}`;
    }
    case "neg":
      return `neg${insn.width === 32 ? "32" : ""} %r${insn.dst}`;
    case "movsx":
      return `movsx${insn.from}${insn.width} %r${insn.dst}, %r${insn.src}`;
    case "swap":
      return `${insn.op}${insn.size} %r${insn.dst}`;
    case "load":
      return `ldx${insn.signed ? "s" : ""}${letters[insn.size]} %r${insn.dst}, ${memory(insn)}`;
    case "store":
      return `st${insn.src.kind === "reg" ? "x" : ""}${letters[insn.size]} ${memory(insn)}, ${operand(insn.src)}`;
    case "atomic": {
      const row: AtomicRow = atomic[insn.op];
      const fetch = insn.fetch && row.fetch === "optional" ? "fetch " : "";
      return `lock ${fetch}${row.mnemonic}${insn.size === 4 ? "32" : ""} ${memory(insn)}, %r${insn.src}`;
    }
    case "packet":
      return insn.src === null
        ? `ldabs${letters[insn.size]} ${insn.imm}`
        : `ldind${letters[insn.size]} %r${insn.src}, ${insn.imm}`;
    case "imm64":
      return wide(insn, names, label);
    case "jump": {
      const row: JumpRow = jump[insn.op];
      const width = insn.width === 32 ? "32" : "";
      return `${row.mnemonic}${width} %r${insn.dst}, ${operand(insn.src)}, ${target(insn.off)}`;
    }
    case "goto":
      return `${insn.long ? "ja32" : "ja"} ${target(insn.off)}`;
    case "callHelper":
      return `call ${names.helper?.(insn.id) ?? insn.id}`;
    case "callKfunc": {
      const name = names.kfunc?.(insn.index);
      return writable(name) ? `call ${name}` : undefined;
    }
    case "callLocal":
      return `call local ${target(insn.off)}`;
    case "callx":
      return `call %r${insn.reg}`;
    case "exit":
      return "exit";
    default:
      return undefined;
  }
}

function operand(src: Operand): string {
  return src.kind === "reg" ? `%r${src.reg}` : String(src.value);
}

function memory({ base, off }: { readonly base: number; readonly off: number }): string {
  return `[%r${base}${off === 0 ? "" : signed(off)}]`;
}

function wide(
  insn: Extract<Insn, { kind: "imm64" }>,
  names: Names,
  label: (off: number) => string | undefined,
): string | undefined {
  if (insn.what === "value") {
    return `lddw %r${insn.dst}, 0x${BigInt.asUintN(64, wideValue(insn.low, insn.high)).toString(16)}`;
  }
  const name = insn.what === "func" ? label(insn.low) : names.map?.(insn.low);
  if (!writable(name)) return undefined;
  if (insn.what === "func") return `lddw %r${insn.dst}, func[${name}]`;
  if (insn.what === "mapFd") return `lddw %r${insn.dst}, map[${name}]`;
  return insn.what === "mapValue" ? `lddw %r${insn.dst}, map_value[${name}]+${insn.high >>> 0}` : undefined;
}
