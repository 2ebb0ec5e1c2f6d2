// bpf(2) as src/kernel calls it: each operation once, and the answers of operations that must fail.
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { encodeAll } from "../../src/isa/encode.ts";
import type { Insn } from "../../src/isa/insn.ts";
import { readLog } from "../../src/kernel/log.ts";
import { type Descriptor, errnoName, type MapAnswer } from "../../src/kernel/syscall.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const r0 = (value: number): Insn => ({
  kind: "alu",
  op: "mov",
  width: 64,
  dst: 0,
  src: { kind: "imm", value },
});
const exit: Insn = { kind: "exit" };
const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const fdOf = (made: Descriptor): number => {
  if (made.fd === undefined) throw new Error(errnoName(made.errno));
  return made.fd;
};
const error = (answer: MapAnswer): string => errnoName(answer.errno);

describe.skipIf(!kernelThere)("bpf(2)", () => {
  it("accepts `r0 = 0; exit` and leaves no descriptor open", () => {
    const kernel = theKernel();
    const before = readdirSync("/proc/self/fd").length;
    const answer = kernel.loadProgram({ type: "socket_filter", insns: encodeAll([r0(0), exit]), logLevel: 5 });
    kernel.close(fdOf(answer));
    expect(readLog(answer.log)).toMatchObject({ message: "", insnsProcessed: 2, stackDepth: [0] });
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });

  it("refuses `exit` alone", () => {
    const answer = theKernel().loadProgram({ type: "socket_filter", insns: encodeAll([exit]), logLevel: 1 });
    expect([errnoName(answer.errno), readLog(answer.log).message]).toEqual(["EACCES", "R0 !read_ok"]);
  });

  it("gives a log as long as it is", () => {
    const long = Array.from({ length: 3000 }, (_, at) => r0(at));
    const kernel = theKernel();
    const answer = kernel.loadProgram({ type: "xdp", insns: encodeAll([...long, exit]), logLevel: 2 });
    kernel.close(fdOf(answer));
    expect(answer.log.length).toBeGreaterThan(1 << 16);
    expect(readLog(answer.log).insnsProcessed).toBe(3001);
    expect(answer.log).toMatch(/^(func#0 @0\n)?.*0: /s);
  });

  it("updates, finds, walks and deletes", () => {
    const kernel = theKernel();
    const fd = fdOf(kernel.createMap({ type: "hash", keySize: 4, valueSize: 4, maxEntries: 2 }));
    try {
      expect(error(kernel.lookup(fd, u32(1)))).toBe("ENOENT");
      expect(error(kernel.update(fd, u32(1), u32(11), 2))).toBe("ENOENT");
      expect(error(kernel.update(fd, u32(1), u32(11)))).toBe("ok");
      expect(error(kernel.update(fd, u32(1), u32(12), 1))).toBe("EEXIST");
      expect(kernel.lookup(fd, u32(1)).value).toEqual(u32(11));
      expect(kernel.nextKey(fd, undefined).value).toEqual(u32(1));
      expect(error(kernel.nextKey(fd, u32(1)))).toBe("ENOENT");
      expect(kernel.lookupAndDelete(fd, u32(1)).value).toEqual(u32(11));
      expect(error(kernel.delete(fd, u32(1)))).toBe("ENOENT");
      expect(() => kernel.lookup(fd, new Uint8Array(3))).toThrow(RangeError);
    } finally {
      kernel.close(fd);
    }
  });

  it("reads every CPU's value of a per-CPU map", () => {
    const kernel = theKernel();
    const fd = fdOf(kernel.createMap({ type: "percpu_array", keySize: 4, valueSize: 5, maxEntries: 1 }));
    const value = kernel.lookup(fd, u32(0)).value;
    kernel.close(fd);
    expect(value).toEqual(new Uint8Array(8 * kernel.cpus));
  });

  it("runs a socket filter", () => {
    const kernel = theKernel();
    const fd = fdOf(kernel.loadProgram({ type: "socket_filter", insns: encodeAll([r0(42), exit]) }));
    const run = kernel.testRun(fd, { data: new Uint8Array(64), repeat: 100 });
    kernel.close(fd);
    expect(run).toMatchObject({ errno: 0, retval: 42, dataOut: new Uint8Array(64) });
    expect(run.durationNs).toBeGreaterThan(0);
  });

  it("runs a syscall program on a context", () => {
    const kernel = theKernel();
    const store: Insn = { kind: "store", size: 4, base: 1, off: 0, src: { kind: "imm", value: 7 } };
    const fd = fdOf(kernel.loadProgram({ type: "syscall", insns: encodeAll([store, r0(3), exit]) }));
    const run = kernel.testRun(fd, { ctx: new Uint8Array(8) });
    kernel.close(fd);
    expect(run).toMatchObject({ errno: 0, retval: 3, ctxOut: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0) });
  });

  it("knows the BTF id of a kernel function", () => {
    expect(theKernel().kfuncBtfId("bpf_rcu_read_lock")).toBeGreaterThan(0);
    expect(theKernel().kfuncBtfId("no such function")).toBeUndefined();
  });
});
