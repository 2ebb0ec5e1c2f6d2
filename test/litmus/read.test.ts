// Whatever the text is, reading it gives a scenario or says what is wrong and where.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readScenario } from "../../src/lab/litmus.ts";
import { examples, folder } from "./support.ts";

const good = `
maps:
  counts: {type: array, entries: 2}
threads:
  cpu0:
    run: |
      .prog syscall
      r0 = 0
      exit
  user:
    - update: {map: counts, key: 1, value: 7}
    - mark: done
    - lookup: {map: counts, key: 1, as: seen}
assert:
  - never: {write: counts, by: cpu*, after: done}
  - final: seen == 7
variants:
  other: {drop: mark}
expect: {default: holds}
`;

/** The texts under the carets and what is said of them. */
function wrong(text: string): readonly string[] {
  const outcome = readScenario({ name: "test.yaml", text });
  if (outcome.ok) return [];
  return outcome.diagnostics.map(({ at, code, text: said, help }) => {
    const place = at === undefined ? "nowhere" : at.source.text.slice(at.start, at.end);
    return `${code} ${place}: ${said}${help === undefined ? "" : ` (${help})`}`;
  });
}

describe("a scenario", () => {
  it("that is right is read", () => {
    expect(wrong(good)).toEqual([]);
  });

  it.each([
    ["an unknown word", "threads:", "treads:", "E0116 treads: a scenario has no `treads` (did you mean `threads`?)"],
    [
      "an unknown command",
      "- mark: done",
      "- mrak: done",
      "E0116 mrak: there is no command `mrak` (did you mean `mark`?)",
    ],
    [
      "an unknown map",
      "{map: counts, key: 1, value: 7}",
      "{map: count, key: 1, value: 7}",
      "E0116 count: there is no map `count` (did you mean `counts`?)",
    ],
    [
      "an unknown mark",
      "after: done",
      "after: gone",
      "E0116 gone: no script passes the mark `gone` (did you mean `done`?)",
    ],
    ["an unknown thread", "by: cpu*", "by: gpu*", "E0116 gpu*: no thread is called `gpu*` (threads are cpu0, user)"],
    ["an unknown variable", "seen == 7", "sean == 7", "E0116 sean: there is no variable `sean` (did you mean `seen`?)"],
    ["half a condition", "seen == 7", "seen ==", "E0117"],
    [
      "a wrong verdict",
      "default: holds",
      "default: hold",
      "E0116 hold: `default` is one of holds, violated (did you mean `holds`?)",
    ],
    [
      "an unknown variant",
      "expect: {default",
      "expect: {defalt",
      "E0116 defalt: there is no variant `defalt` (did you mean `default`?)",
    ],
    [
      "a number too large",
      "value: 7",
      "value: 0x1ffffffffffffffff",
      "E0116 0x1ffffffffffffffff: the number does not fit in the 8 bytes of a value of counts",
    ],
    ["a word of no program", "r0 = 0", "r0 == 0", "E0101"],
    ["a map type that is not", "type: array", "type: aray", "E0116 aray: `type` is one of"],
    ["a variant of nothing", "drop: mark", "drop: wait", "E0116 wait: no script has a `wait`"],
    ["no YAML", "maps:", "maps: [", "E0116"],
    ["the same key twice", "assert:", "maps: {}\nassert:", "E0116"],
  ])("with %s is refused where it is wrong", (_, from, to, said) => {
    const found = wrong(good.replace(from, to));
    expect(found.some((each) => each.startsWith(said))).toBe(true);
  });

  it("of which the end is missing never throws", () => {
    const thrown: unknown[] = [];
    for (const name of examples) {
      const text = readFileSync(join(folder, name), "utf8");
      for (let length = 0; length < text.length; length += 97) {
        try {
          readScenario({ name, text: text.slice(0, length) });
        } catch (error) {
          thrown.push({ name, length, error: String(error) });
        }
      }
    }
    expect(thrown).toEqual([]);
  });
});
