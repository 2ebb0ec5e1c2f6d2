// bpf(2) for Node: maps, program loads and test runs, nothing that attaches or pins.
// Operations answer with an errno rather than an exception, since the errno is what is compared.
import { closeSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { MapType } from "../isa/program.ts";
import { Attr, attrSize, stable } from "./attr.ts";
import { type Ffi, openFfi, type Unavailable } from "./ffi.ts";
import { command, errnoName, mapTypeNumber, programType } from "./names.ts";
import { withoutPrivilege } from "./privilege.ts";
import { functionId } from "./vmlinux.ts";

export type { Unavailable } from "./ffi.ts";
export { errnoName } from "./names.ts";

export type Descriptor =
  | { readonly errno: 0; readonly fd: number }
  | { readonly errno: number; readonly fd?: undefined };

export interface MapSpec {
  readonly type: MapType | number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags?: number;
  readonly innerFd?: number;
  readonly btf?: { readonly fd: number; readonly keyType: number; readonly valueType: number };
}

export interface MapAnswer {
  /** 0: it worked. */
  readonly errno: number;
  /** What lookup found, or the next key. Of a per-CPU map: every possible CPU's value, each padded to 8 bytes. */
  readonly value?: Uint8Array;
}

export interface LoadSpec {
  readonly type: string | number;
  readonly insns: Uint8Array;
  /** "GPL" if absent. */
  readonly license?: string;
  /** 1: the failing path, 2: every step, 4: statistics; they add up. */
  readonly logLevel?: number;
  /** BPF_F_*; those that the type cannot do without are added. */
  readonly flags?: number;
  readonly expectedAttachType?: number;
  readonly attachBtfId?: number;
  readonly btf?: { readonly fd: number; readonly funcInfo: Buffer; readonly count: number };
  readonly fdArray?: readonly number[];
  /** Loads without CAP_PERFMON and CAP_SYS_ADMIN, so that the verifier distrusts the program. */
  readonly unprivileged?: boolean;
}

export type LoadAnswer = Descriptor & { readonly log: string };

export interface TestRunSpec {
  readonly data?: Uint8Array;
  readonly ctx?: Uint8Array;
  /** 0, the kernel's default, runs once; raw_tracepoint and syscall programs accept nothing else. */
  readonly repeat?: number;
}

export interface TestRunAnswer {
  readonly errno: number;
  readonly retval: number;
  readonly dataOut: Uint8Array;
  /** A syscall program's context as the run left it. */
  readonly ctxOut: Uint8Array;
  /** The mean of one run. */
  readonly durationNs: number;
}

export interface Kernel {
  /** Possible CPUs: as many values as a per-CPU map's lookup returns. */
  readonly cpus: number;
  createMap(spec: MapSpec): Descriptor;
  /** No key: for the maps that have none (queue, stack). Keys and values must have the map's sizes. */
  lookup(fd: number, key: Uint8Array | undefined, flags?: number): MapAnswer;
  update(fd: number, key: Uint8Array | undefined, value: Uint8Array, flags?: number): MapAnswer;
  delete(fd: number, key: Uint8Array | undefined): MapAnswer;
  /** The key after `key`; the first one if there is no `key`, or a hash has lost it. */
  nextKey(fd: number, key: Uint8Array | undefined): MapAnswer;
  lookupAndDelete(fd: number, key: Uint8Array | undefined, flags?: number): MapAnswer;
  loadBtf(bytes: Buffer): Descriptor & { readonly log: string };
  loadProgram(spec: LoadSpec): LoadAnswer;
  testRun(fd: number, spec: TestRunSpec): TestRunAnswer;
  close(fd: number): void;
  /** The BTF id of a kernel function; undefined when this kernel has none of the name. */
  kfuncBtfId(name: string): number | undefined;
}

/** Opens nothing that stays open: it only finds out whether bpf(2) answers. */
export async function openKernel(): Promise<Kernel | Unavailable> {
  const ffi = await openFfi();
  if ("unavailable" in ffi) return ffi;
  const kernel = new SystemCalls(ffi);
  const probe = kernel.createMap({ type: "array", keySize: 4, valueSize: 4, maxEntries: 1 });
  if (probe.fd === undefined) return { unavailable: refusal(probe.errno) };
  kernel.close(probe.fd);
  return kernel;
}

function refusal(errno: number): string {
  const name = errnoName(errno);
  if (name === "EPERM") return "bpf(2) is not permitted here: it needs root, or CAP_BPF.";
  if (name === "ENOSYS") return "This kernel was built without bpf(2).";
  return `bpf(2) does not work here: creating an array map failed with ${name}.`;
}

function possibleCpus(): number {
  try {
    const ranges = readFileSync("/sys/devices/system/cpu/possible", "utf8").trim().split(",");
    return ranges.reduce((sum, range) => {
      const [first = 0, last = first] = range.split("-").map(Number);
      return sum + last - first + 1;
    }, 0);
  } catch {
    return availableParallelism();
  }
}

/** What bpf(2) will read and write through the pointers of a map operation. */
interface Sizes {
  readonly key: number;
  readonly value: number;
}

const perCpu: ReadonlySet<number> = new Set([
  mapTypeNumber.percpu_array,
  mapTypeNumber.percpu_hash,
  mapTypeNumber.lru_percpu_hash,
]);
/** Maps of descriptors: 4 bytes of descriptor go in and 4 bytes of id come out, whatever valueSize says. */
const ofDescriptors: ReadonlySet<number> = new Set([
  mapTypeNumber.array_of_maps,
  mapTypeNumber.hash_of_maps,
  mapTypeNumber.prog_array,
]);

/** Enough for any refusal that names one instruction; longer logs are asked for again at the size the kernel tells. */
const firstLogSize = 1 << 16;
const greatestLogSize = 1 << 28;
const logTrueSize = { program: 140, btf: 28 } as const;

class SystemCalls implements Kernel {
  readonly cpus = possibleCpus();
  private readonly ffi: Ffi;
  private readonly sizes = new Map<number, Sizes>();

  constructor(ffi: Ffi) {
    this.ffi = ffi;
  }

  createMap(spec: MapSpec): Descriptor {
    const type = typeof spec.type === "number" ? spec.type : mapTypeNumber[spec.type];
    const attr = new Attr(this.ffi, attrSize.mapCreate).u32(0, type).u32(4, spec.keySize).u32(8, spec.valueSize);
    attr
      .u32(12, spec.maxEntries)
      .u32(16, spec.flags ?? 0)
      .u32(20, spec.innerFd ?? 0);
    if (spec.btf !== undefined) attr.u32(48, spec.btf.fd).u32(52, spec.btf.keyType).u32(56, spec.btf.valueType);
    const answer = descriptor(attr.call(command.mapCreate));
    if (answer.fd !== undefined) {
      const one = ofDescriptors.has(type) ? 4 : spec.valueSize;
      this.sizes.set(answer.fd, {
        key: spec.keySize,
        value: perCpu.has(type) ? ((one + 7) & ~7) * this.cpus : one,
      });
    }
    return answer;
  }

  lookup(fd: number, key: Uint8Array | undefined, flags = 0): MapAnswer {
    return this.read(command.mapLookup, fd, key, this.sizesOf(fd).value, flags);
  }
  lookupAndDelete(fd: number, key: Uint8Array | undefined, flags = 0): MapAnswer {
    return this.read(command.mapLookupAndDelete, fd, key, this.sizesOf(fd).value, flags);
  }
  nextKey(fd: number, key: Uint8Array | undefined): MapAnswer {
    return this.read(command.mapNextKey, fd, key, this.sizesOf(fd).key, 0);
  }
  update(fd: number, key: Uint8Array | undefined, value: Uint8Array, flags = 0): MapAnswer {
    exact("value", value, this.sizesOf(fd).value);
    const attr = this.element(fd, key, flags).pointer(16, stable(value));
    return { errno: errnoOf(attr.call(command.mapUpdate)) };
  }
  delete(fd: number, key: Uint8Array | undefined): MapAnswer {
    return { errno: errnoOf(this.element(fd, key, 0).call(command.mapDelete)) };
  }

  loadBtf(bytes: Buffer): Descriptor & { readonly log: string } {
    return this.withLog(1, (log) => {
      const attr = new Attr(this.ffi, attrSize.btfLoad).pointer(0, bytes).u32(16, bytes.length);
      attr.pointer(8, log).u32(20, log.length).u32(24, 1);
      const result = attr.call(command.btfLoad);
      return { result, needed: attr.readU32(logTrueSize.btf) };
    });
  }

  loadProgram(spec: LoadSpec): LoadAnswer {
    const level = spec.logLevel ?? 0;
    const row = typeof spec.type === "number" ? { number: spec.type } : programType[spec.type];
    if (row === undefined) throw new RangeError(`bpf(2) knows no program type called ${spec.type}`);
    const insns = stable(spec.insns);
    const license = Buffer.from(`${spec.license ?? "GPL"}\0`);
    const fdArray = spec.fdArray && Buffer.from(Int32Array.from(spec.fdArray).buffer);
    const attachBtfId = spec.attachBtfId ?? (row.attachTo === undefined ? 0 : (functionId(row.attachTo) ?? 0));
    const flags = (spec.flags ?? 0) | (row.alwaysSleepable ? 16 : 0);
    return this.withLog(level, (log) => {
      const attr = new Attr(this.ffi, attrSize.progLoad).u32(0, row.number).u32(4, insns.length / 8);
      attr.pointer(8, insns).pointer(16, license).u32(24, level).u32(28, log.length).pointer(32, log);
      attr
        .u32(44, flags)
        .u32(68, spec.expectedAttachType ?? row.attachType ?? 0)
        .u32(108, attachBtfId);
      attr.pointer(120, fdArray);
      if (spec.btf !== undefined) {
        attr.u32(72, spec.btf.fd).u32(76, 8).pointer(80, spec.btf.funcInfo).u32(88, spec.btf.count);
      }
      const load = (): number => attr.call(command.progLoad);
      const result = spec.unprivileged ? withoutPrivilege(this.ffi, load) : load();
      return { result, needed: attr.readU32(logTrueSize.program) };
    });
  }

  testRun(fd: number, spec: TestRunSpec): TestRunAnswer {
    const data = spec.data && stable(spec.data);
    const ctx = spec.ctx && stable(spec.ctx);
    // Programs may grow the packet; types that take no data refuse a place for it as well.
    const out = data && Buffer.alloc(data.length + 4096);
    const attr = new Attr(this.ffi, attrSize.testRun).u32(0, fd).u32(32, spec.repeat ?? 0);
    attr
      .pointer(16, data)
      .u32(8, data?.length ?? 0)
      .pointer(24, out)
      .u32(12, out?.length ?? 0);
    attr.pointer(48, ctx).u32(40, ctx?.length ?? 0);
    const errno = errnoOf(attr.call(command.testRun));
    return {
      errno,
      retval: attr.readU32(4),
      dataOut: Uint8Array.from(out?.subarray(0, errno === 0 ? attr.readU32(12) : 0) ?? []),
      ctxOut: Uint8Array.from(ctx ?? []),
      durationNs: attr.readU32(36),
    };
  }

  close(fd: number): void {
    this.sizes.delete(fd);
    closeSync(fd);
  }

  kfuncBtfId(name: string): number | undefined {
    return functionId(name);
  }

  private sizesOf(fd: number): Sizes {
    const sizes = this.sizes.get(fd);
    // Without them the kernel would write past the end of a Buffer.
    if (sizes === undefined) throw new RangeError(`descriptor ${fd} is no map that was created here`);
    return sizes;
  }
  private element(fd: number, key: Uint8Array | undefined, flags: number): Attr {
    const attr = new Attr(this.ffi, attrSize.mapElem).u32(0, fd).u64(24, BigInt(flags));
    if (key === undefined) return attr;
    exact("key", key, this.sizesOf(fd).key);
    return attr.pointer(8, stable(key));
  }
  private read(cmd: number, fd: number, key: Uint8Array | undefined, size: number, flags: number): MapAnswer {
    const value = Buffer.alloc(size);
    const errno = errnoOf(this.element(fd, key, flags).pointer(16, value).call(cmd));
    return errno === 0 ? { errno, value: new Uint8Array(value) } : { errno };
  }

  /** A valid load fails with ENOSPC when its log does not fit: then it is done again with the size that it needed. */
  private withLog(
    level: number,
    load: (log: Buffer) => { readonly result: number; readonly needed: number },
  ): LoadAnswer {
    let log = Buffer.alloc(level === 0 ? 0 : firstLogSize);
    let { result, needed } = load(log);
    if (level !== 0 && errnoName(errnoOf(result)) === "ENOSPC" && needed > log.length && needed <= greatestLogSize) {
      log = Buffer.alloc(needed);
      ({ result, needed } = load(log));
    }
    const end = log.indexOf(0);
    return { ...descriptor(result), log: log.toString("latin1", 0, end < 0 ? log.length : end) };
  }
}

function errnoOf(result: number): number {
  return result < 0 ? -result : 0;
}

function descriptor(result: number): Descriptor {
  return result < 0 ? { errno: -result } : { errno: 0, fd: result };
}

function exact(what: string, bytes: Uint8Array, size: number): void {
  if (bytes.length !== size) throw new RangeError(`a ${what} of ${bytes.length} bytes for a map that takes ${size}`);
}
