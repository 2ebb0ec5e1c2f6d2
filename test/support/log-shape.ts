// What is compared of two logs in the kernel's format: the visits of instructions with the states behind them, and the
// other lines. Left out are addresses, and what the kernel says to its own developers.

const noise =
  /^(?:mark_precise:|\(\d+(?:,\d+)*\) |SCC |frame \d+: propagating|Live regs|verification time|stack depth|processed |\d+:$)/;
const live = /^ *\d* *\d+: [.0-9]{10} \(/;

/** One visit of an instruction: where from, its words, and the state behind it. */
export interface Visit {
  readonly insn: string;
  readonly state: string;
}

export interface LogShape {
  readonly visits: readonly Visit[];
  /** The other lines: from, safe, caller, callee, messages. */
  readonly others: readonly string[];
}

export function shapeOf(log: string): LogShape {
  const visits: { insn: string; state: string }[] = [];
  const others: string[] = [];
  let open: (typeof visits)[number] | undefined;
  // Who may not see addresses is shown zeros.
  const plain = log.replace(/(\(18\) r\d+ = )0x(?:ffff[0-9a-f]{12}|0)\b/g, "$1ADDRESS");
  for (const line of plain.split("\n")) {
    if (line.trim() === "" || noise.test(line) || live.test(line)) continue;
    const insn = /^(\d+: \([0-9a-f]{2}\) .*?)(?: *; ?(.*))?$/.exec(line);
    if (insn !== null) {
      open = { insn: (insn[1] ?? "").replace(/#\d+$/, "#"), state: insn[2] ?? "" };
      visits.push(open);
      continue;
    }
    const state = /^\d+: ((?:frame\d+: )?R\d.*)$/.exec(line);
    // A state on a line of its own belongs to the instruction before it, unless that path ended.
    if (state !== null && open !== undefined && open.state === "") open.state = state[1] ?? "";
    else others.push(line.trim());
    if (state === null) open = undefined;
  }
  return { visits, others };
}

/** Identities in the order of their first appearance, so that only what they join counts. */
export function renamed(shape: LogShape): LogShape {
  const names = new Map<string, string>();
  const rename = (text: string): string =>
    text.replace(/((?:ref_obj_|dynptr_|ref_)?id=|refs=)([\d,]+)/g, (_, word: string, ids: string) => {
      const list = ids.replace(/\d+/g, (id) => {
        const known = names.get(id) ?? String(names.size + 1);
        names.set(id, known);
        return known;
      });
      return word + list;
    });
  return {
    visits: shape.visits.map(({ insn, state }) => ({ insn, state: rename(state) })),
    others: shape.others.map(rename),
  };
}
