// The two parties of the map comparison, the kernel and the laboratory, behind one interface:
// each carries out the same operations, described as data, and answers in comparable words.
import type { MapDef } from "../../src/isa/program.ts";
import { createMap } from "../../src/kernel/judge.ts";
import { errnoName, type Kernel, type MapAnswer } from "../../src/kernel/syscall.ts";

/** Maps and programs are named by the order of their creation; a name that was never given is a bad descriptor. */
export type Content =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "map"; readonly name: number }
  | { readonly kind: "program"; readonly name: number };

export type Operation =
  | {
      readonly op: "update";
      readonly map: number;
      readonly key: Uint8Array;
      readonly value: Content;
      readonly flags: number;
    }
  | {
      readonly op: "lookup" | "lookupAndDelete";
      readonly map: number;
      readonly key: Uint8Array;
      readonly flags: number;
    }
  | { readonly op: "delete"; readonly map: number; readonly key: Uint8Array }
  /** Without a key: the first. */
  | { readonly op: "nextKey"; readonly map: number; readonly key?: Uint8Array };

export interface Answer {
  /** "ok", "ENOENT", … */
  readonly result: string;
  /** Bytes in hexadecimal, "map 3", "program 1". */
  readonly value?: string;
}

/** A value that BTF cannot describe (a field past its end) does not get as far as the map's own checks. */
export const refusedByBtf = "no BTF";

export interface Side {
  /** On success the map has the name `name`. */
  create(name: number, def: MapDef): string;
  /** A loaded program of that type, which does nothing. */
  program(name: number, type: string): void;
  run(operation: Operation): Answer;
  /** Gives up everything that was made since the last reset. */
  reset(): void;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

interface KernelMap {
  readonly fd: number;
  readonly holds: "bytes" | "map" | "program";
}

export class KernelSide implements Side {
  private readonly kernel: Kernel;
  private readonly maps = new Map<number, KernelMap>();
  private readonly programs = new Map<number, number>();
  /** Names by the ids that lookups in maps of maps and of programs answer with. */
  private readonly ids = new Map<string, string>();
  private readonly open: number[] = [];

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  create(name: number, def: MapDef): string {
    const made = createMap(this.kernel, def, this.open);
    if (made.fd === undefined) return made.log === undefined ? errnoName(made.errno) : refusedByBtf;
    const holds = def.type === "prog_array" ? "program" : def.type.endsWith("_of_maps") ? "map" : "bytes";
    this.maps.set(name, { fd: made.fd, holds });
    return "ok";
  }

  program(name: number, type: string): void {
    // r0 = 0; exit
    const insns = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
    const { fd, errno } = this.kernel.loadProgram({ type, insns });
    if (fd === undefined) throw new Error(`a ${type} program that does nothing: ${errnoName(errno)}`);
    this.open.push(fd);
    this.programs.set(name, fd);
  }

  run(operation: Operation): Answer {
    const map = this.maps.get(operation.map);
    if (map === undefined) throw new RangeError(`no map ${operation.map}`);
    const answer = this.call(map.fd, operation);
    const result = errnoName(answer.errno);
    if (answer.value === undefined) return { result };
    const text = hex(answer.value);
    const isContent = operation.op === "lookup" || operation.op === "lookupAndDelete";
    return { result, value: isContent && map.holds !== "bytes" ? this.nameOf(map.holds, text) : text };
  }

  reset(): void {
    for (const fd of this.open.splice(0)) this.kernel.close(fd);
    this.maps.clear();
    this.programs.clear();
    this.ids.clear();
  }

  private call(fd: number, operation: Operation): MapAnswer {
    const { kernel } = this;
    switch (operation.op) {
      case "update":
        return kernel.update(fd, operation.key, this.bytesOf(operation.value), operation.flags);
      case "lookup":
        return kernel.lookup(fd, operation.key, operation.flags);
      case "lookupAndDelete":
        return kernel.lookupAndDelete(fd, operation.key, operation.flags);
      case "delete":
        return kernel.delete(fd, operation.key);
      case "nextKey":
        return kernel.nextKey(fd, operation.key);
    }
  }

  private bytesOf(content: Content): Uint8Array {
    if (content.kind === "bytes") return content.bytes;
    const fd = content.kind === "map" ? this.maps.get(content.name)?.fd : this.programs.get(content.name);
    return new Uint8Array(Int32Array.of(fd ?? -1).buffer);
  }

  /** Learns the id of each object that could be meant by putting it into a map of its own and looking. */
  private nameOf(holds: "map" | "program", id: string): string {
    const known = this.ids.get(id);
    if (known !== undefined) return known;
    const objects = holds === "map" ? [...this.maps].map(([name, { fd }]) => [name, fd] as const) : [...this.programs];
    const key = new Uint8Array(4);
    for (const [name, fd] of objects) {
      const type = holds === "map" ? "array_of_maps" : "prog_array";
      const probe = this.kernel.createMap({
        type,
        keySize: 4,
        valueSize: 4,
        maxEntries: 1,
        innerFd: holds === "map" ? fd : 0,
      });
      if (probe.fd === undefined) continue;
      this.kernel.update(probe.fd, key, new Uint8Array(Int32Array.of(fd).buffer));
      const found = this.kernel.lookup(probe.fd, key).value;
      if (found !== undefined) this.ids.set(hex(found), `${holds} ${name}`);
      this.kernel.close(probe.fd);
    }
    return this.ids.get(id) ?? `${holds} of id ${id}`;
  }
}
