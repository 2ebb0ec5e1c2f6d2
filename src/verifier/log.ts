// The walk as Linux logs it at level 2: instruction text is not repeated here, only register states in the kernel's
// notation, so that tools which read its logs read ours (kernel: print_verifier_state).

import { helperName } from "../host/names.ts";
import { print } from "../isa/print.ts";
import type { Program } from "../isa/program.ts";
import { boundsText } from "./domain/text.ts";
import { byteKind, INVALID, MISC, SPILL } from "./state/stack.ts";
import type { Frame, State } from "./state/state.ts";
import { kindText, type Value } from "./state/value.ts";

export function valueText(value: Value): string {
  if (value.kind === "scalar") {
    if (value.scalar.isConst) return String(value.scalar.signedValue ?? value.scalar.smin);
    const parts = [...boundsText(value.scalar)];
    const above = value.size === 0 ? "" : `${value.off < 0 ? "" : "+"}${value.off}`;
    if (value.id !== 0) parts.unshift(`id=${value.id}${above}`);
    return `scalar(${parts.join(",")})`;
  }
  if (value.kind === "stack" && value.scalar.isConst) return `fp${value.off}`;
  const parts: string[] = [];
  if (value.id !== 0) parts.push(`id=${value.id}`);
  if (value.off !== 0) parts.push(`off=${value.off}`);
  if (value.kind.startsWith("packet") && value.kind !== "packetEnd") parts.push(`r=${value.size}`);
  if (value.map !== null) {
    parts.push(`map=${value.map.name}`, `ks=${value.map.keySize}`, `vs=${value.map.valueSize}`);
  }
  if (value.kind === "mem") parts.push(`sz=${value.size}`);
  if (value.reference !== 0) parts.push(`ref_obj_id=${value.reference}`);
  if (!value.scalar.isConst) parts.push(...boundsText(value.scalar));
  const stale = value.protection === "stale" ? "stale_" : "";
  return `${stale}${kindText(value)}(${parts.join(",")})`;
}

export function frameText(frame: Frame): string {
  const parts: string[] = [];
  for (let reg = 0; reg < 11; reg++) {
    const value = frame.regs[reg];
    if (value !== undefined && value.kind !== "uninit") {
      parts.push(`R${reg}=${reg === 10 ? `fp${value.off}` : valueText(value)}`);
    }
  }
  for (let at = 0; at < frame.stack.count; at++) {
    const slot = frame.stack.slot(at);
    let bytes = "";
    for (let byte = 7; byte >= 0; byte--) {
      const kind = byteKind(slot, byte);
      bytes += kind === INVALID ? "?" : kind === MISC ? "m" : kind === SPILL ? "r" : "0";
    }
    if (slot.object !== null)
      parts.push(`fp${-8 * (at + 1)}=iter_num(ref_id=${slot.object.reference},state=${slot.object.state})`);
    else if (slot.value !== null && slot.spilled === 8) parts.push(`fp${-8 * (at + 1)}=${valueText(slot.value)}`);
    else if (bytes !== "????????") parts.push(`fp${-8 * (at + 1)}=${bytes}`);
  }
  return parts.join(" ");
}

/** One line of the log: the instruction about to be walked, with the state before it at level 2. */
export function logLine(program: Program, state: State, level: 1 | 2): string {
  const insn = program.insns[state.pc];
  if (insn == null) return "";
  const text = print(insn, {
    style: "kernel",
    pc: state.pc,
    names: {
      helper: helperName,
      map: (index) => program.maps[index]?.name,
      kfunc: (index) => program.kfuncs[index],
    },
  });
  const head = `${state.pc}: ${text}`;
  if (level === 1) return head;
  const frame = state.frames.length > 1 ? `frame${state.frames.length - 1}: ` : "";
  return `${head} ; ${frame}${frameText(state.frame)}`;
}
