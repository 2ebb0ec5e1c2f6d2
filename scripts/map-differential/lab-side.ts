// The laboratory's maps as one party of the comparison: bpf(2) as src/maps/userspace.ts gives it.
import type { MapDef } from "../../src/isa/program.ts";
import { errnoName } from "../../src/kernel/syscall.ts";
import { Maps } from "../../src/maps/maps.ts";
import { Userspace } from "../../src/maps/userspace.ts";
import { Memory } from "../../src/memory/memory.ts";
import { RcuDomain } from "../../src/rcu/domain.ts";
import { type Answer, type Content, hex, type Operation, type Side } from "./side.ts";

/** A memory is used for this many maps' lives, so that freed blocks are seen handed out again. */
const livesOfAMemory = 200;
const firstProgram = 0x1000;

interface LabMap {
  readonly id: number;
  readonly holds: "bytes" | "map" | "program";
}

export class LabSide implements Side {
  private readonly cpus: number;
  private readonly maps = new Map<number, LabMap>();
  private readonly programs = new Set<number>();
  private user: Userspace;
  private lives = 0;

  constructor(cpus: number) {
    this.cpus = cpus;
    this.user = this.start();
  }

  create(name: number, def: MapDef): string {
    const id = this.user.create(def);
    if (id < 0) return errnoName(-id);
    const holds = def.type === "prog_array" ? "program" : def.type.endsWith("_of_maps") ? "map" : "bytes";
    this.maps.set(name, { id, holds });
    return "ok";
  }

  program(name: number): void {
    this.programs.add(name);
  }

  run(operation: Operation): Answer {
    const map = this.maps.get(operation.map);
    if (map === undefined) throw new RangeError(`no map ${operation.map}`);
    const answer = this.call(map.id, operation);
    this.user.maps.rcu.advance();
    const result = errnoName(-answer.errno);
    if (answer.errno !== 0 || answer.value === undefined) return { result };
    const isContent = operation.op === "lookup" || operation.op === "lookupAndDelete";
    return {
      result,
      value: isContent && map.holds !== "bytes" ? this.nameOf(map.holds, answer.value) : hex(answer.value),
    };
  }

  reset(): void {
    for (const { id } of this.maps.values()) this.user.maps.close(id);
    this.user.maps.rcu.advance();
    this.maps.clear();
    this.programs.clear();
    if (++this.lives % livesOfAMemory === 0) this.user = this.start();
  }

  private start(): Userspace {
    const memory = new Memory();
    const rcu = new RcuDomain(memory, this.cpus + 1);
    const isProgram = (handle: number): boolean => this.programs.has(handle - firstProgram);
    return new Userspace(new Maps(memory, rcu, { cpus: this.cpus, isProgram }), 0, this.cpus);
  }

  private call(id: number, operation: Operation): { readonly errno: number; readonly value?: Uint8Array } {
    const { user } = this;
    switch (operation.op) {
      case "update":
        return { errno: user.update(id, operation.key, this.bytesOf(operation.value), operation.flags) };
      case "lookup":
        return user.lookup(id, operation.key, operation.flags);
      case "lookupAndDelete":
        return user.lookupAndDelete(id, operation.key, operation.flags);
      case "delete":
        return { errno: user.delete(id, operation.key) };
      case "nextKey": {
        const { errno, key } = user.nextKey(id, operation.key ?? null);
        return { errno, value: key };
      }
    }
  }

  private bytesOf(content: Content): Uint8Array {
    if (content.kind === "bytes") return content.bytes;
    const program = this.programs.has(content.name) ? firstProgram + content.name : -1;
    const handle = content.kind === "map" ? (this.maps.get(content.name)?.id ?? -1) : program;
    return new Uint8Array(Int32Array.of(handle).buffer);
  }

  private nameOf(holds: "map" | "program", bytes: Uint8Array): string {
    const handle = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
    if (holds === "program") return `program ${handle - firstProgram}`;
    for (const [name, { id }] of this.maps) if (id === handle) return `map ${name}`;
    return `map of id ${handle}`;
  }
}
