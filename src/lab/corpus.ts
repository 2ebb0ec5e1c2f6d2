// Records of the kernel's verifier selftests (one JSON object a line: instructions, maps, the running kernel's verdict),
// judged here, and how far the two agree. Accepts and rejects are counted apart: "accept everything" would score well
// on the sum, and a false accept is unsound where a false reject only annoys.
import { programType } from "../host/programs.ts";
import { programFromBytes } from "../isa/foreign.ts";
import type { FunctionSymbol, GlobalArg, MapDef, MapType, Program, ValueField } from "../isa/program.ts";
import { mapType } from "../maps/layout.ts";
import type { Profile, Verdict } from "../verifier/verdict.ts";
import { verify } from "../verifier/verify.ts";

/** The fields that are read; the corpus has more. */
export interface CorpusRecord {
  readonly id: string;
  readonly topic: string;
  readonly prog_type_name: string;
  readonly expected_attach_type?: number;
  readonly prog_flags: number;
  readonly insns_hex?: string;
  readonly insns_file?: string;
  readonly map_relocs: readonly { readonly insn: number; readonly map: number }[];
  readonly maps: readonly CorpusMap[];
  readonly has_btf?: boolean;
  readonly needs_btf_func?: boolean;
  readonly func_info?: readonly CorpusFunction[];
  readonly kernel_verdict: "accept" | "reject";
  readonly kernel_msg?: string | null;
  /** The last lines of the kernel's log. */
  readonly kernel_log_tail?: readonly string[];
  readonly insn_processed?: number;
}

interface CorpusMap {
  readonly name?: string;
  readonly label?: string;
  readonly type: number;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly flags: number;
  readonly inner?: CorpusMap;
  readonly frozen?: boolean;
  readonly initial_value_hex?: string;
  readonly special_fields?: readonly { readonly off: number; readonly kind: string }[];
}

interface CorpusFunction {
  readonly name: string;
  readonly insn_off: number;
  readonly linkage: string;
  readonly args: readonly string[];
  readonly ret?: string;
}

/** BPF_F_* of a program load. */
const STRICT_ALIGNMENT = 1;
const SLEEPABLE = 16;

export interface CorpusCase {
  readonly program: Program;
  readonly profile: Partial<Profile>;
}

/** The program of a record; a text: why it cannot be judged here. `bytesOf` reads a file named beside the corpus. */
export function corpusCase(record: CorpusRecord, bytesOf: (file: string) => string): CorpusCase | string {
  if (programType(record.prog_type_name) === undefined) return `program type ${record.prog_type_name}`;
  const maps = new Map<number, MapDef>();
  for (const [at, map] of record.maps.entries()) {
    const def = mapOf(map, at);
    if (typeof def === "string") return def;
    maps.set(at, def);
  }
  const bytes = fromHex(record.insns_hex ?? bytesOf(record.insns_file ?? ""));
  const view = new DataView(bytes.buffer);
  for (const { insn, map } of record.map_relocs) view.setInt32(insn * 8 + 4, map, true);
  // A descriptor that is none, on purpose.
  const bad = record.map_relocs.filter(({ map }) => map < 0).map(({ insn }) => insn);
  const outcome = programFromBytes(bytes, { name: record.id, symbols: { maps }, badMaps: bad });
  if (!outcome.ok) return outcome.diagnostics[0]?.text ?? "not a program";
  const functions = functionsOf(outcome.value, record);
  return {
    program: { ...outcome.value, functions, type: record.prog_type_name },
    profile: {
      rcu: "implicit",
      sleepable: (record.prog_flags & SLEEPABLE) !== 0,
      attachType: record.expected_attach_type ?? 0,
      ...((record.prog_flags & STRICT_ALIGNMENT) !== 0 ? { strictAlignment: true } : {}),
    },
  };
}

const mapTypes = new Map<number, MapType>(
  Object.entries(mapType).map(([name, number]) => [number, name as MapType] as const),
);

function mapOf(map: CorpusMap, at: number): MapDef | string {
  const type = mapTypes.get(map.type);
  if (type === undefined) return `map type ${map.type}`;
  const inner = map.inner === undefined ? undefined : mapOf(map.inner, at);
  if (typeof inner === "string") return inner;
  const fields: ValueField[] = [];
  for (const { off, kind } of map.special_fields ?? []) {
    if (kind === "bpf_spin_lock") fields.push({ kind: "spin_lock", offset: off });
    else if (kind === "bpf_timer") fields.push({ kind: "timer", offset: off });
  }
  const initial = map.initial_value_hex;
  return {
    name: map.label ?? map.name ?? `map${at}`,
    type,
    keySize: map.key_size,
    valueSize: map.value_size,
    maxEntries: map.max_entries,
    flags: map.flags,
    ...(inner === undefined ? {} : { inner }),
    ...(fields.length === 0 ? {} : { fields }),
    ...(map.frozen === true ? { frozen: true } : {}),
    ...(initial === undefined
      ? {}
      : { entries: [{ key: new Uint8Array(map.key_size), value: { bytes: fromHex(initial) } }] }),
  };
}

function functionsOf(program: Program, record: CorpusRecord): readonly FunctionSymbol[] {
  const said = new Map((record.func_info ?? []).map((each) => [each.insn_off, each]));
  return program.functions.map((known) => {
    const info = said.get(known.pc);
    if (info === undefined) return known.pc === 0 ? known : { ...known, returns: "unsaid" };
    const returns = info.ret === "void" ? { returns: "nothing" as const } : {};
    if (info.linkage !== "global" || known.pc === 0) return { ...known, name: info.name, ...returns };
    const args = info.args.map((type) => argumentOf(type, record.prog_type_name));
    return { name: info.name, pc: known.pc, global: true, args, ...returns };
  });
}

/** The names that the context goes by in each program type; a tag says so as well (kernel: btf_is_prog_ctx_type). */
const contexts: Readonly<Record<string, RegExp>> = {
  xdp: /^(?:const )?struct xdp_md \*/,
  kprobe: /^(?:const )?(?:struct pt_regs|(?:struct )?(?:bpf_)?user_pt_regs_t) \*/,
  perf_event: /^(?:const )?struct bpf_perf_event_data \*/,
  raw_tracepoint: /^(?:const )?struct bpf_raw_tracepoint_args \*/,
  raw_tracepoint_writable: /^(?:const )?struct bpf_raw_tracepoint_args \*/,
};
const socketBuffer = /^(?:const )?struct __sk_buff \*/;

function argumentOf(type: string, programType: string): GlobalArg {
  if (!type.includes("*")) return "scalar";
  if (type.includes("[arg:ctx]") || (contexts[programType] ?? socketBuffer).test(type)) return "ctx";
  return { mem: Number(/pointee (\d+)/.exec(type)?.[1] ?? 0), nonnull: type.includes("[arg:nonnull]") };
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.trim();
  const bytes = new Uint8Array(digits.length >> 1);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16);
  return bytes;
}

export interface CorpusRow {
  readonly id: string;
  readonly topic: string;
  readonly kernel: "accept" | "reject";
  readonly ours: "accept" | "reject" | "undecided" | "unsupported" | "crashed";
  readonly kernelMessage: string;
  readonly ourMessage: string;
  readonly kernelInstructions: number;
  readonly instructions: number;
  readonly states: number;
  readonly milliseconds: number;
}

export function judgeRecord(
  record: CorpusRecord,
  bytesOf: (file: string) => string,
  check: (program: Program, profile: Partial<Profile>) => Verdict = verify,
): CorpusRow {
  const base = {
    id: record.id,
    topic: record.topic,
    kernel: record.kernel_verdict,
    kernelMessage: messageOf(record),
    kernelInstructions: record.insn_processed ?? 0,
  };
  const began = performance.now();
  const failed = (ours: CorpusRow["ours"], ourMessage: string): CorpusRow => ({
    ...base,
    ours,
    ourMessage,
    instructions: 0,
    states: 0,
    milliseconds: performance.now() - began,
  });
  try {
    const made = corpusCase(record, bytesOf);
    if (typeof made === "string") return failed("unsupported", made);
    const verdict = check(made.program, made.profile);
    const ours = { accepted: "accept", rejected: "reject", undecided: "undecided" } as const;
    return {
      ...base,
      ours: ours[verdict.verdict],
      ourMessage: ourMessage(verdict),
      instructions: verdict.statistics.instructions,
      states: verdict.statistics.states,
      milliseconds: verdict.statistics.milliseconds,
    };
  } catch (error) {
    return failed("crashed", error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

/** The line of Linux for it; where there is none, as when time was up, our own words. */
function ourMessage(verdict: Verdict): string {
  if (verdict.verdict === "accepted") return "";
  return verdict.kernelMessage === "" ? (verdict.diagnostics[0]?.text ?? "") : verdict.kernelMessage;
}

/** The line that says why. An endless loop is told before the two states that show it. */
function messageOf(record: CorpusRecord): string {
  const message = record.kernel_msg ?? "";
  const loop = record.kernel_log_tail?.find((line) => line.startsWith("infinite loop detected"));
  return message.startsWith("old state:") && loop !== undefined ? loop : message;
}

interface Agreement {
  agree: number;
  total: number;
}

export interface CorpusReport {
  readonly accept: Agreement;
  readonly reject: Agreement;
  /** Among rejects that agree: the kernel's message is ours, numbers aside. */
  readonly messages: Agreement;
  readonly falseAccepts: readonly string[];
  readonly falseRejects: readonly string[];
  readonly undecided: readonly string[];
  readonly unsupported: readonly string[];
  readonly crashed: readonly string[];
  readonly seconds: number;
  readonly topics: Readonly<Record<string, { readonly accept: Agreement; readonly reject: Agreement }>>;
}

export function corpusReport(rows: readonly CorpusRow[]): CorpusReport {
  const accept: Agreement = { agree: 0, total: 0 };
  const reject: Agreement = { agree: 0, total: 0 };
  const messages: Agreement = { agree: 0, total: 0 };
  const topics: Record<string, { accept: Agreement; reject: Agreement }> = {};
  for (const row of rows) {
    const topic = (topics[row.topic] ??= { accept: { agree: 0, total: 0 }, reject: { agree: 0, total: 0 } });
    // Linux has one answer for what it refuses and what it gave up on; here those are two.
    const gaveUp = row.ours === "undecided" && sameMessage(row.kernelMessage, row.ourMessage);
    const agree = row.ours === row.kernel || gaveUp ? 1 : 0;
    for (const count of [row.kernel === "accept" ? accept : reject, topic[row.kernel]]) {
      count.total++;
      count.agree += agree;
    }
    if (agree === 0 || row.kernel === "accept") continue;
    messages.total++;
    if (sameMessage(row.kernelMessage, row.ourMessage)) messages.agree++;
  }
  const ids = (wanted: (row: CorpusRow) => boolean): readonly string[] => rows.filter(wanted).map((row) => row.id);
  return {
    accept,
    reject,
    messages,
    falseAccepts: ids((row) => row.kernel === "reject" && row.ours === "accept"),
    falseRejects: ids((row) => row.kernel === "accept" && row.ours === "reject"),
    undecided: ids((row) => row.ours === "undecided" && !sameMessage(row.kernelMessage, row.ourMessage)),
    unsupported: ids((row) => row.ours === "unsupported"),
    crashed: ids((row) => row.ours === "crashed"),
    seconds: rows.reduce((sum, row) => sum + row.milliseconds, 0) / 1000,
    topics,
  };
}

/** Whether the line that Linux ended with is one of ours, whatever numbers and quoted names they hold. */
export function sameMessage(kernel: string, ours: string): boolean {
  const wanted = bare(kernel);
  return ours.split("\n").some((line) => bare(line) === wanted);
}

function bare(message: string): string {
  return message
    .replace(/'[^']*'|"[^"]*"/g, "'_'")
    .replace(/\bfd \d+/g, "fd _")
    .replace(/0x[0-9a-f]+|-?\d+/gi, "_")
    .trim();
}
