// The drafts of the form, built by hand as the verifier would build them, and the hard cases of foreign text.
import { describe, expect, it } from "vitest";
import type { Diagnostic, Note } from "../../src/diag/diagnostic.ts";
import { toJson } from "../../src/diag/json.ts";
import { applyEdits } from "../../src/diag/patch.ts";
import { render } from "../../src/diag/render.ts";
import type { Source, Span } from "../../src/diag/source.ts";

/** The n-th line that contains `part`, or `part` itself in it. */
function at(source: Source, line: number, part: string): Span {
  const start = source.text.split("\n", line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const from = source.text.indexOf(part, start);
  return { source, start: from, end: from + part.length };
}

const stale: Source = {
  name: "e1.bpf",
  text: `.map counters, type=array, key=4, value=8, max=1
.rcu explicit
    call bpf_rcu_read_lock
    r1 = counters ll
    r2 = r10
    r2 += -4
    call bpf_map_lookup_elem
    if r0 == 0 goto out
    r6 = r0
    call bpf_rcu_read_unlock
    r0 = *(u64 *)(r6 + 0)
out:
    exit
`,
};

const note = (line: number, part: string, text: string): Note => ({ at: at(stale, line, part), text });
const notes = [
  note(3, "call bpf_rcu_read_lock", "RCU section A opens"),
  note(7, "call bpf_map_lookup_elem", "r0 = value of `counters` (8 bytes) or null, good inside A"),
  note(8, "if r0 == 0 goto out", "not taken: r0 is not null"),
  note(9, "r6 = r0", "copied to r6"),
  note(10, "call bpf_rcu_read_unlock", "A closes: r6 is no longer protected"),
];

const useAfterUnlock: Diagnostic = {
  code: "L0601",
  severity: "error",
  at: at(stale, 11, "*(u64 *)(r6 + 0)"),
  text: "`counters` value used after its RCU section ended",
  label: "reads 8 bytes through r6, which lost protection on line 10",
  notes,
  path: [0, 5, 8],
  facts: [
    {
      name: "profile",
      text: "explicit RCU.  Linux 6.18 ACCEPTS this program: a map value is not an RCU pointer to it.",
    },
  ],
  kernelMessage: "none",
  fixes: [
    {
      text: "read before unlocking, keep the number",
      applicability: "machine-applicable",
      verified: true,
      edits: [
        { at: at(stale, 10, "call bpf_rcu_read_unlock"), text: "r7 = *(u64 *)(r6 + 0)" },
        { at: at(stale, 11, "r0 = *(u64 *)(r6 + 0)"), text: "call bpf_rcu_read_unlock\n    r0 = r7" },
      ],
    },
  ],
};

describe("a diagnostic with its source", () => {
  it("reads as the draft does", () => {
    expect(render(useAfterUnlock)).toMatchInlineSnapshot(`
      "error[L0601]: \`counters\` value used after its RCU section ended
        --> e1.bpf:11:10
         |
       3 |     call bpf_rcu_read_lock
         |     ---------------------- RCU section A opens
         ⋮
       7 |     call bpf_map_lookup_elem
         |     ------------------------ r0 = value of \`counters\` (8 bytes) or null, good inside A
       8 |     if r0 == 0 goto out
         |     ------------------- not taken: r0 is not null
       9 |     r6 = r0
         |     ------- copied to r6
      10 |     call bpf_rcu_read_unlock
         |     ------------------------ A closes: r6 is no longer protected
      11 |     r0 = *(u64 *)(r6 + 0)
         |          ^^^^^^^^^^^^^^^^ reads 8 bytes through r6, which lost protection on line 10
         |
         = path: 0 → 5 → 8
         = kernel: none
         = profile: explicit RCU.  Linux 6.18 ACCEPTS this program: a map value is not an RCU pointer to
                    it.
      help: read before unlocking, keep the number (verified: the edited program passes)
         |
      10 ~     r7 = *(u64 *)(r6 + 0)
      11 ~     call bpf_rcu_read_unlock
      12 +     r0 = r7
      "
    `);
  });

  it("keeps to ASCII when asked", () => {
    const text = render(useAfterUnlock, { unicode: false });
    expect([...text].filter((point) => point > "~")).toEqual([]);
  });

  it("has the same letters in colour", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
    const bare = render(useAfterUnlock, { color: true }).replace(/\u001b\[[\d;]*m/g, "");
    expect(bare).toBe(render(useAfterUnlock));
  });

  it("leaves out the middle of a long story, and tells so", () => {
    const long = { ...useAfterUnlock, notes: [...notes, ...notes, ...notes], fixes: [] };
    const text = render(long);
    expect(text).toContain("... 9 more (--full-path)");
    expect(render(long, { fullPath: true })).not.toContain("--full-path");
  });

  it("is never wider than asked", () => {
    const wordy = { ...useAfterUnlock, text: `${"word ".repeat(60)}`, label: "label ".repeat(40) };
    for (const width of [60, 80, 100]) {
      const lines = render(wordy, { width }).split("\n");
      expect(lines.filter((line) => line.length > width)).toEqual([]);
    }
  });

  it("is data too", () => {
    const json = toJson(useAfterUnlock);
    expect(json.rule).toBe("lab");
    expect(json.spans[0]).toEqual({
      file: "e1.bpf",
      line: 11,
      col: 10,
      endLine: 11,
      endCol: 26,
      label: useAfterUnlock.label,
      primary: true,
    });
  });

  it("applies its own edits", () => {
    const fix = useAfterUnlock.fixes?.[0];
    expect(applyEdits(stale, fix?.edits ?? [])).toContain(
      "    r7 = *(u64 *)(r6 + 0)\n    call bpf_rcu_read_unlock\n    r0 = r7\nout:",
    );
  });
});

describe("a diagnostic without source", () => {
  const listing = ["r0 = 0", "r1 = *(u64 *)(r0 + 0)", "exit"];
  it("lists instructions by their number", () => {
    const diagnostic: Diagnostic = {
      code: "E0306",
      severity: "error",
      pc: 1,
      text: "`r0` is a number here, not a pointer",
      label: "read through r0",
      notes: [{ pc: 0, text: "set to a number" }],
      path: [0, 1],
      kernelMessage: "R0 invalid mem access 'scalar'",
    };
    const instruction = (pc: number) => (listing[pc] === undefined ? undefined : { text: listing[pc] });
    expect(render(diagnostic, { instruction, name: "a.bin" })).toMatchInlineSnapshot(`
      "error[E0306]: \`r0\` is a number here, not a pointer
        --> a.bin, instruction 1
         |
       0 |     r0 = 0
         |     ------ set to a number
       1 |     r1 = *(u64 *)(r0 + 0)
         |     ^^^^^^^^^^^^^^^^^^^^^ read through r0
         |
         = path: 0 → 1
         = kernel: R0 invalid mem access 'scalar'
      "
    `);
  });

  it("stands alone when there is no place at all", () => {
    const text = render({ code: "E0101", severity: "error", text: "no instructions", notes: [], help: "write one" });
    expect(text).toBe("error[E0101]: no instructions\nhelp: write one\n");
  });
});

describe("foreign text", () => {
  const mark = (text: string, part: string): string => {
    const source = { name: "x.bpf", text };
    return render({ code: "E0101", severity: "error", at: at(source, 1, part), text: "bad", label: "here", notes: [] });
  };

  it("keeps carets under the word after a tab and wide characters", () => {
    expect(mark("\t日本 r0 = 1", "r0")).toMatchInlineSnapshot(`
      "error[E0101]: bad
        --> x.bpf:1:5
         |
       1 |     日本 r0 = 1
         |          ^^ here
      "
    `);
  });

  it("cuts a line of ten megabytes around the place, quickly", () => {
    const long = `${"a".repeat(5_000_000)} here ${"b".repeat(5_000_000)}`;
    const begin = performance.now();
    const lines = mark(long, "here").split("\n");
    expect(performance.now() - begin).toBeLessThan(500);
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    const row = lines.findIndex((line) => line.includes("^^^^"));
    expect(lines[row - 1]?.indexOf("here")).toBe(lines[row]?.indexOf("^^^^"));
  });

  it("shows control characters as marks, never as commands to the terminal", () => {
    const text = mark("\u001b[2J\u202er0", "r0");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is about them
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});
