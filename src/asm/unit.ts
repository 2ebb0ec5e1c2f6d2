// What the first pass has gathered, before names are looked up.
import type { Diagnostic } from "../diag/diagnostic.ts";
import type { Source, Span } from "../diag/source.ts";
import { decodeAll } from "../isa/decode.ts";
import type { Insn } from "../isa/insn.ts";
import type { Expectation, GlobalArg, MapDef, Origin, RcuRegime } from "../isa/program.ts";
import type { Link, Parsed } from "./parsed.ts";
import { Fault, fail, report } from "./report.ts";

export interface Pending {
  readonly pc: number;
  readonly link: Link;
}

/** A map as written; its entries and its inner map come when everything is known. */
export interface MapDraft {
  readonly def: MapDef;
  readonly at: Span;
  /** The name of the inner map, if it was given by name. */
  readonly inner?: { readonly name: string; readonly at: Span };
}

export type EntryPart = { readonly at: Span } & (
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "name"; readonly name: string }
);

export interface EntryDraft {
  readonly map: string;
  readonly mapAt: Span;
  readonly key: EntryPart;
  readonly value: EntryPart;
  readonly at: Span;
}

export interface FunctionDraft {
  readonly name: string;
  readonly at: Span;
  readonly global: boolean;
  readonly args?: readonly GlobalArg[];
  /** `.globl x` of a name that is defined nowhere is no error, as in every assembler. */
  readonly optional: boolean;
}

/** Where the input stops being a program and starts being an attack on memory; Linux takes 1,000,000. */
export const mostSlots = 1 << 20;
const mostErrors = 50;

export class Unit {
  readonly source: Source;
  readonly insns: (Insn | null)[] = [];
  readonly origin: (Origin | undefined)[] = [];
  readonly pending: Pending[] = [];
  readonly labels = new Map<string, { readonly pc: number; readonly at: Span }>();
  /** The places of each numeric label, ascending. */
  readonly numeric = new Map<string, number[]>();
  readonly maps = new Map<string, MapDraft>();
  readonly entries: EntryDraft[] = [];
  readonly externs = new Map<string, Span>();
  readonly functions: FunctionDraft[] = [];
  readonly expectations: Expectation[] = [];
  readonly remarks: Diagnostic[] = [];
  readonly errors: Diagnostic[] = [];
  type: string | undefined;
  sleepable = false;
  attach: string | undefined;
  rcu: RcuRegime | undefined;
  profile: string | undefined;
  dialect: "pseudoc" | "mnemonic" | undefined;
  /** Inside a section of data, whose contents are no part of the program. */
  inData = false;
  private data: number[] = [];
  private dataAt: Span | undefined;

  constructor(source: Source) {
    this.source = source;
  }

  get full(): boolean {
    return this.errors.length >= mostErrors;
  }

  /** Where the next instruction goes; data that is not yet a whole instruction counts as begun. */
  get pc(): number {
    return this.insns.length;
  }

  error(diagnostic: Diagnostic): void {
    if (!this.full) this.errors.push(diagnostic);
  }

  /** Does a piece of work; a Fault in it becomes an error and ends the piece alone. */
  attempt(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      this.error(thrown.diagnostic);
    }
  }

  add(parsed: Parsed): void {
    if (this.inData) return;
    this.flush();
    if (this.pc >= mostSlots) fail("E0114", parsed.origin.whole, `more than ${mostSlots} instructions`);
    if (parsed.link !== undefined) this.pending.push({ pc: this.pc, link: parsed.link });
    this.insns.push(parsed.insn);
    this.origin.push(parsed.origin);
    if (parsed.insn.kind !== "imm64") return;
    this.insns.push(null);
    this.origin.push(parsed.origin);
  }

  label(name: string, at: Span): void {
    if (this.inData) return;
    this.flush();
    if (/^\d+$/.test(name)) {
      const places = this.numeric.get(name);
      if (places === undefined) this.numeric.set(name, [this.pc]);
      else places.push(this.pc);
      return;
    }
    const before = this.labels.get(name)?.at ?? this.maps.get(name)?.at;
    if (before !== undefined) {
      const diagnostic = report("error", "E0107", at, `\`${name}\` is already defined`);
      this.error({ ...diagnostic, notes: [{ event: "defined", at: before, text: "first defined here" }] });
      return;
    }
    this.labels.set(name, { pc: this.pc, at });
  }

  /** Bytes written by a data directive. */
  bytes(values: readonly number[], at: Span): void {
    if (this.inData) return;
    if (this.data.length === 0) this.dataAt = at;
    if (this.data.length + values.length > mostSlots * 8) fail("E0114", at, "too much data");
    for (const value of values) this.data.push(value);
  }

  /** Turns data that has been written into instructions. */
  flush(): void {
    const { data, dataAt } = this;
    if (data.length === 0 || dataAt === undefined) return;
    this.data = [];
    this.dataAt = undefined;
    if (data.length % 8 !== 0) {
      const help = "data between instructions must be a multiple of 8 bytes; other data belongs in a data section";
      const text = `${data.length} bytes are not a whole number of instructions`;
      this.error(report("error", "E0111", dataAt, text, { help }));
      return;
    }
    const decoded = decodeAll(Uint8Array.from(data));
    if (this.pc + decoded.length > mostSlots) fail("E0114", dataAt, `more than ${mostSlots} instructions`);
    for (const insn of decoded) {
      this.insns.push(insn);
      this.origin.push({ whole: dataAt });
    }
  }

  /** Names that may stand where an address or a target does. */
  *names(): Generator<string> {
    yield* this.maps.keys();
    yield* this.labels.keys();
  }
}
