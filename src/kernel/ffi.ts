// The C library as Node reaches it: one raw system call, through koffi, which is an optional dependency.
// Everything that could go wrong before the first bpf(2) is turned into a sentence here.
import { arch, platform } from "node:process";

/** Reading `address` is only safe while the caller holds the Buffer: nothing else keeps the memory. */
export interface Ffi {
  /** The result of bpf(2), or the negated errno. */
  bpf(command: number, attr: Buffer, size: number): number;
  /** capget and capset of this thread: header and data as <linux/capability.h> lays them out. */
  capget(header: Buffer, data: Buffer): number;
  capset(header: Buffer, data: Buffer): number;
  address(buffer: Buffer): bigint;
}

export interface Unavailable {
  /** One sentence that says why the kernel cannot be asked. */
  readonly unavailable: string;
}

const numbers: Readonly<Record<string, { readonly bpf: number; readonly capget: number; readonly capset: number }>> = {
  x64: { bpf: 321, capget: 125, capset: 126 },
  arm64: { bpf: 280, capget: 90, capset: 91 },
};

export async function openFfi(): Promise<Ffi | Unavailable> {
  if (platform !== "linux") return { unavailable: `bpf(2) is a Linux system call and this is ${platform}.` };
  const number = numbers[arch];
  if (number === undefined) return { unavailable: `The system call numbers of ${arch} are not known to bpflab.` };
  const loaded = await import("koffi").catch(() => undefined);
  if (loaded === undefined) return { unavailable: "The optional package koffi, which calls bpf(2), is not installed." };
  const koffi = loaded.default;
  try {
    const libc = koffi.load(null);
    // Declared without `...`: a variadic call costs koffi a preparation for each call.
    const bpf = libc.func("syscall", "long", ["long", "int", "void *", "unsigned int"]);
    const caps = libc.func("syscall", "long", ["long", "void *", "void *"]);
    const result = (value: unknown): number => (Number(value) < 0 ? -koffi.errno() : Number(value));
    return {
      bpf: (command, attr, size) => result(bpf(number.bpf, command, attr, size)),
      capget: (header, data) => result(caps(number.capget, header, data)),
      capset: (header, data) => result(caps(number.capset, header, data)),
      address: (buffer) => koffi.address(buffer),
    };
  } catch (problem) {
    return {
      unavailable: `koffi could not reach the C library: ${problem instanceof Error ? problem.message : problem}.`,
    };
  }
}
