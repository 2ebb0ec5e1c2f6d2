// Mistakes made mechanically in the text of a source file: at every place where one of a few patterns stands outside
// comments, strings and types. Nothing is chosen by hand; a seed says which of the thousands are tried.
import { readFileSync } from "node:fs";

export type Kind = "compare" | "bound" | "mark" | "skip";

export interface Mutation {
  readonly kind: Kind;
  readonly file: string;
  readonly line: number;
  /** The line, without the mistake. */
  readonly source: string;
  readonly from: string;
  /** Which of those on the line, the first being 0. */
  readonly nth: number;
  readonly to: string;
  /** The whole file with the mistake in it. */
  readonly text: string;
}

interface Pattern {
  readonly kind: Kind;
  readonly find: RegExp;
  readonly replace: (found: string) => string;
  /** What comes behind, up to the bracket that is open, is one operand of the replacement. */
  readonly whole?: true;
}

const swapped = (pairs: readonly (readonly [string, string])[]): ((found: string) => string) => {
  const table = new Map(pairs.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]));
  return (found) => table.get(found) ?? found;
};

const patterns: readonly Pattern[] = [
  {
    kind: "compare",
    find: / (?:<=|>=|<|>|===|!==) /g,
    replace: swapped([
      [" < ", " <= "],
      [" > ", " >= "],
      [" === ", " !== "],
    ]),
  },
  { kind: "compare", find: / (?:&&|\|\|) /g, replace: swapped([[" && ", " || "]]) },
  {
    kind: "bound",
    find: /\b(?:[usUS](?:32)?(?:min|max)(?:Hi|Lo)?|lowMin|lowMax)\b/g,
    replace: (found) =>
      /min/i.test(found)
        ? found.replace(/min/, "max").replace(/Min/, "Max")
        : found.replace(/max/, "min").replace(/Max/, "Min"),
  },
  {
    kind: "bound",
    find: /\b(?:[a-zA-Z]*[aA]tLeast|[a-zA-Z]*[aA]tMost)\b(?=\()/g,
    replace: (found) => (found.endsWith("Least") ? found.replace(/Least$/, "Most") : found.replace(/Most$/, "Least")),
  },
  { kind: "bound", find: / [+-] 1(?![\w.])/g, replace: swapped([[" + 1", " - 1"]]) },
  // Not between types.
  {
    kind: "bound",
    find: / (?:&|\|) (?=[~\w(])(?!(?:null|undefined|string|number|boolean|readonly)\b|[A-Z][a-z])/g,
    replace: swapped([[" & ", " | "]]),
  },
  // A whole statement that is a call, or a marking assignment, left out.
  { kind: "mark", find: /^ +(?:[\w.]+\([^\n]*\)|[\w.?]+ (?:\|=|&=|\+=) [^\n]*);$/gm, replace: () => "" },
  {
    kind: "skip",
    find: /\bif \((?=[^\n]*(?:\) return|\) continue|\) \{$))/gm,
    replace: () => "if (false && (",
    whole: true,
  },
  { kind: "skip", find: /\breturn (?:true|false);/g, replace: swapped([["return true;", "return false;"]]) },
];

/**
 * The places of a text that say nothing to the machine: comments, strings, imports, messages, types; and what only the
 * types ask for, a look whether an element of an array is there, or what is thrown at callers who err.
 */
function silent(text: string): (at: number) => boolean {
  const spans: (readonly [number, number])[] = [];
  const hidden =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|^import [\s\S]*?;$|^(?:export )?(?:interface|type) [\s\S]*?^}|^ *(?:if \([^\n]*\) )?throw new [^\n]*$|^[^\n]*=== undefined(?: \|\| \w+ === undefined)?\)[^\n]*$|^( *)(?:text|label|help|facts):[^\n]*(?:\n\1 +[^\n]*)*$|^ *kernel:[^\n]*$|^ *declare [^\n]*$|: -?\d+(?: \| -?\d+)+|(?<![.\w])(?:\w+ === undefined \|\| )+/gm;
  for (const match of text.matchAll(hidden)) spans.push([match.index, match.index + match[0].length]);
  return (at) => spans.some(([from, to]) => at >= from && at < to);
}

/** Where the bracket is closed that is open at a place of the text. */
function closing(text: string, from: number): number {
  let at = from;
  for (let open = 1; open > 0; at++) open += text[at] === "(" ? 1 : text[at] === ")" ? -1 : 0;
  return at - 1;
}

/** Every mutation of a file. */
export function mutationsOf(root: string, file: string): readonly Mutation[] {
  const text = readFileSync(`${root}/${file}`, "utf8");
  const isSilent = silent(text);
  return patterns.flatMap(({ kind, find, replace, whole }) =>
    [...text.matchAll(find)].flatMap((match): Mutation[] => {
      const [from] = match;
      const at = match.index;
      const to = replace(from);
      const start = at + from.length - from.trimStart().length;
      if (to === from || isSilent(start)) return [];
      const end = at + from.length;
      const rest = whole ? closing(text, end) : end;
      const line = text.slice(0, start).split("\n").length;
      const begins = text.lastIndexOf("\n", start - 1) + 1;
      return [
        {
          kind,
          file,
          line,
          source: (text.split("\n")[line - 1] ?? "").trim(),
          from: from.trim(),
          nth: [...text.slice(begins, start).matchAll(find)].filter(([other]) => other === from).length,
          to: to.trim(),
          text: `${text.slice(0, at)}${to}${text.slice(end, rest)}${whole ? ")" : ""}${text.slice(rest)}`,
        },
      ];
    }),
  );
}
