// A plan as a scenario of bpflab.
import {
  type Access,
  type Atom,
  type Block,
  type Claim,
  type Command,
  type MapPlan,
  OTHER,
  type Plan,
  type ProgramPlan,
} from "./plan.ts";

/** Bytes before the words of a value: a lock, or nothing. */
export function offsetOf(map: MapPlan): number {
  return map.lock ? 8 : 0;
}

export function scenarioText(plan: Plan, claims: readonly string[]): string {
  const lines = [
    "name: a random scenario",
    `profile: {kernel: "6.18", mim_update_waits: ${plan.outerWaits}}`,
    "maps:",
    ...plan.maps.map(mapLine),
    "programs:",
    ...plan.programs.flatMap((program) => [`  ${program.name}: |`, ...programLines(program, plan)]),
    ...[`  ${OTHER.name}: |`, "    .prog syscall", `    r0 = ${OTHER.result}`, "    exit"],
    "threads:",
    ...plan.programs.map(({ name, section, times }) => {
      const rcu = section === "implicit" ? "implicit" : "explicit";
      return `  ${name}: {run: ${name}, times: ${times}, rcu: ${rcu}}`;
    }),
    // A program that nothing runs is not loaded.
    `  ${OTHER.name}: {run: ${OTHER.name}, rcu: explicit}`,
    "  user:",
    ...plan.script.map((command) => `    - ${commandText(command, plan)}`),
    "assert:",
    ...claims.map((claim) => `  - ${claim}`),
  ];
  return `${lines.join("\n")}\n`;
}

export function claimText(claim: Claim, plan: Plan): string {
  if (claim.kind === "quiet") return `never: {write: ${claim.map}, by: cpu*, after: drain}`;
  const all = claim.values.map(([atom, value]) => `${atomText(atom, plan)} == ${value}`).join(" && ");
  return `final: "!(${all})"`;
}

/** The same for the observer: an `exists` about every atom, so that the final states have a column for each. */
export function observation(atoms: readonly Atom[], plan: Plan): string {
  return `exists: "${atoms.map((atom) => `${atomText(atom, plan)} == 0`).join(" || ")}"`;
}

export function atomText(atom: Atom, plan: Plan): string {
  const shift = (name: string): number => {
    const map = plan.maps.find((each) => each.name === name);
    return map?.lock === true ? 1 : 0;
  };
  const suffix = (word: number): string => (word === 0 ? "" : `.${word}`);
  switch (atom.kind) {
    case "result":
      return atom.program;
    case "word":
      return `${atom.map}[${atom.key}]${suffix(atom.word + shift(atom.map))}`;
    default: {
      const command = plan.script.find((each) => "as" in each && each.as === atom.name);
      const word = command?.kind === "lookup" ? atom.word + shift(command.map) : atom.word;
      return `${atom.name}${suffix(word)}`;
    }
  }
}

function mapLine(map: MapPlan): string {
  const bytes = offsetOf(map) + map.words * 8;
  const init = map.keys.map((key) => `${key}: ${map.inner[0] ?? "{fill: 0}"}`).join(", ");
  if (map.inner.length > 0) return `  ${map.name}: {type: ${map.kind}, entries: 4, init: {${init}}}`;
  if (map.kind === "ringbuf") return `  ${map.name}: {type: ringbuf, entries: 4096}`;
  if (map.kind === "prog_array") return `  ${map.name}: {type: prog_array, entries: 1}`;
  if (map.keys.length === 0) return `  ${map.name}: {type: ${map.kind}, value: 8, entries: 8}`;
  const lock = map.lock ? ", spin_lock: 0" : "";
  // Of arrays every element is there; of tables those that are put there.
  const entries = map.kind.endsWith("array") ? map.keys.length : 64;
  const there = map.kind.endsWith("array") ? "" : `, init: {${init}}`;
  return `  ${map.name}: {type: ${map.kind}, value: ${bytes}, entries: ${entries}${lock}${there}}`;
}

function programLines(program: ProgramPlan, plan: Plan): readonly string[] {
  const { section, blocks } = program;
  const lines = [".prog syscall", "r7 = 0", "r8 = r1"];
  if (section === "whole" || section === "first") lines.push("call bpf_rcu_read_lock");
  blocks.forEach((block, at) => {
    lines.push(...blockLines(block, plan, section === "first" && at === 0));
  });
  // A push looks nothing up: the section is closed behind it.
  lines.push("out:");
  if (section === "whole") lines.push("call bpf_rcu_read_unlock");
  if (program.tail !== undefined) lines.push("r1 = r8", `r2 = ${program.tail} ll`, "r3 = 0", "call bpf_tail_call");
  lines.push("r0 = r7", "exit");
  return lines.map((line) => `    ${line}`);
}

function blockLines(block: Block, plan: Plan, closes: boolean): readonly string[] {
  if (block.kind === "push") {
    const lines = [
      `*(u64 *)(r10 - 8) = ${block.value}`,
      `r1 = ${block.map} ll`,
      "r2 = r10",
      "r2 += -8",
      "r3 = 0",
      "call bpf_map_push_elem",
    ];
    return closes ? [...lines, "call bpf_rcu_read_unlock"] : lines;
  }
  if (block.kind === "ring") return closes ? [...ringLines(block), "call bpf_rcu_read_unlock"] : ringLines(block);
  const map = plan.maps.find(({ name }) => name === block.map);
  if (map === undefined) throw new Error(`no map ${block.map}`);
  const find = (key: number, from: string): string[] => [
    `*(u32 *)(r10 - 4) = ${key}`,
    `r1 = ${from}`,
    "r2 = r10",
    "r2 += -4",
    "call bpf_map_lookup_elem",
  ];
  const unlock = closes ? ["r6 = r0", "call bpf_rcu_read_unlock", "r0 = r6"] : [];
  const lines = [...find(block.key, `${map.name} ll`), ...unlock, "if r0 == 0 goto out"];
  if (map.inner.length > 0) lines.push(...find(block.innerKey, "r0"), "if r0 == 0 goto out");
  lines.push("r6 = r0");
  if (block.locked) lines.push("r1 = r6", "call bpf_spin_lock");
  for (const access of block.accesses) lines.push(...accessLines(access, offsetOf(map)));
  if (block.locked) lines.push("r1 = r6", "call bpf_spin_unlock");
  return lines;
}

function ringLines({ map, how }: Extract<Block, { kind: "ring" }>): readonly string[] {
  switch (how) {
    case "output": {
      const data = ["*(u64 *)(r10 - 8) = 1", `r1 = ${map} ll`, "r2 = r10", "r2 += -8", "r3 = 8", "r4 = 0"];
      return [...data, "call bpf_ringbuf_output"];
    }
    case "reserve": {
      const record = [`r1 = ${map} ll`, "r2 = 8", "r3 = 0", "call bpf_ringbuf_reserve", "if r0 == 0 goto out"];
      return [...record, "*(u64 *)(r0 + 0) = 1", "r1 = r0", "r2 = 0", "call bpf_ringbuf_submit"];
    }
    default:
      // 3: the position of the producers.
      return [`r1 = ${map} ll`, "r2 = 3", "call bpf_ringbuf_query", "r7 += r0"];
  }
}

function accessLines(access: Access, offset: number): readonly string[] {
  const at = (word: number): string => `*(u64 *)(r6 + ${offset + word * 8})`;
  switch (access.kind) {
    case "add":
      return [`r1 = ${access.by}`, `lock ${at(access.word)} += r1`];
    case "increase":
      return [`r1 = ${at(access.word)}`, `r1 += ${access.by}`, `${at(access.word)} = r1`];
    case "set":
      return [`r1 = ${access.to}`, `${at(access.word)} = r1`];
    case "read":
      return [`r1 = ${at(access.word)}`, `r1 *= ${access.by}`, "r7 += r1"];
    default:
      return [`r1 = ${at(access.from)}`, `${at(access.to)} = r1`];
  }
}

function commandText(command: Command, plan: Plan): string {
  switch (command.kind) {
    case "update": {
      const map = plan.maps.find(({ name }) => name === command.map);
      const words = map?.lock === true ? [0, ...command.values] : command.values;
      const flags = command.locked ? ", flags: lock" : "";
      return `update: {map: ${command.map}, key: ${command.key}, value: [${words.join(", ")}]${flags}}`;
    }
    case "exchange":
      return `update: {map: ${command.map}, key: ${command.key}, value: ${command.inner}}`;
    case "delete":
      return `delete: {map: ${command.map}, key: ${command.key}, as: ${command.as}}`;
    case "lookup": {
      const flags = command.locked ? ", flags: lock" : "";
      return `lookup: {map: ${command.map}, key: ${command.key}${flags}, as: ${command.as}}`;
    }
    case "push":
      return `update: {map: ${command.map}, value: ${command.value}}`;
    case "pop":
      return `lookup_and_delete: {map: ${command.map}, as: ${command.as}}`;
    case "install":
      // Programs are numbered from 1 in the order of their threads; the other one is the last.
      return `update: {map: ${command.map}, key: 0, value: ${plan.programs.length + 1}}`;
    case "remove":
      return `delete: {map: ${command.map}, key: 0, as: ${command.as}}`;
    case "wait":
      return command.how === "global" || command.how.endsWith("expedited") ? `membarrier: ${command.how}` : command.how;
    default:
      return "mark: drain";
  }
}
