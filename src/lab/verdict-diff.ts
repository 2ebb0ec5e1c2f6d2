// Two saved sets of verdicts, side by side: what changed its verdict, and what takes more or less walking than before.
// The idea and the words of the filters are those of the kernel's veristat, so that what is known of it holds here.

/** One program's verdict as a document of `verify`, `compare` or `corpus --records` has it. */
export interface SavedVerdict {
  readonly name: string;
  readonly verdict: string;
  readonly instructions: number;
  readonly states: number;
}

export interface Change {
  readonly a: number;
  readonly b: number;
  readonly diff: number;
  /** Of `a`; 100 where `a` is 0 and `b` is not. */
  readonly percent: number;
}

export interface DiffRow {
  readonly name: string;
  readonly verdictA: string;
  readonly verdictB: string;
  readonly verdictChanged: boolean;
  readonly instructions: Change;
  readonly states: Change;
}

export interface VerdictDiff {
  /** Verdicts that changed first, then by how much the walked instructions changed. */
  readonly rows: readonly DiffRow[];
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
}

/** The verdicts in a document that `--json` printed; a text: why there are none. */
export function savedVerdicts(document: unknown): readonly SavedVerdict[] | string {
  const root = fieldsOf(document);
  if (root === undefined) return "it is no document of bpflab";
  if (Array.isArray(root.files)) return root.files.flatMap((row) => verdictOf(row, "file"));
  if (Array.isArray(root.records)) return root.records.flatMap((row) => verdictOf(row, "id"));
  if (root.command === "corpus") return "it has no records: save it with `bpflab corpus --json --records`";
  return "it holds no verdicts: save one with `bpflab verify --json` or `bpflab corpus --json --records`";
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function verdictOf(row: unknown, key: "file" | "id"): readonly SavedVerdict[] {
  const fields = fieldsOf(row);
  const name = fields?.[key];
  if (fields === undefined || typeof name !== "string" || typeof fields.verdict !== "string") return [];
  const counts = fieldsOf(fields.statistics) ?? fields;
  const count = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
  return [{ name, verdict: fields.verdict, instructions: count(counts.instructions), states: count(counts.states) }];
}

export function diffVerdicts(a: readonly SavedVerdict[], b: readonly SavedVerdict[]): VerdictDiff {
  const before = new Map(a.map((row) => [row.name, row]));
  const after = new Map(b.map((row) => [row.name, row]));
  const rows: DiffRow[] = [];
  for (const [name, old] of before) {
    const now = after.get(name);
    if (now === undefined) continue;
    rows.push({
      name,
      verdictA: old.verdict,
      verdictB: now.verdict,
      verdictChanged: old.verdict !== now.verdict,
      instructions: change(old.instructions, now.instructions),
      states: change(old.states, now.states),
    });
  }
  rows.sort(
    (x, y) =>
      Number(y.verdictChanged) - Number(x.verdictChanged) ||
      Math.abs(y.instructions.percent) - Math.abs(x.instructions.percent) ||
      Math.abs(y.states.percent) - Math.abs(x.states.percent) ||
      (x.name < y.name ? -1 : 1),
  );
  return {
    rows,
    onlyA: [...before.keys()].filter((name) => !after.has(name)),
    onlyB: [...after.keys()].filter((name) => !before.has(name)),
  };
}

function change(a: number, b: number): Change {
  const diff = b - a;
  return { a, b, diff, percent: diff === 0 ? 0 : a === 0 ? 100 : Math.round((diff / a) * 10_000) / 100 };
}

export type RowFilter = (row: DiffRow) => boolean;

const numeric = /^(\|?)(insns|states)(_a|_b|_diff|_pct)?\|?\s*(<=|>=|!=|==?|<|>)\s*([-+]?\d+(?:\.\d+)?)(%?)$/;
const verdictTest = /^verdict(_a|_b)\s*(!=|==?)\s*(\w+)$/;
const compare = {
  "<": (x: number, y: number) => x < y,
  ">": (x: number, y: number) => x > y,
  "<=": (x: number, y: number) => x <= y,
  ">=": (x: number, y: number) => x >= y,
  "=": (x: number, y: number) => x === y,
  "==": (x: number, y: number) => x === y,
  "!=": (x: number, y: number) => x !== y,
} as const;

/**
 * `insns_diff>100`, `insns_pct<=-5`, `|states_pct|>10`, `insns_b>1000`, `verdict_diff`, `verdict_a=accepted`; anything
 * else is a regular expression that the name must match. A text: why it cannot be read.
 */
export function rowFilter(text: string): RowFilter | string {
  if (text === "verdict_diff") return (row) => row.verdictChanged;
  const word = verdictTest.exec(text);
  if (word !== null) {
    const wanted = word[2] !== "!=";
    return (row) => ((word[1] === "_a" ? row.verdictA : row.verdictB) === word[3]) === wanted;
  }
  const found = numeric.exec(text);
  if (found !== null) {
    const [, bars, column, suffix = "_b", sign = "=", number = "0", unit] = found;
    const test = compare[sign as keyof typeof compare];
    return (row) => {
      const of = column === "insns" ? row.instructions : row.states;
      // `insns_diff>10%` means the percentage, as it does for veristat.
      const by =
        suffix === "_pct" || unit === "%" ? "percent" : suffix === "_diff" ? "diff" : suffix === "_a" ? "a" : "b";
      return test(bars === "" ? of[by] : Math.abs(of[by]), Number(number));
    };
  }
  if (/^\|?(?:insns|states|verdict)(?:_\w+)?\|?\s*[<>=!]/.test(text)) {
    return "the columns are insns and states, with _a, _b, _diff or _pct, and verdict_a, verdict_b, verdict_diff";
  }
  try {
    const pattern = new RegExp(text);
    return (row) => pattern.test(row.name);
  } catch {
    return "it is neither a test of a column nor a regular expression";
  }
}
