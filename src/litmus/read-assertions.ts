// What a scenario says must hold.

import { didYouMean } from "../diag/suggest.ts";
import type { Reader } from "./reader.ts";
import type { Assertion } from "./scenario.ts";
import type { Pair, Tree } from "./tree.ts";

const kinds = [
  "never",
  "always",
  "final",
  "exists",
  "no_torn_read",
  "no_use_after_free",
  "no_stale_element",
  "no_data_race",
] as const;
const accesses = ["write", "read", "access"] as const;

/** `marks`: those that scripts pass; `threads`: their names. */
export function readAssertions(
  reader: Reader,
  tree: Tree,
  marks: ReadonlySet<string>,
  threads: readonly string[],
): readonly Assertion[] {
  return reader.items(tree, "`assert`").flatMap((item) => assertion(reader, item, marks, threads));
}

function assertion(
  reader: Reader,
  item: Tree,
  marks: ReadonlySet<string>,
  threads: readonly string[],
): readonly Assertion[] {
  if (item.kind !== "map" || item.pairs.length !== 1) {
    reader.wrong(item.at, `an assertion is one of ${kinds.join(", ")}, with what it is about`);
    return [];
  }
  const pair = item.pairs[0];
  const kind = kinds.find((each) => each === pair.key);
  if (kind === undefined) {
    reader.wrong(
      pair.keyAt,
      `there is no assertion \`${pair.key}\``,
      didYouMean(pair.key, kinds) ?? `there is ${kinds.join(", ")}`,
    );
    return [];
  }
  const raw = reader.source.text.slice(pair.value.at.start, pair.value.at.end);
  const base = { text: `${kind}: ${raw.replace(/^["']|["']$/g, "").trim()}`, at: pair.value.at };
  switch (kind) {
    case "never":
      if (pair.value.kind === "map") return access(reader, base, pair, marks, threads);
      return [{ ...base, kind, expression: reader.expression(pair.value) }];
    case "always":
    case "final":
      return [{ ...base, kind, expression: reader.expression(pair.value) }];
    case "exists":
      return [exists(reader, base, pair)];
    case "no_torn_read": {
      const short = pair.value.kind === "scalar";
      const fields = short ? undefined : reader.fields(pair.value, "`no_torn_read`", ["map"]);
      const def = reader.map(short ? pair : fields?.get("map"), pair.keyAt);
      if (def === undefined) return [];
      if (def.flags & 1)
        reader.wrong(pair.value.at, "elements that are made one by one (no_prealloc) are not watched for torn reads");
      return [{ ...base, kind: "noTornRead", map: def.name }];
    }
    case "no_use_after_free":
      return reader.flag(pair, true) ? [{ ...base, kind: "noUseAfterFree" }] : [];
    case "no_stale_element":
      return reader.flag(pair, true) ? [{ ...base, kind: "noStaleElement" }] : [];
    case "no_data_race":
      if (pair.value.kind !== "scalar" || pair.value.value !== "report") {
        return reader.flag(pair, true) ? [{ ...base, kind: "noDataRace", reports: false }] : [];
      }
      return [{ ...base, kind: "noDataRace", reports: true }];
  }
}

type Base = Pick<Assertion, "text" | "at">;

function exists(reader: Reader, base: Base, pair: Pair): Assertion {
  if (pair.value.kind !== "map") return { ...base, kind: "exists", expression: reader.expression(pair.value) };
  const fields = reader.fields(pair.value, "`exists`", ["that", "expect"]);
  const that = fields.get("that");
  if (that === undefined) reader.wrong(pair.keyAt, "`that`, the condition, is missing");
  const expect = fields.has("expect")
    ? { expect: reader.choice(fields.get("expect"), ["never", "sometimes", "always"], "never") }
    : {};
  const expression = that === undefined ? ({ kind: "number", value: 1n } as const) : reader.expression(that.value);
  const text = that === undefined ? base.text : `exists: ${reader.text(that)}`;
  return { ...base, text, kind: "exists", expression, ...expect };
}

function access(
  reader: Reader,
  base: Base,
  pair: Pair,
  marks: ReadonlySet<string>,
  threads: readonly string[],
): readonly Assertion[] {
  const fields = reader.fields(pair.value, "`never`", [...accesses, "key", "by", "after", "before"]);
  const kind = accesses.find((each) => fields.has(each));
  if (kind === undefined) {
    reader.wrong(pair.keyAt, "`never` says what access: `write`, `read` or `access` with the name of a map");
    return [];
  }
  const def = reader.map(fields.get(kind), pair.keyAt);
  if (def === undefined) return [];
  const mark = (name: "after" | "before") => {
    const field = fields.get(name);
    if (field === undefined) return {};
    const word = reader.text(field);
    if (!marks.has(word)) {
      const help =
        didYouMean(word, marks) ?? (marks.size === 0 ? "no script has a `mark`" : `there is ${[...marks].join(", ")}`);
      reader.wrong(field.value.at, `no script passes the mark \`${word}\``, help);
    }
    return { [name]: word };
  };
  const by = reader.text(fields.get("by"), "*");
  const field = fields.get("by");
  const pattern = new RegExp(
    `^${by
      .split("*")
      .map((part) => part.replace(/[^\w-]/g, "\\$&"))
      .join(".*")}$`,
  );
  if (field !== undefined && !threads.some((name) => pattern.test(name))) {
    reader.wrong(field.value.at, `no thread is called \`${by}\``, `threads are ${threads.join(", ")}`);
  }
  const key = fields.get("key");
  const bytes = key === undefined ? {} : { key: reader.bytes(key.value, def.keySize, "the key") };
  const text = describe(kind, def.name, key?.value, by, fields, reader);
  return [
    {
      ...base,
      text,
      kind: "access",
      access: kind === "access" ? "any" : kind,
      map: def.name,
      by,
      ...bytes,
      ...mark("after"),
      ...mark("before"),
    },
  ];
}

function describe(
  kind: string,
  map: string,
  key: Tree | undefined,
  by: string,
  fields: ReadonlyMap<string, Pair>,
  reader: Reader,
): string {
  const element = key?.kind === "scalar" ? `${map}[${key.value}]` : map;
  const when = ["after", "before"].flatMap((word) => {
    const field = fields.get(word);
    return field === undefined ? [] : [` ${word} ${reader.text(field)}`];
  });
  return `never: ${kind} ${element} by ${by}${when.join("")}`;
}
