// A program from bytes that somebody else made. Numbers of maps and kernel functions mean
// nothing without the table that gives them names: one that is not in it is an error with a
// place, never a guess.
import type { Diagnostic, Outcome } from "../diag/diagnostic.ts";
import { decodeAll } from "./decode.ts";
import type { ByteOrder } from "./encode.ts";
import type { Insn, WideKind } from "./insn.ts";
import { type FunctionSymbol, type MapDef, makeProgram, type Program } from "./program.ts";

/** What the numbers in the bytes stand for. */
export interface Symbols {
  readonly maps?: ReadonlyMap<number, MapDef>;
  readonly kfuncs?: ReadonlyMap<number, string>;
}

export interface ForeignOptions {
  readonly name?: string;
  readonly order?: ByteOrder;
  readonly symbols?: Symbols;
  /** Slots of loads that name no map on purpose: what is wrong with them is for the verifier to say. */
  readonly badMaps?: readonly number[];
}

const namesAMap: Readonly<Record<WideKind, boolean>> = {
  value: false,
  mapFd: true,
  mapValue: true,
  btfId: false,
  func: false,
  mapIdx: true,
  mapIdxValue: true,
};

/** Gives foreign numbers a place in the program's own tables, in order of first use. */
class Renumber<T> {
  readonly used: T[] = [];
  private readonly places = new Map<number, number>();
  private readonly known: ReadonlyMap<number, T>;
  constructor(known: ReadonlyMap<number, T> = new Map()) {
    this.known = known;
  }
  place(id: number): number | undefined {
    const seen = this.places.get(id);
    const object = this.known.get(id);
    if (seen !== undefined || object === undefined) return seen;
    this.places.set(id, this.used.length);
    return this.used.push(object) - 1;
  }
}

/** Decodes `bytes`. Invalid instructions are kept: the verifier refuses them, with their place. */
export function programFromBytes(bytes: Uint8Array, options: ForeignOptions = {}): Outcome<Program> {
  const { name = "program", order = "little", symbols = {}, badMaps = [] } = options;
  if (bytes.length % 8 !== 0 || bytes.length === 0) {
    const text =
      bytes.length === 0
        ? "there are no bytes"
        : `${bytes.length} bytes are not a whole number of instructions of 8 bytes`;
    return { ok: false, diagnostics: [failure("E0111", bytes.length >> 3, text)] };
  }
  const maps = new Renumber(symbols.maps);
  const kfuncs = new Renumber(symbols.kfuncs);
  const diagnostics: Diagnostic[] = [];
  const insns = decodeAll(bytes, order).map((insn, pc) => {
    if (insn?.kind === "imm64" && namesAMap[insn.what]) {
      const low = maps.place(insn.low);
      if (low !== undefined) return { ...insn, low };
      if (badMaps.includes(pc)) return { ...insn, low: -1 };
      diagnostics.push(failure("E0105", pc, `map ${insn.low} is not in the symbol table`));
    } else if (insn?.kind === "callKfunc") {
      const index = kfuncs.place(insn.index);
      // Without a BTF file of its own the function is the kernel's; a module's would need its table too.
      if (index !== undefined) return { ...insn, index, btfFd: 0 };
      diagnostics.push(failure("E0105", pc, `kernel function ${insn.index} is not in the symbol table`));
    }
    return insn;
  });
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  const functions = functionsOf(insns);
  const labels = new Map(functions.map((f) => [f.name, f.pc]));
  const value = makeProgram({ name, order, insns, maps: maps.used, kfuncs: kfuncs.used, functions, labels });
  return { ok: true, value, diagnostics };
}

function failure(code: "E0105" | "E0111", pc: number, text: string): Diagnostic {
  return { code, severity: "error", pc, text, notes: [] };
}

/** The targets of local calls and of function addresses, named by their slot. */
export function functionsOf(insns: readonly (Insn | null)[]): readonly FunctionSymbol[] {
  const starts = new Set<number>();
  insns.forEach((insn, pc) => {
    if (insn?.kind === "callLocal") starts.add(pc + 1 + insn.off);
    if (insn?.kind === "imm64" && insn.what === "func") starts.add(pc + 1 + insn.low);
  });
  return [...starts]
    .filter((pc) => pc >= 0 && pc < insns.length && insns[pc] !== null)
    .sort((a, b) => a - b)
    .map((pc) => ({ name: `func_${pc}`, pc, global: false }));
}
