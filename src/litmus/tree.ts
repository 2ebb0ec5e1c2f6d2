// YAML as a tree in which everything knows its place in the text. The one file that knows the YAML library.
import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node as YamlNode } from "yaml";
import type { Diagnostic, Outcome } from "../diag/diagnostic.ts";
import { type Source, type Span, spanOf } from "../diag/source.ts";

export type Tree =
  | { readonly kind: "map"; readonly at: Span; readonly pairs: readonly Pair[] }
  | { readonly kind: "list"; readonly at: Span; readonly items: readonly Tree[] }
  | { readonly kind: "scalar"; readonly at: Span; readonly value: Scalar; readonly block: boolean };
export type Scalar = string | bigint | number | boolean | null;

export interface Pair {
  readonly key: string;
  readonly keyAt: Span;
  readonly value: Tree;
}

/** A longer text is no scenario, nor is a deeper one or, by way of aliases, one of more parts. */
const longest = 1 << 20;
const deepest = 64;
const mostParts = 100_000;

export function parseTree(source: Source): Outcome<Tree> {
  if (source.text.length > longest) return refuse(problem(spanOf(source, 0, 1), "the text is too long for a scenario"));
  const document = parseDocument(source.text, { intAsBigInt: true, uniqueKeys: true, prettyErrors: false });
  const errors = document.errors.map((error) => {
    const [start, end] = error.pos;
    const text = error.message.split("\n")[0] ?? "";
    const said = text.charAt(0).toLowerCase() + text.slice(1);
    return problem(within(source, start, end), said);
  });
  if (errors.length > 0) return refuse(...errors);
  if (document.contents === null) return refuse(problem(within(source, 0, 0), "the scenario is empty"));
  let parts = 0;
  const convert = (node: YamlNode | null | undefined, depth: number, near: Span): Tree => {
    if (node === null || node === undefined) return { kind: "scalar", at: near, value: null, block: false };
    const [start, end] = node.range ?? [near.start, near.end];
    const at = trimmed(within(source, start, end));
    if (depth > deepest || ++parts > mostParts) throw new Wrong(problem(at, "this is nested too deeply"));
    if (isAlias(node)) return convert(node.resolve(document), depth + 1, at);
    if (isSeq(node)) {
      return { kind: "list", at, items: node.items.map((item) => convert(item as YamlNode, depth + 1, at)) };
    }
    if (isMap(node)) {
      const pairs = node.items.map((pair): Pair => {
        const key = convert(pair.key as YamlNode, depth + 1, at);
        if (key.kind !== "scalar") throw new Wrong(problem(key.at, "a key is one word or number"));
        return {
          key: String(key.value),
          keyAt: key.at,
          value: convert(pair.value as YamlNode | null, depth + 1, key.at),
        };
      });
      return { kind: "map", at, pairs };
    }
    if (!isScalar(node)) throw new Wrong(problem(at, "this has no place in a scenario"));
    const block = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
    const { value } = node;
    const known = value === null || ["string", "bigint", "number", "boolean"].includes(typeof value);
    if (!known) throw new Wrong(problem(at, "this has no place in a scenario"));
    return { kind: "scalar", at, value: value as Scalar, block };
  };
  try {
    return { ok: true, value: convert(document.contents, 0, within(source, 0, 0)), diagnostics: [] };
  } catch (error) {
    if (error instanceof Wrong) return refuse(error.diagnostic);
    throw error;
  }
}

class Wrong extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.text);
    this.diagnostic = diagnostic;
  }
}

function refuse(...diagnostics: readonly Diagnostic[]): Outcome<never> {
  return { ok: false, diagnostics };
}

function within(source: Source, start: number, end: number): Span {
  const from = Math.min(start, Math.max(0, source.text.length - 1));
  return spanOf(source, from, Math.max(from + 1, Math.min(end, source.text.length)));
}

/** Without the line ends that a collection's range takes in. */
function trimmed(at: Span): Span {
  const text = at.source.text.slice(at.start, at.end);
  const first = text.indexOf("\n");
  const end = first < 0 ? at.end : at.start + Math.max(1, text.slice(0, first).trimEnd().length);
  return { ...at, end: Math.max(at.start + 1, end) };
}

export function problem(at: Span, text: string, help?: string): Diagnostic {
  return { code: "E0116", severity: "error", at, text, notes: [], ...(help === undefined ? {} : { help }) };
}
