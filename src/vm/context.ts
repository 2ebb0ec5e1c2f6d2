// What a run is given: the bytes behind r1. A program type with fields has them filled in from the packet.
import type { ProgramType } from "../host/programs.ts";

export interface RunInput {
  readonly ctx?: Uint8Array;
  readonly packet?: Uint8Array;
  /** Instead of a context: r1 points to a writable copy, r2 is its length. */
  readonly memory?: Uint8Array;
  readonly cpu?: number;
}

/** Context bytes where neither the caller nor the program type says how many. */
const PLAIN_CONTEXT = 256;
const LONGEST_CONTEXT = 4096;

/** The context of a run whose packet, if there is one, begins at the address `at`. */
export function contextBytes(
  type: ProgramType | undefined,
  input: RunInput,
  packet: Uint8Array | undefined,
  at: number,
): Uint8Array {
  const size = Math.min(type?.contextSize ?? PLAIN_CONTEXT, LONGEST_CONTEXT);
  const bytes = new Uint8Array(Math.max(input.ctx?.length ?? 0, type?.fields === undefined && input.ctx ? 0 : size));
  if (input.ctx !== undefined) bytes.set(input.ctx);
  const view = new DataView(bytes.buffer);
  for (const field of type?.fields ?? []) {
    if (field.kind === "packetEnd") view.setUint32(field.offset, at + (packet?.length ?? 0), true);
    else if (field.kind !== "scalar") view.setUint32(field.offset, at, true);
    else if (field.name === "len" && input.ctx === undefined) view.setUint32(field.offset, packet?.length ?? 0, true);
  }
  return bytes;
}

/** The fields of a program type's context that load as pointers, by offset: 2 the packet's end, 1 its start. */
export function contextPointers(type: ProgramType | undefined): ReadonlyMap<number, number> {
  const pointers = new Map<number, number>();
  for (const field of type?.fields ?? []) {
    if (field.kind.startsWith("packet")) pointers.set(field.offset, field.kind === "packetEnd" ? 2 : 1);
  }
  return pointers;
}
