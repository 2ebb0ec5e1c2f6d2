// What holds of an LRU map whatever it evicts: sizes, values, and that the key written last is there.
// Each side is held to these rules by itself, since the two evict different keys.
import type { MapDef } from "../../src/isa/program.ts";
import { flag } from "./shapes.ts";
import { type Answer, hex, type Operation, type Side } from "./side.ts";

export class LruRules {
  /** Written and not deleted since: there, unless evicted. */
  private readonly written = new Map<string, string>();
  private readonly most: number;
  private readonly def: MapDef;

  constructor(def: MapDef, cpus: number) {
    this.def = def;
    // With lists for each CPU the kernel rounds the size up to a multiple of their number.
    this.most = (def.flags & flag.noCommonLru) !== 0 ? Math.ceil(def.maxEntries / cpus) * cpus : def.maxEntries;
  }

  /** What the answer breaks. */
  check(operation: Operation, answer: Answer, side: Side): readonly string[] {
    if (operation.key === undefined) return [];
    const key = hex(operation.key);
    const value = this.written.get(key);
    const denied = this.denied(operation);
    if (denied !== undefined) {
      // Which of two mistakes is named first is compared where nothing is evicted.
      const flagged = "flags" in operation && operation.flags !== 0 && answer.result === "EINVAL";
      return answer.result === denied || flagged ? [] : [`${answer.result} instead of ${denied}`];
    }
    switch (operation.op) {
      case "update": {
        if (operation.value.kind !== "bytes") return [];
        if (operation.flags > 2)
          return answer.result === "EINVAL" ? [] : [`flags ${operation.flags}: ${answer.result}`];
        if (answer.result !== "ok") {
          if (operation.flags === 1 && answer.result === "EEXIST" && value !== undefined) return [];
          if (operation.flags === 2 && answer.result === "ENOENT") return this.gone(key);
          return [`flags ${operation.flags}, ${value === undefined ? "absent" : "written"}: ${answer.result}`];
        }
        this.written.set(key, hex(this.stored(operation.value.bytes)));
        if ((this.def.flags & flag.writeOnly) !== 0) return [];
        const again = side.run({ op: "lookup", map: operation.map, key: operation.key, flags: 0 });
        return again.value === this.written.get(key) ? [] : [`the key just written: ${again.result}`];
      }
      case "lookup":
      case "lookupAndDelete": {
        if (operation.flags !== 0)
          return answer.result === "EINVAL" ? [] : [`flags ${operation.flags}: ${answer.result}`];
        if (operation.op === "lookupAndDelete") this.written.delete(key);
        if (answer.result === "ENOENT") return this.gone(key);
        if (answer.result !== "ok") return [answer.result];
        return value === answer.value ? [] : ["another value than was written"];
      }
      case "delete":
        this.written.delete(key);
        if (answer.result === "ok") return value === undefined ? ["deleted what was not there"] : [];
        return answer.result === "ENOENT" ? [] : [answer.result];
      case "nextKey":
        return answer.result === "ok" || answer.result === "ENOENT" ? [] : [answer.result];
    }
  }

  checkWalk(pairs: readonly (readonly [string, string])[]): readonly string[] {
    if ((this.def.flags & flag.writeOnly) !== 0) return [];
    const broken = pairs
      .filter(([key, value]) => this.written.get(key) !== value)
      .map(() => "a key or value never written");
    return pairs.length > this.most ? [...broken, `${pairs.length} keys of at most ${this.most}`] : broken;
  }

  private gone(key: string): readonly string[] {
    this.written.delete(key);
    return [];
  }

  /** Maps closed to userspace's reading or writing answer EPERM. */
  private denied(operation: Operation): string | undefined {
    const writes = operation.op === "update" || operation.op === "delete" || operation.op === "lookupAndDelete";
    const reads = operation.op !== "update" && operation.op !== "delete";
    if (writes && (this.def.flags & flag.readOnly) !== 0) return "EPERM";
    return reads && (this.def.flags & flag.writeOnly) !== 0 ? "EPERM" : undefined;
  }

  /** What a lookup gives back: a timer is not shown; the padding of each CPU's value may be anything and is kept. */
  private stored(bytes: Uint8Array): Uint8Array {
    const shown = bytes.slice();
    for (const { kind, offset } of this.def.fields ?? []) shown.fill(0, offset, offset + (kind === "timer" ? 16 : 4));
    return shown;
  }
}
