// Text and bytes: the part of the public interface that assembles, prints and lays out programs.
export { type AssembleOptions, assemble, type Dialect } from "../asm/assemble.ts";
export { asmCodes } from "../asm/codes.ts";
export { disassemble } from "../asm/disassemble.ts";
export { format } from "../asm/format.ts";
export type { Code, Diagnostic, Edit, Fix, Note, Outcome } from "../diag/diagnostic.ts";
export { type JsonDiagnostic, type JsonSpan, toJson } from "../diag/json.ts";
export { type Paint, painter, type Tone } from "../diag/paint.ts";
export { applyEdits } from "../diag/patch.ts";
export { type RenderOptions, render, renderAll } from "../diag/render.ts";
export { lineText, type Position, position, type Source, type Span, spanOf } from "../diag/source.ts";
export { type ForeignOptions, programFromBytes } from "../isa/foreign.ts";
export type { Insn } from "../isa/insn.ts";
export type {
  Expectation,
  FunctionSymbol,
  MapDef,
  MapEntry,
  MapType,
  Origin,
  Program,
  RcuRegime,
} from "../isa/program.ts";
