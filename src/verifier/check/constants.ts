// Read-only maps that user space can write no more are constants: a load from one at a known place is a known number
// (kernel: bpf_map_is_rdonly, bpf_map_direct_read).
import { Scalar } from "../domain/scalar.ts";
import { scalarValue, type Value } from "../state/value.ts";
import type { Access } from "./reach.ts";

const READ_ONLY = 0x80;

/** The number that the load gives; null where it is not known. The access has been checked. */
export function constantAt(base: Value, access: Access, signed: boolean): Value | null {
  const { map } = base;
  if (map === null || map.frozen !== true || (map.flags & READ_ONLY) === 0) return null;
  if (map.type !== "array" || map.maxEntries !== 1 || !base.scalar.isConst) return null;
  const value = map.entries?.[0]?.value;
  if (value !== undefined && !("bytes" in value)) return null;
  const from = base.off + access.off + Number(base.scalar.smin);
  let number = 0n;
  for (let at = access.size - 1; at >= 0; at--) number = (number << 8n) | BigInt(value?.bytes[from + at] ?? 0);
  const known = signed ? BigInt.asIntN(access.size * 8, number) : number;
  return scalarValue(Scalar.constant(BigInt.asUintN(64, known)));
}
