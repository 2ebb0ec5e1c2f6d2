// A writer of the little BTF that bpf(2) demands: the special fields of a map value, and the
// prototypes of functions (Documentation/bpf/btf.rst). Reading BTF is src/btf's work.
import type { GlobalArg, ValueField } from "../isa/program.ts";

const kind = { int: 1, ptr: 2, array: 3, struct: 4, func: 12, funcProto: 13, declTag: 17 } as const;

/** 32-bit words in this machine's byte order. */
function words(values: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

interface Member {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
}

/** Types are numbered in the order of the calls, from 1. Equal calls may make equal types twice: BTF allows it. */
export class BtfWriter {
  private readonly words: number[] = [];
  private strings = "\0";
  private count = 0;

  int(name: string, bytes: number): number {
    return this.type(name, kind.int, 0, bytes, [bytes * 8]);
  }
  pointer(to: number): number {
    return this.type("", kind.ptr, 0, to, []);
  }
  array(of: number, index: number, length: number): number {
    return this.type("", kind.array, 0, 0, [of, index, length]);
  }
  /** Gaps between members are allowed, so a value is described by its special fields alone. */
  struct(name: string, bytes: number, members: readonly Member[]): number {
    const flat = members.flatMap((member) => [this.string(member.name), member.type, member.offset * 8]);
    return this.type(name, kind.struct, members.length, bytes, flat);
  }
  prototype(returns: number, parameters: readonly { readonly name: string; readonly type: number }[]): number {
    const flat = parameters.flatMap((parameter) => [this.string(parameter.name), parameter.type]);
    return this.type("", kind.funcProto, parameters.length, returns, flat);
  }
  func(name: string, prototype: number, global: boolean): number {
    return this.type(name, kind.func, global ? 1 : 0, prototype, []);
  }
  /** `__arg_ctx` and its like: a tag on a function's parameter. */
  tag(text: string, of: number, parameter: number): number {
    return this.type(text, kind.declTag, 0, of, [parameter]);
  }

  bytes(): Buffer {
    const strings = Buffer.from(this.strings, "latin1");
    const length = this.words.length * 4;
    // Magic, version 1 and no flags; then the sizes of this header and of both sections. All in this machine's order.
    const magic = Buffer.from(Uint16Array.of(0xeb9f).buffer);
    const sizes = words([24, 0, length, length, strings.length]);
    return Buffer.concat([magic, Buffer.of(1, 0), sizes, words(this.words), strings]);
  }

  private string(text: string): number {
    if (text === "") return 0;
    const at = this.strings.length;
    this.strings += `${text}\0`;
    return at;
  }
  private type(name: string, kind: number, vlen: number, sizeOrType: number, rest: readonly number[]): number {
    this.words.push(this.string(name), (kind << 24) | vlen, sizeOrType, ...rest);
    return ++this.count;
  }
}

export interface MapBtf {
  readonly bytes: Buffer;
  readonly keyType: number;
  readonly valueType: number;
}

/** The BTF of a map whose value holds a bpf_spin_lock or a bpf_timer. */
export function mapBtf(keySize: number, valueSize: number, fields: readonly ValueField[]): MapBtf {
  const btf = new BtfWriter();
  const u32 = btf.int("unsigned int", 4);
  const u64 = btf.int("unsigned long long", 8);
  const u8 = btf.int("unsigned char", 1);
  // An array map wants its key to be an integer; for the others any type of the right size will do.
  const keyType =
    keySize === 4 ? u32 : btf.struct("key", keySize, [{ name: "bytes", type: btf.array(u8, u32, keySize), offset: 0 }]);
  const types = {
    spin_lock: btf.struct("bpf_spin_lock", 4, [{ name: "val", type: u32, offset: 0 }]),
    timer: btf.struct("bpf_timer", 16, [{ name: "__opaque", type: btf.array(u64, u32, 2), offset: 0 }]),
  } satisfies Record<ValueField["kind"], number>;
  // The kernel wants members in the order of their offsets.
  const members = [...fields]
    .sort((a, b) => a.offset - b.offset)
    .map((field, at) => ({ name: `${field.kind}_${at}`, type: types[field.kind], offset: field.offset }));
  const valueType = btf.struct("value", valueSize, members);
  return { bytes: btf.bytes(), keyType, valueType };
}

export interface FunctionShape {
  readonly name: string;
  /** The slot it begins at. */
  readonly pc: number;
  readonly global: boolean;
  readonly args?: readonly GlobalArg[];
}

export interface FunctionBtf {
  readonly bytes: Buffer;
  /** struct bpf_func_info[]: 8 bytes each. */
  readonly funcInfo: Buffer;
  readonly count: number;
}

/** BTF and func_info of every function of a program, in the order of their places. */
export function functionBtf(functions: readonly FunctionShape[]): FunctionBtf {
  const btf = new BtfWriter();
  const int = btf.int("int", 4);
  const u64 = btf.int("unsigned long long", 8);
  const u8 = btf.int("unsigned char", 1);
  const info: number[] = [];
  functions.forEach((shape) => {
    const args = shape.args ?? [];
    const parameters = args.map((arg, position) => ({ name: `a${position}`, type: parameter(arg) }));
    const func = btf.func(shape.name, btf.prototype(int, parameters), shape.global);
    args.forEach((arg, position) => {
      if (arg === "ctx") btf.tag("arg:ctx", func, position);
      else if (arg !== "scalar" && arg.nonnull) btf.tag("arg:nonnull", func, position);
    });
    info.push(shape.pc, func);
  });
  return { bytes: btf.bytes(), funcInfo: words(info), count: functions.length };

  function parameter(arg: GlobalArg): number {
    if (arg === "scalar") return u64;
    // `void *` with the tag is a context in every program type, whatever its struct is called there.
    if (arg === "ctx") return btf.pointer(0);
    const bytes = btf.array(u8, int, arg.mem);
    return btf.pointer(btf.struct(`mem_${arg.mem}`, arg.mem, [{ name: "bytes", type: bytes, offset: 0 }]));
  }
}
