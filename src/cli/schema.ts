// The JSON Schema of what `--json` prints, written here so that the tests hold the documents against it and
// scripts/write-docs.ts writes schema/bpflab.schema.json from it.
import { commandNames } from "./options.ts";

const text = { type: "string" } as const;
const count = { type: "integer", minimum: 0 } as const;
const flag = { type: "boolean" } as const;
const list = (items: unknown) => ({ type: "array", items });
const object = (required: readonly string[], properties: Readonly<Record<string, unknown>>) => ({
  type: "object",
  required,
  properties,
  additionalProperties: false,
});
const ref = (name: string) => ({ $ref: `#/$defs/${name}` });
const place = { file: text, line: count, col: count, endLine: count, endCol: count };

const ratio = { type: ["number", "null"], description: "to native code; null where one of them was not measured" };
const ratios = { jit: ratio, interp: ratio, kernel: ratio };
const nanoseconds = { type: ["number", "null"], description: "of one run of the native program" };

const definitions = {
  ratios: object(["jit", "interp", "kernel"], ratios),
  diagnostic: object(["code", "severity", "message", "rule", "spans", "facts", "fixes"], {
    code: { type: "string", pattern: "^[ELW]\\d{4}$" },
    severity: { enum: ["error", "warning", "note"] },
    message: text,
    rule: { enum: ["kernel", "lab"], description: "whether Linux has the rule, or this laboratory alone" },
    spans: list(object(["label", "primary"], { ...place, pc: count, label: text, primary: flag, event: text })),
    facts: list(object(["name", "text"], { name: text, text })),
    path: { ...list(count), description: "program counters of the branches on the failing path" },
    kernelMessage: { ...text, description: "what Linux prints for it, verbatim" },
    help: text,
    fixes: list(
      object(["message", "applicability", "verified", "edits"], {
        message: text,
        applicability: { enum: ["machine-applicable", "maybe-incorrect"] },
        verified: { ...flag, description: "the edited program was judged again and passed" },
        edits: list(object(["file", "line", "col", "endLine", "endCol", "text"], { ...place, text })),
      }),
    ),
  }),
  profile: object(["rcu", "type", "sleepable", "privileged", "kernel"], {
    rcu: { enum: ["explicit", "implicit"] },
    type: text,
    sleepable: flag,
    attachType: { ...count, description: "BPF_* of enum bpf_attach_type" },
    privileged: flag,
    strictAlignment: flag,
    kernel: text,
  }),
  bytes: object(["hex"], { hex: text, number: { ...text, pattern: "^\\d+$" } }),
  map: object(["name", "type", "maxEntries", "entries"], {
    name: text,
    type: text,
    maxEntries: count,
    entries: list(object(["value"], { key: ref("bytes"), value: ref("bytes"), cpus: list(ref("bytes")), map: text })),
    zeros: { ...count, description: "elements of an array that are zero and left out" },
  }),
  judged: object(["file", "verdict", "diagnostics"], {
    file: text,
    verdict: { enum: ["accepted", "rejected", "undecided", "unassembled", "unreadable"] },
    profile: ref("profile"),
    statistics: object(["instructions", "states", "peakStates", "pruned", "milliseconds"], {
      instructions: count,
      states: count,
      peakStates: count,
      pruned: count,
      milliseconds: { type: "number" },
    }),
    kernelMessage: text,
    diagnostics: list(ref("diagnostic")),
    log: text,
    error: text,
    kernel: object(["verdict", "message"], {
      verdict: { enum: ["accept", "reject", "unable", "unavailable"] },
      message: text,
      instructions: count,
      states: count,
      milliseconds: { type: "number" },
    }),
    agree: { ...flag, description: "compare: whether the two verdicts are the same" },
    sameMessage: { ...flag, description: "compare: whether the messages of two refusals are the same, numbers aside" },
  }),
  run: object(["outcome", "engine", "diagnostics", "instructions", "runs", "output", "maps"], {
    engine: { enum: ["interp", "jit"], description: "of the last run; compiled code counts no instructions: 0" },
    outcome: { enum: ["exit", "fault"] },
    r0: { ...text, pattern: "^\\d+$", description: "64 bits, in decimal digits" },
    diagnostics: list(ref("diagnostic")),
    instructions: count,
    runs: count,
    output: list(text),
    maps: list(ref("map")),
    cpus: {
      ...list(
        object(["cpu", "outcome", "engine", "instructions", "runs"], {
          cpu: count,
          outcome: { enum: ["exit", "fault"] },
          engine: { enum: ["interp", "jit"] },
          r0: { ...text, pattern: "^\\d+$" },
          instructions: count,
          runs: count,
        }),
      ),
      description:
        "with --cpus: each CPU's last run; the other members are the sum, and a CPU's that faulted or the first's",
    },
    stats: {
      description: "--stats",
      ...object(["nanoseconds"], {
        nanoseconds: {
          type: "number",
          description: "of a run: the mean of all but the first, or the first where it is the only one",
        },
        compile: object(["milliseconds", "bytes"], { milliseconds: { type: "number" }, bytes: count }),
      }),
    },
    trace: list(text),
  }),
  test: object(["file", "expected", "found", "ok"], { file: text, line: count, expected: text, found: text, ok: flag }),
  record: object(["id", "topic", "verdict", "kernel", "instructions", "states", "kernelInstructions", "milliseconds"], {
    id: text,
    topic: text,
    verdict: { enum: ["accept", "reject", "undecided", "unsupported", "crashed"] },
    kernel: { enum: ["accept", "reject"] },
    instructions: count,
    states: count,
    kernelInstructions: count,
    milliseconds: { type: "number" },
  }),
  log: object(["outcome", "known", "line", "around", "diagnostics"], {
    outcome: { enum: ["refused", "accepted", "open"], description: "open: the log ends too early" },
    known: { ...flag, description: "whether the message has a code; without one the code is that of what is unknown" },
    line: count,
    around: list(object(["pc", "text", "refused"], { pc: count, text, refused: flag })),
    diagnostics: list(ref("diagnostic")),
  }),
  change: object(["a", "b", "diff", "percent"], {
    a: count,
    b: count,
    diff: { type: "integer" },
    percent: { type: "number" },
  }),
  difference: object(["name", "verdictA", "verdictB", "verdictChanged", "instructions", "states"], {
    name: text,
    verdictA: text,
    verdictB: text,
    verdictChanged: flag,
    instructions: ref("change"),
    states: ref("change"),
  }),
  scenario: object(["file"], {
    file: text,
    name: text,
    diagnostics: list(ref("diagnostic")),
    variants: list(ref("variant")),
    threads: list(text),
    interleaving: list(ref("interleaved")),
  }),
  litmusTest: object(["file"], {
    file: text,
    name: text,
    diagnostics: list(ref("diagnostic")),
    memory: { enum: ["sc", "tso", "bpf"] },
    observation: ref("seen"),
    expected: ref("seen"),
    quantifier: { enum: ["exists", "not exists", "forall"] },
    condition: text,
    holds: { ...flag, description: "what the question asks is so" },
    positive: { ...count, description: "allowed executions in which the condition holds" },
    negative: count,
    candidates: { ...count, description: "executions looked at, those that the model forbids among them" },
    cut: { ...flag, description: "executions that go round a loop more than twice were left out" },
    states: list(
      object(["values", "executions", "satisfies"], {
        values: { type: "object", additionalProperties: text },
        executions: count,
        satisfies: flag,
      }),
    ),
  }),
  seen: { enum: ["Never", "Sometimes", "Always"] },
  variant: object(
    ["variant", "verdict", "statistics", "reductions", "vacuous", "unreached", "finals", "observations"],
    {
      variant: { ...text, description: "`default` for the scenario as it is" },
      verdict: { enum: ["holds", "violated", "unknown"] },
      expected: { enum: ["holds", "violated"] },
      bound: { ...text, description: "unknown: what ended the walk" },
      interleavings: { ...text, pattern: "^\\d+$", description: "where they were counted" },
      statistics: object(["states", "steps", "made", "deepest", "bytes", "milliseconds", "threads"], {
        states: count,
        steps: { ...count, description: "steps looked at" },
        made: { ...count, description: "steps that the machine made; the others were look-ups" },
        deepest: count,
        bytes: count,
        milliseconds: { type: "number" },
        threads: { ...count, description: "that took part in the walk" },
      }),
      reductions: list(text),
      vacuous: { ...list(text), description: "assertions that had nothing to judge" },
      unreached: {
        description: "instructions that no interleaving executed",
        ...list(object(["thread", "pcs"], { thread: text, pcs: list(count) })),
      },
      nearMiss: { ...text, description: "holds: the schedule in which threads waited longest" },
      finals: list(
        object(["states", "values"], { states: count, values: { type: "object", additionalProperties: text } }),
      ),
      observations: list(
        object(["text", "frequency", "positive", "negative"], {
          text,
          frequency: { enum: ["never", "sometimes", "always"] },
          positive: count,
          negative: count,
        }),
      ),
      races: {
        description:
          "with no_data_race: pairs of accesses that nothing orders; relaxed: each is one access of the same size",
        ...list(
          object(["kind", "place", "first", "second"], {
            kind: { enum: ["race", "relaxed"] },
            place: text,
            first: ref("raceSide"),
            second: ref("raceSide"),
          }),
        ),
      },
      failure: object(["assertion", "message", "preemptions", "schedule"], {
        assertion: text,
        message: text,
        preemptions: count,
        schedule: { ...text, description: "for `litmus --replay`" },
        threads: list(text),
        interleaving: list(ref("interleaved")),
      }),
    },
  ),
  raceSide: object(["thread", "access", "bytes", "plain", "text"], {
    thread: text,
    access: { enum: ["read", "write", "atomic"] },
    bytes: count,
    plain: { ...flag, description: "part of a copy of several words, or of an access made in pieces" },
    pc: { ...count, description: "of a program" },
    line: count,
    command: { ...count, description: "of a script, from 1" },
    text,
  }),
  interleaved: object(["step", "thread", "text", "quiet", "changes", "sections", "waiting"], {
    step: count,
    thread: count,
    text,
    quiet: { ...flag, description: "no other thread could notice it" },
    changes: list(text),
    sections: {
      description: "for each thread, whether it was in an RCU section before and after",
      ...list(list(flag)),
    },
    waiting: list(object(["thread", "readers"], { thread: count, readers: list(count) })),
    violation: text,
    race: { ...flag, description: "the first access of the data race that the violation is" },
  }),
  agreement: object(["agree", "total"], { agree: count, total: count }),
  report: object(["total", "passed", "failed"], {
    total: count,
    passed: count,
    failed: list(object(["name", "reason"], { name: text, reason: text })),
  }),
} as const;

const judged = definitions.judged.properties;

export const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "What bpflab prints with --json",
  type: "object",
  required: ["schemaVersion", "command"],
  additionalProperties: false,
  properties: {
    schemaVersion: { const: 1 },
    command: { enum: [...commandNames, null] },
    error: { ...text, description: "wrong usage: why nothing was done" },
    ok: flag,
    diagnostics: list(ref("diagnostic")),
    files: { description: "verify, compare, fmt", ...list({ anyOf: [ref("judged"), ref("formatted")] }) },
    ...judged,
    run: ref("run"),
    bytes: text,
    maps: list(text),
    kfuncs: list(text),
    style: text,
    text,
    total: count,
    passed: count,
    tests: list(ref("test")),
    silent: list(text),
    engines: { type: "object", additionalProperties: ref("report") },
    r0: text,
    accept: ref("agreement"),
    reject: ref("agreement"),
    messages: ref("agreement"),
    ...Object.fromEntries(
      ["falseAccepts", "falseRejects", "undecided", "unsupported", "crashed"].map((name) => [name, list(text)]),
    ),
    records: { description: "corpus --records", ...list(ref("record")) },
    rows: { description: "diff", ...list(ref("difference")) },
    changed: { ...count, description: "diff: how many verdicts changed" },
    onlyA: list(text),
    onlyB: list(text),
    logs: { description: "log", ...list(ref("log")) },
    scenarios: { description: "litmus", ...list(ref("scenario")) },
    litmus: { description: "litmus, for tests in herd7's syntax", ...list(ref("litmusTest")) },
    seconds: { type: "number" },
    topics: {
      type: "object",
      additionalProperties: object(["accept", "reject"], { accept: ref("agreement"), reject: ref("agreement") }),
    },
    geomean: { description: "bench: geometric means of the ratios to native code", ...ref("ratios") },
    programs: {
      description: "bench",
      ...list(object(["name", "native", "jit", "interp", "kernel"], { name: text, native: nanoseconds, ...ratios })),
    },
    checked: { ...flag, description: "jit: the code checks each access, for the verifier refused the program" },
    blocks: list(object(["start", "lines"], { start: count, lines: list(text), title: text })),
    edges: list(object(["from", "to", "kind"], { from: count, to: count, kind: { enum: ["next", "taken", "call"] } })),
    codes: list(object(["code", "title", "rule"], { code: text, title: text, rule: { enum: ["kernel", "lab"] } })),
    code: text,
    title: text,
    kernel: {},
    says: text,
    bad: text,
    good: text,
    unprivileged: flag,
    shell: text,
    script: text,
    page: text,
  },
  $defs: {
    ...definitions,
    formatted: object(["file", "state"], {
      file: text,
      state: { enum: ["unchanged", "changed", "invalid"] },
      diagnostics: list(ref("diagnostic")),
    }),
  },
} as const;

/** The schema as the file has it. */
export function schemaText(): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}
