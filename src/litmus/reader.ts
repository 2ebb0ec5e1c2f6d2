// Reading a tree into values: each mistake is noted with its place, and reading goes on with something that will do.
import type { Diagnostic } from "../diag/diagnostic.ts";
import type { Source, Span } from "../diag/source.ts";
import { didYouMean } from "../diag/suggest.ts";
import type { MapDef } from "../isa/program.ts";
import { keyBytes } from "./contents.ts";
import { type Expression, parseExpression } from "./expression.ts";
import type { Value } from "./scenario.ts";
import { type Pair, problem, type Tree } from "./tree.ts";

export type Fields = ReadonlyMap<string, Pair>;

export class Reader {
  readonly source: Source;
  readonly problems: Diagnostic[] = [];
  readonly maps = new Map<string, MapDef>();

  constructor(source: Source) {
    this.source = source;
  }

  wrong(at: Span, text: string, help?: string): void {
    this.problems.push(problem(at, text, help));
  }

  /** The pairs of a map whose keys are known words. */
  fields(tree: Tree, what: string, known: readonly string[]): Fields {
    const found = new Map<string, Pair>();
    for (const pair of this.pairs(tree, what)) {
      if (known.includes(pair.key)) found.set(pair.key, pair);
      else
        this.wrong(
          pair.keyAt,
          `${what} has no \`${clip(pair.key)}\``,
          didYouMean(pair.key, known) ?? `there is ${known.join(", ")}`,
        );
    }
    return found;
  }

  pairs(tree: Tree, what: string): readonly Pair[] {
    if (tree.kind === "map") return tree.pairs;
    if (tree.kind === "scalar" && tree.value === null) return [];
    this.wrong(tree.at, `${what} is written as \`name: value\` pairs`);
    return [];
  }

  items(tree: Tree, what: string): readonly Tree[] {
    if (tree.kind === "list") return tree.items;
    if (tree.kind === "scalar" && tree.value === null) return [];
    this.wrong(tree.at, `${what} is a list`);
    return [];
  }

  text(pair: Pair | undefined, otherwise = ""): string {
    if (pair === undefined) return otherwise;
    const { value } = pair;
    if (value.kind === "scalar" && (typeof value.value === "string" || typeof value.value === "bigint")) {
      return String(value.value);
    }
    this.wrong(value.at, `\`${clip(pair.key)}\` is a text`);
    return otherwise;
  }

  choice<T extends string>(pair: Pair | undefined, choices: readonly T[], otherwise: T): T {
    if (pair === undefined) return otherwise;
    const word = this.text(pair);
    const found = choices.find((each) => each === word);
    if (found !== undefined) return found;
    this.wrong(pair.value.at, `\`${clip(pair.key)}\` is one of ${choices.join(", ")}`, didYouMean(word, choices));
    return otherwise;
  }

  whole(pair: Pair | undefined, otherwise: number, least = 0, most = 0x7fffffff): number {
    if (pair === undefined) return otherwise;
    const { value } = pair;
    const number = value.kind === "scalar" ? Number(value.value) : Number.NaN;
    const isNumber = value.kind === "scalar" && (typeof value.value === "bigint" || typeof value.value === "number");
    if (isNumber && Number.isInteger(number) && number >= least && number <= most) return number;
    this.wrong(value.at, `\`${clip(pair.key)}\` is a whole number from ${least} to ${most}`);
    return otherwise;
  }

  flag(pair: Pair | undefined, otherwise: boolean): boolean {
    if (pair === undefined) return otherwise;
    if (pair.value.kind === "scalar" && typeof pair.value.value === "boolean") return pair.value.value;
    this.wrong(pair.value.at, `\`${clip(pair.key)}\` is true or false`);
    return otherwise;
  }

  /** The definition of a map that is named. */
  map(pair: Pair | undefined, at: Span): MapDef | undefined {
    if (pair === undefined) {
      this.wrong(at, "`map` is missing");
      return undefined;
    }
    const name = this.text(pair);
    const def = this.maps.get(name);
    if (def === undefined) this.noMap(name, pair.value.at);
    return def;
  }

  noMap(name: string, at: Span): void {
    const known = [...this.maps.keys()];
    const help =
      didYouMean(name, known) ?? (known.length === 0 ? "the scenario has no maps" : `there is ${known.join(", ")}`);
    this.wrong(at, `there is no map \`${clip(name)}\``, help);
  }

  /**
   * Bytes of a key or a value: a number, a list of 8-byte numbers, `{fill: N}` for every 8-byte word, or hexadecimal
   * digits behind `hex:`.
   */
  bytes(tree: Tree, size: number, what: string): Uint8Array {
    const none = new Uint8Array(size);
    if (tree.kind === "scalar" && typeof tree.value === "bigint") {
      const bits = BigInt(size) * 8n;
      if (size > 0 && tree.value < 1n << bits && tree.value >= -(1n << (bits - 1n))) {
        return keyBytes(BigInt.asUintN(64, tree.value), size).map((byte, at) =>
          at < 8 || (tree.value as bigint) >= 0n ? byte : 0xff,
        );
      }
      this.wrong(tree.at, `the number does not fit in the ${size} bytes of ${what}`);
      return none;
    }
    if (tree.kind === "list") return this.#words(tree, size, what);
    if (tree.kind === "map" && tree.pairs.length === 1 && tree.pairs[0].key === "fill") {
      const word = this.bytes(tree.pairs[0].value, Math.min(8, size), what);
      return none.map((_, at) => word[at % 8]);
    }
    const hex =
      tree.kind === "scalar" && typeof tree.value === "string" ? /^hex:([0-9a-f\s]*)$/i.exec(tree.value) : null;
    if (hex === null) {
      this.wrong(tree.at, `${what} is a number, a list of 8-byte numbers, \`{fill: N}\` or \`hex:…\``);
      return none;
    }
    const pairs = hex[1].replace(/\s/g, "").match(/../g) ?? [];
    if (pairs.length === size) return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
    this.wrong(tree.at, `${what} has ${size} bytes, not ${pairs.length}`);
    return none;
  }

  #words(tree: Extract<Tree, { kind: "list" }>, size: number, what: string): Uint8Array {
    const out = new Uint8Array(size);
    const count = Math.ceil(size / 8);
    if (tree.items.length !== count)
      this.wrong(tree.at, `${what} has ${count} words of 8 bytes, not ${tree.items.length}`);
    tree.items.slice(0, count).forEach((item, at) => {
      out.set(this.bytes(item, Math.min(8, size - at * 8), "a word"), at * 8);
    });
    return out;
  }

  /** What goes into a map: bytes, or the name of a map. */
  value(tree: Tree, def: MapDef): Value {
    if (def.type !== "array_of_maps" && def.type !== "hash_of_maps") {
      return { bytes: this.bytes(tree, def.valueSize, `a value of ${def.name}`) };
    }
    const name = tree.kind === "scalar" ? String(tree.value) : "";
    if (!this.maps.has(name)) this.noMap(name, tree.at);
    return { map: name };
  }

  expression(tree: Tree): Expression {
    const nothing: Expression = { kind: "number", value: 1n };
    if (tree.kind !== "scalar" || tree.value === null) {
      this.wrong(tree.at, 'a condition is written as text, for example "seen == 0"');
      return nothing;
    }
    // The quotes of the text are no part of it.
    const raw = this.source.text.slice(tree.at.start, tree.at.end);
    const quoted = /^["']/.test(raw) ? 1 : 0;
    const parsed = parseExpression(this.source, tree.at.start + quoted, tree.at.end - quoted);
    if (parsed.ok) return parsed.value;
    this.problems.push(parsed.error);
    return nothing;
  }
}

export function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
