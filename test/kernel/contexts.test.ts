// Every access to every context and to every kind of socket, beside the running kernel: each offset, each size, loads and
// stores. The tables of src/host/contexts say the same, or the lists below are not empty.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { attach, type SocketKind, socketFields } from "../../src/host/contexts/socket.ts";
import { type ProgramType, type ProgramTypeName, programTypes } from "../../src/host/programs.ts";
import type { AccessSize, Insn } from "../../src/isa/insn.ts";
import { makeProgram, type Program } from "../../src/isa/program.ts";
import { judge } from "../../src/kernel/judge.ts";
import { verify } from "../../src/verifier/verify.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const sizes: readonly AccessSize[] = [1, 2, 4, 8];
const modes = ["load", "signed", "store"] as const;

function access(mode: (typeof modes)[number], off: number, size: AccessSize): Program {
  const zero = { kind: "imm", value: 0 } as const;
  const set = (dst: number, value: number): Insn => ({
    kind: "alu",
    op: "mov",
    width: 64,
    dst,
    src: { kind: "imm", value },
  });
  const insn: Insn =
    mode === "store"
      ? { kind: "store", size, base: 1, off, src: zero }
      : { kind: "load", size, signed: mode === "signed", dst: 2, base: 1, off };
  // 1 is in the range of every type that has one.
  return makeProgram({ insns: [insn, set(0, 1), { kind: "exit" }] });
}

/**
 * Offsets to try: all of a short context, the ends of a long one. Before a trace event Linux 6.18 lets programs read,
 * for it compares the offset with an unsigned number; we do not.
 */
function offsets(type: ProgramTypeName): readonly number[] {
  const from = (start: number, count: number) => Array.from({ length: count }, (_, n) => start + n);
  const size = programTypes[type].contextSize;
  const first = type === "tracepoint" ? 0 : -2;
  return size <= 256
    ? from(first, size + 12)
    : [...from(first, 24), ...from(size - 10, 20)].filter((off) => off < 2 ** 15);
}

const judged: readonly (readonly [ProgramTypeName, number])[] = [
  ...(Object.keys(programTypes) as ProgramTypeName[])
    .filter((name) => name !== "cgroup_sock_addr")
    .map((name) => {
      const { attach: own = 0 }: ProgramType = programTypes[name];
      return [name, own] as const;
    }),
  ["cgroup_skb", attach.egress],
  ["xdp", attach.devmap],
  ...Object.entries(attach)
    .filter(([name]) => /[46]$/.test(name))
    .map(([, value]) => ["cgroup_sock_addr", value] as const),
];

describe.skipIf(!kernelThere)("contexts, beside the running kernel", () => {
  it.each(judged)("%s, attach type %i", (type, attachType) => {
    const kernel = theKernel();
    const differ: string[] = [];
    for (const off of offsets(type)) {
      for (const size of sizes) {
        for (const mode of modes) {
          if (mode === "signed" && size === 8) continue;
          const program = access(mode, off, size);
          const ours = verify(program, { type, attachType, rcu: "implicit" }).verdict === "accepted";
          const answer = kernel.loadProgram({ type, insns: program.bytes(), expectedAttachType: attachType });
          if (answer.fd !== undefined) kernel.close(answer.fd);
          const theirs = answer.fd !== undefined;
          if (ours !== theirs) differ.push(`${mode} of ${size} bytes at ${off}: Linux says ${theirs}, we ${ours}`);
        }
      }
    }
    expect(differ).toEqual([]);
  });
});

/** What puts a pointer to each kind of socket into r1. */
const sockets = {
  sockCommon: "r1 = *(u64 *)(r1 + 168)",
  sock: "r1 = *(u64 *)(r1 + 168)\nif r1 == 0 goto out\ncall bpf_sk_fullsock\nr1 = r0",
  tcpSock: "r1 = *(u64 *)(r1 + 168)\nif r1 == 0 goto out\ncall bpf_tcp_sock\nr1 = r0",
  xdpSock: "*(u32 *)(r10 - 4) = 0\nr1 = socks ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem\nr1 = r0",
} as const satisfies Record<SocketKind, string>;

describe.skipIf(!kernelThere)("sockets, beside the running kernel", () => {
  it.each(Object.keys(sockets) as SocketKind[])("%s", (kind) => {
    const kernel = theKernel();
    const differ: string[] = [];
    const most = Math.max(...socketFields[kind].map((field) => field.offset + field.size));
    for (let off = -2; off < most + 8; off++) {
      for (const size of sizes) {
        for (const store of [false, true]) {
          const place = `*(u${size * 8} *)(r1 ${off < 0 ? "-" : "+"} ${Math.abs(off)})`;
          const text = [
            ".prog sched_cls",
            ".rcu implicit",
            ".map socks, type=xskmap, max=1",
            sockets[kind],
            "if r1 == 0 goto out",
            store ? `${place} = 0` : `r2 = ${place}`,
            "out: r0 = 0",
            "exit",
          ].join("\n");
          const outcome = assemble(text);
          if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
          const ours = verify(outcome.value).verdict === "accepted";
          const theirs = judge(kernel, outcome.value).verdict === "accept";
          if (ours !== theirs)
            differ.push(`${store ? "store" : "load"} of ${size} bytes at ${off}: Linux says ${theirs}`);
        }
      }
    }
    expect(differ).toEqual([]);
  });
});
